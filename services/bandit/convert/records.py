"""What is recorded to and from protobuf."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit.domain.events import Durability, Exposure, Outcome, Receipt

_DURABILITIES = {place: pb.Durability.Value(f"DURABILITY_{place}") for place in Durability}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Beyond what any clock says, so that the row is refused for its time and not the whole request for its form.
_IMPOSSIBLE_INSTANT = datetime.max.replace(tzinfo=UTC)


def _instant(message: Timestamp) -> datetime:
    seconds, nanos = message.seconds, message.nanos
    try:
        # A fifth of the time that ToDatetime takes, and there is one for every row.
        return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        return _IMPOSSIBLE_INSTANT


def exposure_from_proto(message: pb.Exposure) -> Exposure:
    """Returns a row; a time that no clock shows becomes one that is refused."""
    return Exposure(
        message.token,
        message.experiment_id,
        message.unit_id,
        message.policy_version,
        message.allocation_id,
        _instant(message.exposed_at) if message.HasField("exposed_at") else None,
    )


def outcome_from_proto(message: pb.Outcome) -> Outcome:
    """Returns a row; a time that no clock shows becomes one that is refused."""
    return Outcome(
        message.event_id,
        message.metric_id,
        message.value,
        message.token,
        message.experiment_id,
        message.unit_id,
        _instant(message.occurred_at) if message.HasField("occurred_at") else None,
        message.allocation_id,
    )


def rejections_to_proto(receipt: Receipt) -> list[pb.RowRejection]:
    """Returns the rows that were not taken."""
    return [
        pb.RowRejection(index=row.position, reason=row.reason, message=row.message, field=row.field)
        for row in receipt.rejections
    ]


def durability_to_proto(durability: Durability) -> pb.Durability.ValueType:
    """Returns where accepted rows are."""
    return _DURABILITIES[durability]
