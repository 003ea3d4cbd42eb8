"""Tests means, and simulates where Student's t on skewed values holds and where it fails and says so."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]

LOGNORMAL_SKEWNESS = float(stats.lognorm(1).stats("s"))
LOGNORMAL_MEAN = float(np.exp(0.5))


def test_mean_when_values_are_given_then_equals_scipy() -> None:
    values = np.random.default_rng(1).gamma(2, size=(5, 40, 1))

    found = means(moments_of(values))

    np.testing.assert_allclose(found.value[:, 0], values.mean((1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.variance[:, 0], stats.sem(values[..., 0], axis=1) ** 2, rtol=1e-12)
    assert (found.degrees_of_freedom == 39).all()


@pytest.mark.parametrize(
    ("count", "obstacle"),
    [(0, Obstacle.NO_UNITS), (1, Obstacle.TOO_FEW_UNITS), (2, Obstacle.ZERO_VARIANCE)],
)
def test_mean_when_nothing_tells_its_error_then_says_why(count: int, obstacle: Obstacle) -> None:
    found = means(Moments.of_values(count, 0, 0))

    assert found.obstacle == obstacle
    assert np.isnan(found.value) == (count == 0)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e100])
def test_mean_when_deviations_are_those_of_rounding_then_has_no_variance(scale: float) -> None:
    values = np.full((1, 1_000, 1), 0.1 * scale)
    values[0, ::2] *= 1 + np.finfo(np.float64).eps

    found = means(moments_of(values))

    assert found.obstacle == Obstacle.ZERO_VARIANCE


def test_mean_when_deviations_are_small_but_real_then_is_known() -> None:
    found = means(moments_of(1e6 + np.random.default_rng(1).normal(0, 1e-6, (1, 100, 1))))

    assert found.obstacle == Obstacle.NONE


@pytest.mark.parametrize(("count", "caution"), [(29, Caution.FEW_UNITS), (30, Caution.NONE)])
def test_mean_when_units_are_few_then_says_so(count: int, caution: Caution) -> None:
    assert means(Moments.of_values(count, 1, 1)).caution == caution


@pytest.mark.parametrize(("count", "caution"), [(1_419, Caution.SKEWED), (1_420, Caution.NONE)])
@pytest.mark.parametrize("skewness", [-2.0, 2.0])
def test_mean_when_skewness_asks_for_more_units_then_says_so(count: int, caution: Caution, skewness: float) -> None:
    assert means(Moments.of_values(count, 1, 1), skewness=skewness).caution == caution


def test_mean_when_skewness_is_not_a_number_then_refuses() -> None:
    with pytest.raises(InvalidArgument, match="skewness"):
        means(Moments.of_values(9, 1, 1), skewness=float("nan"))


def test_mean_when_there_are_two_variables_then_refuses() -> None:
    with pytest.raises(InvalidArgument, match="moments"):
        means(Moments.of(9, [1, 1], np.eye(2)))


def lognormal(rng: np.random.Generator, repetitions: int, count: int) -> Moments:
    """Returns moments of samples, drawn in pieces lest they fill the memory."""
    pieces = [rng.lognormal(size=(piece, count, 1)) for piece in np.diff(np.linspace(0, repetitions, 21).astype(int))]
    parts = [moments_of(piece) for piece in pieces]
    return Moments(
        np.concatenate([part.count for part in parts]),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.products for part in parts]),
    )


def simulated(
    seed: int, repetitions: int, counts: tuple[int, int], alternative: Alternative = Alternative.TWO_SIDED
) -> Comparison:
    rng = np.random.default_rng(seed)
    treatment, control = (means(lognormal(rng, repetitions, count), skewness=LOGNORMAL_SKEWNESS) for count in counts)
    return compare(treatment, control, alternative=alternative)


def rate_of(events: NDArray[np.bool_]) -> Rate:
    return Rate(int(events.sum()), events.size)


def of_normal_values(seed: int, counts: tuple[int, int], deviations: tuple[int, int]) -> Comparison:
    """Returns comparisons of 20,000 repetitions without an effect.

    Drawn as sufficient statistics: a normal mean and a chi-squared sum of squares.
    """
    rng = np.random.default_rng(seed)
    treatment, control = (
        means(
            Moments.of_values(
                np.full(20_000, n), rng.normal(10, s / n**0.5, 20_000), s**2 * rng.chisquare(n - 1, 20_000)
            )
        )
        for n, s in zip(counts, deviations, strict=True)
    )
    return compare(treatment, control)


@pytest.mark.parametrize(
    ("counts", "deviations"), [((8, 8), (1, 1)), ((5, 40), (1, 3)), ((1_000, 20), (2, 1)), ((30, 3_000), (3, 1))]
)
def test_welch_when_values_are_normal_then_covers_as_it_says(
    counts: tuple[int, int], deviations: tuple[int, int]
) -> None:
    found = of_normal_values(3, counts, deviations)

    assert rate_of((found.difference_low <= 0) & (found.difference_high >= 0)).agrees_with(0.95)


def test_welch_when_an_arm_has_five_units_then_covers_a_little_less_and_says_so() -> None:
    found = of_normal_values(4, (40, 5), (1, 1))

    covered = rate_of((found.difference_low <= 0) & (found.difference_high >= 0))
    assert covered.is_at_least(0.94)
    assert not covered.is_at_least(0.95)
    assert ((found.caution & Caution.FEW_UNITS) != 0).all()


@pytest.mark.slow
def test_welch_when_skewed_arms_are_of_one_size_then_errs_no_more_than_it_says() -> None:
    found = simulated(4, 20_000, (1_000, 1_000))

    rejected = rate_of(found.p_value < 0.05)
    assert rejected.is_at_most(0.05)
    assert rejected.is_at_least(0.045)


@pytest.mark.slow
def test_welch_when_few_skewed_units_face_many_then_fails_and_says_so() -> None:
    found = simulated(5, 10_000, (200, 4_000), Alternative.LESS)

    assert rate_of(found.p_value < 0.05).is_at_least(0.08)
    assert ((found.caution & Caution.SKEWED) != 0).all()


@pytest.mark.slow
def test_mean_when_units_are_as_many_as_the_rule_asks_then_each_tail_is_near_its_level() -> None:
    count = int(np.ceil(355 * LOGNORMAL_SKEWNESS**2))
    found = means(lognormal(np.random.default_rng(6), 10_000, count), skewness=LOGNORMAL_SKEWNESS)
    statistic = (found.value[:, 0] - LOGNORMAL_MEAN) / found.variance[:, 0] ** 0.5

    below, above = (rate_of(tail) for tail in (statistic < -1.96, statistic > 1.96))

    # The rule allows tails to be off by 0.0045, by the first term of the Edgeworth expansion.
    assert below.is_at_most(0.025 + 0.0045 + 0.001)
    assert above.is_at_least(0.025 - 0.0045 - 0.001)
    assert (found.caution == Caution.NONE).all()
