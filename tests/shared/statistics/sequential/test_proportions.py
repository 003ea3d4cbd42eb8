"""Exact sequences for two proportions: all outcomes of small samples, joint e-values, simulation, agreeing verdicts."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats

from shared.errors import InvalidArgument
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Validity
from shared.statistics.result.obstacles import Obstacle
from shared.statistics.result.report import NotEstimable
from shared.statistics.sequential.beta_binomial import log_mixture
from shared.statistics.sequential.proportions import anytime_proportion_comparison
from tests.shared.statistics.simulation import Rate

TWO_SIDED, GREATER, LESS = Alternative.TWO_SIDED, Alternative.GREATER, Alternative.LESS
ARMS = st.integers(1, 300).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))
PLANNED = 400


def concentration(planned: float, alpha: float = 0.05) -> float:
    """Returns the concentration for a number of units of each arm, by searching for the least boundary of z^2."""
    found = optimize.minimize_scalar(
        lambda x: (1 + 1 / x) * (math.log1p(x) - math.log(alpha)), bounds=(0.1, 100), method="bounded"
    )
    return planned / float(found.x) - 1


def joint_evidence(arms: Sequence[tuple[int, int]], rates: Sequence[float]) -> float:
    """Returns ln E at a pair of rates."""
    weight = concentration(PLANNED / 2)
    return math.fsum(
        float(log_mixture(np.asarray(float(hits)), np.asarray(float(count)), np.asarray(rate), weight))
        for (hits, count), rate in zip(arms, rates, strict=True)
    )


def compared(treatment: tuple[int, int], control: tuple[int, int], alternative: Alternative = TWO_SIDED) -> Comparison:
    return anytime_proportion_comparison(*treatment, *control, optimal_unit_count=PLANNED, alternative=alternative)


def misses(found: Comparison, difference: float) -> NDArray[np.bool_]:
    return (difference < found.difference_low) | (difference > found.difference_high)


LOOKS = (4, 8, 12, 16)


@cache
def table() -> Comparison:
    """Returns the answers to all outcomes at four looks, one after the other."""
    pairs = [np.indices((count + 1, count + 1)).reshape(2, -1) for count in LOOKS]
    units = np.repeat(LOOKS, [pair.shape[1] for pair in pairs])
    treated, base = np.concatenate(pairs, axis=1)
    return anytime_proportion_comparison(treated, units, base, units, optimal_unit_count=20)


def spread(size: int, step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the chances to get from so many successes to so many with another batch of units."""
    return np.array([np.pad(step, (have, size - 1 - have)) for have in range(size)])


@pytest.mark.parametrize(("treated", "base"), [(0.5, 0.5), (0.1, 0.1), (0.02, 0.2), (0.9, 0.6), (0.01, 0.01)])
def test_true_difference_is_ever_missed_with_probability_alpha_at_most_over_all_outcomes(
    treated: float, base: float
) -> None:
    out = misses(table(), treated - base)
    alive, missed, start = np.ones((1, 1)), 0.0, 0
    steps = [stats.binom.pmf(np.arange(5), 4, rate) for rate in (treated, base)]

    for count in LOOKS:
        first, second = spread(alive.shape[0], steps[0]), spread(alive.shape[1], steps[1])
        alive = first.T @ alive @ second
        here = out[start : start + (count + 1) ** 2].reshape(count + 1, count + 1)
        missed += float(alive[here].sum())
        alive[here] = 0.0
        start += (count + 1) ** 2

    assert missed + alive.sum() == pytest.approx(1, abs=1e-12)
    assert missed <= 0.05


def ever(treated: float, base: float, look_count: int, experiment_count: int) -> tuple[Rate, Rate]:
    """Returns how often the true pair is ever ruled out, and how often an interval for one look misses at some look.

    An interval leaves out the true difference only where the pair is ruled out.
    """
    rng = np.random.default_rng(61)
    step = 40_000 // look_count
    units = np.broadcast_to(step * np.arange(1.0, look_count + 1), (experiment_count, look_count))
    weight = concentration(20_000)
    hits = [np.cumsum(rng.binomial(step, rate, units.shape), axis=1, dtype=np.float64) for rate in (treated, base)]
    evidence = sum(
        log_mixture(found, units, np.asarray(rate), weight) for found, rate in zip(hits, (treated, base), strict=True)
    )
    t, c = hits[0] / units, hits[1] / units
    error = np.sqrt((t * (1 - t) + c * (1 - c)) / units)
    peeking = np.abs(t - c - (treated - base)) > stats.norm.isf(0.025) * error
    count = experiment_count
    return (
        Rate(int((np.asarray(evidence) >= math.log(20)).any(axis=1).sum()), count),
        Rate(int((peeking & (error > 0)).any(axis=1).sum()), count),
    )


@pytest.mark.parametrize("look_count", [40, 1000])
@pytest.mark.parametrize(("treated", "base"), [(0.1, 0.1), (0.004, 0.004), (0.12, 0.1)])
def test_true_rates_are_ever_ruled_out_at_most_as_often_as_alpha_and_peeking_errs_far_more_often(
    treated: float, base: float, look_count: int
) -> None:
    ruled_out, peeking = ever(treated, base, look_count, 1000)

    assert ruled_out.is_at_most(0.05), ruled_out
    assert peeking.is_at_least(0.2), peeking


def test_true_rates_are_ever_ruled_out_at_most_as_often_as_alpha_where_weights_follow_the_data() -> None:
    rng = np.random.default_rng(13)
    repetitions, rate, batch = 2000, 0.1, 200
    weight = concentration(5_000)
    hits, counts = np.zeros((2, repetitions)), np.zeros((2, repetitions))
    ruled_out = np.zeros(repetitions, dtype=np.bool_)

    for _ in range(50):
        guesses = (hits + 1) / (counts + 2)
        units = rng.binomial(batch, np.where(guesses[0] > guesses[1], 0.95, 0.05))
        for arm, taken in enumerate((units, batch - units)):
            hits[arm] += rng.binomial(taken, rate)
            counts[arm] += taken
        evidence = log_mixture(hits, counts, np.asarray(rate), weight).sum(axis=0)
        ruled_out |= evidence >= math.log(20)

    assert Rate(int(ruled_out.sum()), repetitions).is_at_most(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "experiment_count"), [(0.1, 300), (0.004, 150)])
def test_intervals_at_40_looks_ever_miss_at_most_as_often_as_alpha(rate: float, experiment_count: int) -> None:
    rng = np.random.default_rng(62)
    units = 1000 * np.arange(1, 41)
    hits = rng.binomial(1000, rate, (2, experiment_count, 40)).cumsum(axis=2)

    found = anytime_proportion_comparison(hits[0], units, hits[1], units, optimal_unit_count=40_000)

    missed = Rate(int(misses(found, 0.0).any(axis=1).sum()), experiment_count)
    assert missed.is_at_most(0.05), missed


@settings(max_examples=15, deadline=None, derandomize=True)
@given(treatment=ARMS, control=ARMS, rates=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)))
def test_pairs_that_are_not_ruled_out_have_their_difference_and_lift_inside(
    treatment: tuple[int, int], control: tuple[int, int], rates: tuple[float, float]
) -> None:
    evidence = joint_evidence((treatment, control), rates)

    found = compared(treatment, control)

    if evidence < math.log(20) - 1e-6:
        assert not misses(found, rates[0] - rates[1])
        if not found.lift_obstacle:
            assert found.lift_low - 1e-9 <= rates[0] / rates[1] - 1 <= found.lift_high + 1e-9


@settings(max_examples=15, deadline=None, derandomize=True)
@given(treatment=ARMS, control=ARMS)
def test_p_value_is_that_of_the_common_rate_that_fits_best(
    treatment: tuple[int, int], control: tuple[int, int]
) -> None:
    def evidence(rate: float) -> float:
        return joint_evidence((treatment, control), (rate, rate))

    best = optimize.minimize_scalar(evidence, bounds=(0, 1), method="bounded", options={"xatol": 1e-12})

    assert float(compared(treatment, control).p_value) == pytest.approx(min(1.0, math.exp(-best.fun)), rel=1e-5)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(treatment=ARMS, control=ARMS, alternative=st.sampled_from(list(Alternative)))
def test_difference_lift_and_p_value_agree_on_the_verdict(
    treatment: tuple[int, int], control: tuple[int, int], alternative: Alternative
) -> None:
    found = compared(treatment, control, alternative)

    is_significant = bool(found.p_value < 0.05)
    assert bool((found.difference_low > 0) | (found.difference_high < 0)) == is_significant
    if not found.lift_obstacle:
        assert bool((found.lift_low > 0) | (found.lift_high < 0)) == is_significant


@settings(max_examples=10, deadline=None, derandomize=True)
@given(treatment=ARMS, control=ARMS)
def test_swapping_the_arms_turns_the_difference_around(treatment: tuple[int, int], control: tuple[int, int]) -> None:
    found, swapped = compared(treatment, control), compared(control, treatment)

    assert float(swapped.difference_low) == pytest.approx(-float(found.difference_high), abs=1e-9)
    assert float(swapped.p_value) == pytest.approx(float(found.p_value), rel=1e-7)


def test_control_without_success_leaves_the_lift_open_and_not_the_difference() -> None:
    found = compared((40, 200), (0, 200))

    assert int(found.lift_obstacle) == Obstacle.ZERO_CONTROL
    assert float(found.difference_low) > 0


def test_single_success_of_the_control_leaves_the_lift_open() -> None:
    assert int(compared((40, 200), (1, 200)).lift_obstacle) == Obstacle.CONTROL_NEAR_ZERO


def test_empty_arm_is_an_obstacle() -> None:
    report = compared((0, 0), (5, 200)).report()

    assert report.difference == NotEstimable(Obstacle.NO_UNITS)
    assert report.p_value == NotEstimable(Obstacle.NO_UNITS)


def test_report_says_that_it_holds_at_any_time() -> None:
    assert compared((5, 200), (5, 200)).report().method.validity is Validity.ANY_TIME


def test_width_at_the_planned_units_is_12_percent_above_the_asymptotic_sequence() -> None:
    found = anytime_proportion_comparison(100_000, 200_000, 100_000, 200_000, optimal_unit_count=400_000)

    one_look = 2 * stats.norm.isf(0.025) * math.sqrt(2 * 0.25 / 200_000)
    assert float(found.difference_high - found.difference_low) / one_look / 1.549 == pytest.approx(1.12, abs=0.005)


@pytest.mark.parametrize(("alternative", "end"), [(GREATER, "difference_high"), (LESS, "difference_low")])
def test_one_sided_interval_is_open_on_the_other_side(alternative: Alternative, end: str) -> None:
    assert np.isinf(getattr(compared((20, 200), (10, 200), alternative), end))


@pytest.mark.parametrize("wrong", [(3, 2), (-1, 2)])
def test_counts_that_are_none_are_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(InvalidArgument, match="successes"):
        compared(wrong, (1, 2))
