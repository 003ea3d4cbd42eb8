"""What each event stream tells, and where it goes on after a client was away."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from experimentation.v1 import analysis_pb2, experiment_service_pb2
from services.gateway.rest import sse
from services.gateway.rest.reply import as_json
from shared.errors import invalid_field

_ENDED: Final = frozenset(
    {
        analysis_pb2.JOB_STATE_SUCCEEDED,
        analysis_pb2.JOB_STATE_FAILED,
        analysis_pb2.JOB_STATE_CANCELLED,
    }
)
# Clocks of replicas differ: rather twice than never.
_OVERLAP_MICROSECONDS: Final = 120_000_000
_ALL_STATES: Final = tuple(number for number in experiment_service_pb2.ChangeRequestState.values() if number)


class Teller(Protocol):
    """Turns the responses of one stream into events."""

    def resume(self, request: Any, last_event_id: str) -> None:
        """Makes the request one for what came after the event.

        Raises:
            InvalidArgument: INVALID_FIELD, it is no id of this stream.
        """

    def told(self, response: Any) -> Iterator[bytes]:
        """Yields the events; none for a heartbeat."""

    def end(self) -> bytes:
        """Returns the last event, once the service has ended the stream by itself."""


class JobTeller:
    """Tells of a job until it has ended."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def resume(self, request: Any, last_event_id: str) -> None:
        """Goes on after the version that the client has."""
        request.after_version = _number(last_event_id)

    def told(self, response: Any) -> Iterator[bytes]:
        """Yields an event for each version of the job."""
        if response.HasField("job"):
            job = response.job
            if job.state in _ENDED:
                self._last = {"job_id": job.job_id, "state": analysis_pb2.JobState.Name(job.state)}
            yield sse.event("job", as_json(job), event_id=str(job.version))

    def end(self) -> bytes:
        """Returns the final event: the job has ended, there is nothing to wait for."""
        return sse.event("end", self._last)


class ChangeRequestTeller:
    """Tells of change requests: first where they stand, then whenever one changes."""

    def __init__(self) -> None:
        self._newest = 0
        self._told_until = 0

    def resume(self, request: Any, last_event_id: str) -> None:
        """Passes over what has not changed since; what was closed meanwhile is told, too."""
        self._newest = _number(last_event_id)
        self._told_until = self._newest - _OVERLAP_MICROSECONDS
        if not request.change_request_id and not request.filter.states:
            request.filter.states.extend(_ALL_STATES)

    def told(self, response: Any) -> Iterator[bytes]:
        """Yields an event for each request, in the order of their changes."""
        for each in sorted(response.change_requests, key=_changed_at):
            changed_at = _changed_at(each)
            if changed_at > self._told_until:
                self._newest = max(self._newest, changed_at)
                yield sse.event("change_request", as_json(each), event_id=str(self._newest))

    def end(self) -> bytes:
        """Returns the final event."""
        return sse.event("end", {})


TELLERS: Final[Mapping[str, Callable[[], Teller]]] = {"job": JobTeller, "change_request": ChangeRequestTeller}
"""Makes a teller by the name of its events."""


def _changed_at(request: experiment_service_pb2.ChangeRequest) -> int:
    return request.updated_at.ToMicroseconds()


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise invalid_field("Last-Event-ID", "is no id of this stream")
    return int(text)
