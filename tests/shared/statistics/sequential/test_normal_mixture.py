import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from shared.errors import InvalidArgument
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import normal_mixture
from tests.shared.statistics.simulation import Rate

SIDES = st.sampled_from(list(Alternative))
ALPHAS = st.floats(1e-6, 0.45)
TIMES = st.floats(1e-2, 1e6)
PRECISIONS = st.floats(1e-1, 1e5)

# confseq 70b1ef3, test/uniform_boundaries_unittest.cpp: "all target values are from a reference implementation in R".
# Its precision is an approximation: V / (2 ln(1 / alpha) + ln(1 + 2 ln(1 / alpha))), one-sided with 2 alpha.
CONFSEQ_PRECISION = {
    Alternative.TWO_SIDED: 100 / (2 * math.log(20) + math.log(1 + 2 * math.log(20))),
    Alternative.GREATER: 100 / (2 * math.log(10) + math.log(1 + 2 * math.log(10))),
}


@pytest.mark.parametrize(
    ("alternative", "log_evidence", "bound"),
    [(Alternative.TWO_SIDED, -0.6510052, 30.35209), (Alternative.GREATER, -0.06502391, 27.66071)],
)
def test_boundary_and_e_value_are_those_of_confseq(alternative: Alternative, log_evidence: float, bound: float) -> None:
    precision = CONFSEQ_PRECISION[alternative]

    found = normal_mixture.log_e_value(10, 100, precision=precision, alternative=alternative)
    edge = normal_mixture.radius(100, precision=precision, alpha=0.05, alternative=alternative)

    assert float(found) == pytest.approx(log_evidence, abs=5e-8)
    assert float(edge) == pytest.approx(bound, abs=5e-6)


def test_precision_at_5000_units_is_that_of_drconfseq() -> None:
    precision = normal_mixture.precision_for(5000, alpha=0.05, alternative=Alternative.TWO_SIDED)

    assert 1 / float(precision) == pytest.approx(0.00164239, abs=5e-9)


def test_width_at_the_optimal_time_is_1549_thousandths_of_one_look() -> None:
    precision = normal_mixture.precision_for(1, alpha=0.05, alternative=Alternative.TWO_SIDED)

    reach = normal_mixture.radius(1, precision=precision, alpha=0.05, alternative=Alternative.TWO_SIDED)

    assert float(reach) / stats.norm.isf(0.025) == pytest.approx(1.549, abs=5e-4)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(alternative=SIDES, score=st.floats(-6, 6), time=st.floats(0.1, 1e3), precision=st.floats(0.1, 1e3))
def test_e_value_is_the_integral_of_likelihood_ratios_over_slopes(
    alternative: Alternative, score: float, time: float, precision: float
) -> None:
    total = score * math.sqrt(time)
    width = 1 / math.sqrt(precision)
    ends = {Alternative.TWO_SIDED: (-12.0, 12.0), Alternative.GREATER: (0.0, 12.0), Alternative.LESS: (-12.0, 0.0)}
    low, high = ends[alternative]
    mass = 1.0 if alternative is Alternative.TWO_SIDED else 0.5
    peak = total / (time + precision) / width

    def weighted(unit: float) -> float:
        slope = unit * width
        return math.exp(slope * total - slope**2 * time / 2) * float(stats.norm.pdf(unit)) / mass

    inside = [peak] if low < peak < high else None
    expected, _ = integrate.quad(weighted, low, high, points=inside, epsabs=0, epsrel=1e-11, limit=200)
    found = normal_mixture.log_e_value(total, time, precision=precision, alternative=alternative)

    assert float(found) == pytest.approx(math.log(expected), rel=1e-9, abs=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(alternative=SIDES, alpha=ALPHAS, time=TIMES, precision=PRECISIONS)
def test_p_value_is_alpha_on_the_boundary(
    alternative: Alternative, alpha: float, time: float, precision: float
) -> None:
    edge = normal_mixture.radius(time, precision=precision, alpha=alpha, alternative=alternative)
    sign = -1 if alternative is Alternative.LESS else 1

    found = normal_mixture.p_value(sign * edge, time, precision=precision, alternative=alternative)

    assert float(found) == pytest.approx(alpha, rel=1e-9)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(alternative=SIDES, alpha=ALPHAS, time=TIMES)
def test_precision_is_where_the_boundary_is_least(alternative: Alternative, alpha: float, time: float) -> None:
    best = normal_mixture.precision_for(time, alpha=alpha, alternative=alternative)

    def bound(log_precision: float) -> float:
        precision = math.exp(log_precision)
        return float(normal_mixture.radius(time, precision=precision, alpha=alpha, alternative=alternative))

    least = optimize.minimize_scalar(bound, bracket=(math.log(best) - 2, math.log(best) + 2), tol=1e-12)
    assert bound(math.log(best)) == pytest.approx(least.fun, rel=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(alternative=SIDES, score=st.floats(-8, 8), time=TIMES, precision=PRECISIONS, scale=st.floats(1e-3, 1e3))
def test_p_value_does_not_change_with_the_unit_of_measurement(
    alternative: Alternative, score: float, time: float, precision: float, scale: float
) -> None:
    total = score * math.sqrt(time)

    found = normal_mixture.p_value(total, time, precision=precision, alternative=alternative)
    scaled = normal_mixture.p_value(
        scale * total, scale**2 * time, precision=scale**2 * precision, alternative=alternative
    )

    assert float(scaled) == pytest.approx(float(found), rel=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(score=st.floats(-8, 8), time=TIMES, precision=PRECISIONS)
def test_sides_swap_when_the_sum_changes_its_sign(score: float, time: float, precision: float) -> None:
    total = score * math.sqrt(time)

    greater = normal_mixture.log_e_value(total, time, precision=precision, alternative=Alternative.GREATER)
    less = normal_mixture.log_e_value(-total, time, precision=precision, alternative=Alternative.LESS)

    assert float(greater) == float(less)


def test_one_sided_boundary_is_below_the_published_approximation() -> None:
    # Waudby-Smith et al. 2024, proposition 2.5: ln(1 + sqrt((V + rho) / rho) / (2 alpha)) for half of the square.
    times, precision, alpha = np.geomspace(1, 1e5, 30), 500.0, 0.05

    exact = normal_mixture.radius(times, precision=precision, alpha=alpha, alternative=Alternative.GREATER)
    approximate = np.sqrt(2 * (times + precision) * np.log1p(np.sqrt((times + precision) / precision) / (2 * alpha)))

    assert (exact < approximate).all()
    assert (exact > 0.9 * approximate).all()


def test_nothing_is_known_before_the_start() -> None:
    found = normal_mixture.p_value([0.0, 0.0], 0.0, precision=10.0, alternative=Alternative.GREATER)

    assert found.tolist() == [1.0, 1.0]


def test_nan_gives_nan() -> None:
    edge = normal_mixture.radius([np.nan, 1.0], precision=10.0, alpha=0.05, alternative=Alternative.GREATER)

    assert np.isnan(edge).tolist() == [True, False]


@pytest.mark.parametrize("alpha", [0.0, 0.5, -1.0, math.nan])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidArgument, match="alpha"):
        normal_mixture.radius(1, precision=1, alpha=alpha, alternative=Alternative.TWO_SIDED)


def test_negative_time_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="time"):
        normal_mixture.radius([1, -1], precision=1, alpha=0.05, alternative=Alternative.TWO_SIDED)


@pytest.mark.parametrize("precision", [0.0, -1.0, math.inf])
def test_precision_that_is_not_above_0_is_refused(precision: float) -> None:
    with pytest.raises(InvalidArgument, match="precision"):
        normal_mixture.p_value(0, 1, precision=precision, alternative=Alternative.TWO_SIDED)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_gaussian_walk_of_1000_steps_crosses_with_probability_alpha_at_most(alternative: Alternative) -> None:
    rng = np.random.default_rng(20261125)
    times = np.arange(1.0, 1001.0)
    walks = np.cumsum(rng.standard_normal((4000, 1000)), axis=1)
    precision = normal_mixture.precision_for(100, alpha=0.05, alternative=alternative)

    found = normal_mixture.p_value(walks, times, precision=precision, alternative=alternative)
    ever = Rate(int((found <= 0.05).any(axis=1).sum()), 4000)

    assert ever.is_at_most(0.05), ever
    assert ever.is_at_least(0.02), ever
