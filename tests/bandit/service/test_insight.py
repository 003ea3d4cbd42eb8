"""What the bandit shows of itself."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.bandit.domain.ports import Health, Statistics
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from services.bandit.domain.trial import HOLDOUT_ARM_ID
from services.bandit.service.insight import InsightService
from shared.definition.model import BetaThompson, FixedSplit, GaussianThompson, MetricDirection, MetricKind, Traffic
from shared.errors import NotFound, Reason, Unavailable
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import (
    CONVERSION,
    MINUTE,
    NOW,
    SALES,
    by_arm,
    counted,
    experiment,
    measured,
    policy,
    published,
)
from tests.fakes.bandit import HandClock, InMemoryPolicyStore, InMemoryStatisticsStore

RESULTS = by_arm(counted("control", 100, 10), counted("blue", 200, 30), counted("green", 50, 5))


class Desk:
    """Is the service with its stores."""

    def __init__(self, *snapshots: PolicySnapshot) -> None:
        self.policies, self.statistics = InMemoryPolicyStore(), InMemoryStatisticsStore()
        self.clock = HandClock(NOW)
        for snapshot in snapshots:
            self.policies.add(snapshot)
        self.service = InsightService(self.policies, self.statistics, now=self.clock)

    def know(self, metric_id: str, arms: dict[str, ArmStatistics]) -> None:
        self.statistics.known["checkout", metric_id] = Statistics(arms, Health(3, 4), NOW - MINUTE)


def desk(known: dict[str, ArmStatistics] = RESULTS, **fields: object) -> Desk:
    made = Desk(published(experiment(**fields)))
    made.know("conversion", known)
    return made


def test_bandit_when_known_then_statistics_in_the_order_of_the_arms() -> None:
    shown = desk().service.bandit("checkout")

    assert [arm.arm_id for arm in shown.arms] == ["control", "blue", "green"]
    assert [arm.unit_count for arm in shown.arms] == [100, 200, 50]
    assert (shown.health, shown.as_of, shown.holdout) == (Health(3, 4), NOW - MINUTE, None)


def test_bandit_when_nothing_is_known_then_empty_arms_and_the_prior() -> None:
    shown = Desk(published(experiment())).service.bandit("checkout")

    assert [arm.unit_count for arm in shown.arms] == [0, 0, 0]
    assert (shown.regret, shown.gain_over_equal_split, shown.as_of) == (0.0, 0.0, None)
    assert shown.posterior is not None
    assert shown.posterior.probability_best.tolist() == pytest.approx([1 / 3] * 3)


def test_bandit_when_arms_differ_then_regret_and_gain_are_sums_over_the_units() -> None:
    shown = desk().service.bandit("checkout")

    # Means 0.10, 0.15, 0.10 of 100, 200, 50 units; the best is 0.15, an equal split has 0.35 / 3.
    assert shown.regret == pytest.approx(150 * 0.05)
    assert shown.gain_over_equal_split == pytest.approx(45 - 350 * 0.35 / 3)


def test_bandit_when_less_is_better_then_regret_and_gain_are_in_the_good_direction() -> None:
    shown = desk(metrics=(replace(CONVERSION, direction=MetricDirection.MINIMIZE),)).service.bandit("checkout")

    assert shown.regret == pytest.approx(200 * 0.05)
    assert shown.gain_over_equal_split == pytest.approx(350 * 0.35 / 3 - 45)


def test_bandit_when_an_arm_has_no_unit_then_it_is_left_out_of_regret_and_gain() -> None:
    shown = desk(by_arm(counted("control", 100, 10), counted("blue", 100, 20))).service.bandit("checkout")

    assert shown.regret == pytest.approx(10)
    assert shown.gain_over_equal_split == pytest.approx(0)


def test_bandit_when_there_is_a_holdout_then_it_stands_beside_the_arms() -> None:
    held = {**RESULTS, HOLDOUT_ARM_ID: counted(HOLDOUT_ARM_ID, 10, 1)}

    shown = desk(held, traffic=Traffic(0.9, 0.1)).service.bandit("checkout")

    assert shown.holdout == held[HOLDOUT_ARM_ID]
    assert len(shown.arms) == 3


def test_bandit_when_the_holdout_is_still_empty_then_it_is_shown_empty() -> None:
    assert desk(traffic=Traffic(0.9, 0.1)).service.bandit("checkout").holdout == ArmStatistics(HOLDOUT_ARM_ID)


def test_bandit_when_the_split_is_fixed_then_the_posterior_suits_the_metric() -> None:
    as_beta = desk().service.bandit("checkout").posterior
    made = Desk(published(experiment(metrics=(SALES,))))
    values = by_arm(measured("control", [1.0, 2.0]), measured("blue", [3.0, 5.0]), measured("green", [2.0]))
    made.know("sales", values)
    as_gaussian = made.service.bandit("checkout").posterior

    assert as_beta is not None
    assert as_beta.mean[0] == pytest.approx(11 / 102)
    assert as_gaussian is not None
    assert as_gaussian.mean[0] == pytest.approx((2.6 + 3) / 3)


def test_bandit_when_the_policy_has_a_prior_then_the_posterior_has_it() -> None:
    shown = desk(allocation_policy=policy(BetaThompson(5, 20))).service.bandit("checkout")

    assert shown.posterior is not None
    assert shown.posterior.mean[0] == pytest.approx(15 / 125)


def test_bandit_when_a_mean_carries_no_information_then_there_is_no_posterior() -> None:
    made = Desk(published(experiment(metrics=(SALES,), allocation_policy=policy(GaussianThompson()))))
    made.know("sales", by_arm(measured("control", [2.0, 2.0]), measured("blue", [2.0])))

    shown = made.service.bandit("checkout")

    assert SALES.kind is MetricKind.MEAN
    assert shown.posterior is None
    assert shown.regret == 0


def test_bandit_when_the_past_is_forgotten_then_all_units_are_shown_and_the_posterior_of_what_counts() -> None:
    made = desk(allocation_policy=policy(BetaThompson(), half_life=timedelta(days=1)))
    versions = [
        VersionStatistics(1, NOW - timedelta(days=1), by_arm(counted("control", 80, 8), counted("blue", 200, 30)), {}),
        VersionStatistics(2, None, by_arm(counted("control", 20, 2), counted("green", 50, 5)), {}),
    ]
    made.statistics.by_version["checkout", "conversion"] = versions

    shown = made.service.bandit("checkout")

    assert [arm.unit_count for arm in shown.arms] == [100, 200, 50]
    assert shown.posterior is not None
    assert shown.posterior.mean.tolist() == pytest.approx([7 / 62, 16 / 102, 6 / 52])
    made.clock.advance(timedelta(days=1))
    later = made.service.bandit("checkout").posterior
    assert later is not None
    assert later.mean[0] == pytest.approx((1 + 2 + 2) / (2 + 20 + 20))


def test_bandit_when_whole_versions_are_waited_for_then_the_posterior_knows_no_others() -> None:
    made = desk(allocation_policy=policy(BetaThompson(), mature_only=True), attribution_window=timedelta(days=1))
    whole = VersionStatistics(1, NOW - timedelta(days=2), by_arm(counted("control", 10, 3)), {})
    made.statistics.by_version["checkout", "conversion"] = [
        whole,
        VersionStatistics(2, NOW - timedelta(hours=23), by_arm(counted("control", 90, 7)), {}),
    ]

    shown = made.service.bandit("checkout")

    assert shown.posterior is not None
    assert shown.posterior.mean.tolist() == pytest.approx([4 / 12, 1 / 2, 1 / 2])
    assert shown.arms[0].unit_count == 100


def test_bandit_when_the_split_is_fixed_then_nothing_is_forgotten_whatever_the_controls_say() -> None:
    shown = desk(allocation_policy=policy(FixedSplit(), half_life=timedelta(days=1))).service.bandit("checkout")

    assert shown.posterior is not None
    assert shown.posterior.mean[0] == pytest.approx(11 / 102)


def test_bandit_when_there_were_many_versions_then_the_newest_100() -> None:
    first = published(experiment())
    made = Desk(*(replace(first, policy_version=number) for number in range(1, 151)))

    shown = made.service.bandit("checkout")

    assert shown.snapshot.policy_version == 150
    assert [one.policy_version for one in shown.history] == list(range(150, 50, -1))


def test_snapshots_when_paged_then_newest_first_below_the_version() -> None:
    first = published(experiment())
    made = Desk(*(replace(first, policy_version=number) for number in range(1, 6)))

    page = made.service.snapshots("checkout", below_version=4, limit=2)

    assert [one.policy_version for one in page] == [3, 2]
    assert made.service.snapshots("checkout", below_version=1, limit=2) == []


def test_unknown_when_asked_for_anything_then_not_found() -> None:
    service = Desk().service

    for ask in (
        lambda: service.bandit("nothing"),
        lambda: service.snapshots("nothing", below_version=None, limit=1),
    ):
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND


def test_bandit_when_the_store_is_away_then_unavailable() -> None:
    made = desk()
    made.statistics.away = True

    with pytest.raises(Unavailable) as caught:
        made.service.bandit("checkout")

    assert caught.value.reason is Reason.STORE_UNAVAILABLE


def test_bandit_when_an_arm_is_paused_then_it_is_judged_no_more() -> None:
    results = by_arm(counted("control", 2000, 200), counted("blue", 200, 60), counted("green", 2000, 300))
    served = published(experiment(allocation_policy=policy(BetaThompson())))
    arms = tuple(replace(arm, paused=arm.arm_id == "blue") for arm in served.arms)
    made = Desk(replace(served, arms=arms))
    made.know("conversion", results)

    shown = made.service.bandit("checkout")

    assert shown.posterior is not None
    assert np.isnan(shown.posterior.probability_best).tolist() == [False, True, False]
    assert np.isnan(shown.posterior.expected_loss).tolist() == [False, True, False]
    assert shown.posterior.probability_best[2] > 0.999
    assert shown.posterior.mean[1] == pytest.approx(61 / 202)
    assert shown.regret == pytest.approx(2000 * 0.05)
    assert shown.gain_over_equal_split == pytest.approx(0)
