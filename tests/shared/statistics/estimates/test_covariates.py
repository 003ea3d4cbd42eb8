"""Tests whether covariates are judged as they should be."""

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats
from statsmodels.multivariate.manova import MANOVA

from shared.errors import InvalidArgument
from shared.statistics.estimates.covariates import IMBALANCED, CovariateHealth, with_missingness
from shared.statistics.estimates.cuped import cuped_means
from shared.statistics.result.obstacles import Caution
from tests.shared.statistics.estimates.rows import moments_of
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]


def health_of(*arms: Floats, missing_indicators: tuple[int, ...] = ()) -> CovariateHealth:
    return cuped_means(moments_of(*arms), missing_indicators=missing_indicators).health


def drawn(seed: int, counts: tuple[int, ...], covariate_count: int, *, slope: float = 1.0) -> list[Floats]:
    rng = np.random.default_rng(seed)
    arms = []
    for count in counts:
        covariates = rng.normal(size=(count, covariate_count))
        values = slope * covariates.sum(1) + rng.normal(size=count)
        arms.append(np.column_stack([values, covariates]))
    return arms


def test_imbalance_when_one_covariate_then_equals_analysis_of_variance() -> None:
    for counts in ((30, 50), (20, 30, 40)):
        arms = drawn(7, counts, 1)

        found = health_of(*arms).imbalance_p_value

        np.testing.assert_allclose(found, stats.f_oneway(*(arm[:, 1] for arm in arms)).pvalue, rtol=1e-9)


@pytest.mark.parametrize(("counts", "covariate_count"), [((30, 50), 4), ((25, 35, 45, 30), 3)])
def test_imbalance_when_several_covariates_then_equals_lawley_and_hotellings_trace(
    counts: tuple[int, ...], covariate_count: int
) -> None:
    arms = drawn(7, counts, covariate_count)
    arms[0][:, 1] += 0.4

    found = health_of(*arms).imbalance_p_value

    labels = np.repeat(np.arange(len(counts)), counts)
    design = sm.add_constant((labels[:, None] == np.arange(1, len(counts))).astype(float))
    contrast = np.eye(design.shape[1])[1:]
    tests = MANOVA(np.concatenate(arms)[:, 1:], design).mv_test([("arms", contrast)])
    expected = tests.results["arms"]["stat"].loc["Hotelling-Lawley trace", "Pr > F"]
    np.testing.assert_allclose(found, float(expected), rtol=1e-9)


@pytest.mark.parametrize("skewed", [False, True])
def test_imbalance_when_randomised_then_flag_is_as_rare_as_alpha(*, skewed: bool) -> None:
    rng = np.random.default_rng(11)
    draw = rng.exponential if skewed else rng.normal
    arms = [draw(size=(40_000, count, 3)) for count in (40, 60)]

    found = health_of(*arms)

    flagged = Rate(int(((found.caution & Caution.COVARIATE_IMBALANCED) != 0).sum()), 40_000)
    at_five_percent = Rate(int((found.imbalance_p_value < 0.05).sum()), 40_000)
    # For two arms it is Hotelling's test, exact where covariates are normal and a little strict where they are skewed.
    assert flagged.agrees_with(IMBALANCED)
    assert at_five_percent.is_at_most(0.05) if skewed else at_five_percent.agrees_with(0.05)


def test_imbalance_when_arms_differed_before_the_start_then_flagged() -> None:
    control, treatment = drawn(1, (500, 500), 2)
    treatment[:, 2] += 0.4

    assert health_of(control, treatment).caution & Caution.COVARIATE_IMBALANCED


@pytest.mark.parametrize(("slope", "flagged"), [(0.0, True), (0.05, True), (0.2, False)])
def test_weak_when_covariate_explains_little_then_flagged(slope: float, *, flagged: bool) -> None:
    caution = health_of(*drawn(1, (20_000, 20_000), 1, slope=slope)).caution

    assert bool(caution & Caution.COVARIATE_WEAK) is flagged


def test_weak_when_many_covariates_are_noise_then_mostly_flagged_although_they_explain_much() -> None:
    arms = [np.random.default_rng(2).normal(size=(1000, 60, 11))[:, half] for half in (slice(0, 30), slice(30, 60))]

    health = health_of(*arms)

    assert (health.explained_share > 0.1).mean() > 0.8
    assert ((health.caution & Caution.COVARIATE_WEAK) != 0).mean() > 0.5


@pytest.mark.parametrize(("share", "flagged"), [(0.4, False), (0.6, True)])
def test_missing_when_most_units_have_no_covariate_then_flagged(share: float, *, flagged: bool) -> None:
    arms = []
    for arm in drawn(1, (100, 100), 1):
        arm[: int(share * 100), 1] = np.nan
        arms.append(np.column_stack([arm[:, 0], with_missingness(arm[:, 1:])]))

    health = health_of(*arms, missing_indicators=(1,))

    np.testing.assert_allclose(health.missing_share, share)
    assert bool(health.caution & Caution.COVARIATE_MISSING) is flagged


def test_with_missingness_when_there_are_holes_then_zero_beside_an_indicator() -> None:
    found = with_missingness([[1.0, np.nan], [np.nan, 4.0]])

    np.testing.assert_array_equal(found, [[1, 0, 0, 1], [0, 4, 1, 0]])


@pytest.mark.parametrize("bad", [[1.0, 2.0], [[np.inf]]])
def test_with_missingness_when_not_rows_of_numbers_then_invalid(bad: list[float]) -> None:
    with pytest.raises(InvalidArgument):
        with_missingness(bad)
