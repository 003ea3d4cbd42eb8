"""Tests post-stratified means against saturated regressions, brute force and simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.estimates.post_stratification import FEW_IN_STRATUM, post_stratified
from shared.statistics.fixed.difference import compare
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]
SHARES = np.array([0.5, 0.3, 0.2])


def cells(values: Floats, arm: NDArray[np.intp], stratum: NDArray[np.intp], arm_count: int) -> Moments:
    """Returns moments of shape (..., arms, strata) from values of shape (..., units)."""
    chosen = (arm[..., None, None] == np.arange(arm_count)[:, None]) & (stratum[..., None, None] == np.arange(3))
    count = chosen.sum(-3)
    mean = np.einsum("...u,...uas->...as", values, chosen) / np.maximum(count, 1)
    squares = np.einsum("...u,...uas->...as", values**2, chosen) - count * mean**2
    return Moments.of_values(count, mean, np.maximum(squares, 0))


def sample(seed: int, arm_count: int = 2) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    rng = np.random.default_rng(seed)
    stratum = rng.choice(3, size=400, p=SHARES)
    arm = rng.integers(arm_count, size=400)
    effect = np.array([0.0, 1.0, -2.0])[stratum] * arm
    return rng.normal(10 + 5 * stratum + effect, 1 + stratum), arm, stratum


def saturated(values: Floats, arm: NDArray[np.intp], stratum: NDArray[np.intp], shares: Floats) -> Floats:
    """Returns effect and HC2 standard error of the regression with centred interactions (Lin 2013)."""
    indicators = (stratum[:, None] == np.arange(1, 3)) - shares[1:]
    design = np.column_stack([np.ones(len(values)), arm, indicators, indicators * arm[:, None]])
    fit = sm.OLS(values, design).fit(cov_type="HC2")
    return np.array([fit.params[1], fit.bse[1]])


@pytest.mark.parametrize("seed", range(5))
def test_post_stratified_when_shares_are_known_then_equals_saturated_regression(seed: int) -> None:
    rows = sample(seed)

    arms = post_stratified(cells(*rows, 2), shares=SHARES)

    found = compare(arms[1], arms[0])
    np.testing.assert_allclose([found.difference, found.standard_error], saturated(*rows, SHARES), rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_post_stratified_when_shares_are_estimated_then_effect_equals_saturated_regression(seed: int) -> None:
    rows = sample(seed)

    arms = post_stratified(cells(*rows, 2))

    shares = np.bincount(rows[2], minlength=3) / 400
    np.testing.assert_allclose(compare(arms[1], arms[0]).difference, saturated(*rows, shares)[0], rtol=1e-9)


def test_post_stratified_when_shares_are_estimated_then_covariances_with_control_are_those_of_a_multinomial() -> None:
    moments = cells(*sample(1, 3), 3)
    weights = moments.count.sum(0) / 400
    multinomial = (np.diag(weights) - np.outer(weights, weights)) / 400
    levels = moments.mean[..., 0]
    expected = levels @ multinomial @ levels.T
    within = (weights**2 * moments.covariance()[..., 0, 0] / moments.count).sum(-1)

    found = post_stratified(moments, control=1)

    np.testing.assert_allclose(found.variance + found.common_variance, within + np.diag(expected), rtol=1e-9)
    shared = (found.common_variance + found.common_variance[1]) / 2
    np.testing.assert_allclose(shared, expected[1], rtol=1e-9)


def test_post_stratified_when_there_is_one_stratum_then_plain_means() -> None:
    moments = Moments.of_values([30, 50], [1.0, 2.0], [40.0, 60.0])

    found = post_stratified(moments[:, None], shares=[1.0])

    plain = means(moments)
    np.testing.assert_allclose(found.value, plain.value)
    np.testing.assert_allclose(found.variance, plain.variance)
    np.testing.assert_allclose(found.degrees_of_freedom, plain.degrees_of_freedom)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000), scale=st.floats(1e-3, 1e3), levels=st.lists(st.floats(-9, 9), min_size=3, max_size=3)
)
def test_post_stratified_when_strata_are_shifted_alike_in_both_arms_then_difference_is_unmoved(
    seed: int, scale: float, levels: list[float]
) -> None:
    values, arm, stratum = sample(seed)
    moved = (values + np.array(levels)[stratum]) * scale

    arms = post_stratified(cells(moved, arm, stratum, 2))

    before = post_stratified(cells(values, arm, stratum, 2))
    found, expected = compare(arms[1], arms[0]), compare(before[1], before[0])
    np.testing.assert_allclose(found.difference, expected.difference * scale, rtol=1e-6, atol=1e-9 * scale)
    np.testing.assert_allclose(found.standard_error, expected.standard_error * scale, rtol=1e-6)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([0, 40, 40], Obstacle.EMPTY_STRATUM),
        ([1, 40, 40], Obstacle.TOO_FEW_UNITS),
        ([2, 40, 40], Obstacle.NONE),
        ([0, 0, 0], Obstacle.NO_UNITS),
    ],
)
def test_post_stratified_when_an_arm_lacks_units_then_says_so(counts: list[int], expected: Obstacle) -> None:
    moments = Moments.of_values([[40, 40, 40], counts], np.ones((2, 3)), np.minimum(np.array([[9] * 3, counts]), 9.0))

    found = post_stratified(moments)

    assert found.obstacle[1] == expected
    assert np.isnan(found.value[1]) == (expected is not Obstacle.NONE)


@pytest.mark.parametrize(("count", "flagged"), [(FEW_IN_STRATUM - 1, True), (FEW_IN_STRATUM, False)])
def test_post_stratified_when_a_stratum_has_few_units_then_flagged(count: int, *, flagged: bool) -> None:
    moments = Moments.of_values([[40, 40], [40, count]], np.ones((2, 2)), np.ones((2, 2)))

    found = post_stratified(moments)

    assert (found.caution != 0).tolist() == [False, flagged]
    assert not flagged or Caution.SPARSE_STRATUM in compare(found[1], found[0]).report().caution


def test_post_stratified_when_a_known_share_is_zero_then_its_stratum_does_not_matter() -> None:
    moments = Moments.of_values([[40, 0], [40, 9]], [[1.0, 0], [2.0, 5.0]], [[9.0, 0], [9.0, 1.0]])

    found = post_stratified(moments, shares=[1.0, 0.0])

    assert (found.obstacle == 0).all()
    np.testing.assert_allclose(found.value, [1, 2])


def test_post_stratified_when_nothing_varies_then_zero_variance() -> None:
    found = post_stratified(Moments.of_values(np.full((2, 2), 9), np.ones((2, 2)), np.zeros((2, 2))), shares=[0.5, 0.5])

    assert (found.obstacle == Obstacle.ZERO_VARIANCE).all()


@pytest.mark.parametrize("shares", [[0.5, 0.4], [0.5, 0.25, 0.25], [1.5, -0.5], [np.nan, 1.0]])
def test_post_stratified_when_shares_are_no_shares_then_invalid(shares: list[float]) -> None:
    with pytest.raises(InvalidArgument):
        post_stratified(Moments.of_values(np.full((2, 2), 9), np.ones((2, 2)), np.ones((2, 2))), shares=shares)


def test_post_stratified_when_shape_or_control_does_not_fit_then_invalid() -> None:
    moments = Moments.of_values([9, 9], [1.0, 1.0], [1.0, 1.0])

    with pytest.raises(InvalidArgument):
        post_stratified(moments)
    with pytest.raises(InvalidArgument):
        post_stratified(moments[:, None], control=2)


def simulated(seed: int, effects: list[float], repetitions: int = 5000) -> Moments:
    """Returns two arms of 120 units in all, of a population with these effects in strata of SHARES."""
    rng = np.random.default_rng(seed)
    stratum = rng.choice(3, size=(repetitions, 120), p=SHARES)
    arm = np.broadcast_to(np.arange(120) % 2, stratum.shape)
    centre = 10 + 5 * stratum + np.array(effects)[stratum] * arm
    return cells(rng.normal(centre, 1.0), arm, stratum, 2)


@pytest.mark.parametrize("effects", [[0.0, 0.0, 0.0], [2.0, -1.0, -3.5], [5.0, 8.0, 12.0]])
def test_post_stratified_when_units_are_drawn_from_a_population_then_covered_as_stated(effects: list[float]) -> None:
    truth = float(SHARES @ effects)
    level = float(SHARES @ [10, 15, 20])

    arms = post_stratified(simulated(30, effects))

    result = compare(arms[:, 1], arms[:, 0])
    fine = result.obstacle == 0
    covered = (result.difference_low <= truth) & (truth <= result.difference_high)
    lift_covered = (result.lift_low <= truth / level) & (truth / level <= result.lift_high)
    assert Rate(int(covered[fine].sum()), int(fine.sum())).agrees_with(0.95)
    assert Rate(int(lift_covered[fine].sum()), int(fine.sum())).agrees_with(0.95)


def test_post_stratified_when_estimated_shares_count_as_known_then_not_covered_as_stated() -> None:
    effects = [2.0, -1.0, -3.5]
    moments = simulated(31, effects)

    arms = post_stratified(moments, shares=moments.count.sum(-2) / 120)

    result = compare(arms[:, 1], arms[:, 0])
    fine = result.obstacle == 0
    covered = np.abs(result.difference - SHARES @ effects) <= result.difference_high - result.difference
    assert not Rate(int(covered[fine].sum()), int(fine.sum())).is_at_least(0.9)


def test_post_stratified_when_levels_differ_then_narrower_than_plain_means() -> None:
    moments = simulated(32, [0.0, 0.0, 0.0], 200)
    whole = Moments.of_values(*_merged(moments))

    arms = post_stratified(moments)

    plain = means(whole)
    narrow = compare(arms[:, 1], arms[:, 0]).standard_error
    assert (narrow < compare(plain[:, 1], plain[:, 0]).standard_error / 2).all()


def _merged(moments: Moments) -> tuple[Floats, Floats, Floats]:
    count = moments.count.sum(-1)
    mean = (moments.count * moments.mean[..., 0]).sum(-1) / count
    between = (moments.count * (moments.mean[..., 0] - mean[..., None]) ** 2).sum(-1)
    return count, mean, moments.products[..., 0, 0].sum(-1) + between
