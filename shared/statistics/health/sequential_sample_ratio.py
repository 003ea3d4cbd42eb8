"""Sample-ratio mismatch at any time: looked at after every batch, the false-alarm rate stays below alpha for ever.

Under the null hypothesis unit i goes to arm k with a probability w_i(k) that was known before, whatever it depended on.

Constant weights, shares w, concentration c, n_k units so far (Lindon and Malek 2022, eq. 3): the alternative is that
the true shares were drawn from a Dirichlet distribution around w,

    E = B(c w + n) / B(c w) * prod_k w_k^-n_k                          B: multivariate beta function

Changing weights: the alternative is that one arm k gains or loses units in every batch, by a factor exp(d) on its odds:

    L_kd = prod_i exp(d [A_i = k]) / (1 + w_i(k) (exp(d) - 1))
    E    = average of L_kd over the arms k and over d in +-(0.001 ... 2)

Proof that it is valid: given the past, w = w_i(k) is known, and a factor of L_kd has mean (w exp(d) + 1 - w) / (1 + w
(exp(d) - 1)) = 1. So L_kd is a martingale that starts at 1, however the weights follow the data, and so is an average
of such with fixed shares: the grid approximates no integral, it *is* the alternative. By Ville's inequality
P(E >= 1 / alpha at any time) <= alpha, and p = min over the past of 1 / E is valid at any time.
Units within a batch share their weights, so that counts are all that is needed, and the size of batches has no effect.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.errors import invalid_field
from shared.statistics.health.alarm import ALPHA, status_of, threshold_of
from shared.statistics.health.finding import Check, Finding, not_estimable
from shared.statistics.result import checks
from shared.statistics.result.method import Method, Validity
from shared.statistics.result.obstacles import Obstacle

Floats = NDArray[np.float64]

CONCENTRATION: Final = 1e4
"""The default of Lindon and Malek's own package; it expects shares that are off by about half a percentage point."""

_STEPS: Final = np.geomspace(0.001, 2.0, 40)
"""Logarithms of the factors on the odds: from what 10 million units show to a loss of 6 units in 7. A step up is by a
fifth, so that between two of them little evidence is lost."""

CONSTANT_WEIGHTS: Final = Method(
    "Sequential multinomial test of the sample ratio",
    Validity.ANY_TIME,
    ("each unit counts once, in the arm of its first exposure", "units were placed independently with these weights"),
    "Lindon and Malek 2022, eq. 3",
)

CHANGING_WEIGHTS: Final = Method(
    "Sequential test of the sample ratio under changing weights",
    Validity.ADAPTIVE_ANY_TIME,
    (
        "each unit counts once, in the arm and policy version of its first exposure",
        "the weights of a batch were fixed before its units came",
    ),
    "Ville 1939; Lindon and Malek 2022 for the factor on the odds",
)


@dataclass(frozen=True, slots=True)
class SequentialSampleRatio:
    """Holds tests after each of T batches, for any shape S of experiments; every array has shape S + (T,).

    Attributes:
        unit_count: Units up to and with the batch.
        log_e_value: Logarithm of the evidence so far; +inf once a unit was in an arm of weight 0.
        log_p_value: Logarithm of the p-value so far, which never rises again.
    """

    method: Method
    unit_count: Floats
    log_e_value: Floats
    log_p_value: Floats

    @property
    def p_value(self) -> Floats:
        """Returns the p-values."""
        return np.exp(self.log_p_value)

    def finding(self, *index: int, alpha: float = ALPHA, family_size: int = 1) -> Finding:
        """Returns what is known after the last batch; `family_size` tests share alpha, such as those of segments.

        Raises:
            InvalidArgument: INVALID_FIELD: there is no such index.
        """
        checks.index(index, self.unit_count.shape[:-1])
        log_e, log_p = float(self.log_e_value[index][-1]), float(self.log_p_value[index][-1])
        units = float(self.unit_count[index][-1])
        threshold = threshold_of(alpha, family_size)
        numbers = {"unit_count": units, "p_value": float(np.exp(log_p)), "threshold": threshold}
        numbers |= {name: x for name, x in (("log_e_value", log_e), ("log_p_value", log_p)) if np.isfinite(x)}
        if units == 0:
            return not_estimable(Check.SEQUENTIAL_SAMPLE_RATIO, Obstacle.NO_UNITS, numbers, self.method.source)
        status = status_of(log_p, alpha, family_size)
        message = (
            f"p {numbers['p_value']:.3g} at any time after {units:.0f} units, threshold {numbers['threshold']:.2g}"
        )
        return Finding(Check.SEQUENTIAL_SAMPLE_RATIO, status, message, numbers, self.method.source)


def sequential_sample_ratio(
    counts: ArrayLike, weights: ArrayLike, *, concentration: float = CONCENTRATION
) -> SequentialSampleRatio:
    """Returns tests against weights that never changed.

    Args:
        counts: New units of each batch by arm, shape S + (T, K).
        weights: 0 or more, of any common scale; shape S + (K,) or what broadcasts to it.
        concentration: How near to the weights the alternative is; units worth of prior.

    Raises:
        InvalidArgument: INVALID_FIELD: a count is not whole, no weight above 0, or shapes do not fit.
    """
    checks.positive("concentration", concentration)
    new, shares = _with_shares(counts, checks.not_negative("weights", weights)[..., None, :])
    seen, prior = np.cumsum(new, axis=-2), concentration * shares
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = special.gammaln(prior + seen) - special.gammaln(prior) - seen * np.log(shares)
    total = seen.sum(axis=-1)
    log_e = np.where(shares > 0, gain, 0.0).sum(axis=-1) + special.gammaln(concentration)
    return _result(CONSTANT_WEIGHTS, new, shares, log_e - special.gammaln(concentration + total))


def changing_sequential_sample_ratio(counts: ArrayLike, weights: ArrayLike) -> SequentialSampleRatio:
    """Returns tests against weights that may change from batch to batch, also in answer to the data.

    Args:
        counts: New units of each batch by arm, shape S + (T, K).
        weights: Of each batch, 0 or more, of any common scale; same shape.

    Raises:
        InvalidArgument: INVALID_FIELD: a count is not whole, a batch has no weight above 0, or shapes do not fit.
    """
    new, shares = _with_shares(counts, weights)
    seen, units = np.cumsum(new, axis=-2), new.sum(axis=-1, keepdims=True)
    log_e = np.full(seen.shape[:-1], -np.inf)
    for step in (*-_STEPS, *_STEPS):
        expected = np.cumsum(units * np.log1p(shares * np.expm1(step)), axis=-2)
        log_e = np.logaddexp(log_e, np.logaddexp.reduce(step * seen - expected, axis=-1))
    return _result(CHANGING_WEIGHTS, new, shares, log_e - np.log(2 * len(_STEPS) * seen.shape[-1]))


def _with_shares(counts: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats]:
    new, weight = checks.counts("counts", counts), checks.not_negative("weights", weights)
    checks.same_shape(counts=new, weights=weight)
    if new.ndim < 2:
        raise invalid_field("counts", "must have axes of batches and arms")
    new, weight = np.broadcast_arrays(new, weight)
    total = weight.sum(axis=-1, keepdims=True)
    if (total <= 0).any():
        raise invalid_field("weights", "at least one arm must have one above 0")
    return new, weight / total


def _result(method: Method, new: Floats, shares: Floats, log_e: Floats) -> SequentialSampleRatio:
    """Returns the result; a unit where none can be is evidence without end."""
    misplaced = np.cumsum(np.where(shares > 0, 0.0, new).sum(axis=-1), axis=-1)
    log_e = np.where(misplaced > 0, np.inf, log_e)
    log_p = -np.maximum.accumulate(np.maximum(log_e, 0.0), axis=-1)
    return SequentialSampleRatio(method, np.cumsum(new.sum(axis=-1), axis=-1), log_e, log_p)
