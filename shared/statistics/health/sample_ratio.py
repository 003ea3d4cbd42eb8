"""Sample-ratio mismatch at a fixed look: do the arms have the units that their weights promise?

With O the observed and E the expected units of each arm, by group (policy version, and context leaf if there are any):

    E_gk = sum over the group's units of their weight for arm k
    X2   = sum (O_gk - E_gk)^2 / E_gk   ~   chi-square with (cells - groups) degrees of freedom        (Pearson 1900)

An arm of weight 0 is no cell: nothing is expected, and one unit in it is a mismatch for certain. Sparse cells are
pooled (`sparse_cells`). Two arms with few expected units get the exact binomial test, both tails doubled, instead.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.health.alarm import ALPHA, status_of, threshold_of
from shared.statistics.health.finding import Check, Finding, not_estimable
from shared.statistics.health.sparse_cells import pearson, squares
from shared.statistics.health.tails import log_binomial_tails, log_chi_square_tail
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]

EXACT_BELOW: Final = 50.0
"""Expected units below which the chi-square alarms too often at 0.001: up to twice at 5, an eighth at 50."""

SAMPLE_RATIO: Final = Method(
    "Pearson's chi-square for the sample ratio",
    Validity.FIXED_LOOK,
    (
        "each unit counts once, in the arm and policy version of its first exposure",
        "units were placed independently with the weights that were logged",
        "the counts are looked at once",
    ),
    "Pearson 1900; Cochran 1954; Fabijan et al. 2019",
)


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Holds tests for any shape S of experiments or segments.

    Attributes:
        observed, expected: Units by arm, shape S + (K,).
        misplaced_count: Units in arms of weight 0, shape S, as is the rest. Where there are any, the p-value is
            exactly 0, its logarithm -inf and the statistic inf.
        statistic: Pearson's X2, also where the exact test gave the p-value.
        p_value: 0 by underflow only below 1e-308; the logarithm never underflows.
        obstacle, caution: As codes; numbers are NaN where the obstacle is not 0.
    """

    method: Method
    observed: Floats
    expected: Floats
    misplaced_count: Floats
    statistic: Floats
    degrees_of_freedom: Floats
    p_value: Floats
    log_p_value: Floats
    obstacle: NDArray[np.int8]
    caution: NDArray[np.int32]

    def finding(self, *index: int, alpha: float = ALPHA, family_size: int = 1) -> Finding:
        """Returns one test as a finding; `family_size` tests share alpha (Bonferroni), such as those of segments.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        numbers = self._numbers(index, threshold_of(alpha, family_size))
        if self.obstacle[index]:
            return not_estimable(Check.SAMPLE_RATIO, Obstacle(int(self.obstacle[index])), numbers, self.method.source)
        status = status_of(float(self.log_p_value[index]), alpha, family_size)
        return Finding(Check.SAMPLE_RATIO, status, _message(numbers), numbers, self.method.source)

    def _numbers(self, index: tuple[int, ...], threshold: float) -> dict[str, float]:
        observed, expected = self.observed[index], self.expected[index]
        worst = int(np.argmax(np.abs(observed - expected)))
        numbers = {
            "unit_count": float(observed.sum()),
            "misplaced_count": float(self.misplaced_count[index]),
            "worst_arm_index": float(worst),
            "worst_arm_observed_count": float(observed[worst]),
            "worst_arm_expected_count": float(expected[worst]),
            "statistic": float(self.statistic[index]),
            "degrees_of_freedom": float(self.degrees_of_freedom[index]),
            "p_value": float(self.p_value[index]),
            "log_p_value": float(self.log_p_value[index]),
            "threshold": threshold,
        }
        return {name: number for name, number in numbers.items() if np.isfinite(number)}


def sample_ratio(counts: ArrayLike, weights: ArrayLike) -> SampleRatio:
    """Returns tests of units by arm against weights that never changed.

    Args:
        counts: Units, shape S + (K,).
        weights: 0 or more, of any common scale; broadcasts to the counts.

    Raises:
        InvalidArgument: INVALID_FIELD: a count is not whole, or fewer than two arms have a weight.
    """
    observed, shares = _with_shares(counts, weights)
    if ((shares > 0).sum(axis=-1) < 2).any():
        raise invalid_field("weights", "at least two arms must have one above 0")
    expected = observed.sum(axis=-1, keepdims=True) * shares
    result = _pearson(observed[..., None, :], expected[..., None, :])
    return _exact_where_sparse(result, observed, shares)


def changing_sample_ratio(counts: ArrayLike, expected: ArrayLike) -> SampleRatio:
    """Returns tests of units by group and arm against weights that are constant or known within a group.

    Args:
        counts: Units, shape S + (G, K); groups are policy versions, or versions by context leaf.
        expected: Sums of the units' logged weights, same shape; each group's sum is its number of units.

    Raises:
        InvalidArgument: INVALID_FIELD: a count is not whole, or a group's expected units are not its units.
    """
    observed, expectation = checks.counts("counts", counts), checks.not_negative("expected", expected)
    if observed.ndim < 2 or observed.shape != expectation.shape:
        raise invalid_field("expected", f"shapes {observed.shape} and {expectation.shape} do not fit")
    if not np.allclose(observed.sum(axis=-1), expectation.sum(axis=-1), rtol=1e-6, atol=1e-6):
        raise invalid_field("expected", "must add up to the units of each group")
    return _pearson(observed, expectation)


def _with_shares(counts: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats]:
    observed, weight = checks.counts("counts", counts), checks.not_negative("weights", weights)
    checks.same_shape(counts=observed, weights=weight)
    if observed.ndim < 1 or weight.ndim < 1:
        raise invalid_field("counts", "must have an axis of arms")
    observed, weight = np.broadcast_arrays(observed, weight)
    total = weight.sum(axis=-1, keepdims=True)
    if (total <= 0).any():
        raise invalid_field("weights", "at least two arms must have one above 0")
    return observed, weight / total


def _pearson(observed: Floats, expected: Floats) -> SampleRatio:
    """Returns the tests over (..., G, K)."""
    misplaced = np.where(expected > 0, 0.0, observed).sum(axis=(-1, -2))
    statistic, freedom = pearson(observed, expected)
    total = np.where(misplaced > 0, np.inf, statistic)
    obstacle = np.where(misplaced > 0, 0, _obstacle(observed, expected, freedom)).astype(np.int8)
    with np.errstate(invalid="ignore"):
        log_p = np.where(obstacle == 0, log_chi_square_tail(total, np.maximum(freedom, 1)), np.nan)
    smallest = np.where(expected > 0, expected, np.inf).min(axis=(-1, -2))
    return SampleRatio(
        method=SAMPLE_RATIO,
        observed=observed.sum(axis=-2),
        expected=expected.sum(axis=-2),
        misplaced_count=misplaced,
        statistic=np.where(obstacle == 0, total, np.nan),
        degrees_of_freedom=freedom,
        p_value=np.exp(log_p),
        log_p_value=log_p,
        obstacle=obstacle,
        caution=np.where(smallest < EXACT_BELOW, Caution.FEW_UNITS, 0).astype(np.int32),
    )


def _obstacle(observed: Floats, expected: Floats, freedom: Floats) -> NDArray[np.int64]:
    """Returns why there is nothing to test: no units, never a choice between arms, or too few units for a cell."""
    choices = ((expected > 0).sum(axis=-1) > 1).any(axis=-1)
    blocked = np.where(choices, Obstacle.TOO_FEW_UNITS, Obstacle.ARM_NEVER_ALLOCATED)
    blocked = np.where(observed.sum(axis=(-1, -2)) == 0, Obstacle.NO_UNITS, blocked)
    return np.where(freedom > 0, 0, blocked)


def _exact_where_sparse(result: SampleRatio, observed: Floats, shares: Floats) -> SampleRatio:
    """Returns the result with exact binomial p-values where two arms share fewer units than the chi-square needs."""
    first = np.argmax(shares > 0, axis=-1)[..., None]
    count, share = (np.take_along_axis(values, first, axis=-1)[..., 0] for values in (observed, shares))
    total = observed.sum(axis=-1)
    fewest = total * np.minimum(share, 1 - share)
    exact = ((shares > 0).sum(axis=-1) == 2) & (fewest < EXACT_BELOW) & (total > 0) & (result.misplaced_count == 0)
    log_p = np.where(exact, log_binomial_tails(count, total, share), result.log_p_value)
    return SampleRatio(
        method=result.method,
        observed=result.observed,
        expected=result.expected,
        misplaced_count=result.misplaced_count,
        statistic=np.where(exact, squares(observed, result.expected).sum(axis=-1), result.statistic),
        degrees_of_freedom=np.where(exact, 1.0, result.degrees_of_freedom),
        p_value=np.exp(log_p),
        log_p_value=log_p,
        obstacle=np.where(exact, 0, result.obstacle).astype(np.int8),
        caution=np.where(exact, 0, result.caution).astype(np.int32),
    )


def _message(numbers: dict[str, float]) -> str:
    if numbers["misplaced_count"]:
        return f"{numbers['misplaced_count']:.0f} units are in arms of weight 0: a mismatch for certain"
    return (
        f"arm {numbers['worst_arm_index']:.0f} has {numbers['worst_arm_observed_count']:.0f} units where "
        f"{numbers['worst_arm_expected_count']:.1f} of {numbers['unit_count']:.0f} are expected: "
        f"p {_probability(numbers)}, threshold {numbers['threshold']:.2g}"
    )


def _probability(numbers: dict[str, float]) -> str:
    """Returns the p-value in words that hold below what a double can."""
    if numbers["p_value"] > 0:
        return f"{numbers['p_value']:.3g}"
    return f"1e{numbers['log_p_value'] / np.log(10):.0f}"
