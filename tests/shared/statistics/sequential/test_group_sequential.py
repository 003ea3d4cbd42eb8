import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import crossing
from shared.statistics.sequential.group_sequential import (
    Bounds,
    crossing_probabilities,
    drift_for_power,
    obrien_fleming_bounds,
    pocock_bounds,
    z_bounds,
)
from shared.statistics.sequential.spending import (
    OBRIEN_FLEMING_TYPE,
    POCOCK_TYPE,
    Spending,
    hwang_shih_decani,
    power_family,
)
from tests.shared.statistics.sequential.reference_walk import crossing_at_third_look
from tests.shared.statistics.simulation import Rate

TWO_SIDED, GREATER = Alternative.TWO_SIDED, Alternative.GREATER
SPENDINGS = st.sampled_from([OBRIEN_FLEMING_TYPE, POCOCK_TYPE, power_family(2.0), hwang_shih_decani(-4.0)])
INFORMATION = st.lists(st.floats(0.02, 1), min_size=1, max_size=6).map(
    lambda steps: [float(t) for t in np.cumsum(steps) / np.sum(steps)]
)


def even(look_count: int) -> list[float]:
    return [look / look_count for look in range(1, look_count + 1)]


# Jennison and Turnbull 2000, tables 2.1 and 2.3, K = 1 to 10 and 20.
POCOCK_TABLE = {
    0.10: (1.645, 1.875, 1.992, 2.067, 2.122, 2.164, 2.197, 2.225, 2.249, 2.270, 2.392),
    0.05: (1.960, 2.178, 2.289, 2.361, 2.413, 2.453, 2.485, 2.512, 2.535, 2.555, 2.672),
    0.01: (2.576, 2.772, 2.873, 2.939, 2.986, 3.023, 3.053, 3.078, 3.099, 3.117, 3.225),
}
OBRIEN_FLEMING_TABLE = {
    0.10: (1.645, 1.678, 1.710, 1.733, 1.751, 1.765, 1.776, 1.786, 1.794, 1.801, 1.842),
    0.05: (1.960, 1.977, 2.004, 2.024, 2.040, 2.053, 2.063, 2.072, 2.080, 2.087, 2.126),
    0.01: (2.576, 2.580, 2.595, 2.609, 2.621, 2.631, 2.640, 2.648, 2.654, 2.660, 2.695),
}
LOOK_COUNTS = (*range(1, 11), 20)


@pytest.mark.parametrize("alpha", POCOCK_TABLE)
def test_pocock_constants_are_the_published_ones(alpha: float) -> None:
    found = [float(pocock_bounds(even(k), alpha=alpha, alternative=TWO_SIDED).upper[0]) for k in LOOK_COUNTS]

    assert tuple(round(constant, 3) for constant in found) == POCOCK_TABLE[alpha]


@pytest.mark.parametrize("alpha", OBRIEN_FLEMING_TABLE)
def test_obrien_fleming_constants_are_the_published_ones(alpha: float) -> None:
    found = [float(obrien_fleming_bounds(even(k), alpha=alpha, alternative=TWO_SIDED).upper[-1]) for k in LOOK_COUNTS]

    assert tuple(round(constant, 3) for constant in found) == OBRIEN_FLEMING_TABLE[alpha]


@pytest.mark.parametrize(
    ("look_count", "rate"), [(1, 0.05), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)]
)
def test_peeking_at_5_percent_errs_as_often_as_armitage_mcpherson_and_rowe_say(look_count: int, rate: float) -> None:
    # Armitage, McPherson and Rowe 1969, table 2.
    z = np.full(look_count, stats.norm.isf(0.025))

    found = crossing_probabilities(Bounds(-z, z), even(look_count), 0.0)

    assert round(float(found.upper.sum() + found.lower.sum()), 3) == rate


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        # What ldbounds and gsDesign print for five looks and 0.025 a side (DeMets and Lan 1994 have two decimals).
        (OBRIEN_FLEMING_TYPE, (4.877, 3.357, 2.680, 2.290, 2.031)),
        (POCOCK_TYPE, (2.438, 2.427, 2.410, 2.397, 2.386)),
    ],
)
def test_lan_demets_bounds_are_the_published_ones(spending: Spending, published: tuple[float, ...]) -> None:
    found = z_bounds(even(5), alpha=0.05, alternative=TWO_SIDED, spending=spending).upper

    assert tuple(round(float(z), 3) for z in found) == published


@pytest.mark.parametrize(
    ("information", "alpha", "exponent", "alternative", "bounds"),
    [
        # spotify-confidence 4.1.0, sequential_bound_solver.bounds(t, alpha, rho, ztrun=8, sides): trapezoids of 0.05.
        ([0.25, 0.5, 0.75, 1], 0.05, 2, GREATER, [2.734368787, 2.301836776, 2.010135483, 1.769129393]),
        ([0.25, 0.5, 0.75, 1], 0.05, 2, TWO_SIDED, [2.955166847, 2.559321268, 2.300814058, 2.091913424]),
        ([0.1, 0.4, 0.45, 1], 0.01, 3, TWO_SIDED, [4.417173413, 3.417841684, 3.434053144, 2.596122881]),
    ],
)
def test_bounds_are_those_of_spotify_confidence_within_its_own_error(
    information: list[float], alpha: float, exponent: float, alternative: Alternative, bounds: list[float]
) -> None:
    found = z_bounds(information, alpha=alpha, alternative=alternative, spending=power_family(exponent)).upper

    assert found == pytest.approx(bounds, abs=1e-4)
    assert found[0] == pytest.approx(bounds[0], abs=1e-8)


@pytest.mark.parametrize(
    ("lower", "upper", "information", "drift"),
    [
        ((-2.4, -2.4, -2.4), (2.4, 2.4, 2.4), (0.3, 0.6, 1.0), 0.0),
        ((-3.0, 0.1, 0.5), (3.0, 2.2, 2.0), (0.2, 0.7, 1.0), 2.5),
        ((-math.inf, -math.inf, -math.inf), (2.9, 2.4, 1.7), (0.5, 0.55, 1.1), -1.0),
        ((-math.inf, -math.inf, -math.inf), (2.9, 2.4, 1.7), (0.05, 0.9, 0.91), 3.0),
    ],
)
def test_recursion_agrees_with_nested_integrals(
    lower: Sequence[float], upper: Sequence[float], information: list[float], drift: float
) -> None:
    expected = crossing_at_third_look(lower, upper, information, drift)

    found = crossing_probabilities(Bounds(np.array(lower), np.array(upper)), information, drift)

    assert float(found.upper[2]) == pytest.approx(expected, abs=1e-10)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(information=INFORMATION, spending=SPENDINGS, drift=st.floats(-3, 5), alternative=st.sampled_from(Alternative))
def test_finer_panels_do_not_change_the_answer(
    information: list[float], spending: Spending, drift: float, alternative: Alternative
) -> None:
    bounds = z_bounds(information, alpha=0.05, alternative=alternative, spending=spending)
    found = crossing_probabilities(bounds, information, drift)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossing, "_PANEL", crossing._PANEL / 3)
        finer = crossing_probabilities(bounds, information, drift)

    assert found.upper == pytest.approx(finer.upper, abs=1e-11)
    assert found.lower == pytest.approx(finer.lower, abs=1e-11)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(information=INFORMATION, spending=SPENDINGS, alpha=st.floats(0.001, 0.4))
def test_each_look_uses_what_the_spending_function_gives_it(
    information: list[float], spending: Spending, alpha: float
) -> None:
    bounds = z_bounds(information, alpha=alpha, alternative=TWO_SIDED, spending=spending)

    found = crossing_probabilities(bounds, information, 0.0)

    assert np.cumsum(found.upper) == pytest.approx(spending.spent(information, alpha / 2), abs=1e-11)
    assert found.lower == pytest.approx(found.upper, abs=1e-12)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(information=INFORMATION, spending=SPENDINGS, power=st.floats(0.3, 0.99))
def test_power_at_the_drift_for_it_is_the_power(information: list[float], spending: Spending, power: float) -> None:
    bounds = z_bounds(information, alpha=0.05, alternative=TWO_SIDED, spending=spending)

    drift = drift_for_power(bounds, information, power)

    assert crossing_probabilities(bounds, information, drift).upper.sum() == pytest.approx(power, abs=1e-10)


@pytest.mark.parametrize(
    ("bounds_of", "inflation"),
    # Jennison and Turnbull 2000, tables 2.2 and 2.4: alpha 0.05, power 0.9, K = 2 to 5 and 10.
    [
        (pocock_bounds, (1.100, 1.151, 1.183, 1.207, 1.271)),
        (obrien_fleming_bounds, (1.007, 1.016, 1.022, 1.026, 1.037)),
    ],
)
def test_inflation_of_the_sample_size_is_the_published_one(
    bounds_of: Callable[..., Bounds], inflation: tuple[float, ...]
) -> None:
    one_look = drift_for_power(bounds_of([1.0], alpha=0.05, alternative=TWO_SIDED), [1.0], 0.9)

    found = [
        drift_for_power(bounds_of(even(k), alpha=0.05, alternative=TWO_SIDED), even(k), 0.9) / one_look
        for k in (2, 3, 4, 5, 10)
    ]

    assert tuple(round(ratio**2, 3) for ratio in found) == inflation


def test_past_bounds_do_not_depend_on_later_looks() -> None:
    early = z_bounds([0.2, 0.5], alpha=0.05, alternative=TWO_SIDED, spending=POCOCK_TYPE)

    later = z_bounds([0.2, 0.5, 0.55, 1.0], alpha=0.05, alternative=TWO_SIDED, spending=POCOCK_TYPE)

    assert later.upper[:2] == pytest.approx(early.upper, rel=1e-12)


def test_underrun_spends_all_at_its_last_look() -> None:
    information = [0.3, 0.8]

    bounds = z_bounds(information, alpha=0.05, alternative=GREATER, spending=OBRIEN_FLEMING_TYPE, is_final=True)

    assert crossing_probabilities(bounds, information, 0.0).upper.sum() == pytest.approx(0.05, abs=1e-11)


def test_overrun_spends_no_more_than_alpha() -> None:
    information = [0.5, 1.2]

    bounds = z_bounds(information, alpha=0.05, alternative=GREATER, spending=OBRIEN_FLEMING_TYPE)

    assert crossing_probabilities(bounds, information, 0.0).upper.sum() == pytest.approx(0.05, abs=1e-11)


def test_look_after_all_is_spent_has_no_bound() -> None:
    bounds = z_bounds([1.0, 1.2], alpha=0.05, alternative=GREATER, spending=OBRIEN_FLEMING_TYPE)

    assert bounds.upper[1] == math.inf


def test_very_early_look_of_obrien_fleming_type_has_no_bound_and_loses_nothing() -> None:
    information = [0.01, 1.0]

    bounds = z_bounds(information, alpha=0.05, alternative=TWO_SIDED, spending=OBRIEN_FLEMING_TYPE)

    assert bounds.upper[0] == math.inf
    assert bounds.upper[1] == pytest.approx(stats.norm.isf(0.025), abs=1e-12)


def test_less_has_the_bounds_of_greater() -> None:
    greater = z_bounds(even(3), alpha=0.05, alternative=GREATER, spending=POCOCK_TYPE)

    less = z_bounds(even(3), alpha=0.05, alternative=Alternative.LESS, spending=POCOCK_TYPE)

    assert less.upper.tolist() == greater.upper.tolist()


@pytest.mark.parametrize("information", [[], [0.0, 1.0], [0.5, 0.5], [0.5, 0.4], [0.5, 0.50001], [math.nan]])
def test_information_that_does_not_rise_is_refused(information: list[float]) -> None:
    with pytest.raises(InvalidArgument, match="information"):
        z_bounds(information, alpha=0.05, alternative=GREATER, spending=POCOCK_TYPE)


def test_bounds_for_another_number_of_looks_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="2 bounds for 3 looks"):
        crossing_probabilities(Bounds(np.array([-2.0, -2]), np.array([2.0, 2])), even(3), 0.0)


@pytest.mark.parametrize("power", [0.0, 0.02, 1.0, math.nan])
def test_power_that_no_drift_above_0_has_is_refused(power: float) -> None:
    bounds = pocock_bounds(even(2), alpha=0.05, alternative=TWO_SIDED)

    with pytest.raises(InvalidArgument, match="power"):
        drift_for_power(bounds, even(2), power)


@pytest.mark.parametrize("drift", [0.0, 2.0])
def test_simulated_walks_stop_as_often_as_computed_at_each_look(drift: float) -> None:
    rng = np.random.default_rng(11)
    information = np.array([0.2, 0.5, 0.6, 1.0])
    steps = np.diff(information, prepend=0)
    bounds = z_bounds(information.tolist(), alpha=0.05, alternative=TWO_SIDED, spending=POCOCK_TYPE)
    sums = np.cumsum(rng.standard_normal((200_000, 4)) * np.sqrt(steps) + drift * steps, axis=1)
    is_above = sums / np.sqrt(information) >= bounds.upper
    is_out = is_above | (sums / np.sqrt(information) <= bounds.lower)
    first = np.where(is_out.any(axis=1), is_out.argmax(axis=1), -1)

    expected = crossing_probabilities(bounds, information.tolist(), drift)

    for look in range(4):
        ups = Rate(int(((first == look) & is_above[:, look]).sum()), 200_000)
        assert ups.agrees_with(float(expected.upper[look])), (look, ups)


@pytest.mark.slow
def test_a_thousand_looks_spend_exactly_alpha() -> None:
    information = even(1000)

    bounds = z_bounds(information, alpha=0.05, alternative=TWO_SIDED, spending=power_family(1.0))
    found = crossing_probabilities(bounds, information, 0.0)

    assert found.upper.sum() + found.lower.sum() == pytest.approx(0.05, abs=1e-10)


@pytest.mark.slow
def test_peeking_at_5_percent_1000_times_errs_more_often_than_not() -> None:
    # Armitage, McPherson and Rowe 1969 print 0.53 for 1,000 looks.
    z = np.full(1000, stats.norm.isf(0.025))

    found = crossing_probabilities(Bounds(-z, z), even(1000), 0.0)

    assert round(float(found.upper.sum() + found.lower.sum()), 2) == 0.53
