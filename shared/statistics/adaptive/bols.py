"""Treatment against control by batched least squares (BOLS): the cross-check, which needs no propensities.

In batch b with n_T and n_C units the difference of means D_b has weight W_b = sqrt(n_T n_C / (n_T + n_C)). Given its
propensities a batch is an experiment of its own, so that W_b (D_b - effect_b) / s is nearly standard normal whatever
happened before, and batches add up:

    difference        sum W D / sum W,    standard error  s sqrt(B) / sum W     (the effect is the same in all batches)
    no effect ever    sum (W D / s)^2  ~  chi^2 with B degrees of freedom       (the effect may change)

Zhang, Janson and Murphy 2020, theorem 3 and section 4.2. Unlike there, s^2 is each arm's own variance within batches,
taken to be at least that of all arms together (why: `weighted_means`), and for small batches Student's t and F replace
the normal and chi^2: with one batch, or arms that vary alike, that is the usual t test; a little careful otherwise.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.statistics.adaptive.batches import Batches, Indexes
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.contrast import contrast
from shared.statistics.estimates.means import FEW_UNITS
from shared.statistics.fixed import difference
from shared.statistics.result import checks
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int8]

_ASSUMPTIONS: Final = (
    "propensities are constant within a batch and followed earlier batches only",
    "batches are large or their values nearly normal",
    "an arm's variance is the same in all batches and, apart from chance, not below that of all arms together",
    "the data are looked at once, at a time that was set beforehand",
)

BOLS: Final = Method(
    "batched least squares, Fieller's interval for the lift",
    Validity.ADAPTIVE_FIXED_LOOK,
    _ASSUMPTIONS,
    "Zhang, Janson and Murphy 2020; Fieller 1954",
)

BOLS_ANY_BATCH: Final = Method(
    "batched least squares, no effect in any batch",
    Validity.ADAPTIVE_FIXED_LOOK,
    _ASSUMPTIONS,
    "Zhang, Janson and Murphy 2020, section 4.2",
)


@dataclass(frozen=True, slots=True)
class AnyBatchTest:
    """Holds tests of "no effect in any batch"; every array has the shape L + (C,), NaN where an obstacle is.

    Attributes:
        statistic: Sum of squared standardised differences.
        batch_count: Batches with units of both arms: the degrees of freedom of the statistic.
        p_value: Of a statistic as large, if no batch had an effect.
        obstacle: `Obstacle` as int8.
    """

    method: Method
    statistic: Floats
    batch_count: Floats
    p_value: Floats
    obstacle: Codes

    def report(self, *index: int) -> float | NotEstimable:
        """Returns one p-value; the index has a number for each axis.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        obstacle = Obstacle(int(self.obstacle[index]))
        return NotEstimable(obstacle) if obstacle else float(self.p_value[index])


def compare(
    batches: Batches,
    *,
    treatment: ArrayLike,
    control: ArrayLike = 0,
    alpha: float = 0.05,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> Comparison:
    """Returns the effects of C treatments, shape L + (C,), from the batches with units of both arms.

    Args:
        batches: B policy versions of K arms; propensities may be missing.
        treatment: Indexes of arms, one or C.
        control: Likewise; one of them serves all treatments.
        alpha: 1 minus the confidence level.
        alternative: Which effects count.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    first, second = _arms(batches, *batches.arms(treatment, control))
    return difference.compare(first, second, alpha=alpha, alternative=alternative, method=BOLS)


def effect_in_any_batch(batches: Batches, *, treatment: ArrayLike, control: ArrayLike = 0) -> AnyBatchTest:
    """Returns tests of "no effect in any batch", shape L + (C,), which see effects that come, go or change sides.

    Args:
        batches: As for `compare`.
        treatment: As for `compare`.
        control: As for `compare`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    treatments, controls = batches.arms(treatment, control)
    both = contrast(*_arms(batches, treatments, controls))
    count, mean, variance = batches.count, batches.mean, _variances(batches)[..., None, :]
    is_used = (count[..., treatments] > 0) & (count[..., controls] > 0)
    error = sum(variance[..., arms] / np.maximum(count[..., arms], 1) for arms in (treatments, controls))
    squared = (mean[..., treatments] - mean[..., controls]) ** 2
    statistic = np.where(is_used & (error > 0), squared / np.where(error > 0, error, np.inf), 0.0).sum(axis=-2)
    batch_count = is_used.sum(axis=-2).astype(np.float64)
    freedom = difference.welch_freedom(both.treatment, both.control)
    p_value = special.fdtrc(np.maximum(batch_count, 1), freedom, statistic / np.maximum(batch_count, 1))
    is_fine = both.obstacle == 0
    return AnyBatchTest(
        BOLS_ANY_BATCH,
        np.where(is_fine, statistic, np.nan),
        batch_count,
        np.where(is_fine, p_value, np.nan),
        both.obstacle,
    )


def _arms(batches: Batches, treatments: Indexes, controls: Indexes) -> tuple[ArmEstimates, ArmEstimates]:
    """Returns treatments and controls, averaged over the batches that have both with the same weights W."""
    first, second = batches.count[..., treatments], batches.count[..., controls]
    weights = np.sqrt(first * second / np.maximum(first + second, 1))
    return _averaged(batches, treatments, weights), _averaged(batches, controls, weights)


def _averaged(batches: Batches, arms: Indexes, weights: Floats) -> ArmEstimates:
    """Returns sum W mean / sum W with variance sum W^2 s^2 / n / (sum W)^2."""
    count = batches.count[..., arms]
    whole = weights.sum(axis=-2)
    fewer = np.where(whole > 0, whole, np.inf)
    used = np.where(weights > 0, count, 0.0).sum(axis=-2)
    freedom = np.maximum(batches.count - 1, 0).sum(axis=-2)[..., arms]
    spread = (weights**2 / np.maximum(count, 1)).sum(axis=-2) / fewer**2
    variance = _variances(batches)[..., arms] * spread
    obstacle = np.select(
        [batches.count.sum(axis=-2)[..., arms] == 0, whole == 0, freedom < 1, variance <= 0],
        [Obstacle.NO_UNITS, Obstacle.TOO_FEW_BATCHES, Obstacle.TOO_FEW_UNITS, Obstacle.ZERO_VARIANCE],
        Obstacle.NONE,
    )
    dropped = ((weights == 0) & (count > 0)).any(axis=-2)
    flags = np.where(used < FEW_UNITS, Caution.FEW_UNITS, 0) | np.where(dropped, Caution.BATCHES_DROPPED, 0)
    return ArmEstimates(
        value=np.where(whole > 0, (weights * batches.mean[..., arms]).sum(axis=-2) / fewer, np.nan),
        variance=variance,
        common_variance=np.zeros(whole.shape),
        degrees_of_freedom=np.maximum(freedom, 1.0),
        unit_count=used,
        obstacle=obstacle.astype(np.int8),
        caution=flags.astype(np.int32),
    )


def _variances(batches: Batches) -> Floats:
    """Returns each arm's variance within batches, at least that of all arms together, shape L + (K,)."""
    squares, freedom = batches.squares.sum(axis=-2), np.maximum(batches.count - 1, 0).sum(axis=-2)
    pooled = squares.sum(axis=-1, keepdims=True) / np.maximum(freedom.sum(axis=-1, keepdims=True), 1)
    return np.asarray(np.maximum(squares / np.maximum(freedom, 1), pooled))
