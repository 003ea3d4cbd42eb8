"""The normal mixture: boundaries, e-values and p-values for a sum that may be looked at at any time.

S is a sum with mean 0 under the null and V its intrinsic time (the sum of its variances so far). The normal mixture
over slopes with mean 0 and variance 1 / rho makes of exp(l S - l^2 V / 2) the e-value

    two-sided    E = sqrt(rho / (V + rho)) exp(S^2 / (2 (V + rho)))
    GREATER      E = 2 sqrt(rho / (V + rho)) exp(S^2 / (2 (V + rho))) Phi(S / sqrt(V + rho))     (slopes above 0 only)

which has mean 1 at most at every stopping time, so that P(E >= 1 / alpha at any time) <= alpha (Ville 1939). The
boundary is where E is 1 / alpha. Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021, section 3.2 (conjugate
mixtures). The precision rho says where the boundary is tight, never whether it holds.
"""

import math
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from shared.errors import invalid_field
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative

Floats: TypeAlias = NDArray[np.float64]

_NEWTON_STEPS: Final = 12
"""Newton's method starts within ln 2 of a convex function's root; six steps reach 1e-15."""


def radius(time: ArrayLike, *, precision: ArrayLike, alpha: float, alternative: Alternative) -> Floats:
    """Returns how far the sum may be from 0: u(V) with P(S beyond u(V) at any time) <= alpha.

    Two-sided, |S| is meant and u(V) = sqrt((V + rho) ln((V + rho) / (rho alpha^2))); one-sided, S (GREATER) or -S.

    Args:
        time: Intrinsic time V, 0 or more; NaN gives NaN.
        precision: The mixture's precision rho in the units of V, above 0; see `precision_for`.
        alpha: Probability that the boundary is ever crossed, in (0, 0.5).
        alternative: Which side counts.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    alpha = checks.alpha(alpha)
    passed, rho = _checked(time, precision)
    log_growth = np.log1p(passed / rho)
    if alternative is Alternative.TWO_SIDED:
        return np.asarray(np.sqrt((passed + rho) * (log_growth - 2 * math.log(alpha))))
    return np.asarray(np.sqrt(passed + rho) * _one_sided_score(log_growth / 2 - math.log(2 * alpha)))


def precision_for(optimal_time: ArrayLike, *, alpha: float, alternative: Alternative) -> Floats:
    """Returns the precision rho with which u(V) is least at the given time.

    Two-sided, V / rho = -W(-alpha^2 / e) - 1 with Lambert's W on its lower branch (Waudby-Smith, Arbour, Sinha, Kennedy
    and Ramdas 2024, appendix; their closed form is an approximation of this). One-sided, setting the derivative of
    u(V) to 0 gives V / rho = z (z + phi(z) / Phi(z)), where z = u / sqrt(V + rho) is on the boundary.

    Args:
        optimal_time: Intrinsic time V, above 0.
        alpha: As for `radius`.
        alternative: As for `radius`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    alpha = checks.alpha(alpha)
    optimal = checks.positive("optimal_time", optimal_time)
    if alternative is Alternative.TWO_SIDED:
        return np.asarray(optimal / (-special.lambertw(-(alpha**2) / math.e, -1).real - 1))
    return np.asarray(optimal / _one_sided_optimal_ratio(alpha))


def log_e_value(deviation: ArrayLike, time: ArrayLike, *, precision: ArrayLike, alternative: Alternative) -> Floats:
    """Returns the logarithm of the e-value E; NaN gives NaN.

    Args:
        deviation: The sum S, less its mean under the null.
        time: As for `radius`.
        precision: As for `radius`.
        alternative: GREATER is against sums above 0, LESS against those below.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    passed, rho = _checked(time, precision)
    score = np.asarray(deviation, dtype=np.float64) / np.sqrt(passed + rho)
    log_evidence = score**2 / 2 - np.log1p(passed / rho) / 2
    if alternative is Alternative.TWO_SIDED:
        return np.asarray(log_evidence)
    signed = score if alternative is Alternative.GREATER else -score
    return np.asarray(log_evidence + math.log(2) + special.log_ndtr(signed))


def p_value(deviation: ArrayLike, time: ArrayLike, *, precision: ArrayLike, alternative: Alternative) -> Floats:
    """Returns min(1, 1 / E), the anytime-valid p-value: it is alpha or less exactly where the sum is at u(V) or beyond.

    Args:
        deviation: As for `log_e_value`.
        time: As for `radius`.
        precision: As for `radius`.
        alternative: As for `log_e_value`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    evidence = log_e_value(deviation, time, precision=precision, alternative=alternative)
    return np.asarray(np.exp(-np.maximum(evidence, 0.0)))


def _one_sided_score(log_evidence: Floats) -> Floats:
    """Returns z with z^2 / 2 + ln Phi(z) = log_evidence > 0; the left side is convex and rising, so Newton descends."""
    score = np.sqrt(2 * (log_evidence + math.log(2)))
    for _ in range(_NEWTON_STEPS):
        excess = score**2 / 2 + special.log_ndtr(score) - log_evidence
        score = score - excess / (score + _inverse_mills(score))
    return np.asarray(score)


def _one_sided_optimal_ratio(alpha: float) -> float:
    """Returns V / rho at the best precision: the boundary's z and the ratio z (z + phi / Phi) have to fit together."""

    def gap(score: float) -> float:
        ratio = score * (score + _inverse_mills(score))
        return float(score**2 + 2 * special.log_ndtr(score) + 2 * math.log(2 * alpha) - np.log1p(ratio))

    score = optimize.brentq(gap, 1e-12, 10 + 2 * math.sqrt(-2 * math.log(alpha)), xtol=1e-14, rtol=1e-14)
    return float(score * (score + _inverse_mills(score)))


def _inverse_mills(score: ArrayLike) -> Floats:
    """Returns phi(z) / Phi(z) for z of 0 or more."""
    z = np.asarray(score, dtype=np.float64)
    return np.asarray(np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) / special.ndtr(z))


def _checked(time: ArrayLike, precision: ArrayLike) -> tuple[Floats, Floats]:
    passed, rho = np.asarray(time, dtype=np.float64), checks.positive("precision", precision)
    if (passed < 0).any():
        raise invalid_field("time", f"{passed[passed < 0].flat[0]:g}, must be 0 or more")
    checks.same_shape(time=passed, precision=rho)
    return passed, rho
