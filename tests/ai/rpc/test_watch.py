"""WatchJob: what comes first, each change, the end, heartbeats, and what breaks it off."""

import itertools
from collections.abc import Iterator

import grpc
import pytest
import sqlalchemy

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.service.jobs import JobService
from services.ai.servicer.jobs import HEARTBEAT_SECONDS, JobServicer
from shared import clock
from shared.bell import Bell
from shared.errors import Reason
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Caller
from shared.rpc import caller, status
from tests.ai.rpc import lab as labs
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import STOP_SECONDS, WAIT_SECONDS, Lab
from tests.ai.rpc.requests import NO_JOB, suggest
from tests.fakes import identity


def watched(job: analysis_pb2.Job, after: int = 0) -> pb.WatchJobRequest:
    return pb.WatchJobRequest(job_id=job.job_id, after_version=after)


@pytest.fixture
def told_lab(engine: sqlalchemy.Engine, database_url: str) -> Iterator[Lab]:
    """Jobs wait, and streams are woken by the store."""
    with labs.opened(engine, news_from=database_url) as opened:
        yield opened


def test_watch_when_it_begins_then_the_job_as_it_is_and_each_change_until_the_end(told_lab: Lab) -> None:
    job = told_lab["ann"].SuggestHypotheses(suggest()).job
    told = told_lab["vic"].WatchJob(watched(job), timeout=WAIT_SECONDS)

    assert next(told).job == job
    ended = told_lab["ann"].CancelJob(pb.CancelJobRequest(job_id=job.job_id)).job

    assert [each.job for each in told if each.HasField("job")] == [ended]


def test_watch_when_it_has_ended_then_it_is_told_once(shared_lab: Lab) -> None:
    job = shared_lab["ann"].SuggestHypotheses(suggest()).job
    ended = shared_lab["ann"].CancelJob(pb.CancelJobRequest(job_id=job.job_id)).job

    assert [each.job for each in shared_lab["vic"].WatchJob(watched(ended), timeout=WAIT_SECONDS)] == [ended]


def test_watch_when_the_caller_knows_it_then_only_what_is_later(shared_lab: Lab) -> None:
    job = shared_lab["ann"].SuggestHypotheses(suggest()).job
    ended = shared_lab["ann"].CancelJob(pb.CancelJobRequest(job_id=job.job_id)).job

    after_first = shared_lab["vic"].WatchJob(watched(ended, job.version), timeout=WAIT_SECONDS)
    after_last = shared_lab["vic"].WatchJob(watched(ended, ended.version), timeout=WAIT_SECONDS)

    assert [each.job for each in after_first] == [ended]
    assert list(after_last) == []


def test_watch_when_a_job_is_done_then_its_versions_only_grow(busy_lab: Lab) -> None:
    job = busy_lab["ann"].SuggestHypotheses(suggest()).job

    told = [each.job for each in busy_lab["vic"].WatchJob(watched(job), timeout=WAIT_SECONDS)]

    versions = [each.version for each in told]
    assert versions == sorted(set(versions))
    assert told[-1].state == analysis_pb2.JOB_STATE_SUCCEEDED
    assert told[-1].stage == analysis_pb2.JOB_STAGE_STORED


def test_watch_when_there_is_no_such_job_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    answer = refused(
        lambda request, timeout: list(shared_lab["vic"].WatchJob(request, timeout=timeout)),
        pb.WatchJobRequest(job_id="job_0"),
    )

    assert answer.reason == NO_JOB


def test_watch_when_the_server_drains_then_draining(lab: Lab) -> None:
    job = lab["ann"].SuggestHypotheses(suggest()).job
    told = lab["vic"].WatchJob(watched(job), timeout=WAIT_SECONDS)
    next(told)

    lab.server.stop(STOP_SECONDS)

    with pytest.raises(grpc.RpcError) as caught:
        list(told)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert status.from_rpc_error(caught.value).reason is Reason.DRAINING


def test_watch_when_the_token_is_revoked_then_the_stream_ends_before_anything_is_told(lab: Lab) -> None:
    job = lab["ann"].SuggestHypotheses(suggest()).job
    told = lab["vic"].WatchJob(watched(job), timeout=WAIT_SECONDS)
    next(told)

    book = identity.book()
    lab.authenticator.replace(
        CredentialBook(identity.PRINCIPALS, [one for one in book.tokens if one.principal_id != "vic"])
    )
    lab["ann"].CancelJob(pb.CancelJobRequest(job_id=job.job_id))
    lab.bell.ring()

    with pytest.raises(grpc.RpcError) as caught:
        list(told)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert status.from_rpc_error(caught.value).reason is Reason.UNAUTHENTICATED


class ImpatientBell(Bell):
    """Takes every wait to be over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: set[float] = set()

    def wait_beyond(self, cursor: int, *, timeout_seconds: float) -> int:
        self.waits.add(timeout_seconds)
        return super().wait_beyond(cursor, timeout_seconds=0)


def test_watch_when_nothing_happens_then_heartbeats(engine: sqlalchemy.Engine) -> None:
    bell = ImpatientBell()
    with labs.opened(engine, bell=bell) as lab:
        job = lab["ann"].SuggestHypotheses(suggest()).job
        told = lab["vic"].WatchJob(watched(job), timeout=WAIT_SECONDS)

        first, *others = [next(told) for _ in range(3)]
        told.cancel()

    assert first.job == job
    assert others == [pb.WatchJobResponse()] * 2
    assert bell.waits == {HEARTBEAT_SECONDS}
    assert HEARTBEAT_SECONDS == 20


class RestlessBell(Bell):
    """Rings for something else, all the time."""

    def wait_beyond(self, cursor: int, *, timeout_seconds: float) -> int:
        self.ring()
        return super().wait_beyond(cursor, timeout_seconds=timeout_seconds)


def test_watch_when_other_jobs_ring_then_heartbeats_come_all_the_same(lab: Lab) -> None:
    job = lab["ann"].SuggestHypotheses(suggest()).job
    seconds = itertools.count(step=7)
    servicer = JobServicer(
        JobService(lab.parts.store.jobs, lab.parts.store.calls, clock=clock.now),
        bell=RestlessBell(),
        monotonic=lambda: float(next(seconds)),
    )
    caller.bind_confirmation(lambda: caller_of("vic"))

    told = servicer.WatchJob(watched(job), OpenContext())  # type: ignore[arg-type]

    assert [each.HasField("job") for each in itertools.islice(told, 3)] == [True, False, False]


class OpenContext:
    """Is the context of a call whose caller stays."""

    def add_callback(self, _callback: object) -> bool:
        return True

    def is_active(self) -> bool:
        return True


def caller_of(name: str) -> Caller:
    return identity.book().caller_of_secret(identity.secret(name).value, now=clock.now())
