"""How often the whole decision is wrong: simulated experiments, judged every day."""

from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.definition.model import Metric, MetricKind, MetricRole
from shared.statistics.aggregates.moments import Moments
from shared.statistics.decision.evidence import Treatment, primary_from
from shared.statistics.decision.experiment import judge
from shared.statistics.decision.rule import DecisionRule, Progress
from shared.statistics.decision.verdict import Verdict
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.health.sample_ratio import sample_ratio
from shared.statistics.result.comparison import Comparison
from shared.statistics.sequential.confidence_sequence import anytime_comparison
from tests.shared.statistics.simulation import Rate

DAYS: Final = 28
DAILY_UNITS: Final = 200
UNITS: Final = DAYS * DAILY_UNITS
METRIC: Final = Metric("spend", MetricKind.MEAN, MetricRole.PRIMARY)
RULE: Final = DecisionRule(2 * UNITS, DAYS, minimum_day_count=7)


def days(effect: float, repetitions: int, seed: int) -> Moments:
    """Returns moments of control and treatment after each day, shape (repetitions, DAYS, 2); values are normal."""
    rng = np.random.default_rng(seed)
    values = rng.normal(10, 1, (repetitions, 2, DAYS, DAILY_UNITS))
    values[:, 1] += effect
    counts = DAILY_UNITS * np.arange(1.0, DAYS + 1)
    totals, squares = values.sum(-1).cumsum(-1), (values**2).sum(-1).cumsum(-1)
    mean = np.moveaxis(totals / counts, 1, -1)
    deviations = np.moveaxis(squares, 1, -1) - counts[:, None] * mean**2
    return Moments.of_values(np.broadcast_to(counts[:, None], mean.shape), mean, deviations)


def verdicts(found: Comparison, run: int) -> list[Verdict]:
    """Returns the verdict of each day until the experiment ends."""
    each = []
    for day in range(DAYS):
        units = (day + 1) * DAILY_UNITS
        evidence = Treatment("new", primary_from(found.report(run, day), METRIC))
        health = [sample_ratio([units, units], [0.5, 0.5]).finding()]
        progress = Progress(day + 1, 2 * units, 2.0 * DAILY_UNITS)
        each.append(judge([evidence], health=health, rule=RULE, progress=progress).verdict)
        if each[-1] is not Verdict.CONTINUE:
            break
    return each


def ended_with(found: Comparison, verdict: Verdict) -> Rate:
    runs: NDArray[np.bool_] = np.array([verdicts(found, run)[-1] is verdict for run in range(found.shape[0])])
    return Rate(int(runs.sum()), runs.size)


@pytest.mark.parametrize("any_time", [False, True])
@pytest.mark.parametrize("repetitions", [150, pytest.param(2000, marks=pytest.mark.slow)])
def test_decision_when_there_is_no_effect_then_ships_and_rolls_back_as_rarely_as_promised(
    *, any_time: bool, repetitions: int
) -> None:
    arms = means(days(0.0, repetitions, seed=1))
    treatment, control = arms[:, :, 1], arms[:, :, 0]
    found = (
        anytime_comparison(treatment, control, optimal_unit_count=2 * UNITS)
        if any_time
        else compare(treatment, control)
    )

    shipped, rolled_back = ended_with(found, Verdict.SHIP), ended_with(found, Verdict.ROLL_BACK)

    for wrong in (shipped, rolled_back):
        assert wrong.is_at_most(0.025)
        assert any_time or wrong.agrees_with(0.025)


@pytest.mark.parametrize("any_time", [False, True])
def test_decision_when_the_effect_is_large_then_ships(*, any_time: bool) -> None:
    arms = means(days(0.1, 50, seed=2))
    treatment, control = arms[:, :, 1], arms[:, :, 0]
    found = (
        anytime_comparison(treatment, control, optimal_unit_count=2 * UNITS)
        if any_time
        else compare(treatment, control)
    )

    assert ended_with(found, Verdict.SHIP).is_at_least(0.95)


def test_decision_when_the_method_may_be_looked_at_daily_then_ends_earlier() -> None:
    arms = means(days(0.1, 50, seed=3))
    sequence = anytime_comparison(arms[:, :, 1], arms[:, :, 0], optimal_unit_count=2 * UNITS)
    fixed = compare(arms[:, :, 1], arms[:, :, 0])

    lengths = [[len(verdicts(found, run)) for run in range(50)] for found in (sequence, fixed)]

    assert np.mean(lengths[0]) < 0.75 * np.mean(lengths[1])
    assert set(lengths[1]) == {DAYS}
