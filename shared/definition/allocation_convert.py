"""Allocation policies to and from protobuf; an algorithm's fields have one name on both sides, 0 is the default."""

from dataclasses import asdict
from datetime import UTC, timedelta
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import common_pb2 as pb
from shared.definition import model

_Part = TypeVar("_Part", bound=Message)


def policy_to_proto(policy: model.AllocationPolicy) -> pb.AllocationPolicy:
    """Returns the allocation policy as a message."""
    message = pb.AllocationPolicy(
        controls=_controls_to_proto(policy.controls),
        reward=[pb.RewardTerm(metric_id=term.metric_id, weight=term.weight) for term in policy.reward],
    )
    chosen = getattr(message, model.algorithm_name(policy.algorithm))
    chosen.SetInParent()
    if isinstance(policy.algorithm, model.FixedSplit):
        chosen.weights.extend(pb.ArmWeight(arm_id=one.arm_id, weight=one.weight) for one in policy.algorithm.weights)
    else:
        for name, value in asdict(policy.algorithm).items():
            setattr(chosen, name, value)
    return message


def policy_from_proto(message: pb.AllocationPolicy) -> model.AllocationPolicy:
    """Returns the message as an allocation policy, its defaults filled in."""
    return model.AllocationPolicy(
        _algorithm_from_proto(message),
        _controls_from_proto(message.controls),
        tuple(model.RewardTerm(term.metric_id, term.weight) for term in message.reward),
    )


def _algorithm_from_proto(message: pb.AllocationPolicy) -> model.Algorithm:
    name = message.WhichOneof("algorithm") or "fixed_split"
    chosen, kind = getattr(message, name), model.ALGORITHMS[name]
    if kind is model.FixedSplit:
        return model.FixedSplit(tuple(model.ArmWeight(one.arm_id, one.weight) for one in chosen.weights))
    return kind(**_given(chosen))


def _controls_to_proto(controls: model.AllocationControls) -> pb.AllocationControls:
    return pb.AllocationControls(
        exploration_floor=controls.exploration_floor,
        min_control_share=controls.min_control_share,
        burn_in_unit_count=controls.burn_in_unit_count,
        update_interval=_duration(controls.update_interval),
        min_weight_change=controls.min_weight_change,
        half_life=_duration(controls.half_life) if controls.half_life is not None else None,
        window=_duration(controls.window) if controls.window is not None else None,
        mature_only=controls.mature_only,
        guardrail_pause=_part_to_proto(controls.guardrail_pause, pb.GuardrailPause),
        stop_rule=_part_to_proto(controls.stop_rule, pb.StopRule),
        shadow=controls.shadow,
        warm_start=_part_to_proto(controls.warm_start, pb.WarmStart),
        budget=_budget_to_proto(controls.budget),
    )


def _controls_from_proto(message: pb.AllocationControls) -> model.AllocationControls:
    default = model.AllocationControls()
    return model.AllocationControls(
        message.exploration_floor if message.HasField("exploration_floor") else default.exploration_floor,
        message.min_control_share,
        message.burn_in_unit_count if message.HasField("burn_in_unit_count") else default.burn_in_unit_count,
        message.update_interval.ToTimedelta() if message.HasField("update_interval") else default.update_interval,
        message.min_weight_change if message.HasField("min_weight_change") else default.min_weight_change,
        message.half_life.ToTimedelta() if message.HasField("half_life") else None,
        message.window.ToTimedelta() if message.HasField("window") else None,
        message.mature_only,
        model.GuardrailPause(**_given(message.guardrail_pause)) if message.HasField("guardrail_pause") else None,
        model.StopRule(**_given(message.stop_rule)) if message.HasField("stop_rule") else None,
        message.shadow,
        model.WarmStart(**_given(message.warm_start)) if message.HasField("warm_start") else None,
        _budget_from_proto(message.budget) if message.HasField("budget") else None,
    )


def _budget_to_proto(budget: model.Budget | None) -> pb.Budget | None:
    if budget is None:
        return None
    ends_at = Timestamp()
    ends_at.FromDatetime(budget.ends_at)
    return pb.Budget(amount=budget.amount, ends_at=ends_at)


def _budget_from_proto(message: pb.Budget) -> model.Budget:
    return model.Budget(message.amount, message.ends_at.ToDatetime(tzinfo=UTC))


def _part_to_proto(part: model.ControlPart | None, kind: type[_Part]) -> _Part | None:
    return None if part is None else kind(**asdict(part))


def _given(message: Message) -> dict[str, Any]:
    """Returns the fields that were given: 0 and the empty string are not, unless the field tells them apart."""
    return {field.name: value for field, value in message.ListFields()}


def _duration(span: timedelta) -> Duration:
    message = Duration()
    message.FromTimedelta(span)
    return message
