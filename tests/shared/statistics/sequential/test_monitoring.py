"""Repeated intervals at planned looks: bounds, duality with p-values, and error rates over all looks together."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Floats, Moments
from shared.statistics.estimates.contrast import contrast
from shared.statistics.estimates.means import means
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import NotEstimable
from shared.statistics.sequential.group_sequential import crossing_probabilities
from shared.statistics.sequential.looks import Looks
from shared.statistics.sequential.monitoring import group_sequential_comparison
from shared.statistics.sequential.spending import (
    OBRIEN_FLEMING_TYPE,
    POCOCK_TYPE,
    hwang_shih_decani,
    power_family,
)
from tests.shared.statistics.sequential.pairs import pair_with
from tests.shared.statistics.sequential.streams import Draw, watched
from tests.shared.statistics.simulation import Rate

TWO_SIDED, GREATER, LESS = Alternative.TWO_SIDED, Alternative.GREATER, Alternative.LESS
SIDES = st.sampled_from(list(Alternative))
SPENDINGS = st.sampled_from([OBRIEN_FLEMING_TYPE, POCOCK_TYPE, power_family(2.0), hwang_shih_decani(-4.0)])
LOOKS = st.builds(
    Looks, st.lists(st.floats(0.05, 0.3), min_size=1, max_size=4).map(lambda s: np.cumsum(s).tolist()), SPENDINGS
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(looks=LOOKS, z=st.floats(-6, 6), error=st.floats(0.01, 5), alpha=st.floats(0.01, 0.3))
def test_interval_reaches_as_many_standard_errors_as_the_bound(
    looks: Looks, z: float, error: float, alpha: float
) -> None:
    bound = float(looks.bounds(alpha, TWO_SIDED).upper[-1])

    found = group_sequential_comparison(*pair_with(z, error=error), looks=looks, alpha=alpha)

    difference = float(found.difference[0])
    assert float(found.difference_low[0]) == pytest.approx(difference - bound * error, rel=1e-9, abs=1e-9)
    assert float(found.difference_high[0]) == pytest.approx(difference + bound * error, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(looks=LOOKS, z=st.floats(-6, 6), alpha=st.floats(0.001, 0.4), alternative=SIDES)
def test_intervals_leave_out_0_exactly_where_the_p_value_is_below_alpha(
    looks: Looks, z: float, alpha: float, alternative: Alternative
) -> None:
    found = group_sequential_comparison(*pair_with(z), looks=looks, alpha=alpha, alternative=alternative)

    is_significant = bool(found.p_value[0] < alpha)
    assert bool((found.difference_low[0] > 0) | (found.difference_high[0] < 0)) == is_significant
    assert bool((found.lift_low[0] > 0) | (found.lift_high[0] < 0)) == is_significant


@settings(max_examples=40, deadline=None, derandomize=True)
@given(looks=LOOKS, z=st.floats(-6, 6), alternative=SIDES)
def test_bound_at_the_p_value_is_z(looks: Looks, z: float, alternative: Alternative) -> None:
    p = float(group_sequential_comparison(*pair_with(z), looks=looks, alternative=alternative).p_value[0])

    if 1e-11 < p < 0.49:
        reached = {TWO_SIDED: abs(z), GREATER: z, LESS: -z}[alternative]
        assert float(looks.bounds(p, alternative).upper[-1]) == pytest.approx(reached, abs=1e-8)


@pytest.mark.parametrize("alternative", list(Alternative))
@pytest.mark.parametrize("z", [-2.5, -1.0, 1.0, 2.5])
def test_one_look_has_the_p_value_of_a_fixed_look(z: float, alternative: Alternative) -> None:
    expected = {TWO_SIDED: 2 * stats.norm.sf(abs(z)), GREATER: stats.norm.sf(z), LESS: stats.norm.cdf(z)}[alternative]

    found = group_sequential_comparison(*pair_with(z), looks=Looks([1.0], POCOCK_TYPE), alternative=alternative)

    # P-values of half and more are given as 1.
    assert float(found.p_value[0]) == pytest.approx(expected if expected < 0.5 else 1.0, rel=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(looks=LOOKS, z=st.floats(-6, 6))
def test_swapping_the_arms_turns_the_difference_around(looks: Looks, z: float) -> None:
    treatment, control = pair_with(z)

    found = group_sequential_comparison(treatment, control, looks=looks)
    swapped = group_sequential_comparison(control, treatment, looks=looks)

    assert swapped.difference_low == pytest.approx(-found.difference_high, rel=1e-12)
    assert swapped.p_value == pytest.approx(found.p_value, rel=1e-9)


def test_comparisons_of_many_metrics_are_those_of_each() -> None:
    looks = Looks([0.4, 0.9], OBRIEN_FLEMING_TYPE)
    z = np.array([[1.0, -2.5], [3.0, 1.0]])

    found = group_sequential_comparison(*pair_with(z), looks=looks)

    each = [float(group_sequential_comparison(*pair_with(one), looks=looks).p_value[0]) for one in z.flat]
    assert found.p_value.tolist() == np.reshape(each, (2, 2)).tolist()


def test_look_that_may_spend_nothing_yet_tells_nothing() -> None:
    found = group_sequential_comparison(*pair_with(8.0), looks=Looks([0.01], OBRIEN_FLEMING_TYPE))

    assert (float(found.difference_low[0]), float(found.difference_high[0])) == (-math.inf, math.inf)
    assert float(found.p_value[0]) == 1.0


def test_p_value_is_never_given_below_the_least_that_is_told_apart() -> None:
    found = group_sequential_comparison(*pair_with(30.0), looks=Looks([0.5, 1.0], POCOCK_TYPE))

    assert float(found.p_value[0]) == 1e-12


def test_report_says_that_it_holds_at_planned_looks() -> None:
    report = group_sequential_comparison(*pair_with(2.0), looks=Looks([0.5], POCOCK_TYPE)).report(0)

    assert report.method.validity is Validity.PLANNED_LOOKS


def test_what_data_cannot_tell_is_an_obstacle_beside_answers_for_the_rest() -> None:
    both = means(Moments.of_values([[0.0, 50.0], [50.0, 50.0]], [[0.0, 1.0], [2.0, 1.0]], [[0.0, 9.0], [9.0, 9.0]]))

    found = group_sequential_comparison(both[:, 0], both[:, 1], looks=Looks([0.5], POCOCK_TYPE))

    assert found.report(0).p_value == NotEstimable(Obstacle.NO_UNITS)
    assert np.isnan(found.p_value).tolist() == [True, False]


@pytest.mark.parametrize("alpha", [0.0, 0.5, math.nan])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidArgument, match="alpha"):
        group_sequential_comparison(*pair_with(1.0), looks=Looks([0.5], POCOCK_TYPE), alpha=alpha)


def statistics_of(kind: str, *, experiment_count: int, look_count: int, units: int) -> Floats:
    """Returns Z of experiments without an effect, at each look."""
    rng = np.random.default_rng(41)
    draws: dict[str, Draw] = {
        "gaussian": lambda shape: rng.standard_normal(shape) + 10,
        "2 % successes": lambda shape: (rng.random(shape) < 0.02).astype(np.float64),
        "lognormal": lambda shape: rng.lognormal(0.0, 1.0, shape),
    }
    both = watched(
        [draws[kind]] * 2, experiment_count=experiment_count, look_count=look_count, units_a_look=(units, units)
    )
    arms = means(both)
    return np.nan_to_num(contrast(arms[:, :, 0], arms[:, :, 1]).statistic)


def ever_beyond(z: Floats, bounds: Floats) -> Rate:
    return Rate(int((np.abs(z) >= bounds).any(axis=1).sum()), len(z))


@pytest.mark.parametrize("kind", ["gaussian", "2 % successes", "lognormal"])
def test_40_looks_err_as_often_as_alpha_and_peeking_far_more_often(kind: str) -> None:
    z = statistics_of(kind, experiment_count=2000, look_count=40, units=100)
    bounds = Looks([look / 40 for look in range(1, 41)], POCOCK_TYPE).bounds(0.05, TWO_SIDED).upper

    planned, peeking = ever_beyond(z, bounds), ever_beyond(z, np.full(40, stats.norm.isf(0.025)))

    assert planned.is_at_most(0.05), planned
    assert peeking.is_at_least(0.2), peeking


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gaussian", "2 % successes", "lognormal"])
def test_1000_looks_err_as_often_as_alpha_and_peeking_far_more_often(kind: str) -> None:
    z = statistics_of(kind, experiment_count=1000, look_count=1000, units=20)
    bounds = Looks([look / 1000 for look in range(1, 1001)], OBRIEN_FLEMING_TYPE).bounds(0.05, TWO_SIDED).upper

    planned, peeking = ever_beyond(z, bounds), ever_beyond(z, np.full(1000, stats.norm.isf(0.025)))

    assert planned.is_at_most(0.05), planned
    assert peeking.is_at_least(0.4), peeking


def test_looks_that_follow_the_results_err_more_often_than_alpha() -> None:
    # The assumption that matters: whoever declares the experiment over when Z is large spends the rest on it.
    information = [0.25, 0.5, 0.75, 1.0]
    rng = np.random.default_rng(43)
    z = np.cumsum(rng.standard_normal((20_000, 4)) / 2, axis=1) / np.sqrt(information)

    hits = np.zeros(len(z), dtype=np.bool_)
    for look in range(4):
        ending = Looks(information[: look + 1], OBRIEN_FLEMING_TYPE, ends_early=True)
        hits |= np.abs(z[:, look]) >= ending.bounds(0.05, TWO_SIDED).upper[-1]

    assert Rate(int(hits.sum()), len(z)).is_at_least(0.08)
    honest = Looks(information, OBRIEN_FLEMING_TYPE).bounds(0.05, TWO_SIDED)
    assert crossing_probabilities(honest, information, 0.0).upper.sum() == pytest.approx(0.025, abs=1e-11)
