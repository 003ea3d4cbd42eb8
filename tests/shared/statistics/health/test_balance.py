"""Pre-period balance against Pillai's trace of statsmodels, the permutation distribution, and simulations."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.multivariate.manova import MANOVA

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments, pooled
from shared.statistics.health.balance import pre_period_balance
from shared.statistics.health.finding import Check, Status
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]


def moments_of(values: Floats, arms: NDArray[np.int64], arm_count: int) -> Moments:
    """Returns moments of shape (1, K) of rows of covariates."""
    parts = [values[arms == arm] for arm in range(arm_count)]
    mean = np.array([part.mean(axis=0) if len(part) else np.zeros(values.shape[1]) for part in parts])
    centred = [part - centre for part, centre in zip(parts, mean, strict=True)]
    return Moments.of([[len(part) for part in parts]], mean[None], np.array([[part.T @ part for part in centred]]))


def stacked(groups: list[Moments]) -> Moments:
    return Moments(*(np.concatenate([getattr(one, name) for one in groups]) for name in ("count", "mean", "products")))


@pytest.mark.parametrize(("arm_count", "size"), [(2, 1), (2, 3), (3, 2), (4, 3)])
def test_one_group_is_pillais_trace(arm_count: int, size: int) -> None:
    rng = np.random.default_rng(arm_count * 10 + size)
    values = rng.gamma(2, size=(300, size)) @ rng.normal(size=(size, size))
    arms = rng.integers(0, arm_count, 300)
    if size == 1:
        groups = [values[arms == arm, 0] for arm in range(arm_count)]
        between = sum(len(part) * (part.mean() - values.mean()) ** 2 for part in groups)
        pillai = between / ((values - values.mean()) ** 2).sum()
    else:
        frame = pd.DataFrame(values, columns=[f"x{k}" for k in range(size)]).assign(arm=arms.astype(str))
        test = MANOVA.from_formula(" + ".join(frame.columns[:-1]) + " ~ arm", frame).mv_test()
        pillai = test.results["arm"]["stat"].loc["Pillai's trace", "Value"]

    found = pre_period_balance(moments_of(values, arms, arm_count))

    assert float(found.statistic) == pytest.approx(299 * pillai, rel=1e-9)
    assert found.degrees_of_freedom == size * (arm_count - 1)
    assert float(found.p_value) == pytest.approx(stats.chi2.sf(299 * pillai, size * (arm_count - 1)), rel=1e-9)


def test_moments_of_the_statistic_are_those_of_all_permutations() -> None:
    """Over every assignment of five units to arms of two and three, the mean of a chi-square-like form is its rank."""
    values = np.array([[1.0, 2.0], [4.0, -1.0], [2.0, 2.0], [9.0, 3.0], [5.0, 0.0]])
    found = [
        float(pre_period_balance(moments_of(values[list(order)], np.array([0, 0, 1, 1, 1]), 2)).statistic)
        for order in permutations(range(5))
    ]

    assert np.mean(found) == pytest.approx(2.0, rel=1e-9)


def test_linear_maps_of_covariates_and_order_of_arms_have_no_say() -> None:
    rng = np.random.default_rng(4)
    values, arms = rng.normal(size=(200, 2)), rng.integers(0, 3, 200)
    turned = values @ np.array([[1e6, 1.0], [0.0, 1e-3]]) + [5, 7]

    plain = pre_period_balance(moments_of(values, arms, 3))
    other = pre_period_balance(moments_of(turned, (arms + 1) % 3, 3))

    assert float(other.statistic) == pytest.approx(float(plain.statistic), rel=1e-6)


def test_repeated_covariate_adds_nothing() -> None:
    rng = np.random.default_rng(5)
    values, arms = rng.normal(size=(200, 1)), rng.integers(0, 2, 200)

    once = pre_period_balance(moments_of(values, arms, 2))
    twice = pre_period_balance(moments_of(np.hstack([values, 3 * values]), arms, 2))

    assert twice.degrees_of_freedom == once.degrees_of_freedom == 1
    assert float(twice.p_value) == pytest.approx(float(once.p_value), rel=1e-6)


def test_standardised_difference_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(6)
    values, arms = rng.normal(size=(100, 1)), rng.integers(0, 2, 100)
    first, second = values[arms == 0, 0], values[arms == 1, 0]
    expected = (second.mean() - first.mean()) / np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)

    found = pre_period_balance(moments_of(values, arms, 2))

    assert found.standardised_difference.shape == (1, 1)
    assert float(found.standardised_difference[0, 0]) == pytest.approx(expected, rel=1e-12)


def test_many_experiments_at_once_are_each_on_its_own() -> None:
    rng = np.random.default_rng(7)
    each = [moments_of(rng.normal(size=(90, 2)), rng.integers(0, 3, 90), 3) for _ in range(4)]
    together = pre_period_balance(
        Moments(*(np.stack([getattr(one, n) for one in each]) for n in ("count", "mean", "products")))
    )

    for index, one in enumerate(each):
        assert together.p_value[index] == pytest.approx(float(pre_period_balance(one).p_value), rel=1e-9)


def test_imbalance_is_a_warning_that_names_its_size() -> None:
    rng = np.random.default_rng(8)
    arms = rng.integers(0, 2, 4000)

    finding = pre_period_balance(moments_of(rng.normal(size=(4000, 1)) + 0.3 * arms[:, None], arms, 2)).finding()

    assert finding.check is Check.PRE_PERIOD_BALANCE
    assert finding.status is Status.WARN
    assert finding.numbers["largest_standardised_difference"] == pytest.approx(0.3, abs=0.1)


def test_arm_without_units_and_covariate_without_variance_are_not_estimable() -> None:
    arms = np.arange(60) % 2
    empty = pre_period_balance(moments_of(np.random.default_rng(9).normal(size=(60, 1)), arms, 3))
    constant = pre_period_balance(moments_of(np.ones((60, 1)), arms, 2))

    assert empty.obstacle == Obstacle.NO_UNITS
    assert constant.obstacle == Obstacle.COVARIATE_WITHOUT_VARIANCE
    assert constant.finding().status is Status.NOT_ESTIMABLE
    assert np.isnan(constant.p_value)


def test_moments_without_groups_or_arms_are_refused() -> None:
    with pytest.raises(InvalidArgument):
        pre_period_balance(Moments.of_values([5.0, 5.0], [0.0, 0.0], [1.0, 1.0]))
    with pytest.raises(InvalidArgument):
        pre_period_balance(Moments.of_values([[5.0]], [[0.0]], [[1.0]]))


def drawn(
    rng: np.random.Generator, repetitions: int, sizes: list[list[int]], *, skewed: bool, shift: float = 0.0
) -> Moments:
    """Draws one covariate for groups of arm sizes; groups have levels of their own (drift), arm 1 is shifted."""
    count = np.broadcast_to(np.array(sizes, float), (repetitions, *np.shape(sizes)))
    mean, squares = np.zeros(count.shape), np.zeros(count.shape)
    for group, arm in np.ndindex(*np.shape(sizes)):
        shape = (repetitions, sizes[group][arm])
        values = group + shift * (arm == 1) + (rng.lognormal(0, 1, shape) if skewed else rng.normal(size=shape))
        mean[:, group, arm] = values.mean(axis=1)
        squares[:, group, arm] = ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return Moments.of_values(count, mean, squares)


@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("sizes", [[[200, 200]], [[150, 50, 50], [50, 60, 140]], [[10, 3]] * 12 + [[3, 10]] * 12])
def test_false_alarms_of_balanced_arms(*, sizes: list[list[int]], skewed: bool) -> None:
    repetitions = 4000
    found = pre_period_balance(drawn(np.random.default_rng(10), repetitions, sizes, skewed=skewed))

    for alpha in (0.05, 0.01):
        assert Rate(int((found.p_value < alpha).sum()), repetitions).agrees_with(alpha)
    assert Rate(int((found.p_value < 0.001).sum()), repetitions).is_at_most(0.001)


def test_false_alarms_far_out_with_few_skewed_units_are_too_many_and_flagged() -> None:
    repetitions = 40_000
    found = pre_period_balance(drawn(np.random.default_rng(11), repetitions, [[45, 5]], skewed=True))

    assert not Rate(int((found.p_value < 0.001).sum()), repetitions).is_at_most(0.001)
    assert (found.caution == Caution.FEW_UNITS).all()


@pytest.mark.parametrize(
    ("sizes", "shift"), [([[1000, 1000]], 0.18), ([[1900, 100]], 0.4), ([[150, 850], [850, 150]], 0.25)]
)
def test_imbalance_is_found_as_often_as_theory_says(sizes: list[list[int]], shift: float) -> None:
    repetitions = 4000
    noncentrality = shift**2 * sum(first * second / (first + second) for first, second in sizes)
    power = float(stats.ncx2.sf(stats.chi2.isf(0.001, 1), 1, noncentrality))

    found = pre_period_balance(drawn(np.random.default_rng(12), repetitions, sizes, skewed=False, shift=shift))

    detected = Rate(int((found.p_value < 0.001).sum()), repetitions)
    assert 0.6 < power < 0.95
    assert detected.agrees_with(power), f"{detected}, {power:.4f}"


def versions_that_follow_outcomes(rng: np.random.Generator, repetitions: int, versions: int, size: int) -> Moments:
    """Draws a covariate of units whose outcomes it shapes, while weights follow outcomes and the population drifts."""
    score, moments = np.zeros(repetitions), []
    for version in range(versions):
        share = np.clip(1 / (1 + np.exp(-score / np.sqrt(version + 1))), 0.2, 0.8)
        covariate = 0.5 * version + rng.normal(size=(repetitions, size))
        first = rng.random((repetitions, size)) < share[:, None]
        arms = np.stack([first, ~first], axis=-1)
        count = arms.sum(axis=1)
        mean = (covariate[..., None] * arms).sum(axis=1) / count
        squares = ((covariate[..., None] - mean[:, None]) ** 2 * arms).sum(axis=1)
        moments.append((count, mean, squares))
        noise = rng.normal(size=(repetitions, 2)) / np.sqrt(count)
        outcome = mean + noise
        score += np.sqrt(size) * (outcome[:, 0] - outcome[:, 1])
    return Moments.of_values(*(np.stack(parts, axis=1) for parts in zip(*moments, strict=True)))


def test_false_alarms_under_weights_that_follow_outcomes_are_alpha_by_version_and_many_if_pooled() -> None:
    repetitions = 2000
    covariates = versions_that_follow_outcomes(np.random.default_rng(13), repetitions, 10, 100)

    by_version = pre_period_balance(covariates)
    at_once = pre_period_balance(pooled(covariates, axis=-2)[:, None])

    for alpha in (0.05, 0.01):
        assert Rate(int((by_version.p_value < alpha).sum()), repetitions).agrees_with(alpha)
    assert Rate(int((at_once.p_value < 0.05).sum()), repetitions).is_at_least(0.3)
