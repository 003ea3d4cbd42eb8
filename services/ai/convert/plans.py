"""How data are to be judged, to and from protobuf."""

from collections.abc import Callable
from typing import TypeVar

from experimentation.v1 import analysis_pb2 as pb
from services.ai.convert import enums
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.looking import LookingPolicy
from shared.errors import FieldViolation, InvalidArgument, invalid_field, invalid_fields
from shared.statistics.health.minimum_data import FEWEST_DAYS

_Made = TypeVar("_Made")


def looking_from_proto(number: pb.LookingPolicy.ValueType) -> LookingPolicy | None:
    """Returns when one may look; None: the request does not say."""
    return enums.member(LookingPolicy, pb.LookingPolicy, "LOOKING_POLICY", number)


def looking_to_proto(looking: LookingPolicy) -> pb.LookingPolicy.ValueType:
    """Returns when one may look, as a number."""
    found: pb.LookingPolicy.ValueType = enums.number(pb.LookingPolicy, "LOOKING_POLICY", looking)
    return found


def from_proto(message: pb.AnalysisPlan) -> AnalysisPlan:
    """Returns the message, the `plan` of a request, as a plan.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    if message.HasField("relative_mde") and not message.units_per_arm:
        raise invalid_field("plan.relative_mde", "says what a sample was planned for: give plan.units_per_arm, too")
    return _under("plan", lambda: _plan(message))


def to_proto(plan: AnalysisPlan) -> pb.AnalysisPlan:
    """Returns the plan as a message."""
    return pb.AnalysisPlan(
        alpha=plan.alpha,
        units_per_arm=plan.sample.units_per_arm if plan.sample else 0,
        relative_mde=plan.sample.relative_mde if plan.sample else None,
        looking_policy=looking_to_proto(plan.looking),
        minimum_day_count=plan.minimum_day_count,
        maximum_day_count=plan.maximum_day_count or 0,
    )


def _plan(message: pb.AnalysisPlan) -> AnalysisPlan:
    mde = message.relative_mde if message.HasField("relative_mde") else None
    sample = PlannedSample(message.units_per_arm, mde) if message.units_per_arm else None
    usual = LookingPolicy.AT_END if sample else LookingPolicy.ANY_TIME
    return AnalysisPlan(
        message.alpha or 0.05,
        sample,
        looking_from_proto(message.looking_policy) or usual,
        message.minimum_day_count or FEWEST_DAYS,
        message.maximum_day_count or None,
    )


def _under(root: str, make: Callable[[], _Made]) -> _Made:
    """Returns what is made; the fields at fault are named from the request's root."""
    try:
        return make()
    except InvalidArgument as error:
        named = [FieldViolation(f"{root}.{each.field}", each.description) for each in error.violations]
        raise invalid_fields(named) from error
