"""Whether one arm's mean exceeds another's, at any time, from rows whose propensities differ by context.

With importance weights v = 1{treatment} / e and w = 1{control} / e of a row, and values Z in [0, 1], the scores

    G = m + v (Z - m)                        H = n + w (Z - n)

have the arms' means as expectations, given all earlier rows, whatever contexts and propensities do, as long as m and n
follow from earlier rows. Under the hypothesis E Z(treatment) <= shift + factor E Z(control) the excess

    S = G - shift - factor H                 S >= b = m - shift - factor n - max(m / l, factor (1 - n) / k)

has a mean of 0 or less, where l and k are the least propensities that the arms can have. Hence the wealth of whoever
bets a share x of it on each row, product of (1 + x S) with 0 <= x < 1 / -b, is a non-negative supermartingale: it ever
reaches 1 / alpha with probability alpha at most (Ville 1939). So does the average wealth of several bettors. Nothing is
asymptotic, no row is too early, and contexts may drift. (Waudby-Smith and Ramdas 2024, "Estimating means of bounded
random variables by betting"; Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022, "Anytime-valid off-policy
inference for contextual bandits", for importance weights.)

Two kinds of bettors share the capital. Careful ones take m = 0 and n = 1: b = -shift - factor whatever propensities
may be, but Z is not centred. Where contexts give an arm no chance at all, their scores are too low, which errs on the
safe side. Others take the means so far, which leaves less noise where an arm is rare, and must bet the less the smaller
a propensity can be; where that is 0 they bet nothing. Each kind bets several shares of the most that is safe.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import invalid_field
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]

_SHARES: Final = 0.9 * 3.0 ** -np.arange(6)
"""Of the largest safe bet: from one that notices gross harm at once to one for harm that takes thousands of rows."""

TREATMENT: Final = 1
CONTROL: Final = 0
OTHER: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class LoggedRows:
    """Holds n rows in the order in which their arms were drawn.

    Attributes:
        arms: TREATMENT, CONTROL or OTHER, shape (n,).
        values: In [0, 1], shape (n,).
        propensities: Of the arm that the row got, in (0, 1], shape (n,).
        least_treatment: What the treatment's propensity cannot be below, whatever the context, in [0, 1], shape (n,);
            known before the row.
        least_control: Likewise of the control.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """

    arms: NDArray[np.integer]
    values: Floats
    propensities: Floats
    least_treatment: Floats
    least_control: Floats

    def __post_init__(self) -> None:
        checks.shares("values", self.values)
        for name in ("propensities", "least_treatment", "least_control"):
            column = checks.shares(name, getattr(self, name))
            if column.shape != self.values.shape or self.arms.shape != self.values.shape:
                raise invalid_field(name, f"shape {column.shape}, must be that of {self.values.size} values and arms")
        of_pair = self.arms != OTHER
        least = np.where(self.arms == TREATMENT, self.least_treatment, self.least_control)
        if bool((of_pair & (self.propensities <= 0)).any()):
            raise invalid_field("propensities", "must be above 0: the row got its arm")
        if bool((of_pair & (self.propensities < least)).any()):
            raise invalid_field("propensities", "must not be below what they cannot be below")


def log_evidence(rows: LoggedRows, *, shift: float = 0.0, factor: float = 1.0) -> Floats:
    """Returns the log of the e-process against mean(treatment) <= shift + factor mean(control), shape (n,).

    It is known after each row; the hypothesis is refuted, at any time, where it is log(1 / alpha) or more.

    Args:
        rows: The rows.
        shift: 0 or more.
        factor: 0 or more; one of the two is above 0.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    if not (shift >= 0 and factor >= 0 and shift + factor > 0):
        raise invalid_field("shift", f"{shift:g} and factor {factor:g} must be 0 or more, and not both 0")
    size = rows.values.size
    careful = _log_wealth(rows, np.zeros(size), np.ones(size), shift, factor)
    centred = _log_wealth(rows, _means_before(rows, TREATMENT), _means_before(rows, CONTROL), shift, factor)
    bettors = np.concatenate([careful, centred])
    return np.asarray(np.logaddexp.reduce(bettors, axis=0) - np.log(len(bettors)))


def _means_before(rows: LoggedRows, arm: int) -> Floats:
    """Returns the arm's weighted mean of the rows before each, with half a value of 1 and half a value of 0 added."""
    weight = np.where(rows.arms == arm, 1 / np.where(rows.arms == arm, rows.propensities, 1.0), 0.0)
    return np.asarray((_before(weight * rows.values) + 0.5) / (_before(weight) + 1))


def _before(terms: Floats) -> Floats:
    """Returns the sums of all terms before each."""
    return np.concatenate([np.zeros(min(terms.size, 1)), np.cumsum(terms[:-1])])


def _log_wealth(rows: LoggedRows, treatment: Floats, control: Floats, shift: float, factor: float) -> Floats:
    """Returns the log wealth of those who bet each share of what is safe, shape (shares, n)."""
    inverse = 1 / np.where(rows.arms == OTHER, 1.0, rows.propensities)
    score = treatment + np.where(rows.arms == TREATMENT, (rows.values - treatment) * inverse, 0.0)
    beside = control + np.where(rows.arms == CONTROL, (rows.values - control) * inverse, 0.0)
    excess = score - shift - factor * beside
    fall = np.maximum(_over(treatment, rows.least_treatment), _over(factor * (1 - control), rows.least_control))
    safe = 1 / (shift + factor * control - treatment + fall)
    return np.asarray(np.log1p(_SHARES[:, None] * (safe * excess)).cumsum(axis=1))


def _over(part: Floats, whole: Floats) -> Floats:
    """Returns part / whole, infinite where the whole is 0 and the part is not."""
    of_nothing = np.where(part > 0, np.inf, 0.0)
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), of_nothing))
