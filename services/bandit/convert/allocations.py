"""Questions and answers about arms to and from protobuf."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.bandit.service.answers import Allocation, BatchAllocation
from services.bandit.service.batch import BATCH_REASONS
from services.bandit.service.batch_contexts import each_read
from services.bandit.service.columns import ColumnAllocation
from services.bandit.service.packed_units import PackedHashes, PackedIds
from shared.errors import invalid_field
from shared.policy.encoding import Context, ContextValue

_BATCH_REASONS = [pb.AllocationReason.Value(f"ALLOCATION_REASON_{reason}") for reason in BATCH_REASONS]
_REASON_BYTES = bytes.maketrans(bytes(range(len(_BATCH_REASONS))), bytes(_BATCH_REASONS))


def _freshness(stale_seconds: float | None) -> tuple[pb.Freshness.ValueType, Duration | None]:
    if stale_seconds is None:
        return pb.FRESHNESS_FRESH, None
    age = Duration()
    age.FromTimedelta(timedelta(seconds=stale_seconds))
    return pb.FRESHNESS_STALE, age


def allocate_response(allocation: Allocation) -> pb.AllocateResponse:
    """Returns an allocation as the answer to Allocate; about a microsecond."""
    experiment_id, arm_id, propensity, version, reason, stale_seconds, token, allocation_id, exposure_state = allocation
    template = _response_template(experiment_id, arm_id, propensity, version, reason, exposure_state)
    response = pb.AllocateResponse.FromString(template)
    message = response.allocation
    message.token = token
    if allocation_id:
        message.allocation_id = allocation_id
    if stale_seconds is not None:
        message.freshness = pb.FRESHNESS_STALE
        message.snapshot_age.FromTimedelta(timedelta(seconds=stale_seconds))
    return response


@lru_cache(maxsize=4096)
def _response_template(  # noqa: PLR0917 - the cache is quickest by position
    experiment_id: str, arm_id: str, propensity: float, version: int, reason: str, exposure_state: str, /
) -> bytes:
    """Returns what many answers have in common: to parse it takes a third of the time of setting field by field."""
    message = pb.Allocation(
        experiment_id=experiment_id,
        arm_id=arm_id,
        propensity=propensity,
        policy_version=version,
        reason=pb.AllocationReason.Value(f"ALLOCATION_REASON_{reason}"),
        freshness=pb.FRESHNESS_FRESH,
        exposure_state=pb.ExposureState.Value(f"EXPOSURE_STATE_{exposure_state}"),
    )
    return pb.AllocateResponse(allocation=message).SerializeToString()


def batch_to_proto(batch: BatchAllocation) -> pb.BatchAllocateResponse:
    """Returns the answer for many units as a message."""
    freshness, age = _freshness(batch.stale_seconds)
    return pb.BatchAllocateResponse(
        arm_ids=batch.arm_ids,
        arm_indexes=batch.arm_indexes.tolist(),
        propensities=batch.propensities.tolist(),
        reasons=[_BATCH_REASONS[reason] for reason in batch.reasons.tolist()],
        policy_version=batch.policy_version,
        freshness=freshness,
        snapshot_age=age,
        tokens=batch.tokens,
        allocation_ids=batch.allocation_ids,
    )


def units_from_proto(message: pb.BatchAllocateColumnsRequest) -> PackedIds | PackedHashes | None:
    """Returns the units as they came; None where there are none."""
    match message.WhichOneof("units"):
        case "unit_ids":
            return PackedIds(message.unit_ids.data, message.unit_ids.offsets)
        case "unit_hashes":
            return PackedHashes(message.unit_hashes)
    return None


def columns_to_proto(allocation: ColumnAllocation) -> pb.BatchAllocateColumnsResponse:
    """Returns the answer for very many units as a message."""
    freshness, age = _freshness(allocation.stale_seconds)
    return pb.BatchAllocateColumnsResponse(
        arms=[
            pb.PolicyArm(arm_id=arm.arm_id, weight=arm.weight, control=arm.control, analysis_weight=arm.analysis_weight)
            for arm in allocation.arms
        ],
        arm_indexes=allocation.arm_indexes.tobytes(),
        reasons=allocation.reasons.tobytes().translate(_REASON_BYTES),
        policy_version=allocation.policy_version,
        freshness=freshness,
        snapshot_age=age,
    )


def contexts_from_proto(messages: Sequence[pb.UnitContext]) -> list[Context]:
    """Returns what is told of each unit of a batch.

    Raises:
        InvalidArgument: INVALID_FIELD, naming values that are not given.
    """
    return each_read(messages, lambda message: context_from_proto(message.context))


def context_from_proto(messages: Mapping[str, common_pb2.FeatureValue]) -> Context:
    """Returns what is told of a unit, by feature.

    Raises:
        InvalidArgument: INVALID_FIELD: a value is not given.
    """
    context: dict[str, ContextValue] = {}
    for feature_id in messages:  # items() takes twice the time
        message = messages[feature_id]
        kind = message.WhichOneof("value")
        if kind is None:
            raise invalid_field(f"context[{feature_id!r}]", "has no value; leave the feature out where it is missing")
        context[feature_id] = getattr(message, kind)
    return context
