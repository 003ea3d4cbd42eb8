"""The advice to stop: seldom wrong however often one looks, and of use."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from services.bandit.domain.statistics import VersionStatistics
from services.bandit.domain.stopping import best_mean, stop_advice
from shared.definition.model import MetricDirection, StopRule
from shared.statistics.adaptive.best_arm import Verdict
from tests.bandit.domain.trajectories import Shares, equal, greedy, history, one_version
from tests.bandit.examples import CONVERSION

ARMS = ("control", "blue", "green")
RULE = StopRule(optimal_unit_count=10_000)
NEVER_INDIFFERENT = replace(RULE, threshold_of_caring=0.0)


def known(*results: tuple[int, int]) -> list[VersionStatistics]:
    """Returns one version in which control, blue and green had so many units with so many successes each."""
    units, successes = zip(*results, strict=True)
    return [one_version(1, ARMS, units, successes, [1 / 3] * 3)]


def test_advice_when_an_arm_leads_by_far_then_it_is_shown_to_be_the_best() -> None:
    advice = stop_advice(RULE, CONVERSION, ARMS, known((5000, 500), (5000, 800), (5000, 500)))

    assert advice is not None
    assert (advice.verdict, advice.arm_id, advice.alpha) == (Verdict.SUPERIORITY_SHOWN, "blue", 0.05)
    assert advice.value_remaining == 0
    assert 0 <= advice.expected_loss < 1e-9


def test_advice_when_less_is_better_then_the_arm_with_least() -> None:
    metric = replace(CONVERSION, direction=MetricDirection.MINIMIZE)

    advice = stop_advice(RULE, metric, ARMS, known((5000, 800), (5000, 800), (5000, 500)))

    assert advice is not None
    assert (advice.verdict, advice.arm_id) == (Verdict.SUPERIORITY_SHOWN, "green")


def test_advice_when_arms_are_hard_to_tell_apart_and_units_are_few_then_go_on() -> None:
    advice = stop_advice(RULE, CONVERSION, ARMS, known((500, 50), (500, 55), (500, 52)))

    assert advice is not None
    assert (advice.verdict, advice.arm_id) == (Verdict.KEEP_GOING, "blue")
    assert advice.value_remaining > 0.01 * 0.11


def test_advice_when_what_may_be_gained_is_below_the_threshold_then_indifferent() -> None:
    alike = known((2_000_000, 200_000), (2_000_000, 200_010), (2_000_000, 200_000))

    stops = stop_advice(RULE, CONVERSION, ARMS, alike)
    goes_on = stop_advice(NEVER_INDIFFERENT, CONVERSION, ARMS, alike)

    assert stops is not None
    assert goes_on is not None
    assert stops.verdict is Verdict.INDIFFERENT
    assert stops.value_remaining < 0.01 * 0.1
    assert goes_on.verdict is Verdict.KEEP_GOING


@pytest.mark.parametrize("versions", [[], known((0, 0), (0, 0), (0, 0)), known((10, 1), (10, 2), (0, 0))])
def test_advice_when_an_arm_has_no_units_then_none(versions: list[VersionStatistics]) -> None:
    assert stop_advice(RULE, CONVERSION, ARMS, versions) is None


def test_advice_when_an_arm_is_gone_then_the_others_are_judged_among_themselves() -> None:
    served = (*ARMS, "gone")
    versions = [one_version(1, served, (5000, 5000, 5000, 900), (500, 800, 500, 900), (0.3, 0.3, 0.3, 0.1))]

    advice = stop_advice(RULE, CONVERSION, ARMS, versions)

    assert advice is not None
    assert advice.arm_id == "blue"


def test_best_mean_when_there_are_several_versions_then_of_all_units_together() -> None:
    versions = [*known((10, 1), (10, 9), (0, 0)), *known((10, 3), (90, 9), (0, 0))]

    assert best_mean(ARMS, versions, MetricDirection.MAXIMIZE) == pytest.approx(0.2)
    assert best_mean(ARMS, versions, MetricDirection.MINIMIZE) == pytest.approx(0.18)
    assert best_mean(ARMS, [], MetricDirection.MINIMIZE) == 0


def first_verdict(versions: list[VersionStatistics], rule: StopRule) -> Verdict:
    """Returns the first advice to stop of somebody who looks after every version."""
    for count in range(1, len(versions) + 1):
        advice = stop_advice(rule, CONVERSION, ARMS[: len(versions[0].propensities)], versions[:count])
        if advice is not None and advice.verdict is not Verdict.KEEP_GOING:
            return advice.verdict
    return Verdict.KEEP_GOING


@pytest.mark.slow
@pytest.mark.parametrize(("rates", "shares"), [((0.1, 0.1), greedy), ((0.1, 0.1, 0.1), equal)])
def test_advice_when_arms_are_alike_and_every_version_is_looked_at_then_seldom_a_best_one(
    rates: tuple[float, ...], shares: Shares
) -> None:
    runs = 2000
    named = sum(
        first_verdict(
            history(np.random.default_rng([9, seed]), rates, versions=20, units=500, shares=shares), NEVER_INDIFFERENT
        )
        is Verdict.SUPERIORITY_SHOWN
        for seed in range(runs)
    )

    assert stats.binomtest(named, runs).proportion_ci(0.999).low <= RULE.alpha, named / runs
