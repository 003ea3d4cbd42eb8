"""Pre-period balance: did the arms differ before anything was done to them?

Within a group (policy version; one if weights never changed) randomisation makes every assignment of the units that
keeps the arms' sizes equally likely. With N units, n_k in arm k, covariate means m_k, m over all, and the covariance
matrix C of all units together (divisor N - 1), the sums

    U_k = sum over groups of n_k (m_k - m)          mean 0, covariance sum over groups of (diag(n) - n n' / N) x C

are exact moments, so that groups as small as two units add what they know. U' Cov(U)^+ U is compared with a chi-square
of rank Cov(U) degrees of freedom. With one group it is N - 1 times Pillai's trace (1955). Standardised differences are
those of Austin 2009, (m_k - m_0) / sqrt((s_k^2 + s_0^2) / 2), from all groups alike.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.aggregates.moments import Moments, pooled
from shared.statistics.health.alarm import ALPHA
from shared.statistics.health.finding import Check, Finding, Status, not_estimable
from shared.statistics.health.tails import log_chi_square_tail
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Caution, Obstacle

Floats = NDArray[np.float64]

FEW_UNITS: Final = 50
"""Units an arm below which the chi-square is not to be trusted for skewed covariates (see the tests)."""

BALANCE: Final = Method(
    "Chi-square of pre-period covariates",
    Validity.FIXED_LOOK,
    (
        "covariates were measured before the first exposure",
        "units of a group were placed independently with equal weights",
        "the arms' means are nearly normal",
    ),
    "Pillai 1955; Hansen and Bowers 2008; GrowthBook's threshold 0.001",
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Holds tests for any shape S of experiments or segments.

    Attributes:
        standardised_difference: Arm k against arm 0 for each covariate, shape S + (K - 1, V); NaN where a covariate
            has no variance. It is for reading only where weights never changed; the test is right in any case.
        statistic, degrees_of_freedom, p_value, log_p_value: Of all covariates and arms together, shape S.
        obstacle, caution: As codes; the test is NaN where the obstacle is not 0.
    """

    method: Method
    unit_count: Floats
    standardised_difference: Floats
    statistic: Floats
    degrees_of_freedom: Floats
    p_value: Floats
    log_p_value: Floats
    obstacle: NDArray[np.int8]
    caution: NDArray[np.int32]

    def finding(self, *index: int, alpha: float = ALPHA) -> Finding:
        """Returns one test as a finding: WARN at most, as covariance adjustment can still make the results fair.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.obstacle.shape)
        differences = np.abs(np.nan_to_num(self.standardised_difference[index]))
        numbers = {
            "unit_count": float(self.unit_count[index]),
            "largest_standardised_difference": float(differences.max()),
            "degrees_of_freedom": float(self.degrees_of_freedom[index]),
            "threshold": checks.alpha(alpha),
        }
        if self.obstacle[index]:
            return not_estimable(
                Check.PRE_PERIOD_BALANCE, Obstacle(int(self.obstacle[index])), numbers, self.method.source
            )
        p = float(self.p_value[index])
        status = Status.WARN if self.log_p_value[index] < np.log(alpha) else Status.PASS
        message = (
            f"covariates from before the start differ by at most {numbers['largest_standardised_difference']:.3f} "
            f"standard deviations: p {p:.3g}, threshold {alpha:.2g}"
        )
        numbers |= {"statistic": float(self.statistic[index]), "p_value": p}
        return Finding(Check.PRE_PERIOD_BALANCE, status, message, numbers, self.method.source)


def pre_period_balance(covariates: Moments) -> Balance:
    """Returns tests of V covariates over K arms, the first of which is the control.

    Args:
        covariates: Moments of shape S + (G, K) with V variables; groups are policy versions, one if weights never
            changed.

    Raises:
        InvalidArgument: INVALID_FIELD: no axes of groups and arms, or fewer than two arms.
    """
    if len(covariates.shape) < 2 or covariates.shape[-1] < 2:
        raise invalid_field("covariates", f"shape {covariates.shape}, must end with groups and two or more arms")
    statistic, freedom = _statistic(covariates)
    arms = covariates.count.sum(axis=-2)
    empty = (arms == 0).any(axis=-1)
    obstacle = np.where(empty, Obstacle.NO_UNITS, np.where(freedom == 0, Obstacle.COVARIATE_WITHOUT_VARIANCE, 0))
    log_p = np.where(obstacle == 0, log_chi_square_tail(statistic, np.maximum(freedom, 1)), np.nan)
    return Balance(
        method=BALANCE,
        unit_count=arms.sum(axis=-1),
        standardised_difference=_standardised_difference(pooled(covariates, axis=-2)),
        statistic=np.where(obstacle == 0, statistic, np.nan),
        degrees_of_freedom=freedom,
        p_value=np.exp(log_p),
        log_p_value=log_p,
        obstacle=obstacle.astype(np.int8),
        caution=np.where((arms < FEW_UNITS).any(axis=-1), Caution.FEW_UNITS, 0).astype(np.int32),
    )


def _statistic(covariates: Moments) -> tuple[Floats, Floats]:
    """Returns U' Cov(U)^+ U and the rank, shape S each; covariates are put on one scale, so that the rank is theirs."""
    count, arm_count, size = covariates.count, covariates.shape[-1], covariates.variable_count
    whole = pooled(covariates)
    covariance = whole.covariance()
    scale = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1).max(axis=-2))
    scale = np.where(scale > 0, scale, 1.0)
    away = (count[..., None] * (covariates.mean - whole.mean[..., None, :])).sum(axis=-3) / scale[..., None, :]
    covariance = covariance / (scale[..., None, :, None] * scale[..., None, None, :])
    total = np.maximum(whole.count, 1)[..., None, None]
    split = count[..., :, None] * np.eye(arm_count) - count[..., :, None] * count[..., None, :] / total
    product = np.einsum("...gkl,...gvw->...kvlw", split, covariance)
    # The last arm is what the others leave: without it the matrix has full rank unless covariates repeat each other.
    free = (arm_count - 1) * size
    matrix = product[..., :-1, :, :-1, :].reshape(*product.shape[:-4], free, free)
    vector = away[..., :-1, :].reshape(*away.shape[:-2], free)
    inverse = np.linalg.pinv(matrix, rcond=1e-10, hermitian=True)
    rank = np.linalg.matrix_rank(matrix, rtol=1e-10, hermitian=True)
    return np.einsum("...i,...ij,...j->...", vector, inverse, vector), rank.astype(np.float64)


def _standardised_difference(arms: Moments) -> Floats:
    variance = np.diagonal(arms.covariance(), axis1=-2, axis2=-1)
    spread = np.sqrt((variance[..., 1:, :] + variance[..., :1, :]) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, (arms.mean[..., 1:, :] - arms.mean[..., :1, :]) / spread, np.nan)
