"""Following a job: by a stream that tells, breaks, or says nothing; and what is made of how it ended."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import analysis_service_pb2 as service_pb
from services.admin import jobs
from shared.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PlatformError,
    Reason,
    Unavailable,
)
from shared.rpc import status

QUEUED, RUNNING, SUCCEEDED = pb.JOB_STATE_QUEUED, pb.JOB_STATE_RUNNING, pb.JOB_STATE_SUCCEEDED
HEARTBEAT = service_pb.WatchJobResponse()


def job(version: int, state: "pb.JobState.ValueType" = RUNNING) -> pb.Job:
    return pb.Job(job_id="job_1", state=state, version=version)


def told(version: int, state: "pb.JobState.ValueType" = RUNNING) -> service_pb.WatchJobResponse:
    return service_pb.WatchJobResponse(job=job(version, state))


class Broken(grpc.RpcError):
    """Is how gRPC tells of an error."""

    def __init__(self, error: PlatformError) -> None:
        super().__init__()
        self._status = status.to_status(error)

    def code(self) -> Any:
        return self._status.code

    def details(self) -> Any:
        return self._status.details

    # The stubs have a wrong type here: they are pairs.
    def trailing_metadata(self) -> Any:
        return self._status.trailing_metadata


AWAY = Broken(Unavailable(Reason.DRAINING, "away"))
LATE = Broken(DeadlineExceeded(Reason.DEADLINE_EXCEEDED, "late"))


class Stream:
    """Is one call of the stream: messages, and perhaps how it breaks."""

    def __init__(self, *steps: service_pb.WatchJobResponse | Broken) -> None:
        self._steps = steps
        self.cancelled = False

    def __iter__(self) -> Iterator[service_pb.WatchJobResponse]:
        for step in self._steps:
            if isinstance(step, Broken):
                raise step
            yield step

    def cancel(self) -> None:
        self.cancelled = True


class Service:
    """Is an AI service that has these streams, one after the other, and the last one again and again."""

    def __init__(self, *streams: Stream) -> None:
        self._streams = streams
        self.asked: list[tuple[int, float | None]] = []

    def WatchJob(self, asked: service_pb.WatchJobRequest, timeout: float | None) -> Stream:
        self.asked.append((asked.after_version, timeout))
        return self._streams[min(len(self.asked), len(self._streams)) - 1]


def followed(
    service: Service, first: pb.Job, *, seconds: float = 60.0
) -> tuple[list[int], list[float], PlatformError | None]:
    """Returns the versions that are seen, how long was waited in between, and the error in the end."""
    pauses: list[float] = []
    seen: list[int] = []
    stub: Any = service
    try:
        states = jobs.followed(stub, first, timeout_seconds=seconds, now=lambda: sum(pauses), pause=pauses.append)
        seen.extend(each.version for each in states)
    except PlatformError as error:
        return seen, pauses, error
    return seen, pauses, None


def test_followed_when_it_changes_then_each_change_once_and_no_heartbeats() -> None:
    stream = Stream(told(1), HEARTBEAT, told(2), HEARTBEAT, told(2), told(3, SUCCEEDED))

    assert followed(Service(stream), job(1, QUEUED)) == ([1, 2, 3], [], None)
    assert stream.cancelled


def test_followed_when_it_has_ended_then_nobody_is_asked() -> None:
    service = Service()

    assert followed(service, job(4, SUCCEEDED)) == ([4], [], None)
    assert service.asked == []


def test_followed_when_the_stream_breaks_then_goes_on_after_what_was_seen() -> None:
    service = Service(Stream(told(2), AWAY), Stream(AWAY), Stream(told(2), told(3, SUCCEEDED)))

    seen, pauses, error = followed(service, job(1, QUEUED), seconds=60)

    assert (seen, error) == ([1, 2, 3], None)
    assert [version for version, _ in service.asked] == [1, 2, 2]
    assert [timeout for _, timeout in service.asked] == [60, 60 - pauses[0], 60 - sum(pauses)]


def test_followed_when_the_stream_ends_without_an_end_then_asks_again() -> None:
    service = Service(Stream(told(2)), Stream(), Stream(told(3, SUCCEEDED)))

    seen, pauses, error = followed(service, job(1))

    assert (seen, len(pauses), error) == ([1, 2, 3], 2, None)


def test_followed_when_the_service_stays_away_then_says_so_in_the_end() -> None:
    service = Service(Stream(AWAY))

    seen, _, error = followed(service, job(1))

    assert seen == [1]
    assert isinstance(error, Unavailable)
    assert 3 <= len(service.asked) <= 10


def test_followed_when_streams_break_but_show_life_then_goes_on() -> None:
    service = Service(*[Stream(HEARTBEAT, AWAY)] * 30, Stream(told(2, SUCCEEDED)))

    seen, _, error = followed(service, job(1))

    assert (seen, error) == ([1, 2], None)


@pytest.mark.parametrize("stream", [Stream(), Stream(HEARTBEAT, LATE)])
def test_followed_when_the_time_is_over_then_says_that_the_job_goes_on(stream: Stream) -> None:
    seen, pauses, error = followed(Service(stream), job(1), seconds=3)

    assert seen == [1]
    assert isinstance(error, DeadlineExceeded)
    assert error.message == "job_1 has not ended in 3 s; it goes on: `expctl job show job_1`"
    assert sum(pauses) == 3


def test_followed_when_refused_then_at_once() -> None:
    service = Service(Stream(Broken(NotFound(Reason.JOB_NOT_FOUND, "there is no job"))))

    _, pauses, error = followed(service, job(1))

    assert isinstance(error, NotFound)
    assert (error.reason, pauses) == (Reason.JOB_NOT_FOUND, [])


def test_checked_when_it_succeeded_then_the_job() -> None:
    done = job(3, SUCCEEDED)

    assert jobs.checked(done) is done


def test_checked_when_it_was_cancelled_then_says_so() -> None:
    with pytest.raises(FailedPrecondition, match="job_1 was cancelled") as caught:
        jobs.checked(job(3, pb.JOB_STATE_CANCELLED))
    assert caught.value.reason is Reason.INVALID_STATE


def test_checked_when_fields_were_wrong_then_they_are_named() -> None:
    failure = pb.JobFailure(reason="INVALID_FIELD", message="is no metric", fields=["metrics[0]", "traffic"])

    with pytest.raises(InvalidArgument, match="is no metric") as caught:
        jobs.checked(pb.Job(job_id="job_1", state=pb.JOB_STATE_FAILED, failure=failure))
    assert caught.value.reason is Reason.INVALID_FIELD
    assert [(each.field, each.description) for each in caught.value.violations] == [
        ("metrics[0]", "is no metric"),
        ("traffic", "is no metric"),
    ]


@pytest.mark.parametrize(
    ("told_reason", "reason"),
    [("NOT_ESTIMABLE", Reason.NOT_ESTIMABLE), ("OF_A_LATER_RELEASE", Reason.INTERNAL), ("__doc__", Reason.INTERNAL)],
)
def test_checked_when_it_failed_then_its_reason_and_message(told_reason: str, reason: Reason) -> None:
    failure = pb.JobFailure(reason=told_reason, message="no data")

    with pytest.raises(FailedPrecondition, match="job_1 failed: no data") as caught:
        jobs.checked(pb.Job(job_id="job_1", state=pb.JOB_STATE_FAILED, failure=failure))
    assert caught.value.reason is reason


def test_words_by_when_claims_were_dropped_then_counts_them() -> None:
    provenance = pb.Provenance(
        provider=pb.AI_PROVIDER_ANTHROPIC, model="m", grounding=pb.GROUNDING_REDUCED, dropped_claim_count=2
    )

    assert jobs.words_by(provenance) == (
        "Words by anthropic, m, grounding reduced, 2 claims dropped. Numbers and decisions are computed."
    )


def test_words_by_when_claims_are_told_in_the_engines_words_then_counts_them() -> None:
    provenance = pb.Provenance(
        provider=pb.AI_PROVIDER_ANTHROPIC, model="m", grounding=pb.GROUNDING_REWORDED, reworded_claim_count=1
    )

    assert jobs.words_by(provenance) == (
        "Words by anthropic, m, grounding reworded, 1 claim in the engine's words. Numbers and decisions are computed."
    )
