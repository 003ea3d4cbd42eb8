"""Twyman's law: any figure that looks interesting is usually wrong. Is a lift too large to be believed at once?"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from shared.errors import invalid_field
from shared.statistics.health.finding import Check, Finding, Status, not_estimable
from shared.statistics.result import checks
from shared.statistics.result.report import Interval, NotEstimable

DETECTABLE_FACTOR: Final = 2.0
"""Kohavi, Deng and Vermeer 2022: a result of twice what the experiment was made for asks for a second look."""

HISTORY_QUANTILE: Final = 0.99

ENOUGH_HISTORY: Final = 100
"""Lifts below which their 99th percentile is merely the largest of them."""

PREDICTIVE_ALPHA: Final = 0.01

_SOURCE: Final = "Kohavi, Deng and Vermeer 2022 (Twyman's law); prior-predictive check, Box 1980"


def surprising_lift(
    lift: Interval | NotEstimable,
    *,
    detectable_lift: float | None = None,
    past_lifts: ArrayLike = (),
    typical_lift: float | None = None,
    confidence_level: float = 0.95,
) -> Finding:
    """Returns whether a lift is suspiciously large: WARN by any criterion that has its input.

    An interval with 0 inside is never surprising: there the estimate is large because it is imprecise.

    Args:
        lift: Estimate and interval.
        detectable_lift: The lift that the experiment was planned to detect, above 0.
        past_lifts: Estimated lifts of comparable experiments; from 100 on, their 99th percentile is a limit.
        typical_lift: Standard deviation of true lifts of comparable experiments, above 0: the lift is held against
            a normal distribution of this and its own error together.
        confidence_level: Of the interval.

    Raises:
        InvalidArgument: INVALID_FIELD: nothing to compare with, or a number out of range.
    """
    past = np.abs(checks.finite("past_lifts", past_lifts))
    if detectable_lift is None and typical_lift is None and past.size < ENOUGH_HISTORY:
        raise invalid_field("detectable_lift", f"needed, or a typical lift, or {ENOUGH_HISTORY} past lifts")
    if isinstance(lift, NotEstimable):
        return not_estimable(Check.SURPRISING_LIFT, lift.obstacle, {}, _SOURCE)
    numbers, size = {"lift": lift.estimate}, abs(float(lift.estimate))
    surprises = []
    if detectable_lift is not None:
        limit = DETECTABLE_FACTOR * float(checks.positive("detectable_lift", detectable_lift))
        numbers["detectable_limit"] = limit
        surprises += [f"it is above twice the detectable lift, {limit:.1%}"] * (size > limit)
    if past.size >= ENOUGH_HISTORY:
        limit = float(np.quantile(past, HISTORY_QUANTILE))
        numbers["past_limit"] = limit
        surprises += [f"99 % of {past.size} past lifts are below {limit:.1%}"] * (size > limit)
    if typical_lift is not None:
        numbers |= _predictive(lift, float(checks.positive("typical_lift", typical_lift)), confidence_level)
        p = numbers["predictive_p_value"]
        surprises += [f"lifts that far out have probability {p:.2g}"] * (p < PREDICTIVE_ALPHA)
    told_apart = lift.low > 0 or lift.high < 0
    status = Status.WARN if surprises and told_apart else Status.PASS
    because = "; ".join(surprises) if told_apart else "its interval holds 0"
    message = f"lift {lift.estimate:+.1%}: {because or 'within what was to be expected'}"
    return Finding(Check.SURPRISING_LIFT, status, message, numbers, _SOURCE)


def _predictive(lift: Interval, typical_lift: float, confidence_level: float) -> dict[str, float]:
    """Returns the prior-predictive p-value, and the lift shrunk towards 0 as the prior asks.

    The standard error is read off the interval's wider side, so that an uneven one counts as less precise; one
    without ends says nothing.
    """
    sides = [side for side in (lift.high - lift.estimate, lift.estimate - lift.low) if np.isfinite(side)]
    tail = checks.alpha(1 - confidence_level, name="confidence_level") / max(len(sides), 1)
    variance = (max(sides, default=np.inf) / special.ndtri(tail)) ** 2
    p = 2 * special.ndtr(-abs(lift.estimate) / np.sqrt(typical_lift**2 + variance))
    shrunk = lift.estimate * typical_lift**2 / (typical_lift**2 + variance)
    return {"typical_lift": typical_lift, "predictive_p_value": float(p), "shrunk_lift": float(shrunk)}
