"""What moves jobs in a process, on a real store: it finds them, does each once, keeps them, and stops."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from services.ai.actors.brokers import EMBEDDED, open_brokers
from services.ai.actors.lanes import Lanes
from services.ai.actors.sending import BrokerSender
from services.ai.actors.workforce import Workforce
from services.ai.domain.asking import ProviderName
from services.ai.domain.jobs import Job, JobKind, JobQueue, JobStage, JobState, RequestKey
from services.ai.domain.queries import HypothesisFilter
from services.ai.domain.records import JobResult
from services.ai.service.attempts import RunLimits
from services.ai.service.job_metrics import JobMetrics
from services.ai.service.running import JobRunner
from services.ai.service.sweeping import JobSweeper
from services.ai.service.task import Progress
from services.ai.store.postgres import PostgresAiStore
from shared import clock
from shared.ids import new_id
from tests.ai.job_examples import hypotheses_answer, hypotheses_job
from tests.ai.service.job_world import ScriptedTask, Step, answers
from tests.e2e.processes import eventually

LIMITS = replace(RunLimits(), lease=timedelta(seconds=1))
SOON = timedelta(seconds=0.05)


@contextmanager
def workforce(engine: Engine, *steps: Step, url: str = EMBEDDED) -> Iterator[CollectorRegistry]:
    """Yields the numbers of a workforce while it works."""
    registry, store, brokers = (
        CollectorRegistry(),
        PostgresAiStore(engine),
        open_brokers(url, time_limit=LIMITS.longest),
    )
    sender, metrics = BrokerSender(brokers), JobMetrics(registry, provider=ProviderName.HEURISTIC)
    runner = JobRunner(
        store.jobs,
        {JobKind.SUGGEST_HYPOTHESES: ScriptedTask(*(steps or (answers,)))},
        sender,
        metrics,
        limits=LIMITS,
        clock=clock.now,
        new_id=new_id,
    )
    started = Workforce(
        brokers,
        sender,
        runner,
        Lanes(brokers, runner.run, thread_counts=dict.fromkeys(JobQueue, 2)),
        {"jobs": JobSweeper(store.jobs, sender, metrics, resend_after=SOON, clock=clock.now).sweep},
        sweep_interval=SOON,
        grace=timedelta(),
    )
    started.start()
    try:
        yield registry
    finally:
        started.stop()


@pytest.fixture
def store(engine: Engine) -> PostgresAiStore:
    return PostgresAiStore(engine)


def opened(store: PostgresAiStore, count: int) -> list[str]:
    """Writes the rows of jobs, every other one of the bulk queue, and returns their ids."""
    jobs = [
        hypotheses_job(f"job_{number}", queue=list(JobQueue)[number % 2], created_at=clock.now())
        for number in range(count)
    ]
    return [store.jobs.open(job, RequestKey("ada", "", ""), limit=1000).job_id for job in jobs]


def job_of(store: PostgresAiStore, job_id: str) -> Job:
    found = store.jobs.find(job_id)
    assert found is not None
    return found


def test_workforce_when_two_share_a_store_then_each_job_ends_once_and_is_counted_once(
    engine: Engine, store: PostgresAiStore
) -> None:
    ids = opened(store, 40)
    with workforce(engine) as first, workforce(engine) as second:
        eventually(lambda: all(job_of(store, job_id).ended for job_id in ids), "all jobs end")

    assert {(job_of(store, job_id).state, job_of(store, job_id).attempt_count) for job_id in ids} == {
        (JobState.SUCCEEDED, 1)
    }
    rows = store.hypotheses.list_hypotheses(HypothesisFilter(), after=None, limit=1000)
    labels = {"provider": "heuristic", "outcome": "accepted"}
    counted = [each.get_sample_value("llm_hypotheses_generated_total", labels) or 0 for each in (first, second)]
    assert len(rows) == sum(counted) == 80


def test_workforce_when_a_task_takes_longer_than_a_lease_then_nobody_else_gets_its_job(
    engine: Engine, store: PostgresAiStore
) -> None:
    go_on = threading.Event()

    def long(job: Job, watch: Progress) -> JobResult:
        watch.stage(JobStage.ASKING)
        assert go_on.wait(30)
        return hypotheses_answer(job)

    (job_id,) = opened(store, 1)
    with workforce(engine, long), workforce(engine, long):
        eventually(lambda: job_of(store, job_id).stage is JobStage.ASKING, "the provider is asked")
        first_until = job_of(store, job_id).lease_until
        assert first_until is not None
        eventually(lambda: clock.now() > first_until + LIMITS.lease, "the lease would be over")
        go_on.set()
        eventually(lambda: job_of(store, job_id).ended, "it ends")

    ended = job_of(store, job_id)
    assert (ended.state, ended.attempt_count) == (JobState.SUCCEEDED, 1)


def test_workforce_when_told_to_stop_then_what_is_under_way_goes_to_others(
    engine: Engine, store: PostgresAiStore
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def held(job: Job, watch: Progress) -> JobResult:
        begun.set()
        go_on.wait(30)
        watch.stage(JobStage.COMPUTING)
        return hypotheses_answer(job)

    (job_id,) = opened(store, 1)
    with workforce(engine, held):
        assert begun.wait(30)
    given_back = job_of(store, job_id)
    go_on.set()
    with workforce(engine):
        eventually(lambda: job_of(store, job_id).ended, "another does it")

    assert given_back.state is JobState.QUEUED
    assert (job_of(store, job_id).state, job_of(store, job_id).attempt_count) == (JobState.SUCCEEDED, 2)


@pytest.mark.parametrize("scheme", ["redis", pytest.param("amqp", marks=pytest.mark.slow)])
def test_workforce_when_the_broker_is_away_then_jobs_wait_and_it_can_be_stopped(
    scheme: str, engine: Engine, store: PostgresAiStore
) -> None:
    (job_id,) = opened(store, 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with workforce(engine, url=f"{scheme}://127.0.0.1:{probe.getsockname()[1]}") as registry:
            eventually(
                lambda: registry.get_sample_value("llm_jobs", {"state": "QUEUED"}) == 1, "the sweeper saw the job"
            )
    assert job_of(store, job_id).state is JobState.QUEUED

    with workforce(engine):
        eventually(lambda: job_of(store, job_id).ended, "it ends once there is a broker")
