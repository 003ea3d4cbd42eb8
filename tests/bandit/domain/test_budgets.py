"""Snapshots keep to the budget: when one is due for it, what else it goes with, and what is spent in the end."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, merged
from shared.definition.model import Arm, Budget, Experiment, GaussianThompson, GuardrailPause, MetricRole
from shared.policy.snapshot import RANGE, PolicySnapshot, PublishReason
from tests.bandit.examples import MINUTE, NOW, REVENUE, SALES, by_arm, cut, experiment, policy, published, weights

HOUR = timedelta(hours=1)
DEAREST = 1.0
ARMS = (Arm("control", control=True), Arm("blue", cost=DEAREST), Arm("green", cost=0.5))


def budgeted(amount: float = 100.0, *, hours: float = 2.0, **controls: Any) -> Experiment:
    """Returns an experiment with a budget for the hours after its start."""
    budget = Budget(amount, NOW + hours * HOUR)
    return experiment(
        arms=ARMS, metrics=(SALES,), allocation_policy=policy(GaussianThompson(), budget=budget, **controls)
    )


def spread(arm_id: str, mean: float, unit_count: float) -> ArmStatistics:
    """Returns the statistics of values with a standard deviation of 1."""
    return ArmStatistics(arm_id, unit_count, unit_count * mean, mean, unit_count)


BLUE_IS_BEST = by_arm(spread("control", 5.0, 20), spread("blue", 9.0, 60), spread("green", 5.0, 20))


def one_version(arms: dict[str, ArmStatistics] = BLUE_IS_BEST) -> list[VersionStatistics]:
    """Returns all units in the first version."""
    return [VersionStatistics(1, None, arms, {}, {arm.arm_id: arm.cost for arm in ARMS})]


def after(
    definition: Experiment, previous: PolicySnapshot, span: timedelta = HOUR, **arguments: Any
) -> PolicySnapshot | None:
    """Returns what is published some time later."""
    given = {"frozen": False, "versions": one_version(), **arguments}
    return next_snapshot(definition, BLUE_IS_BEST, previous, now=NOW + span, **given)


def test_publish_when_the_best_arm_is_too_dear_then_it_is_paced() -> None:
    definition = budgeted(100.0)

    fresh = after(definition, published(definition))

    # 70 of 100 were spent on 100 units; 100 more are expected: 0.3 a unit is left.
    assert fresh is not None
    assert fresh.publish_reason is PublishReason.BUDGET
    assert weights(fresh)["blue"] == pytest.approx(0.3, abs=1e-4)
    assert weights(fresh)["control"] == pytest.approx(0.7, abs=1e-4)


def test_publish_when_enough_is_left_then_it_is_learned_as_ever() -> None:
    definition = budgeted(1000.0)

    fresh = after(definition, published(definition))

    assert fresh is not None
    assert fresh.publish_reason is PublishReason.LEARNING
    assert weights(fresh)["blue"] > 0.99


def test_publish_when_it_is_used_up_then_everybody_gets_the_cheapest_however_little_moves() -> None:
    definition = budgeted(70.0, min_weight_change=0.5)
    served = cut(published(definition), RANGE - RANGE // 1000, RANGE // 1000, 0)

    fresh = after(definition, served)

    assert fresh is not None
    assert fresh.publish_reason is PublishReason.BUDGET
    assert weights(fresh) == {"control": 1.0, "blue": 0.0, "green": 0.0}
    assert after(definition, fresh, 2 * HOUR) is None


def test_publish_when_it_has_ended_then_everybody_gets_the_cheapest() -> None:
    definition = budgeted(1e6)

    fresh = after(definition, published(definition), 2 * HOUR)

    assert fresh is not None
    assert (fresh.publish_reason, weights(fresh)["control"]) == (PublishReason.BUDGET, 1.0)


def test_publish_when_the_update_interval_has_not_passed_then_nothing() -> None:
    definition = budgeted(70.0, update_interval=HOUR)

    assert after(definition, published(definition), HOUR - MINUTE) is None


def test_publish_when_the_weights_are_frozen_then_they_are_paced_all_the_same() -> None:
    definition = budgeted(100.0, hours=3.0)
    frozen = published(definition, statistics=BLUE_IS_BEST, frozen=True)
    assert weights(frozen)["blue"] > 0.99

    fresh = after(definition, frozen, frozen=True)

    # 0.15 a unit is left for the 200 units that are expected.
    assert fresh is not None
    assert (fresh.publish_reason, fresh.frozen) == (PublishReason.BUDGET, True)
    assert weights(fresh)["blue"] == pytest.approx(0.15, abs=1e-3)
    assert after(definition, fresh, frozen=True) is None


def test_publish_when_the_floor_asks_for_more_then_the_budget_wins() -> None:
    definition = budgeted(70.0, exploration_floor=0.2)

    fresh = after(definition, published(definition))

    assert fresh is not None
    assert weights(fresh)["blue"] == 0


def test_publish_when_the_cheapest_arm_is_paused_then_the_next_one_is_the_way_out() -> None:
    guard = replace(REVENUE, role=MetricRole.GUARDRAIL)
    arms = (replace(ARMS[0], cost=0.6), ARMS[1], ARMS[2])
    definition = replace(budgeted(60.0, guardrail_pause=GuardrailPause()), arms=arms, metrics=(SALES, guard))

    fresh = after(definition, published(definition), harmful=frozenset({"green"}))

    assert fresh is not None
    assert fresh.publish_reason is PublishReason.GUARDRAIL
    assert weights(fresh) == {"control": 1.0, "blue": 0.0, "green": 0.0}


def test_publish_when_in_shadow_then_it_shows_what_would_be_paced() -> None:
    definition = budgeted(100.0, shadow=True)

    fresh = after(definition, published(definition))

    assert fresh is not None
    assert weights(fresh)["control"] == 1
    assert [arm.shadow_weight for arm in fresh.arms] == pytest.approx([0.7, 0.3, 0.0], abs=1e-3)


class Street:
    """Sends units interval by interval, and knows what they cost."""

    def __init__(self, definition: Experiment, *, seed: int) -> None:
        self.definition, self.rng = definition, np.random.default_rng(seed)
        self.snapshot = published(definition)
        self.now = NOW
        self.parts: dict[int, dict[str, list[tuple[float, ArmStatistics]]]] = defaultdict(lambda: defaultdict(list))
        self.costs = {arm.arm_id: arm.cost for arm in definition.arms}

    def send(self, unit_count: int, span: timedelta) -> None:
        """Places units by the weights; blue is worth its cost."""
        counts = self.rng.multinomial(unit_count, [arm.weight for arm in self.snapshot.arms])
        for arm, count in zip(self.snapshot.arms, counts.tolist(), strict=True):
            if count:
                values = self.rng.normal({"control": 1.0, "blue": 3.0, "green": 1.2}[arm.arm_id], 1.0, count)
                known = ArmStatistics(arm.arm_id, count, values.sum(), values.mean(), values.var() * count)
                self.parts[self.snapshot.policy_version][arm.arm_id].append((1.0, known))
        self.now += span

    def versions(self) -> list[VersionStatistics]:
        return [
            VersionStatistics(number, None, {one: merged(one, parts) for one, parts in arms.items()}, {}, self.costs)
            for number, arms in self.parts.items()
        ]

    def learn(self) -> None:
        versions = self.versions()
        arms = {
            one: merged(one, [(1.0, version.arms[one]) for version in versions if one in version.arms])
            for one in self.costs
        }
        fresh = next_snapshot(self.definition, arms, self.snapshot, frozen=False, now=self.now, versions=versions)
        self.snapshot = fresh or self.snapshot

    def spent(self) -> float:
        return sum(
            part.unit_count * self.costs[arm_id]
            for arms in self.parts.values()
            for arm_id, parts in arms.items()
            for _, part in parts
        )


@pytest.mark.parametrize("seed", range(5))
# Units are expected as they came on average: after a wave some of the budget is kept for those that do not come.
@pytest.mark.parametrize(
    ("rates", "least_used"), [((100,) * 120, 0.9), ((10,) * 60 + (190,) * 60, 0.9), ((190,) * 60 + (10,) * 60, 0.5)]
)
def test_budget_when_units_come_evenly_or_in_waves_then_it_is_never_overspent_by_more_than_one_interval(
    rates: tuple[int, ...], least_used: float, seed: int
) -> None:
    amount = 3000.0
    street = Street(budgeted(amount, min_weight_change=0.01, update_interval=MINUTE), seed=seed)

    for rate in rates:
        before, unit_count = street.spent(), int(street.rng.poisson(rate))
        street.send(unit_count, MINUTE)
        street.learn()
        assert street.spent() <= (before if before >= amount else amount + unit_count * DEAREST)

    assert street.spent() >= least_used * amount
    assert weights(street.snapshot)["control"] == 1
