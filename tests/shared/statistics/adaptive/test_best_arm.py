"""The verdict: superiority and indifference are told apart."""

import numpy as np
import pytest

from shared.errors import InvalidArgument
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.best_arm import Verdict, best_arm
from shared.statistics.adaptive.stopping_rules import AnyTime, PlannedLooks
from shared.statistics.aggregates.moments import Moments
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.adaptive.bandits import Rewards, Scenario, simulate
from tests.shared.statistics.simulation import Rate

RULE = AnyTime(10_000)


def _batches(*rates: float, units: float = 5000.0) -> Batches:
    count = np.full((2, len(rates)), units)
    return Batches.of(Moments.of_successes(np.round(count * rates), count), np.full((2, len(rates)), 1 / len(rates)))


def test_best_arm_when_one_leads_by_far_is_shown() -> None:
    report = best_arm(_batches(0.10, 0.15, 0.11), rule=RULE, threshold_of_caring=0.001).report()

    assert (report.verdict, report.arm) == (Verdict.SUPERIORITY_SHOWN, 1)
    assert report.margin > 0
    assert report.method.validity is Validity.ADAPTIVE_ANY_TIME


def test_best_arm_when_arms_are_alike_and_well_known_is_a_matter_of_indifference() -> None:
    report = best_arm(_batches(0.10, 0.1001, units=500_000.0), rule=RULE, threshold_of_caring=0.001).report()

    assert report.verdict is Verdict.INDIFFERENT
    assert isinstance(report.value_remaining, float)
    assert 0 < report.value_remaining < 0.001
    assert report.margin < 0


def test_best_arm_when_little_is_known_keeps_going() -> None:
    report = best_arm(_batches(0.10, 0.11, units=500.0), rule=RULE, threshold_of_caring=0.001).report()

    assert (report.verdict, report.arm) == (Verdict.KEEP_GOING, 1)


def test_best_arm_when_nobody_is_indifferent_never_says_so() -> None:
    found = best_arm(_batches(0.1, 0.1, units=500_000.0), rule=RULE, threshold_of_caring=0.0)

    assert found.verdict == Verdict.KEEP_GOING


def test_best_arm_when_propensities_are_missing_keeps_going_and_says_why() -> None:
    known = _batches(0.10, 0.15)

    report = best_arm(Batches.of(known.moments, np.full((2, 2), np.nan)), rule=RULE, threshold_of_caring=0.001).report()

    assert report.verdict is Verdict.KEEP_GOING
    assert report.value_remaining == report.expected_loss == NotEstimable(Obstacle.MISSING_PROPENSITY)


def test_best_arm_of_several_metrics_has_a_threshold_for_each() -> None:
    batches = simulate(Scenario((0.0, 0.1, 0.0), 14, 1000, 0.1), 3, seed=70)

    found = best_arm(batches, rule=PlannedLooks(14_000), threshold_of_caring=[0.0, 0.01, 10.0])

    assert found.verdict.shape == (3,)
    assert found.verdict[2] in {Verdict.INDIFFERENT, Verdict.SUPERIORITY_SHOWN}
    assert found.report(2).delta == 0.05


@pytest.mark.parametrize("caring", [-0.1, np.nan])
def test_best_arm_when_the_threshold_is_none_raises(caring: float) -> None:
    with pytest.raises(InvalidArgument, match="threshold_of_caring"):
        best_arm(_batches(0.1, 0.1), rule=RULE, threshold_of_caring=caring)


def test_indifference_among_equals_is_common_and_never_called_superiority() -> None:
    scenario = Scenario((0.1, 0.1), 28, 2000, 0.01, rewards=Rewards.BERNOULLI)

    found = best_arm(simulate(scenario, 200, seed=71), rule=AnyTime(56_000), threshold_of_caring=0.005)

    assert Rate(int((found.verdict == Verdict.INDIFFERENT).sum()), 200).is_at_least(0.5)
    assert Rate(int((found.verdict == Verdict.SUPERIORITY_SHOWN).sum()), 200).is_at_most(0.05)
