"""Tests caps by their definition, and what they do to comparisons by simulation."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, special

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.aggregates.quantile_sketch import QuantileSketch
from shared.statistics.aggregates.winsorize import Caps, caps_from_arrays, caps_from_sketch, winsorize
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.result.comparison import Comparison
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
VALUES = st.lists(st.floats(-1e6, 1e6) | st.integers(0, 3).map(float), min_size=1, max_size=60)
SPREAD = 1.5
"""Standard deviation of the logarithm of simulated values: a skewness of 33."""

NO_CAPS = Caps(np.array(-np.inf), np.array(np.inf))


class Simulated(NamedTuple):
    """Holds many experiments of two arms, each array of shape (repetitions, units)."""

    control: Floats
    treatment: Floats


def simulated(seed: int, *, repetitions: int, units: int, effect: float) -> Simulated:
    """Returns log-normal values; the treatment multiplies them."""
    rng = np.random.default_rng(seed)
    control, treatment = np.exp(SPREAD * rng.normal(size=(2, repetitions, units)))
    return Simulated(control, (1 + effect) * treatment)


def compared(control: Floats, treatment: Floats) -> Comparison:
    """Returns Welch's comparison of each experiment."""
    arms = [
        means(Moments.of_values(np.full(len(x), x.shape[1]), x.mean(axis=1), x.var(axis=1) * x.shape[1]))
        for x in (treatment, control)
    ]
    return compare(*arms)


def winsorized_means(*, effect: float, high_share: float) -> tuple[float, float]:
    """Returns E min(X, c) of control and treatment, with c the quantile of both together.

    With u = ln(c / scale) / s it is scale exp(s^2 / 2) Phi(u - s) + c Phi(-u).
    """
    shifts = np.log([1.0, 1 + effect])
    u = optimize.brentq(lambda u: np.mean(special.ndtr(u - shifts / SPREAD)) - high_share, -10, 10) - shifts / SPREAD
    cap = np.exp(u * SPREAD + shifts)
    found = np.exp(shifts + SPREAD**2 / 2) * special.ndtr(u - SPREAD) + cap * special.ndtr(-u)
    return float(found[0]), float(found[1])


@given(VALUES, st.floats(0.0, 0.5), st.floats(0.51, 0.999))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_caps_leave_at_least_the_stated_shares_alone(values: list[float], low_share: float, high_share: float) -> None:
    numbers = np.array(values)

    caps = caps_from_arrays(numbers, low_share=low_share, high_share=high_share)

    assert (numbers <= caps.high).mean() >= high_share - 1e-12
    assert (numbers < caps.high).mean() < high_share
    assert (numbers < caps.low).mean() <= low_share
    assert low_share == 0 or caps.low in values
    assert caps.high in values


@given(VALUES, st.floats(0.0, 0.5), st.floats(0.51, 1.0))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_winsorize_puts_what_is_beyond_a_cap_at_it_and_says_how_much(
    values: list[float], low_share: float, high_share: float
) -> None:
    caps = caps_from_arrays(values, low_share=low_share, high_share=high_share)

    found = winsorize(values, caps)

    assert found.values.tolist() == [min(max(x, float(caps.low)), float(caps.high)) for x in values]
    assert found.low_share == pytest.approx(np.mean([x < caps.low for x in values]))
    assert found.high_share == pytest.approx(np.mean([x > caps.high for x in values]))
    assert found.low_share <= low_share + 1e-12
    assert found.high_share <= 1 - high_share + 1e-12


@given(VALUES, st.floats(0.5, 0.999))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_winsorize_again_changes_nothing(values: list[float], high_share: float) -> None:
    caps = caps_from_arrays(values, high_share=high_share)
    once = winsorize(values, caps)

    again = winsorize(once.values, caps)

    assert again.values.tolist() == once.values.tolist()
    assert again.high_share == 0


@given(VALUES, st.integers(-10, 10))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_caps_of_scaled_values_are_scaled(values: list[float], power: int) -> None:
    numbers = np.array(values)

    caps = caps_from_arrays(2.0**power * numbers, low_share=0.1, high_share=0.9)

    plain = caps_from_arrays(numbers, low_share=0.1, high_share=0.9)
    assert caps == Caps(2.0**power * plain.low, 2.0**power * plain.high)


@given(VALUES, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_caps_when_the_share_rises_do_not_fall(values: list[float], first: float, second: float) -> None:
    caps = [caps_from_arrays(values, high_share=share).high for share in sorted([first, second])]

    assert caps[0] <= caps[1]


def test_caps_do_not_depend_on_which_arm_a_unit_is_in() -> None:
    arms = np.random.default_rng(1).lognormal(size=(2, 500))

    assert caps_from_arrays(arms.reshape(-1), high_share=0.9) == caps_from_arrays(
        arms[::-1].reshape(-1), high_share=0.9
    )


def test_caps_without_shares_cap_nothing() -> None:
    assert caps_from_arrays([1.0, 2.0], high_share=1.0) == NO_CAPS


def test_caps_at_ties_leave_the_ties_alone() -> None:
    values = [0.0] * 5 + [1.0] * 4 + [9.0]

    found = winsorize(values, caps_from_arrays(values, high_share=0.7))

    assert found.values.tolist() == [0.0] * 5 + [1.0] * 5
    assert found.high_share == 0.1


def test_caps_of_mostly_zeros_are_zero_unless_over_nonzero_values() -> None:
    values = np.zeros(1000)
    values[:10] = np.arange(1.0, 11.0)

    assert caps_from_arrays(values, high_share=0.9).high == 0
    assert caps_from_arrays(values, high_share=0.9, nonzero_only=True).high == 9


def test_caps_over_nonzero_values_never_move_a_zero() -> None:
    values = np.array([0.0, 0.0, 5.0, 6.0, 7.0, 8.0])

    caps = caps_from_arrays(values, low_share=0.4, high_share=0.9, nonzero_only=True)

    assert (winsorize(values, caps).values[:2] == 0).all()
    assert (winsorize(-values, caps_from_arrays(-values, high_share=0.5, nonzero_only=True)).values[:2] == 0).all()


@pytest.mark.parametrize("nonzero_only", [False, True])
@pytest.mark.parametrize("high_share", [0.85, 0.9, 0.99])
def test_caps_of_a_ratio_whose_sides_are_proportional_leave_it_alone(*, high_share: float, nonzero_only: bool) -> None:
    orders = np.zeros(100)
    orders[:19], orders[19] = 1.0 + np.arange(19) % 3, 50.0
    both = np.stack([20.0 * orders, orders])

    found = winsorize(both, caps_from_arrays(both, high_share=high_share, nonzero_only=nonzero_only))

    assert found.values[0].sum() == 20 * found.values[1].sum()
    assert found.high_share[0] == found.high_share[1]


def test_caps_over_other_units_on_one_side_of_a_ratio_shift_it() -> None:
    """What GrowthBook's issue 6331 reports, and what one call for both sides cannot do."""
    orders = np.zeros(100)
    orders[:15], orders[15:20] = 1.0, 50.0
    money = 20 * orders

    over_all = caps_from_arrays(money, high_share=0.95)
    over_buyers = caps_from_arrays(orders, high_share=0.95, nonzero_only=True)

    assert winsorize(money, over_all).values.sum() / winsorize(orders, over_buyers).values.sum() < 2


def test_caps_of_several_metrics_are_those_of_each() -> None:
    values = np.random.default_rng(2).lognormal(size=(2, 3, 400))

    caps = caps_from_arrays(values, low_share=0.05, high_share=0.9)

    one = caps_from_arrays(values[1, 2], low_share=0.05, high_share=0.9)
    assert Caps(caps.low[1, 2], caps.high[1, 2]) == one
    assert winsorize(values, caps).values[1, 2].tolist() == winsorize(values[1, 2], one).values.tolist()


def test_caps_without_rows_cap_nothing() -> None:
    caps = caps_from_arrays(np.empty((2, 0)), high_share=0.9, low_share=0.1)

    found = winsorize(np.empty((2, 0)), caps)

    assert found.high_share.tolist() == [0.0, 0.0]
    assert winsorize([[1e9], [-1e9]], caps).values.tolist() == [[1e9], [-1e9]]


def test_caps_from_a_sketch_that_lost_nothing_are_those_of_the_values() -> None:
    parts = np.random.default_rng(3).lognormal(size=(2, 700))
    sketch = QuantileSketch.merged([QuantileSketch.of(part) for part in parts])

    assert caps_from_sketch(sketch, low_share=0.0125, high_share=0.9875) == caps_from_arrays(
        parts.reshape(-1), low_share=0.0125, high_share=0.9875
    )


def test_caps_from_a_merged_sketch_are_within_its_bounds() -> None:
    parts = np.random.default_rng(4).lognormal(size=(2, 100_000))
    sketch = QuantileSketch.merged([QuantileSketch.of(part) for part in parts])

    cap = caps_from_sketch(sketch, high_share=0.99).high

    # Five times the error that 99 of 100 sketches keep: chance has no part in this.
    assert np.mean(parts <= cap) == pytest.approx(0.99, abs=5 * sketch.rank_error)


def test_caps_from_a_sketch_too_coarse_for_the_share_are_refused() -> None:
    sketch = QuantileSketch.of(np.arange(1e5), k=200)

    with pytest.raises(InvalidArgument, match="use a larger k"):
        caps_from_sketch(sketch, high_share=0.999)
    with pytest.raises(InvalidArgument, match="use a larger k"):
        caps_from_sketch(sketch, low_share=0.001, high_share=1.0)


def test_caps_from_an_empty_sketch_cap_nothing() -> None:
    assert caps_from_sketch(QuantileSketch.of([]), high_share=0.99, low_share=0.01) == NO_CAPS


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.9), (0.5, 0.5), (0.9, 0.1), (0.0, 1.1), (0.0, 0.0), (0.0, np.nan)])
def test_caps_when_shares_are_not_in_order_are_refused(low: float, high: float) -> None:
    with pytest.raises(InvalidArgument, match="high_share"):
        caps_from_arrays([1.0], low_share=low, high_share=high)
    with pytest.raises(InvalidArgument, match="high_share"):
        caps_from_sketch(QuantileSketch.of([1.0]), low_share=low, high_share=high)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="values"):
        caps_from_arrays([1.0, np.nan], high_share=0.9)
    with pytest.raises(InvalidArgument, match="values"):
        winsorize([1.0, np.inf], Caps(np.array(0.0), np.array(1.0)))


def test_winsorize_when_shapes_do_not_fit_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="rows"):
        winsorize(np.ones((3, 4)), caps_from_arrays(np.ones((2, 4)), high_share=0.9))


@pytest.mark.parametrize(("low", "high"), [(3.0, 0.0), (np.nan, 1.0), (0.0, np.nan), (0.0, [1.0, 2.0])])
def test_winsorize_by_caps_that_are_no_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(InvalidArgument, match="low caps at or below high ones"):
        winsorize([1.0, 2.0], Caps(np.array(low), np.array(high)))


def test_pooled_caps_keep_the_error_rate_without_an_effect() -> None:
    repetitions, units = 4000, 500
    control, treatment = simulated(5, repetitions=repetitions, units=units, effect=0.0)
    caps = caps_from_arrays(np.concatenate([control, treatment], axis=1), high_share=0.99)

    p_value = compared(winsorize(control, caps).values, winsorize(treatment, caps).values).p_value

    assert Rate(int((p_value < 0.05).sum()), repetitions).agrees_with(0.05)


def test_pooled_caps_keep_the_coverage_of_the_difference_of_winsorized_means() -> None:
    repetitions, effect = 4000, 0.1
    control, treatment = simulated(6, repetitions=repetitions, units=1000, effect=effect)
    caps = caps_from_arrays(np.concatenate([control, treatment], axis=1), high_share=0.99)
    low, high = winsorized_means(effect=effect, high_share=0.99)

    found = compared(winsorize(control, caps).values, winsorize(treatment, caps).values)

    held = (found.difference_low <= high - low) & (high - low <= found.difference_high)
    assert Rate(int(held.sum()), repetitions).agrees_with(0.95)


def test_pooled_caps_find_an_effect_more_often() -> None:
    repetitions = 1000
    control, treatment = simulated(8, repetitions=repetitions, units=1000, effect=0.25)
    caps = caps_from_arrays(np.concatenate([control, treatment], axis=1), high_share=0.99)

    capped = compared(winsorize(control, caps).values, winsorize(treatment, caps).values).p_value < 0.05
    plain = compared(control, treatment).p_value < 0.05

    assert Rate(int(plain.sum()), repetitions).interval[1] < Rate(int(capped.sum()), repetitions).interval[0]


def test_capped_means_estimate_less_than_the_effect_on_plain_means() -> None:
    """The price of a cap, whatever its size: it is another quantity that is estimated."""
    control, treatment = simulated(9, repetitions=1000, units=1000, effect=0.25)
    caps = caps_from_arrays(np.concatenate([control, treatment], axis=1), high_share=0.99)

    capped = compared(winsorize(control, caps).values, winsorize(treatment, caps).values).lift

    assert np.mean(capped) < 0.24
