"""Answers after stopping: against integrals over two looks, duality, and how often they err and are too large."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Floats, Moments
from shared.statistics.estimates.means import means
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import Interval, NotEstimable
from shared.statistics.sequential.looks import Looks
from shared.statistics.sequential.spending import OBRIEN_FLEMING_TYPE, POCOCK_TYPE, Spending, power_family
from shared.statistics.sequential.stopping import StoppedDifference, stopped_difference
from tests.shared.statistics.sequential.pairs import pair_with
from tests.shared.statistics.simulation import Rate

TWO_SIDED, GREATER, LESS = Alternative.TWO_SIDED, Alternative.GREATER, Alternative.LESS
SIDES = st.sampled_from(list(Alternative))
SPENDINGS = st.sampled_from([OBRIEN_FLEMING_TYPE, POCOCK_TYPE, power_family(2.0)])
FINAL = st.builds(
    lambda steps, spending: Looks([*(np.cumsum(steps) / np.sum(steps))[:-1].tolist(), 1.0], spending),
    st.lists(st.floats(0.2, 1), min_size=1, max_size=4),
    SPENDINGS,
)


def stopped(z: float, looks: Looks, alternative: Alternative = TWO_SIDED, error: float = 1.0) -> StoppedDifference:
    return stopped_difference(*pair_with(z, error=error), looks=looks, alternative=alternative)


def beyond_at_second_look(z: float, first_look: float, lower: float, upper: float, drift: float) -> float:
    """Returns P(Z at or above the upper bound at the first look, or within the bounds and then at z)."""
    centre, step = drift * math.sqrt(first_look), 1 - first_look

    def density(now: float) -> float:
        rest = (z - now * math.sqrt(first_look) - drift * step) / math.sqrt(step)
        return float(stats.norm.pdf(now - centre) * stats.norm.sf(rest))

    low, high = max(lower, centre - 9), min(upper, centre + 9)
    later = integrate.quad(density, low, high, epsabs=1e-13, epsrel=1e-11)[0] if low < high else 0.0
    return float(stats.norm.sf(upper - centre)) + later


@settings(max_examples=25, deadline=None, derandomize=True)
@given(first=st.floats(0.2, 0.8), spending=SPENDINGS, z=st.floats(-4, 4), alternative=SIDES)
def test_answers_at_the_second_look_are_where_the_integral_says(
    first: float, spending: Spending, z: float, alternative: Alternative
) -> None:
    looks = Looks([first, 1.0], spending)
    bounds = looks.bounds(0.05, alternative)
    sign = -1 if alternative is LESS else 1

    def beyond(effect: float) -> float:
        return beyond_at_second_look(sign * z, first, bounds.lower[0], bounds.upper[0], sign * effect)

    found = stopped(z, looks, alternative)

    tail = 0.025 if alternative is TWO_SIDED else 0.05
    assert beyond(float(found.estimate[0])) == pytest.approx(0.5, abs=1e-9)
    if alternative is not LESS:
        assert beyond(float(found.low[0])) == pytest.approx(tail, abs=1e-9)
    if alternative is TWO_SIDED:
        assert beyond(float(found.high[0])) == pytest.approx(1 - tail, abs=1e-9)
    if alternative is LESS:
        assert beyond(float(found.high[0])) == pytest.approx(tail, abs=1e-9)
    once = beyond(0.0)
    expected = 2 * min(once, 1 - once) if alternative is TWO_SIDED else once
    assert float(found.p_value[0]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("alternative", list(Alternative))
@pytest.mark.parametrize(("information", "z"), [([1.0], 0.7), ([1.0], -2.9), ([0.3], 4.5), ([0.3], -4.5)])
def test_who_stops_at_the_first_look_has_the_answers_of_one_look(
    information: list[float], z: float, alternative: Alternative
) -> None:
    looks = Looks(information, POCOCK_TYPE, ends_early=True)

    found = stopped(z, looks, alternative)

    reach = stats.norm.isf(0.025 if alternative is TWO_SIDED else 0.05)
    expected = {TWO_SIDED: 2 * stats.norm.sf(abs(z)), GREATER: stats.norm.sf(z), LESS: stats.norm.cdf(z)}[alternative]
    assert float(found.p_value[0]) == pytest.approx(expected, rel=1e-9)
    assert float(found.estimate[0]) == pytest.approx(z, abs=1e-9)
    assert float(found.low[0]) == (-math.inf if alternative is LESS else pytest.approx(z - reach, abs=1e-9))
    assert float(found.high[0]) == (math.inf if alternative is GREATER else pytest.approx(z + reach, abs=1e-9))


@pytest.mark.parametrize("z", [-12.0, 12.0])
def test_p_value_far_out_is_as_exact_on_both_sides(z: float) -> None:
    found = stopped(z, Looks([1.0], POCOCK_TYPE))

    assert float(found.p_value[0]) == pytest.approx(2 * stats.norm.sf(12), rel=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(looks=FINAL, z=st.floats(-4, 4), alternative=SIDES)
def test_interval_leaves_out_0_exactly_where_the_p_value_is_below_alpha(
    looks: Looks, z: float, alternative: Alternative
) -> None:
    found = stopped(z, looks, alternative)

    assert bool((found.low[0] > 0) | (found.high[0] < 0)) == bool(found.p_value[0] < 0.05)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(looks=FINAL, z=st.floats(-4, 4))
def test_last_look_is_significant_exactly_where_its_bound_is_reached(looks: Looks, z: float) -> None:
    found = stopped(z, looks)

    assert bool(found.p_value[0] < 0.05) == bool(abs(z) > looks.bounds(0.05, TWO_SIDED).upper[-1])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(looks=FINAL, z=st.floats(-4, 4), error=st.floats(1e-3, 1e3))
def test_answers_change_with_the_sign_and_the_unit_of_the_metric(looks: Looks, z: float, error: float) -> None:
    found = stopped(z, looks)
    turned = stopped(-z, looks, error=error)

    assert turned.estimate / error == pytest.approx(-found.estimate, abs=1e-6)
    assert turned.low / error == pytest.approx(-found.high, abs=1e-6)
    assert turned.p_value == pytest.approx(found.p_value, rel=1e-6)


def test_less_mirrors_greater() -> None:
    looks = Looks([0.4, 1.0], POCOCK_TYPE)

    greater, less = stopped(1.8, looks, GREATER), stopped(-1.8, looks, LESS)

    assert less.high == pytest.approx(-greater.low, rel=1e-12)
    assert less.p_value == pytest.approx(greater.p_value, rel=1e-12)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(looks=FINAL, z=st.floats(-3, 3), step=st.floats(0.05, 2))
def test_larger_z_at_the_same_look_means_a_larger_effect(looks: Looks, z: float, step: float) -> None:
    lesser, larger = stopped(z, looks, GREATER), stopped(z + step, looks, GREATER)

    assert float(larger.estimate[0]) >= float(lesser.estimate[0]) - 1e-9
    assert float(larger.low[0]) >= float(lesser.low[0]) - 1e-9
    assert float(larger.p_value[0]) <= float(lesser.p_value[0]) + 1e-12


def test_experiment_that_goes_on_has_no_answer_yet() -> None:
    found = stopped_difference(*pair_with([1.0, 5.0, -5.0]), looks=Looks([0.5], POCOCK_TYPE))

    assert found.report(0) == NotEstimable(Obstacle.NOT_STOPPED)
    assert isinstance(found.report(1), Interval)
    assert isinstance(found.report(2), Interval)
    assert np.isnan([found.estimate, found.low, found.high, found.p_value])[:, 0].all()


def test_one_sided_experiment_does_not_stop_for_an_effect_on_the_other_side() -> None:
    found = stopped(-5.0, Looks([0.5], POCOCK_TYPE), GREATER)

    assert found.report(0) == NotEstimable(Obstacle.NOT_STOPPED)


def test_what_data_cannot_tell_is_an_obstacle() -> None:
    both = means(Moments.of_values([0.0, 50.0], [0.0, 1.0], [0.0, 9.0]))

    found = stopped_difference(both[0:1], both[1:2], looks=Looks([1.0], POCOCK_TYPE))

    assert found.report(0) == NotEstimable(Obstacle.NO_UNITS)


def test_method_says_that_it_holds_at_planned_looks() -> None:
    assert stopped(1.0, Looks([1.0], POCOCK_TYPE)).method.validity is Validity.PLANNED_LOOKS


@pytest.mark.parametrize("alpha", [0.0, 0.5, math.nan])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidArgument, match="alpha"):
        stopped_difference(*pair_with(1.0), looks=Looks([1.0], POCOCK_TYPE), alpha=alpha)


INFORMATION = (0.4, 0.7, 1.0)


def stopped_walks(drift: float, experiment_count: int) -> list[tuple[Looks, Floats]]:
    """Returns, for each look, the looks so far and the Z of those that stopped there."""
    rng = np.random.default_rng(53)
    times = np.array(INFORMATION)
    steps = np.diff(times, prepend=0)
    walk = np.cumsum(rng.standard_normal((experiment_count, 3)) * np.sqrt(steps) + drift * steps, axis=1)
    z = walk / np.sqrt(times)
    is_out = np.abs(z) >= Looks(INFORMATION, POCOCK_TYPE).bounds(0.05, TWO_SIDED).upper
    is_out[:, -1] = True
    first = is_out.argmax(axis=1)
    return [(Looks(INFORMATION[: look + 1], POCOCK_TYPE), z[first == look, look]) for look in range(3)]


@cache
def outcomes(drift: float, experiment_count: int) -> list[StoppedDifference]:
    """Returns what experiments say at the look that stops them, in drifts."""
    return [
        stopped_difference(*pair_with(z, error=1 / math.sqrt(looks.information[-1])), looks=looks)
        for looks, z in stopped_walks(drift, experiment_count)
    ]


@pytest.mark.parametrize("experiment_count", [300, pytest.param(4000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("drift", [0.0, 2.0, 3.5])
def test_intervals_cover_and_estimates_are_as_often_too_large_as_too_small(drift: float, experiment_count: int) -> None:
    found = outcomes(drift, experiment_count)

    covered = Rate(sum(int(((f.low <= drift) & (drift <= f.high)).sum()) for f in found), experiment_count)
    larger = Rate(sum(int((f.estimate > drift).sum()) for f in found), experiment_count)
    assert covered.agrees_with(0.95), covered
    assert larger.agrees_with(0.5), larger


@pytest.mark.parametrize("experiment_count", [300, pytest.param(4000, marks=pytest.mark.slow)])
def test_p_values_without_an_effect_are_as_often_small_as_they_say(experiment_count: int) -> None:
    p = np.concatenate([answers.p_value for answers in outcomes(0.0, experiment_count)])

    for level in (0.01, 0.05, 0.2, 0.5):
        assert Rate(int((p < level).sum()), experiment_count).agrees_with(level), level


def test_difference_as_observed_is_too_large_on_average() -> None:
    observed = np.concatenate([z / math.sqrt(looks.information[-1]) for looks, z in stopped_walks(2.0, 4000)])

    assert float(observed.mean() - 2.0) > 4 * float(observed.std()) / math.sqrt(len(observed))
