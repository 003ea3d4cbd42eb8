"""Tests Welch and Fieller against scipy and tea-tasting, and what has to hold between difference, lift and p-value."""

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats
from tea_tasting.aggr import Aggregates

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare, critical_value, p_value, welch_freedom
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable

Floats = NDArray[np.float64]
Arm = tuple[float, float, float]
AGREEMENT = 1e-9
WORDS = {Alternative.TWO_SIDED: "two-sided", Alternative.GREATER: "greater", Alternative.LESS: "less"}
NORMAL = np.asarray(np.inf)

positive = st.floats(0.05, 20)
signed = st.floats(-20, 20).filter(lambda value: abs(value) > 0.05)
arms = st.tuples(signed, positive, st.floats(0, 2))
"""Value, 50 times the variance, 50 times the common variance."""


def sample(count: float, mean: float, deviation: float) -> ArmEstimates:
    return means(Moments.of_values(count, mean, (count - 1) * deviation**2))


def estimate(value: float, variance: float, *, common_variance: float = 0.0, freedom: float = np.inf) -> ArmEstimates:
    return ArmEstimates(
        value=np.array(value),
        variance=np.array(variance),
        common_variance=np.array(common_variance),
        degrees_of_freedom=np.array(freedom),
        unit_count=np.array(100.0),
        obstacle=np.array(0, np.int8),
        caution=np.array(0, np.int32),
    )


def pair_of(first: Arm, second: Arm) -> tuple[ArmEstimates, ArmEstimates]:
    treatment, control = (
        estimate(value, variance / 50, common_variance=common / 50, freedom=freedom)
        for (value, variance, common), freedom in ((first, 30), (second, 50))
    )
    return treatment, control


def random_samples(seed: int, size: int) -> tuple[Floats, Floats, Floats]:
    """Returns counts, means and sums of squared deviations; the means are far from 0."""
    rng = np.random.default_rng(seed)
    count = rng.integers(2, 10**6, size).astype(np.float64)
    mean = rng.uniform(5, 20, size)
    return count, mean, (count - 1) * rng.uniform(0.01, 1, size) ** 2


def left_out(low: Floats, high: Floats) -> bool:
    return bool((low > 0) | (high < 0))


@pytest.mark.parametrize("alternative", Alternative)
def test_statistic_when_samples_are_random_then_equals_scipy(alternative: Alternative) -> None:
    treatments, controls = random_samples(1, 200), random_samples(2, 200)

    found = compare(means(Moments.of_values(*treatments)), means(Moments.of_values(*controls)), alternative=alternative)

    for place in range(200):
        (n, m, s), (k, c, r) = (tuple(part[place] for part in samples) for samples in (treatments, controls))
        first, second = (m, (s / (n - 1)) ** 0.5, n), (c, (r / (k - 1)) ** 0.5, k)
        expected = stats.ttest_ind_from_stats(*first, *second, equal_var=False, alternative=WORDS[alternative])
        assert found.difference[place] / found.standard_error[place] == pytest.approx(expected.statistic, rel=AGREEMENT)
        assert found.p_value[place] == pytest.approx(expected.pvalue, rel=AGREEMENT)


@pytest.mark.parametrize("alternative", Alternative)
def test_difference_when_samples_are_random_then_equals_tea_tasting(alternative: Alternative) -> None:
    treatments, controls = random_samples(3, 40), random_samples(4, 40)
    metric = tt.Mean("value", alternative=WORDS[alternative], confidence_level=0.9)

    found = compare(
        means(Moments.of_values(*treatments)), means(Moments.of_values(*controls)), alpha=0.1, alternative=alternative
    )

    for place in range(40):
        treatment, control = (
            Aggregates(int(n[place]), {"value": m[place]}, {"value": s[place] / (n[place] - 1)}, {})
            for n, m, s in (treatments, controls)
        )
        expected = metric.analyze_aggregates(control, treatment)
        assert found.difference[place] == pytest.approx(expected.effect_size, rel=AGREEMENT)
        assert found.difference_low[place] == pytest.approx(expected.effect_size_ci_lower, rel=AGREEMENT)
        assert found.difference_high[place] == pytest.approx(expected.effect_size_ci_upper, rel=AGREEMENT)
        assert found.p_value[place] == pytest.approx(expected.pvalue, rel=AGREEMENT)
        assert found.lift[place] == pytest.approx(expected.rel_effect_size, rel=AGREEMENT)


def test_difference_when_frozen_then_equals_scipy_and_spotify_confidence() -> None:
    # scipy 1.17 ttest_ind_from_stats(10.2, 5, 4000, 10, 4.5, 3500, False); spotify-confidence 4.1.0 StudentsTTest.
    found = compare(sample(4000, 10.2, 5), sample(3500, 10, 4.5))

    assert found.difference / found.standard_error == pytest.approx(1.8230310300, abs=5e-11)
    assert found.p_value == pytest.approx(0.06833852348730919, rel=AGREEMENT)
    assert found.difference_low == pytest.approx(-0.015057301913324495, rel=AGREEMENT)
    assert found.difference_high == pytest.approx(0.4150573019133231, rel=AGREEMENT)


def wald(successes: int, *, freedom: float) -> ArmEstimates:
    share = successes / 10_000
    return estimate(share, share * (1 - share) / 10_000, freedom=freedom)


def test_p_value_when_two_proportions_then_equals_gbstats() -> None:
    # gbstats at 8f1db44, TwoSidedTTest on the absolute scale.
    found = compare(wald(550, freedom=9_999), wald(480, freedom=9_999))

    assert found.p_value == pytest.approx(0.0251128935, abs=5e-11)


def test_lift_when_two_proportions_then_equals_an_independent_working() -> None:
    # Worked out apart from this code with the normal quantile, to the digits given.
    found = compare(wald(550, freedom=np.inf), wald(480, freedom=np.inf))

    assert [round(float(end), 5) for end in (found.lift_low, found.lift_high)] == [0.01719, 0.29207]


def brute_force_fieller(treatment: ArmEstimates, control: ArmEstimates, quantile: float) -> list[float]:
    """Returns the lifts at which the statistic of T - (1 + l) C reaches the quantile, by bracketing."""

    def excess(lift: float) -> float:
        variance = treatment.variance + (1 + lift) ** 2 * control.variance
        return float(abs(treatment.value - (1 + lift) * control.value) - quantile * np.sqrt(variance))

    middle = float(treatment.value / control.value - 1)
    return [float(optimize.brentq(excess, *sorted((middle, far)), xtol=1e-15)) for far in (middle - 9, middle + 9)]


@pytest.mark.parametrize("count", [30, 3_000, 300_000_000])
def test_lift_when_bracketed_then_is_the_same(count: int) -> None:
    treatment, control = sample(count, 10.3, 3), sample(count, 10, 2.9)
    quantile = float(critical_value(welch_freedom(treatment, control), 0.05, Alternative.TWO_SIDED))

    found = compare(treatment, control)

    low, high = brute_force_fieller(treatment, control, quantile)
    assert found.lift_low == pytest.approx(low, rel=AGREEMENT)
    assert found.lift_high == pytest.approx(high, rel=AGREEMENT)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(arms, arms, st.sampled_from(Alternative))
def test_lift_when_at_its_end_then_statistic_is_the_quantile(first: Arm, second: Arm, alternative: Alternative) -> None:
    treatment, control = pair_of(first, second)
    quantile = critical_value(welch_freedom(treatment, control), 0.05, alternative)
    (t, v_t, s_t), (c, v_c, s_c) = first, second

    found = compare(treatment, control, alternative=alternative)

    for end in (found.lift_low, found.lift_high):
        if np.isfinite(end):
            ratio = 1 + end * np.sign(c)
            variance = (v_t + s_t - ratio * (s_t + s_c) + ratio**2 * (v_c + s_c)) / 50
            assert abs(t - ratio * c) == pytest.approx(quantile * np.sqrt(variance), rel=1e-7, abs=1e-9)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(arms, arms, st.floats(0.001, 0.49), st.sampled_from(Alternative))
def test_verdicts_when_there_are_several_then_agree(
    first: Arm, second: Arm, alpha: float, alternative: Alternative
) -> None:
    found = compare(*pair_of(first, second), alpha=alpha, alternative=alternative)

    significant = bool(found.p_value < alpha)
    assert left_out(found.difference_low, found.difference_high) == significant
    if found.lift_obstacle == 0:
        assert left_out(found.lift_low, found.lift_high) == significant
        assert np.sign(found.lift) == np.sign(found.difference)


@pytest.mark.parametrize("alternative", Alternative)
def test_verdicts_when_p_value_is_next_to_alpha_then_still_agree(alternative: Alternative) -> None:
    sign = -1 if alternative is Alternative.LESS else 1
    edge = sign * float(critical_value(NORMAL, 0.05, alternative)) * 0.05**0.5

    for nudge in (-1e-9, 1e-9):
        found = compare(estimate(-3 + edge * (1 + nudge), 0.01), estimate(-3.0, 0.04), alternative=alternative)
        assert bool(found.p_value < 0.05) == (nudge > 0)
        assert left_out(found.difference_low, found.difference_high) == (nudge > 0)
        assert left_out(found.lift_low, found.lift_high) == (nudge > 0)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(arms, arms)
def test_difference_when_arms_are_swapped_then_is_mirrored(first: Arm, second: Arm) -> None:
    treatment, control = pair_of(first, second)

    there, back = compare(treatment, control), compare(control, treatment)

    assert there.p_value == pytest.approx(float(back.p_value), rel=1e-9)
    assert there.difference_low == pytest.approx(-float(back.difference_high), rel=1e-12, abs=1e-12)


def test_lift_when_arms_are_swapped_then_ratio_is_inverted() -> None:
    first, second = sample(300, 10, 3), sample(200, 9, 4)

    there, back = compare(first, second), compare(second, first)

    assert 1 + there.lift_low == pytest.approx(1 / (1 + back.lift_high), rel=1e-12)
    assert 1 + there.lift_high == pytest.approx(1 / (1 + back.lift_low), rel=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(1, 20), st.floats(1, 20), st.integers(-400, 400), st.sampled_from(Alternative))
def test_comparison_when_unit_changes_then_only_the_difference_does(
    t: float, c: float, power: int, alternative: Alternative
) -> None:
    scale = 2.0 ** (power / 2)
    plain = compare(sample(50, t, 2), sample(60, c, 3), alternative=alternative)

    scaled = compare(sample(50, t * scale, 2 * scale), sample(60, c * scale, 3 * scale), alternative=alternative)

    assert scaled.p_value == pytest.approx(float(plain.p_value), rel=AGREEMENT)
    assert scaled.difference_low == pytest.approx(plain.difference_low * scale, rel=AGREEMENT)
    assert scaled.lift_obstacle == plain.lift_obstacle
    np.testing.assert_allclose(scaled.lift_low, plain.lift_low, rtol=AGREEMENT, atol=1e-12)
    np.testing.assert_allclose(scaled.lift_high, plain.lift_high, rtol=AGREEMENT, atol=1e-12)


def test_comparison_when_sign_of_the_metric_changes_then_that_of_effects_does() -> None:
    plain = compare(sample(50, 5, 2), sample(60, 4, 3))

    turned = compare(sample(50, -5, 2), sample(60, -4, 3))

    assert turned.p_value == plain.p_value
    for name in ("difference", "lift"):
        assert getattr(turned, name) == -getattr(plain, name)
        assert getattr(turned, f"{name}_low") == pytest.approx(-getattr(plain, f"{name}_high"), rel=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(-50, 50), st.floats(-50, 50))
def test_p_value_when_both_arms_are_shifted_then_stays(shift: float, gap: float) -> None:
    plain = compare(sample(40, gap, 2), sample(30, 0.0, 3))

    shifted = compare(sample(40, gap + shift, 2), sample(30, shift, 3))

    assert shifted.p_value == pytest.approx(float(plain.p_value), rel=1e-6, abs=1e-300)


def test_one_sided_p_values_when_added_then_are_one() -> None:
    treatment, control = sample(50, 5, 2), sample(60, 4.8, 3)

    more, less = (compare(treatment, control, alternative=side) for side in (Alternative.GREATER, Alternative.LESS))

    assert more.p_value + less.p_value == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize(
    ("alternative", "end", "open_end"), [(Alternative.GREATER, "low", "high"), (Alternative.LESS, "high", "low")]
)
def test_one_sided_interval_when_beside_a_two_sided_one_then_is_half_of_it(
    alternative: Alternative, end: str, open_end: str
) -> None:
    treatment, control = sample(50, -5, 2), sample(60, -4.8, 3)

    one = compare(treatment, control, alpha=0.025, alternative=alternative)
    two = compare(treatment, control, alpha=0.05)

    for effect in ("difference", "lift"):
        assert getattr(one, f"{effect}_{end}") == getattr(two, f"{effect}_{end}")
        assert np.isinf(getattr(one, f"{effect}_{open_end}"))


def test_interval_when_more_units_are_seen_then_is_narrower() -> None:
    counts = np.arange(2.0, 400.0)
    growing = means(Moments.of_values(counts, np.full(398, 7.0), (counts - 1) * 2))

    found = compare(growing, sample(500, 7, 2))

    assert (np.diff(found.difference_high - found.difference_low) < 0).all()


def test_common_variance_when_arms_share_it_then_changes_the_lift_only() -> None:
    plain = compare(estimate(10, 0.2), estimate(9, 0.1))

    shared = compare(estimate(10, 0.2, common_variance=0.3), estimate(9, 0.1, common_variance=0.3))

    assert shared.difference_low == plain.difference_low
    assert shared.lift_high > plain.lift_high


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_freedom_when_values_are_tiny_or_huge_then_is_that_of_ordinary_ones(scale: float) -> None:
    plain = welch_freedom(sample(9, 1, 2), sample(23, 1, 5))

    scaled = welch_freedom(sample(9, scale, 2 * scale), sample(23, scale, 5 * scale))

    assert scaled == pytest.approx(float(plain), rel=1e-12)


def test_p_value_when_far_out_then_keeps_its_digits() -> None:
    found = p_value(np.array(38.0), NORMAL, Alternative.TWO_SIDED)

    assert found == pytest.approx(2 * stats.norm.sf(38), rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 1e-3, -1e-3, 1e-310])
def test_lift_when_control_cannot_be_told_from_zero_then_says_so(value: float) -> None:
    found = compare(sample(100, 3, 1), sample(100, value, 1))

    assert found.lift_obstacle == (Obstacle.ZERO_CONTROL if value == 0 else Obstacle.CONTROL_NEAR_ZERO)
    assert np.isnan([found.lift, found.lift_low, found.lift_high]).all()
    assert found.obstacle == Obstacle.NONE
    assert np.isfinite([found.difference, found.difference_low, found.difference_high, found.p_value]).all()


def test_lift_when_control_is_at_its_own_quantile_then_bounds_end_there() -> None:
    edge = float(critical_value(NORMAL, 0.05, Alternative.TWO_SIDED))

    below, above = (compare(estimate(3, 1), estimate(edge * (1 + nudge), 1)) for nudge in (-1e-12, 1e-12))

    assert below.lift_obstacle == Obstacle.CONTROL_NEAR_ZERO
    assert np.isfinite([above.lift_low, above.lift_high]).all()


@pytest.mark.parametrize(("count", "obstacle"), [(0, Obstacle.NO_UNITS), (1, Obstacle.TOO_FEW_UNITS)])
def test_comparison_when_an_arm_is_too_small_then_nothing_is_a_number(count: int, obstacle: Obstacle) -> None:
    small, enough = means(Moments.of_values(count, 3, 0)), sample(9, 1, 2)
    numbers = ("difference", "standard_error", "difference_low", "difference_high", "lift", "lift_low", "p_value")

    for found in (compare(small, enough), compare(enough, small)):
        assert found.obstacle == found.lift_obstacle == obstacle
        assert all(np.isnan(getattr(found, name)) for name in numbers)


@pytest.mark.parametrize("alternative", Alternative)
def test_comparison_when_neither_arm_varies_then_says_so(alternative: Alternative) -> None:
    found = compare(sample(9, 1, 0), sample(9, 1, 0), alternative=alternative)

    assert found.obstacle == Obstacle.ZERO_VARIANCE
    assert np.isnan([found.p_value, found.difference_low, found.difference_high]).all()


def test_comparison_when_one_arm_does_not_vary_then_the_other_s_error_counts() -> None:
    found = compare(sample(9, 1, 0), sample(16, 1.5, 2))

    assert found.obstacle == Obstacle.NONE
    assert found.standard_error == pytest.approx(0.5)
    assert found.p_value == pytest.approx(2 * stats.t.sf(1, 15))


def test_report_when_an_arm_has_no_units_then_says_why() -> None:
    report = compare(means(Moments.of_values([0.0], [0.0], [0.0])), sample(9, 1, 2)).report(0)

    assert report.treatment == report.difference == report.p_value == NotEstimable(Obstacle.NO_UNITS)
    assert report.control == 1


def test_report_when_everything_is_known_then_has_both_scales() -> None:
    report = compare(sample(40, 12, 2), sample(20, 10, 2)).report()

    assert isinstance(report.difference, Interval)
    assert isinstance(report.lift, Interval)
    assert report.lift.estimate == pytest.approx(0.2)
    assert report.confidence_level == 0.95
    assert report.caution == Caution.FEW_UNITS
    assert (report.treatment_unit_count, report.control_unit_count) == (40, 20)


def test_comparison_when_shapes_broadcast_then_equals_pairs() -> None:
    counts, averages, squares = (part.reshape(2, 3) for part in random_samples(5, 6))
    known = means(Moments.of_values(counts, averages, squares))

    found = compare(known[:, 1:], known[:, :1])

    assert found.shape == found.treatment.shape == found.control_unit_count.shape == (2, 2)
    for metric, arm in np.ndindex(2, 2):
        pair = compare(known[metric, arm + 1], known[metric, 0])
        for name in ("difference_low", "lift_high", "p_value"):
            assert getattr(found, name)[metric, arm] == pytest.approx(float(getattr(pair, name)), rel=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.5, -0.1, 1.0, float("nan")])
def test_comparison_when_alpha_is_out_of_range_then_refuses(alpha: float) -> None:
    with pytest.raises(InvalidArgument, match="alpha"):
        compare(sample(9, 1, 2), sample(9, 1, 2), alpha=alpha)


def test_comparison_when_shapes_do_not_fit_then_refuses() -> None:
    two, three = (means(Moments.of_values([9.0] * size, [1.0] * size, [1.0] * size)) for size in (2, 3))

    with pytest.raises(InvalidArgument, match="shapes"):
        compare(two, three)
