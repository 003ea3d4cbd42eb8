"""Which arm is the best: error control among arms that are alike, and far more power than proved thresholds have."""

import numpy as np
import pytest

from shared.errors import InvalidArgument
from shared.statistics.adaptive import aipw
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.confidence_sequence import compare_any_time
from shared.statistics.adaptive.stopping_rules import AnyTime, PlannedLooks, StoppingRule
from shared.statistics.adaptive.superiority import superiority_margins
from shared.statistics.aggregates.moments import Moments
from shared.statistics.result.method import Alternative
from shared.statistics.sequential.group_sequential import z_bounds
from shared.statistics.sequential.spending import OBRIEN_FLEMING_TYPE
from tests.shared.statistics.adaptive import reference
from tests.shared.statistics.adaptive.bandits import Rewards, Scenario, simulate
from tests.shared.statistics.adaptive.scenarios import daily
from tests.shared.statistics.adaptive.stopping import differs_by_welch, probably_best
from tests.shared.statistics.simulation import Rate

MANY_TIMES = pytest.mark.parametrize("repetitions", [800, pytest.param(4000, marks=pytest.mark.slow)])
RULES: dict[str, StoppingRule] = {"any time": AnyTime(56_000), "planned": PlannedLooks(56_000)}
EVERY_RULE = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())


def _ever_shown(scenario: Scenario, repetitions: int, rule: StoppingRule) -> np.ndarray:
    """Returns which arms were ever shown to be the best, shape (repetitions, K)."""
    margins = superiority_margins(simulate(scenario, repetitions, seed=50), rule=rule)
    return np.asarray((margins >= 0).any(axis=1))


@MANY_TIMES
@EVERY_RULE
@pytest.mark.parametrize(
    "scenario",
    [
        daily(0.1, 0.1),
        daily(0.1, 0.1, is_top_two=True),
        daily(0.1, 0.1, drift=0.03),
        daily(0.1, 0.1, 0.1),
        daily(0.1, 0.1, 0.05),
        daily(*[0.1] * 5),
        Scenario((0.0, 0.0), 28, 2000, 0.01, rewards=Rewards.LOGNORMAL),
    ],
    ids=["2", "2, top two", "2, drift", "3", "2 of 3", "5", "lognormal"],
)
def test_superiority_among_equals_is_hardly_ever_shown(
    repetitions: int, rule: StoppingRule, scenario: Scenario
) -> None:
    if scenario.rewards is Rewards.LOGNORMAL:
        repetitions = min(repetitions // 4, 400)

    shown = _ever_shown(scenario, repetitions, rule)

    assert Rate(int(shown.any(axis=1).sum()), repetitions).is_at_most(0.05)


@MANY_TIMES
@pytest.mark.parametrize("scenario", [daily(0.1, 0.1), daily(0.1, 0.1, 0.1)], ids=["2", "3"])
def test_probability_to_be_best_of_95_percent_among_equals_errs_more_than_twice_5_percent(
    repetitions: int, scenario: Scenario
) -> None:
    declared = probably_best(simulate(scenario, repetitions, seed=50), 0.95)

    assert not Rate(int(declared.any(axis=(1, 2)).sum()), repetitions).is_at_most(0.1)


@MANY_TIMES
def test_welch_at_daily_looks_among_equals_errs_far_too_often(repetitions: int) -> None:
    declared = differs_by_welch(simulate(daily(0.1, 0.1), repetitions, seed=50))

    assert not Rate(int(declared.any(axis=(1, 2)).sum()), repetitions).is_at_most(0.2)


@MANY_TIMES
@EVERY_RULE
def test_superiority_of_a_worse_arm_is_hardly_ever_shown(repetitions: int, rule: StoppingRule) -> None:
    shown = _ever_shown(daily(0.1, 0.11, 0.1, is_top_two=True), repetitions, rule)

    assert Rate(int(shown[:, [0, 2]].any(axis=1).sum()), repetitions).is_at_most(0.05)


@MANY_TIMES
@pytest.mark.parametrize(("name", "least"), [("any time", 0.2), ("planned", 0.6)])
def test_superiority_of_ten_percent_after_28_days_is_often_shown(repetitions: int, name: str, least: float) -> None:
    shown = _ever_shown(daily(0.1, 0.11, 0.1, is_top_two=True), repetitions, RULES[name])

    assert Rate(int(shown[:, 1].sum()), repetitions).is_at_least(least)


def test_superiority_margins_of_two_arms_say_what_the_confidence_sequence_says() -> None:
    batches = simulate(daily(0.1, 0.11), 100, seed=51)

    margins = superiority_margins(batches, rule=AnyTime(56_000), delta=0.1)

    one_sided = compare_any_time(
        batches, treatment=1, optimal_unit_count=56_000, alpha=0.05, alternative=Alternative.GREATER
    )
    np.testing.assert_array_equal(margins[..., 1] >= 0, one_sided.p_value[..., 0] <= 0.05)


def test_superiority_margins_at_planned_looks_compare_with_the_spending_bounds() -> None:
    history = reference.drawn(np.random.default_rng(3), 4, 3)
    batches = reference.batches_of(history)
    units = np.cumsum([len(one.arms) for one in history])

    margins = superiority_margins(batches, rule=PlannedLooks(2 * units[-1]), delta=0.06)

    bounds = z_bounds(
        units / (2 * units[-1]), alpha=0.02, alternative=Alternative.GREATER, spending=OBRIEN_FLEMING_TYPE
    )
    found = aipw.compare(batches, treatment=[1, 2], control=0)
    lead = -(found.difference / found.standard_error).max()
    np.testing.assert_allclose(margins[-1, 0], lead - bounds.upper[-1], rtol=1e-9)


def test_superiority_margins_when_arms_are_reordered_follow() -> None:
    batches = reference.batches_of(reference.drawn(np.random.default_rng(4), 5, 3))
    order = [2, 0, 1]
    mixed = Batches(batches.moments[:, [2, 0, 1]], batches.propensities[:, order])  # type: ignore[index]

    margins = superiority_margins(batches, rule=AnyTime(100))

    np.testing.assert_allclose(superiority_margins(mixed, rule=AnyTime(100)), margins[:, order], rtol=1e-9)


def test_planned_looks_that_skip_batches_show_nothing_between() -> None:
    batches = simulate(daily(0.1, 0.2), 20, seed=52)

    margins = superiority_margins(batches, rule=PlannedLooks(56_000, looks=[6, 13, 27]))

    assert (margins[:, [6, 13, 27], 1] > 0).any()
    assert np.isneginf(np.delete(margins, [6, 13, 27], axis=1)).all()


@pytest.mark.parametrize("looks", [[3, 2], [-1, 2], [28], [1, 1]])
def test_planned_looks_that_do_not_ascend_raise(looks: list[int]) -> None:
    with pytest.raises(InvalidArgument, match="looks"):
        superiority_margins(simulate(daily(0.1, 0.1), 2, seed=53), rule=PlannedLooks(56_000, looks=looks))


@EVERY_RULE
def test_superiority_margins_when_propensities_are_missing_are_minus_infinity(rule: StoppingRule) -> None:
    batches = Batches.of(Moments.of_values([[9.0, 9.0]], [[0.0, 9.0]], [[1.0, 1.0]]), [np.nan, np.nan])

    assert np.isneginf(superiority_margins(batches, rule=rule)).all()


def test_superiority_margins_of_one_arm_raise() -> None:
    with pytest.raises(InvalidArgument, match="2 arms"):
        superiority_margins(Batches.of(Moments.of_values([[9.0]], [[0.0]], [[1.0]]), [1.0]), rule=AnyTime(100))
