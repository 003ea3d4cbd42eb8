"""Exact sequences for one proportion: against confseq, integrals, and enumeration of all sequences."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from shared.errors import InvalidArgument
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import normal_mixture
from shared.statistics.sequential.beta_binomial import (
    concentration_for,
    log_e_value,
    log_mixture,
    log_mixture_slope,
    rate_interval,
)

TWO_SIDED, GREATER, LESS = Alternative.TWO_SIDED, Alternative.GREATER, Alternative.LESS
SIDES = st.sampled_from(list(Alternative))
SAMPLES = st.integers(1, 300).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))
RATES = st.floats(0.01, 0.99)
CONCENTRATIONS = st.floats(0.05, 1e4)


def confseq_optimum(optimal_count: float, alpha: float, alternative: Alternative) -> float:
    """Returns the count with which the exact concentration is what confseq approximates for its own count."""
    log = -2 * math.log(alpha if alternative is TWO_SIDED else 2 * alpha)
    exact = float(normal_mixture.precision_for(1, alpha=alpha, alternative=alternative))
    return optimal_count / (log + math.log(1 + log)) / exact


# confseq 70b1ef3, test/uniform_boundaries_unittest.cpp: "all target values are from a reference implementation in R".
@pytest.mark.parametrize(
    ("successes", "count", "optimum", "low", "high"),
    [
        (700, 1000, 100, 0.651629, 0.745949),
        (15, 50, 50, 0.129556, 0.511896),
        (5, 50, 50, 0.013021, 0.269264),
        (1, 50, 50, 0.0, 0.13489),
        (1, 2, 50, 0.0, 1.0),
        (100, 200, 1, 0.328923, 0.671076),
        (0, 1, 50, 0.0, 1.0),
        (1, 1, 50, 0.0, 1.0),
    ],
)
def test_interval_is_that_of_confseq(successes: int, count: int, optimum: float, low: float, high: float) -> None:
    found = rate_interval(successes, count, optimal_count=confseq_optimum(optimum, 0.05, TWO_SIDED), alpha=0.05)

    # Printed with six digits, some with the last ones left out.
    assert float(found.low) == pytest.approx(low, abs=5e-6)
    assert float(found.high) == pytest.approx(high, abs=5e-6)


@pytest.mark.parametrize(("alternative", "log_evidence"), [(TWO_SIDED, -0.6941012), (GREATER, -0.07134019)])
def test_e_value_is_that_of_confseq(alternative: Alternative, log_evidence: float) -> None:
    # beta_binomial_log_mixture(s=10, v=100, v_opt=100, g=0.2, h=0.8): 625 units of rate 0.2 with 10 more successes
    # than the 125 to be expected; the concentration is that of its precision in units of g h.
    count, rate = 625, 0.2
    optimum = confseq_optimum(100 / 0.16, 0.05, alternative)
    concentration = concentration_for(optimum, alpha=0.05, alternative=alternative)

    found = log_e_value(135, count, rate, concentration=concentration, alternative=alternative)

    assert float(found) == pytest.approx(log_evidence, abs=5e-7)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sample=SAMPLES, rate=RATES, concentration=st.floats(1, 300), alternative=SIDES)
def test_e_value_is_the_integral_of_likelihood_ratios_over_the_beta_distribution(
    sample: tuple[int, int], rate: float, concentration: float, alternative: Alternative
) -> None:
    hits, count = sample
    prior = stats.beta(concentration * rate, concentration * (1 - rate))
    assume(concentration * min(rate, 1 - rate) >= 1)
    assume(count * -math.log(min(rate, 1 - rate)) < 600)  # Beyond it the ratios are no doubles.
    low, high = {TWO_SIDED: (0.0, 1.0), GREATER: (rate, 1.0), LESS: (0.0, rate)}[alternative]
    mass = prior.cdf(high) - prior.cdf(low)

    def weighted(p: float) -> float:
        ratio = hits * math.log(p / rate) + (count - hits) * math.log((1 - p) / (1 - rate))
        return float(math.exp(ratio) * prior.pdf(p) / mass)

    peak = (concentration * rate + hits) / (concentration + count)
    inside = [peak] if low < peak < high else None
    expected, _ = integrate.quad(weighted, low, high, points=inside, epsabs=0, epsrel=1e-10, limit=300)
    found = log_e_value(hits, count, rate, concentration=concentration, alternative=alternative)

    assert float(found) == pytest.approx(math.log(expected), rel=1e-7, abs=1e-8)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(sample=SAMPLES, concentration=CONCENTRATIONS)
def test_two_sided_log_e_value_is_convex_in_the_rate(sample: tuple[int, int], concentration: float) -> None:
    hits, count = (np.float64(value) for value in sample)
    rates = np.linspace(0.01, 0.99, 99)

    slope, bend = log_mixture_slope(np.asarray(hits), np.asarray(count), rates, concentration)

    # What is taken from each other, and so what rounding is a share of: digammas below 10 times the concentration, and
    # successes over rates of 0.01 or more.
    rounding = 1e-14 * (10 * concentration + count / 0.01)
    assert (np.diff(slope) >= -rounding).all()
    assert (bend >= -rounding * (concentration + 1 / 0.01)).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(sample=SAMPLES, rate=st.floats(0.05, 0.95), concentration=st.floats(0.5, 1e3))
def test_slope_is_that_of_differences(sample: tuple[int, int], rate: float, concentration: float) -> None:
    hits, count = (np.asarray(value, dtype=np.float64) for value in sample)
    step = 1e-6

    slope, _ = log_mixture_slope(hits, count, np.asarray(rate), concentration)
    ends = [log_mixture(hits, count, np.asarray(rate + side * step), concentration) for side in (-1, 1)]

    assert float(slope) == pytest.approx(float(ends[1] - ends[0]) / (2 * step), rel=1e-5, abs=1e-4)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(sample=SAMPLES, optimum=st.floats(5, 1e3), alpha=st.floats(0.01, 0.4), alternative=SIDES)
def test_ends_of_the_interval_are_where_the_e_value_is_1_over_alpha(
    sample: tuple[int, int], optimum: float, alpha: float, alternative: Alternative
) -> None:
    found = rate_interval(*sample, optimal_count=optimum, alpha=alpha, alternative=alternative)
    concentration = concentration_for(optimum, alpha=alpha, alternative=alternative)

    for end in (float(found.low), float(found.high)):
        if 1e-6 < end < 1 - 1e-6:
            evidence = log_e_value(*sample, end, concentration=concentration, alternative=alternative)
            assert float(evidence) == pytest.approx(-math.log(alpha), abs=1e-7)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(sample=SAMPLES, optimum=st.floats(5, 1e3))
def test_swapping_successes_and_failures_mirrors_the_interval(sample: tuple[int, int], optimum: float) -> None:
    hits, count = sample

    found = rate_interval(hits, count, optimal_count=optimum)
    mirrored = rate_interval(count - hits, count, optimal_count=optimum)

    assert float(mirrored.low) == pytest.approx(1 - float(found.high), abs=1e-12)
    assert float(mirrored.high) == pytest.approx(1 - float(found.low), abs=1e-12)


def test_without_units_nothing_is_ruled_out() -> None:
    found = rate_interval(0, 0, optimal_count=100)

    assert (float(found.low), float(found.high)) == (0.0, 1.0)


def ever_ruled_out(rate: float, alternative: Alternative, look_count: int) -> float:
    """Returns P(the interval ever leaves out the true rate), exactly, over all sequences of units."""
    concentration = concentration_for(50, alpha=0.05, alternative=alternative)
    alive, gone = np.ones(1), 0.0
    for count in range(1, look_count + 1):
        alive = np.append(alive * (1 - rate), 0.0) + np.append(0.0, alive * rate)
        evidence = log_e_value(np.arange(count + 1), count, rate, concentration=concentration, alternative=alternative)
        out = evidence >= math.log(20)
        gone += float(alive[out].sum())
        alive[out] = 0.0
    return gone


@pytest.mark.parametrize("alternative", list(Alternative))
@pytest.mark.parametrize("rate", [0.002, 0.05, 0.3, 0.5, 0.97])
def test_true_rate_is_ruled_out_with_probability_alpha_at_most_over_400_looks(
    rate: float, alternative: Alternative
) -> None:
    missed = ever_ruled_out(rate, alternative, 400)

    # Of 400 units at a rate of 0.002 too few are successes for fewer of them to say anything.
    assert missed <= 0.05
    assert (missed > 0) == ((rate, alternative) != (0.002, LESS))


@pytest.mark.parametrize(("alternative", "sign"), [(GREATER, -1), (LESS, 1)])
def test_one_sided_end_holds_for_all_rates_on_the_side_of_the_null(alternative: Alternative, sign: int) -> None:
    concentration = concentration_for(50, alpha=0.05, alternative=alternative)
    null, true = 0.3, 0.3 + sign * 0.03
    alive, gone = np.ones(1), 0.0

    for count in range(1, 301):
        alive = np.append(alive * (1 - true), 0.0) + np.append(0.0, alive * true)
        evidence = log_e_value(np.arange(count + 1), count, null, concentration=concentration, alternative=alternative)
        gone += float(alive[evidence >= math.log(20)].sum())
        alive[evidence >= math.log(20)] = 0.0

    assert gone <= 0.05


@pytest.mark.parametrize(("successes", "count"), [(3, 2), (-1, 2), (0.5, 2), (math.nan, 2)])
def test_counts_that_are_none_are_refused(successes: float, count: float) -> None:
    with pytest.raises(InvalidArgument, match="successes"):
        rate_interval(successes, count, optimal_count=10)


def test_rate_beyond_1_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="rate"):
        log_e_value(1, 2, 1.5, concentration=1.0, alternative=TWO_SIDED)
