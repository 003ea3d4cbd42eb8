"""What is recorded: rows, and the requests that carry them."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation_client.errors import InvalidFieldError


class RowKind(StrEnum):
    """Says what a row is."""

    EXPOSURE = "EXPOSURE"
    OUTCOME = "OUTCOME"


class ExposureRow(NamedTuple):
    """Says that a unit saw its arm.

    Attributes:
        exposed_at: Seconds since 1970.
    """

    experiment_id: str
    unit_id: str
    policy_version: int
    allocation_id: str
    exposed_at: float


class OutcomeRow(NamedTuple):
    """Is a metric value of a unit.

    Attributes:
        occurred_at: Seconds since 1970.
    """

    event_id: str
    experiment_id: str
    unit_id: str
    metric_id: str
    value: float
    allocation_id: str
    occurred_at: float


class RejectedRow(NamedTuple):
    """Is a row that the server will not take, and why.

    Attributes:
        row: What was recorded.
        reason: The server's ErrorReason without its prefix.
        message: What was wrong, for people.
        field: The field at fault, where there is one.
    """

    kind: RowKind
    row: ExposureRow | OutcomeRow
    reason: str
    message: str
    field: str


def exposure_request(rows: Iterable[ExposureRow]) -> pb.RecordExposureRequest:
    """Returns the request that records exposures."""
    return pb.RecordExposureRequest(
        exposures=[
            pb.Exposure(
                experiment_id=row.experiment_id,
                unit_id=row.unit_id,
                policy_version=row.policy_version,
                allocation_id=row.allocation_id,
                exposed_at=_timestamp(row.exposed_at),
            )
            for row in rows
        ]
    )


def outcome_request(rows: Iterable[OutcomeRow]) -> pb.RecordOutcomesRequest:
    """Returns the request that records outcomes."""
    return pb.RecordOutcomesRequest(
        outcomes=[
            pb.Outcome(
                event_id=row.event_id,
                experiment_id=row.experiment_id,
                unit_id=row.unit_id,
                metric_id=row.metric_id,
                value=row.value,
                allocation_id=row.allocation_id,
                occurred_at=_timestamp(row.occurred_at),
            )
            for row in rows
        ]
    )


def seconds(field: str, instant: datetime) -> float:
    """Returns an instant as seconds since 1970.

    Raises:
        InvalidFieldError: It has no time zone.
    """
    if instant.tzinfo is None:
        raise InvalidFieldError(field, "must have a time zone")
    return instant.timestamp()


def _timestamp(at: float) -> Timestamp:
    microseconds = round(at * 1_000_000)
    return Timestamp(seconds=microseconds // 1_000_000, nanos=microseconds % 1_000_000 * 1000)
