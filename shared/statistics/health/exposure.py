"""Exposure: units that saw more than one arm, and outcomes of units that saw none.

A share over its limit is an alarm only where chance does not explain it: P(X >= found) < alpha, with X binomial of what
is no defect (units that changes of the weights moved; a loss of one in a hundred outcomes).
"""

from typing import Final

from scipy import special

from shared.errors import invalid_field
from shared.statistics.health.alarm import ALPHA
from shared.statistics.health.finding import Check, Finding, Status, not_estimable
from shared.statistics.result import checks
from shared.statistics.result.obstacles import Obstacle

MULTIPLE_EXPOSURE_WARNING: Final = 0.001
"""Our own: a hash places a unit once, so that even one in a thousand tells of identities that change."""

MULTIPLE_EXPOSURE_LIMIT: Final = 0.01
"""GrowthBook's default (its constant DEFAULT_MULTIPLE_EXPOSURES_THRESHOLD); Eppo warns only above 0.10."""

ENOUGH_UNITS: Final = 10
"""Units in several arms below which the check is silent (GrowthBook's ..._ENOUGH_DATA_THRESHOLD)."""

UNEXPOSED_WARNING: Final = 0.01
"""Our own: some outcomes always come from units whose exposure was lost or came before the start."""

UNEXPOSED_LIMIT: Final = 0.10
"""Our own: with a tenth of the outcomes left out, an arm that loses exposures moves results as much as most lifts."""

_MULTIPLE_SOURCE: Final = "GrowthBook's and Eppo's documented thresholds; the warning is ours"
_UNEXPOSED_SOURCE: Final = "thresholds are ours"


def multiple_exposure(unit_count: int, multiple_count: int, *, expected_share: float = 0.0) -> Finding:
    """Returns whether too many units saw more than one arm.

    Args:
        unit_count: Units that saw an arm.
        multiple_count: Those among them that saw several.
        expected_share: Share that changes of the weights had to move, in [0, 1): only what is above it counts.

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, more such units than units, or a share out of range.
    """
    share = _share("multiple_count", multiple_count, unit_count)
    expected = float(checks.shares("expected_share", expected_share))
    numbers = {"unit_count": float(unit_count), "multiple_count": float(multiple_count), "expected_share": expected}
    if unit_count == 0:
        return not_estimable(Check.MULTIPLE_EXPOSURE, Obstacle.NO_UNITS, numbers, _MULTIPLE_SOURCE)
    status = _status(
        multiple_count - expected * unit_count, unit_count, MULTIPLE_EXPOSURE_WARNING, MULTIPLE_EXPOSURE_LIMIT
    )
    silent = multiple_count < ENOUGH_UNITS or _by_chance(multiple_count, unit_count, expected)
    message = f"{multiple_count} of {unit_count} units ({share:.2%}) saw more than one arm, {expected:.2%} had to"
    return Finding(
        Check.MULTIPLE_EXPOSURE,
        Status.PASS if silent else status,
        f"{message}; limit {MULTIPLE_EXPOSURE_LIMIT:.0%} above that",
        numbers | {"share": share, "warning": MULTIPLE_EXPOSURE_WARNING, "limit": MULTIPLE_EXPOSURE_LIMIT},
        _MULTIPLE_SOURCE,
    )


def outcome_without_exposure(outcome_unit_count: int, unexposed_count: int) -> Finding:
    """Returns whether too many of the units with outcomes never saw an arm.

    Args:
        outcome_unit_count: Units with an outcome.
        unexposed_count: Those among them without an exposure.

    Raises:
        InvalidArgument: INVALID_FIELD: not whole numbers, or more such units than units.
    """
    share = _share("unexposed_count", unexposed_count, outcome_unit_count)
    numbers = {"outcome_unit_count": float(outcome_unit_count), "unexposed_count": float(unexposed_count)}
    if outcome_unit_count == 0:
        return not_estimable(Check.OUTCOME_WITHOUT_EXPOSURE, Obstacle.NO_UNITS, numbers, _UNEXPOSED_SOURCE)
    status = _status(unexposed_count, outcome_unit_count, UNEXPOSED_WARNING, UNEXPOSED_LIMIT)
    uncertain = _by_chance(unexposed_count, outcome_unit_count, UNEXPOSED_WARNING)
    return Finding(
        Check.OUTCOME_WITHOUT_EXPOSURE,
        Status.WARN if status is Status.FAIL and uncertain else status,
        f"{unexposed_count} of {outcome_unit_count} units with outcomes ({share:.2%}) have no exposure; "
        f"limit {UNEXPOSED_LIMIT:.0%}",
        numbers | {"share": share, "warning": UNEXPOSED_WARNING, "limit": UNEXPOSED_LIMIT},
        _UNEXPOSED_SOURCE,
    )


def _share(name: str, part: int, whole: int) -> float:
    counted, total = float(checks.counts(name, part)), float(checks.counts("unit_count", whole))
    if counted > total:
        raise invalid_field(name, f"{part}, more than the {whole} units")
    return counted / total if total else 0.0


def _status(part: float, whole: int, warning: float, limit: float) -> Status:
    if part >= limit * whole:
        return Status.FAIL
    return Status.WARN if part > warning * whole else Status.PASS


def _by_chance(part: int, whole: int, share: float) -> bool:
    """Returns whether so many or more are no rarity, each being one with this probability."""
    return bool(special.bdtrc(part - 1, whole, share) >= ALPHA)
