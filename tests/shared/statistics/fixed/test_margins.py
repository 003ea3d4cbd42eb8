"""Tests margins against statsmodels, spotify-confidence, published examples, intervals and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.means import means
from shared.statistics.fixed.margins import (
    Direction,
    MarginTest,
    MarginVerdict,
    Scale,
    effect_within,
    equivalence,
    non_inferiority,
    superiority,
)
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
RISING, FALLING = Direction.HIGHER_IS_BETTER, Direction.LOWER_IS_BETTER


def arms_of(treatment: Floats, control: Floats) -> tuple[ArmEstimates, ArmEstimates]:
    estimates = means(moments_of(treatment[:, None], control[:, None]))
    return estimates[0], estimates[1]


def drawn(seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return rng.normal(10.2, 2, 70), rng.normal(10, 3, 90)


def summarised(count: list[int], mean: list[float], deviation: list[float]) -> ArmEstimates:
    spread = (np.array(count) - 1) * np.array(deviation) ** 2
    return means(Moments.of_values(count, mean, spread))


def known(value: float, variance: float) -> ArmEstimates:
    """Returns an arm whose variance is known, or many at once."""
    values, variances = np.broadcast_arrays(np.asarray(value, dtype=float), variance)
    zeros = np.zeros(values.shape)
    return ArmEstimates(
        values, variances, zeros, zeros + np.inf, zeros + 100, zeros.astype(np.int8), zeros.astype(np.int32)
    )


@pytest.mark.parametrize("seed", range(5))
def test_equivalence_when_absolute_then_equals_two_one_sided_tests_of_statsmodels(seed: int) -> None:
    treatment, control = drawn(seed)

    found = equivalence(*arms_of(treatment, control), low=-1.0, high=0.8, scale=Scale.ABSOLUTE)

    expected, _, _ = ttost_ind(treatment, control, -1.0, 0.8, usevar="unequal")
    np.testing.assert_allclose(found.p_value, expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("direction", "side"), [(RISING, "larger"), (FALLING, "smaller")])
def test_margins_when_absolute_then_equal_one_sided_tests_of_statsmodels(
    seed: int, direction: Direction, side: str
) -> None:
    treatment, control = drawn(seed)
    sign = 1 if direction is RISING else -1

    arms = arms_of(treatment, control)
    tolerant = non_inferiority(*arms, margin=0.5, scale=Scale.ABSOLUTE, direction=direction)
    strict = superiority(*arms, margin=0.3, scale=Scale.ABSOLUTE, direction=direction)

    means_compared = CompareMeans(DescrStatsW(treatment), DescrStatsW(control))
    for test, value in ((tolerant, -0.5 * sign), (strict, 0.3 * sign)):
        expected = means_compared.ttest_ind(alternative=side, usevar="unequal", value=value)[1]
        np.testing.assert_allclose([test.p_value, test.violation_p_value], [expected, 1 - expected], rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_non_inferiority_when_relative_then_equals_one_sample_test_of_a_contrast(seed: int) -> None:
    """The oracle: T - 0.97 C, its variance written out, under the degrees of freedom of T - C."""
    treatment, control = drawn(seed)
    vt, vc = treatment.var(ddof=1) / 70, control.var(ddof=1) / 90
    freedom = CompareMeans(DescrStatsW(treatment), DescrStatsW(control)).dof_satt()
    statistic = (treatment.mean() - 0.97 * control.mean()) / np.sqrt(vt + 0.97**2 * vc)

    found = non_inferiority(*arms_of(treatment, control), margin=0.03)

    np.testing.assert_allclose(found.p_value, stats.t.sf(statistic, freedom), rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_equivalence_when_either_margin_may_be_violated_then_both_tests_share_alpha(seed: int) -> None:
    arms = arms_of(*drawn(seed))

    found = equivalence(*arms, low=-0.001, high=0.001)

    below = non_inferiority(*arms, margin=0.001).violation_p_value
    above = non_inferiority(*arms, margin=0.001, direction=FALLING).violation_p_value
    expected = np.minimum(1, 2 * np.minimum(below, above))
    np.testing.assert_allclose(found.violation_p_value, expected, rtol=1e-12)


def test_equivalence_when_published_example_then_as_printed() -> None:
    """Lakens 2017 (package TOSTER 0.3, `TOSTtwo.raw`): t(182) = -2.69, p = .004, margins of 0.384."""
    arms = summarised([95, 89], [5.25, 5.22], [0.95, 0.83])

    found = equivalence(arms[0], arms[1], low=-0.384, high=0.384, scale=Scale.ABSOLUTE)

    assert f"{found.p_value:.3f}" == "0.004"
    assert found.report().verdict is MarginVerdict.SHOWN


# spotify-confidence 4.1.0, ZTest.difference (480 and 550 of 10000) and StudentsTTest.difference (means 10 and 10.05,
# deviations 5 and 4.5, 4000 and 3500 units), non_inferiority_margins=(margin, preference), one-sided at .05.
SPOTIFY_Z = [
    (0.02, RISING, 0.005432552453551634, 0.0018594442449774637),
    (0.02, FALLING, 0.9733605854543583, 0.012140555755022535),
    (0.10, RISING, 7.977470985724192e-05, 0.0018594442449774637),
]
SPOTIFY_T = [
    (0.02, RISING, 0.01135381759398214, -0.13047493540625657),
    (0.02, FALLING, 0.08579034195293304, 0.230474935406258),
]


def proportions() -> tuple[ArmEstimates, ArmEstimates]:
    return known(0.055, 0.055 * 0.945 / 10_000), known(0.048, 0.048 * 0.952 / 10_000)


@pytest.mark.parametrize(("margin", "direction", "p_value", "end"), SPOTIFY_Z)
def test_non_inferiority_when_control_counts_as_known_then_equals_spotify_for_proportions(
    margin: float, direction: Direction, p_value: float, end: float
) -> None:
    treatment, control = proportions()

    found = non_inferiority(
        treatment, control, margin=margin * 0.048, scale=Scale.ABSOLUTE, direction=direction, alpha=0.05
    )

    ends = found.comparison.difference_low if direction is RISING else found.comparison.difference_high
    np.testing.assert_allclose([found.p_value, ends], [p_value, end], rtol=1e-9)


@pytest.mark.parametrize(("margin", "direction", "p_value", "end"), SPOTIFY_T)
def test_non_inferiority_when_control_counts_as_known_then_equals_spotify_for_means(
    margin: float, direction: Direction, p_value: float, end: float
) -> None:
    arms = summarised([3500, 4000], [10.05, 10.0], [4.5, 5.0])

    found = non_inferiority(arms[0], arms[1], margin=margin * 10.0, scale=Scale.ABSOLUTE, direction=direction)

    ends = found.comparison.difference_low if direction is RISING else found.comparison.difference_high
    np.testing.assert_allclose([found.p_value, ends], [p_value, end], rtol=1e-9)


def test_non_inferiority_when_relative_then_differs_from_spotify_by_the_controls_own_error() -> None:
    """Spotify's margin is a share of the observed control mean, as if that were known: z = 3.78 instead of 3.96."""
    treatment, control = proportions()

    found = non_inferiority(treatment, control, margin=0.1)

    statistic = (0.055 - 0.9 * 0.048) / np.sqrt(treatment.variance + 0.81 * control.variance)
    np.testing.assert_allclose(found.p_value, stats.norm.sf(statistic), rtol=1e-9)
    np.testing.assert_allclose([stats.norm.isf(SPOTIFY_Z[2][2]), statistic], [3.78, 3.96], atol=0.005)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    low=st.floats(-0.5, 0.3),
    width=st.floats(0.001, 0.8),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
    sign=st.sampled_from([1, -1]),
    scale=st.sampled_from(Scale),
)
def test_verdict_when_any_region_then_is_that_of_the_interval(
    *, seed: int, low: float, width: float, alpha: float, sign: int, scale: Scale
) -> None:
    treatment, control = (sign * arm for arm in drawn(seed))

    for high in (low + width, np.inf):
        found = effect_within(*arms_of(treatment, control), low=low, high=high, scale=scale, alpha=alpha)

        effects = found.comparison
        relative = scale is Scale.RELATIVE
        ends = (effects.lift_low, effects.lift_high) if relative else (effects.difference_low, effects.difference_high)
        assert (found.verdict == MarginVerdict.SHOWN) == bool(low < ends[0] and ends[1] < high)
        if high == np.inf:
            assert (found.verdict == MarginVerdict.VIOLATED) == bool(ends[1] < low)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3))
def test_non_inferiority_when_unit_of_measurement_changes_then_relative_verdict_does_not(
    seed: int, factor: float
) -> None:
    treatment, control = drawn(seed)

    found = non_inferiority(*arms_of(treatment * factor, control * factor), margin=0.02)

    before = non_inferiority(*arms_of(treatment, control), margin=0.02)
    np.testing.assert_allclose(found.p_value, before.p_value, rtol=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_non_inferiority_when_values_change_sign_and_direction_then_verdict_does_not(seed: int) -> None:
    treatment, control = drawn(seed)

    found = non_inferiority(*arms_of(-treatment, -control), margin=0.02, direction=FALLING)

    before = non_inferiority(*arms_of(treatment, control), margin=0.02)
    np.testing.assert_allclose(found.p_value, before.p_value, rtol=1e-9)


def test_margins_when_margin_grows_then_p_value_falls() -> None:
    treatment, control = arms_of(*drawn(1))
    margins = np.linspace(0.001, 0.9, 50)

    p_values = [float(non_inferiority(treatment, control, margin=margin).p_value) for margin in margins]

    assert (np.diff(p_values) < 0).all()


def test_margins_when_effect_is_beyond_then_violated_and_reported() -> None:
    arms = summarised([500, 500], [9.0, 10.0], [1.0, 1.0])

    report = non_inferiority(arms[0], arms[1], margin=0.02).report()

    assert report.verdict is MarginVerdict.VIOLATED
    assert isinstance(report.violation_p_value, float)
    assert (report.low, report.high) == (-0.02, np.inf)
    assert report.effects.confidence_level == pytest.approx(0.9)


def test_margins_when_little_is_known_then_not_shown() -> None:
    arms = summarised([20, 20], [10.0, 10.0], [5.0, 5.0])

    found = equivalence(arms[0], arms[1], low=-0.02, high=0.02)

    assert found.verdict == MarginVerdict.NOT_SHOWN


@pytest.mark.parametrize(
    ("scale", "expected"), [(Scale.RELATIVE, Obstacle.CONTROL_NEAR_ZERO), (Scale.ABSOLUTE, Obstacle.NONE)]
)
def test_margins_when_control_cannot_be_told_from_zero_then_only_relative_ones_are_not_estimable(
    scale: Scale, expected: Obstacle
) -> None:
    arms = summarised([50, 50], [0.1, 0.1], [5.0, 5.0])

    found = non_inferiority(arms[0], arms[1], margin=0.5, scale=scale)

    assert found.obstacle == expected
    assert np.isnan(found.p_value) == (expected is not Obstacle.NONE)


def test_margins_when_an_arm_is_empty_then_report_says_so() -> None:
    arms = summarised([0, 50], [0.0, 1.0], [0.0, 1.0])

    report = non_inferiority(arms[0], arms[1], margin=0.1).report()

    assert report.verdict is MarginVerdict.NOT_ESTIMABLE
    assert report.p_value == NotEstimable(Obstacle.NO_UNITS)


def test_margins_when_metrics_have_margins_of_their_own_then_each_is_as_alone() -> None:
    arms = means(Moments.of_values([[80, 90], [70, 60]], [[2.0, 2.1], [5.0, 5.2]], [[90.0, 80.0], [99.0, 70.0]]))
    margins = np.array([[0.05], [0.2]])

    found = non_inferiority(arms[:, 1:], arms[:, :1], margin=margins)

    for metric in (0, 1):
        alone = non_inferiority(arms[metric, 1], arms[metric, 0], margin=margins[metric, 0])
        assert found.p_value[metric, 0] == alone.p_value


@pytest.mark.parametrize(
    "arguments",
    [
        {"margin": 0.0},
        {"margin": -0.1},
        {"margin": 1.0},
        {"margin": np.nan},
        {"margin": [0.1, 0.2]},
        {"margin": 0.1, "alpha": 0.25},
        {"margin": 0.1, "alpha": 0.0},
    ],
)
def test_non_inferiority_when_arguments_do_not_fit_then_invalid(arguments: dict[str, float]) -> None:
    arms = means(Moments.of_values([[80] * 3, [70] * 3], np.ones((2, 3)), np.ones((2, 3))))

    with pytest.raises(InvalidArgument):
        non_inferiority(arms[0], arms[1], **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.1), (-0.1, 0.0), (0.1, -0.1), (np.nan, 0.1), (-np.inf, 0.1)])
def test_equivalence_when_margins_do_not_hold_zero_then_invalid(low: float, high: float) -> None:
    with pytest.raises(InvalidArgument):
        equivalence(*arms_of(*drawn(1)), low=low, high=high)


def at_boundary(claim: str, ratio: float, counts: tuple[int, int], *, skewed: bool = False) -> MarginTest:
    """Returns tests where the truth is the margin's end: a quarter of the mean is one standard deviation."""
    rng = np.random.default_rng(40)
    draws = [
        rng.gamma(16, 1 / 16, size) if skewed else rng.normal(1, 1 / 4, size)
        for size in ((20_000, n, 1) for n in counts)
    ]
    arms = means(moments_of(ratio * draws[0], draws[1]))
    if claim == "non-inferiority":
        return non_inferiority(arms[:, 0], arms[:, 1], margin=1 - ratio)
    if claim == "superiority":
        return superiority(arms[:, 0], arms[:, 1], margin=ratio - 1)
    return equivalence(arms[:, 0], arms[:, 1], low=-0.3, high=ratio - 1)


CLAIMS = [("non-inferiority", 0.8), ("superiority", 1.2), ("equivalence", 1.25)]


@pytest.mark.parametrize(("counts", "skewed"), [((60, 40), False), ((300, 200), True)])
@pytest.mark.parametrize(("claim", "ratio"), CLAIMS)
def test_margins_when_truth_is_at_the_boundary_then_shown_as_rarely_as_alpha(
    claim: str, ratio: float, counts: tuple[int, int], *, skewed: bool
) -> None:
    found = at_boundary(claim, ratio, counts, skewed=skewed)

    shown = Rate(int((found.verdict == MarginVerdict.SHOWN).sum()), found.verdict.size)
    violated = Rate(int((found.verdict == MarginVerdict.VIOLATED).sum()), found.verdict.size)
    assert shown.agrees_with(0.05)
    assert violated.is_at_most(0.05)


@pytest.mark.parametrize(("claim", "ratio"), CLAIMS[:2])
def test_margins_when_units_are_few_then_strict_and_flagged(claim: str, ratio: float) -> None:
    found = at_boundary(claim, ratio, (10, 10))

    assert Rate(int((found.verdict == MarginVerdict.SHOWN).sum()), found.verdict.size).is_at_most(0.05)
    assert ((found.comparison.caution & Caution.FEW_UNITS) != 0).all()


def test_non_inferiority_when_values_are_skewed_and_units_few_then_too_lax_and_flagged() -> None:
    rng = np.random.default_rng(42)
    draws = [scale * rng.gamma(1, 1, size=(40_000, count, 1)) for scale, count in ((0.8, 120), (1.0, 40))]
    arms = means(moments_of(*draws), skewness=2.0)

    found = non_inferiority(arms[:, 0], arms[:, 1], margin=0.2)

    assert not Rate(int((found.verdict == MarginVerdict.SHOWN).sum()), 40_000).is_at_most(0.055)
    assert ((found.comparison.caution & Caution.SKEWED) != 0).all()


def test_non_inferiority_when_control_counts_as_known_then_error_rate_is_not_as_stated() -> None:
    """What a margin of a share of the observed control mean does, with a margin of half of it."""
    rng = np.random.default_rng(41)
    treatment, control = rng.normal(50.0, 10, size=(40_000, 30, 1)), rng.normal(100.0, 30, size=(40_000, 30, 1))
    arms = means(moments_of(treatment, control))

    spotify = non_inferiority(arms[:, 0], arms[:, 1], margin=0.5 * arms[:, 1].value, scale=Scale.ABSOLUTE)
    ours = non_inferiority(arms[:, 0], arms[:, 1], margin=0.5)

    assert not Rate(int((spotify.verdict == MarginVerdict.SHOWN).sum()), 40_000).is_at_least(0.02)
    assert Rate(int((ours.verdict == MarginVerdict.SHOWN).sum()), 40_000).agrees_with(0.05)
