"""Values of the contracts in words for people."""

from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb

NOTHING: Final = "-"
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def state_name(experiment: common_pb2.Experiment) -> str:
    """Returns an experiment's state."""
    return enum_name(common_pb2.ExperimentState.DESCRIPTOR, experiment.state)


def request_state_name(request: pb.ChangeRequest) -> str:
    """Returns a change request's state."""
    return enum_name(pb.ChangeRequestState.DESCRIPTOR, request.state)


def enum_name(kind: EnumDescriptor, number: int) -> str:
    """Returns an enum's value without the prefix that all its values have, in lower case; the server may be newer."""
    value = kind.values_by_number.get(number)
    if value is None:
        return str(number)
    return value.name.removeprefix(enum_prefix(kind)).replace("_", " ").lower()


def enum_prefix(kind: EnumDescriptor) -> str:
    """Returns what the names of all an enum's values begin with."""
    return kind.values[0].name.removesuffix("UNSPECIFIED")


def instant(timestamp: Timestamp) -> str:
    """Returns an instant in UTC, to the minute; a dash where it is not set."""
    if not (timestamp.seconds or timestamp.nanos):
        return NOTHING
    return f"{timestamp.ToDatetime():%Y-%m-%d %H:%M}"


def remaining(timestamp: Timestamp, now: datetime) -> str:
    """Returns how far an instant is from now, such as `in 3 d`."""
    distance = timestamp.ToDatetime(tzinfo=UTC) - now
    return f"in {span(distance)}" if distance >= timedelta(0) else f"{span(-distance)} ago"


def span(length: timedelta | Duration) -> str:
    """Returns a length of time in its largest whole unit, such as `7 d`."""
    seconds = length.ToTimedelta().total_seconds() if isinstance(length, Duration) else length.total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def plural(count: int, thing: str) -> str:
    """Returns a count with its thing, such as `1 arm` and `2 arms`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
