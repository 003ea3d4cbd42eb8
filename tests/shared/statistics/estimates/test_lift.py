"""Tests Fieller's interval by asking the test itself which lifts it keeps, and where there are no bounds."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.lift import Ends, lift_interval, one_sided
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Obstacle
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
Arm = tuple[float, float, float]
QUANTILE = float(stats.norm.isf(0.025))
REPETITIONS = 40_000

signed = st.floats(-20, 20).filter(lambda value: abs(value) > 0.05)
arms = st.tuples(signed, st.floats(0.001, 1), st.floats(0, 0.1))
"""Value, variance, common variance."""


def estimate(value: ArrayLike, variance: float, common_variance: float = 0.0) -> ArmEstimates:
    values = np.asarray(value, dtype=np.float64)
    return ArmEstimates(
        value=values,
        variance=np.full(values.shape, variance),
        common_variance=np.full(values.shape, common_variance),
        degrees_of_freedom=np.full(values.shape, np.inf),
        unit_count=np.full(values.shape, 100.0),
        obstacle=np.zeros(values.shape, np.int8),
        caution=np.zeros(values.shape, np.int32),
    )


def lift_of(
    treatment: ArmEstimates,
    control: ArmEstimates,
    *,
    quantile: float = QUANTILE,
    alternative: Alternative = Alternative.TWO_SIDED,
    obstacle: Obstacle = Obstacle.NONE,
) -> tuple[Floats, Ends]:
    return lift_interval(treatment, control, np.asarray(quantile), alternative, np.asarray(obstacle, np.int8))


def is_possible(treatment: Arm, control: Arm) -> bool:
    """Says whether there are two arms with such variances and such a covariance."""
    (_, v_t, s_t), (_, v_c, s_c) = treatment, control
    return ((s_t + s_c) / 2) ** 2 < 0.999 * (v_t + s_t) * (v_c + s_c)


def is_off_the_edge(control: Arm, quantile: float) -> bool:
    """Says whether the control is not just at the edge of what can be told from 0, where rounding decides."""
    value, variance, common = control
    return abs(1 - quantile**2 * (variance + common) / value**2) > 1e-6


def is_kept(lift: float, treatment: Arm, control: Arm, quantile: float) -> bool:
    """Says whether the test of T = (1 + lift) C does not reject, from the arms' variances and covariance."""
    (t, v_t, s_t), (c, v_c, s_c) = treatment, control
    weights = np.array([1.0, -1.0 - lift * np.sign(c)])
    covariance = np.array([[v_t + s_t, (s_t + s_c) / 2], [(s_t + s_c) / 2, v_c + s_c]])
    return bool((weights @ [t, c]) ** 2 <= quantile**2 * weights @ covariance @ weights)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(arms, arms, st.floats(0.1, 5))
def test_interval_when_bounded_then_holds_the_lifts_that_the_test_keeps_and_no_others(
    treatment: Arm, control: Arm, quantile: float
) -> None:
    assume(is_possible(treatment, control) and is_off_the_edge(control, quantile))
    lift, ends = lift_of(estimate(*treatment), estimate(*control), quantile=quantile)

    if ends.obstacle == 0:
        width = float(ends.high - ends.low)
        inside = [float(ends.low + share * width) for share in (1e-4, 0.3, 0.7, 1 - 1e-4)]
        outside = [
            float(end)
            for share in (1e-4, 0.5, 10, 1e3)
            for end in (ends.low - share * width, ends.high + share * width)
        ]
        assert all(is_kept(one, treatment, control, quantile) for one in (*inside, float(lift)))
        assert not any(is_kept(one, treatment, control, quantile) for one in outside)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(arms, arms, st.floats(0.1, 5))
def test_interval_when_there_is_none_then_the_test_keeps_lifts_without_end(
    treatment: Arm, control: Arm, quantile: float
) -> None:
    assume(is_possible(treatment, control) and is_off_the_edge(control, quantile))
    _, ends = lift_of(estimate(*treatment), estimate(*control), quantile=quantile)

    limitless = is_kept(1e12, treatment, control, quantile) and is_kept(-1e12, treatment, control, quantile)
    assert limitless == (ends.obstacle == Obstacle.CONTROL_NEAR_ZERO)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(arms, arms, st.sampled_from([-1e-3, -1.0, -250.0]))
def test_interval_when_the_sign_of_the_metric_changes_then_is_mirrored(
    treatment: Arm, control: Arm, factor: float
) -> None:
    turned = [estimate(factor * value, *(factor**2 * part for part in parts)) for value, *parts in (treatment, control)]

    lift, ends = lift_of(estimate(*treatment), estimate(*control))
    other_lift, other_ends = lift_of(*turned)

    assert ends.obstacle == other_ends.obstacle
    np.testing.assert_allclose(other_lift, -lift, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other_ends.low, -ends.high, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other_ends.high, -ends.low, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("control", [8.0, -8.0])
def test_interval_when_the_control_is_known_then_is_that_of_the_difference_over_its_size(control: float) -> None:
    lift, ends = lift_of(estimate(9.0, 4.0), estimate(control, 0.0))

    difference = 9.0 - control
    assert lift == difference / 8
    assert ends.low == pytest.approx((difference - 2 * QUANTILE) / 8, rel=1e-12)
    assert ends.high == pytest.approx((difference + 2 * QUANTILE) / 8, rel=1e-12)


def test_interval_when_the_quantile_is_zero_then_is_a_point() -> None:
    lift, ends = lift_of(estimate(9.0, 4.0), estimate(8.0, 1.0), quantile=0.0)

    assert ends.low == ends.high == lift == 0.125


def test_interval_when_the_quantile_grows_then_holds_the_one_before() -> None:
    quantiles = np.linspace(0.01, 7.9, 200)
    treatment, control = estimate(np.full(200, 9.0), 4.0), estimate(np.full(200, 8.0), 1.0)

    _, ends = lift_interval(treatment, control, quantiles, Alternative.TWO_SIDED, np.zeros(200, np.int8))

    assert (np.diff(ends.low) < 0).all()
    assert (np.diff(ends.high) > 0).all()


@pytest.mark.parametrize("value", [0.0, -0.0])
@pytest.mark.parametrize("variance", [0.0, 1.0])
@pytest.mark.parametrize("alternative", Alternative)
def test_interval_when_the_control_is_zero_then_says_so_however_well_it_is_known(
    value: float, variance: float, alternative: Alternative
) -> None:
    lift, ends = lift_of(estimate(3.0, 1.0), estimate(value, variance), alternative=alternative)

    assert ends.obstacle == Obstacle.ZERO_CONTROL
    assert np.isnan([lift, ends.low, ends.high]).all()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("nudge", "obstacle"), [(-1e-9, Obstacle.CONTROL_NEAR_ZERO), (1e-9, Obstacle.NONE)])
def test_interval_when_the_control_is_at_its_quantile_then_what_it_shares_counts_too(
    sign: int, nudge: float, obstacle: Obstacle
) -> None:
    at_edge = sign * QUANTILE * (0.3 + 0.2) ** 0.5 * (1 + nudge)

    _, ends = lift_of(estimate(3.0, 1.0, 0.2), estimate(at_edge, 0.3, 0.2))

    assert ends.obstacle == obstacle


@pytest.mark.parametrize("value", [0.0, 1e-9, 5.0])
def test_interval_when_there_is_no_difference_then_its_obstacle_comes_first(value: float) -> None:
    lift, ends = lift_of(estimate(3.0, 1.0), estimate(value, 1.0), obstacle=Obstacle.TOO_FEW_UNITS)

    assert ends.obstacle == Obstacle.TOO_FEW_UNITS
    assert np.isnan([lift, ends.low, ends.high]).all()


@pytest.mark.parametrize(
    ("alternative", "low", "high"),
    [
        (Alternative.TWO_SIDED, [1.0, np.nan], [2.0, np.nan]),
        (Alternative.GREATER, [1.0, np.nan], [np.inf, np.nan]),
        (Alternative.LESS, [-np.inf, np.nan], [2.0, np.nan]),
    ],
)
def test_one_sided_when_an_end_is_open_then_what_is_missing_stays_missing(
    alternative: Alternative, low: list[float], high: list[float]
) -> None:
    found = one_sided(np.array([1.0, np.nan]), np.array([2.0, np.nan]), alternative)

    np.testing.assert_array_equal(found[0], low)
    np.testing.assert_array_equal(found[1], high)


def drawn(seed: int, treatment: float, control: float) -> tuple[Floats, Floats]:
    """Returns the arms' values in many repetitions, each with a standard error of 1."""
    rng = np.random.default_rng(seed)
    return rng.normal(treatment, 1, REPETITIONS), rng.normal(control, 1, REPETITIONS)


def tails(low: Floats, high: Floats, lift: float) -> tuple[Rate, Rate]:
    """Returns how often the interval was above the lift, and how often below."""
    return Rate(int((low > lift).sum()), low.size), Rate(int((high < lift).sum()), high.size)


@pytest.mark.parametrize(("treatment", "control"), [(6, 6), (9, 6), (-9, -6), (2, -6), (60, 50)])
def test_interval_when_the_control_is_six_errors_from_zero_then_each_tail_errs_as_it_says(
    treatment: float, control: float
) -> None:
    _, ends = lift_of(*(estimate(values, 1.0) for values in drawn(1, treatment, control)))

    known = ends.obstacle == 0
    assert known.mean() > 0.999
    for tail in tails(ends.low[known], ends.high[known], (treatment - control) / abs(control)):
        assert tail.agrees_with(0.025)


def test_delta_method_when_the_control_is_six_errors_from_zero_then_its_tails_do_not() -> None:
    """Shows that the test above can fail: the usual linear approximation does."""
    t, c = drawn(1, 9, 6)
    ratio = t / c
    reach = QUANTILE * np.sqrt(1 + ratio**2) / np.abs(c)

    above, below = tails(ratio - 1 - reach, ratio - 1 + reach, 0.5)

    assert not above.agrees_with(0.025)
    assert not below.agrees_with(0.025)


def test_interval_when_the_control_is_three_errors_from_zero_then_many_have_no_bounds_and_say_so() -> None:
    treatment, control = drawn(2, 3, 3)

    _, ends = lift_of(estimate(treatment, 1.0), estimate(control, 1.0))

    refused = ends.obstacle == Obstacle.CONTROL_NEAR_ZERO
    assert (refused == (np.abs(control) <= QUANTILE)).all()
    assert Rate(int(refused.sum()), REPETITIONS).agrees_with(float(stats.norm.cdf(QUANTILE, 3)))
