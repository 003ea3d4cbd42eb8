"""Random walks between bounds: against bivariate normal probabilities, mirror images and conservation of mass."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.statistics.sequential import crossing
from shared.statistics.sequential.crossing import START, Walks

TIMES = st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)).map(lambda steps: (steps[0], steps[0] + steps[1]))
DRIFTS = st.floats(-3, 3)
BOUNDS = st.tuples(st.floats(-3, 0), st.floats(0.1, 3))


def stayed(times: tuple[float, float], bounds: tuple[float, float], drift: float) -> Walks:
    first, second = times
    return crossing.stay(START, first, *bounds, drift=drift, next_step=second - first)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(time=st.floats(0.01, 2), z=st.floats(-4, 4), drift=DRIFTS)
def test_first_look_is_a_normal_tail(time: float, z: float, drift: float) -> None:
    found = crossing.above(START, time, z, drift)

    assert found == pytest.approx(stats.norm.sf(z - drift * math.sqrt(time)), rel=1e-12)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(times=TIMES, bounds=BOUNDS, z=st.floats(-2, 2), drift=DRIFTS)
def test_second_look_is_a_bivariate_normal_probability(
    times: tuple[float, float], bounds: tuple[float, float], z: float, drift: float
) -> None:
    first, second = (math.sqrt(time) for time in times)
    correlation = first / second
    pair = stats.multivariate_normal([drift * first, drift * second], [[1, correlation], [correlation, 1]])
    expected = pair.cdf([bounds[1], z]) - pair.cdf([bounds[0], z])

    found = crossing.below(stayed(times, bounds, drift), times[1], z, drift)

    assert found == pytest.approx(float(expected), abs=1e-7)  # Of scipy's integral.


@settings(max_examples=50, deadline=None, derandomize=True)
@given(times=TIMES, bounds=BOUNDS, drift=DRIFTS)
def test_walks_stay_or_leave(times: tuple[float, float], bounds: tuple[float, float], drift: float) -> None:
    walks = stayed(times, bounds, drift)

    left = crossing.above(START, times[0], bounds[1], drift) + crossing.below(START, times[0], bounds[0], drift)
    assert walks.masses.sum() + left == pytest.approx(1, abs=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(times=TIMES, bounds=BOUNDS, z=st.floats(-3, 3), drift=DRIFTS)
def test_those_above_and_those_below_are_all_that_stayed(
    times: tuple[float, float], bounds: tuple[float, float], z: float, drift: float
) -> None:
    walks = stayed(times, bounds, drift)

    both = crossing.above(walks, times[1], z, drift) + crossing.below(walks, times[1], z, drift)

    assert both == pytest.approx(walks.masses.sum(), abs=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(times=TIMES, bounds=BOUNDS, z=st.floats(-3, 3), drift=DRIFTS)
def test_mirrored_walks_leave_on_the_other_side(
    times: tuple[float, float], bounds: tuple[float, float], z: float, drift: float
) -> None:
    found = crossing.above(stayed(times, bounds, drift), times[1], z, drift)

    mirrored = crossing.below(stayed(times, (-bounds[1], -bounds[0]), -drift), times[1], -z, -drift)

    assert mirrored == pytest.approx(found, abs=1e-13)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(times=TIMES, z=st.floats(-3, 3), drift=DRIFTS)
def test_look_without_bounds_changes_nothing(times: tuple[float, float], z: float, drift: float) -> None:
    walks = stayed(times, (-math.inf, math.inf), drift)

    assert crossing.above(walks, times[1], z, drift) == pytest.approx(
        crossing.above(START, times[1], z, drift), abs=1e-12
    )


def test_infinite_bounds_are_never_reached() -> None:
    walks = stayed((0.5, 1.0), (-2.0, 2.0), 1.0)

    assert crossing.above(walks, 1.0, math.inf, 1.0) == 0
    assert crossing.below(walks, 1.0, -math.inf, 1.0) == 0


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (1.0, 0.5), (20.0, 21.0)])
def test_nobody_stays_where_bounds_leave_no_room(bounds: tuple[float, float]) -> None:
    walks = stayed((0.5, 1.0), bounds, 0.0)

    assert walks.masses.sum() == 0
    assert crossing.above(walks, 1.0, -math.inf, 0.0) == 0


def test_masses_are_a_density_of_the_walk() -> None:
    walks = stayed((0.4, 0.5), (-1.5, 2.5), 0.7)

    law = stats.truncnorm((-1.5 - 0.7 * math.sqrt(0.4)), (2.5 - 0.7 * math.sqrt(0.4)), loc=0.28, scale=math.sqrt(0.4))
    share = walks.masses / walks.masses.sum()
    assert float(share @ walks.points) == pytest.approx(law.mean(), rel=1e-10)
    assert float(share @ walks.points**2) == pytest.approx(law.moment(2), rel=1e-10)
    assert np.isclose(walks.time, 0.4)
