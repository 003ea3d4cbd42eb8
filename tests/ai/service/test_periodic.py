"""What nobody has to ask for: scheduled analyses, once each, and the end of jobs that came to nothing."""

from datetime import datetime, timedelta

import pytest

from services.ai.domain.jobs import SCHEDULE, AnalysisInput, JobQueue, JobState, RequestKey
from services.ai.service.periodic import Periodic
from shared.clock import Clock
from shared.ids import new_id
from tests.ai.job_examples import analysis_job
from tests.ai.service.analysis_world import NOW, Experiments, Sent
from tests.fakes.ai_store import InMemoryAiStore

DAY = timedelta(days=1)


class Asked(Experiments):
    """Notes what was asked of it."""

    def to_analyze(self, *, now: datetime, older_than: datetime, limit: int) -> list[str]:
        assert (now, older_than) == (NOW, NOW - DAY)
        return super().to_analyze(now=now, older_than=older_than, limit=limit)


def periodic(store: InMemoryAiStore, due: list[str], sent: Sent, *, propose: bool = False) -> Periodic:
    clock: Clock = lambda: NOW  # noqa: E731
    return Periodic(
        store.jobs,
        Asked(waiting=due),
        sent,
        cadence=DAY,
        kept=7 * DAY,
        propose=propose,
        clock=clock,
        new_id=new_id,
    )


@pytest.mark.parametrize("propose", [False, True])
def test_sweep_when_experiments_are_due_then_a_job_of_each_that_nobody_waits_for(*, propose: bool) -> None:
    store, sent = InMemoryAiStore(), Sent()

    assert periodic(store, ["checkout", "search"], sent, propose=propose).sweep() == 2

    assert [job.experiment_id for job in sent.jobs] == ["checkout", "search"]
    for job in sent.jobs:
        assert store.jobs.find(job.job_id) == job
        assert (job.creator, job.queue, job.state) == (SCHEDULE, JobQueue.BULK, JobState.QUEUED)
        assert job.input == AnalysisInput(job.experiment_id, propose=propose)


def test_sweep_when_two_processes_do_it_then_each_experiment_once() -> None:
    store, sent = InMemoryAiStore(), Sent()

    assert periodic(store, ["checkout"], sent).sweep() == 1
    assert periodic(store, ["checkout"], sent).sweep() == 0

    assert len(sent.jobs) == 1


def test_sweep_when_a_job_came_to_nothing_long_ago_then_it_is_deleted() -> None:
    store = InMemoryAiStore()
    for job_id, days in (("old", 8), ("new", 6)):
        at = NOW - days * DAY
        store.jobs.open(analysis_job(job_id, created_at=at), RequestKey("ada", "", ""), limit=9)
        store.jobs.cancel(job_id, now=at)

    periodic(store, [], Sent()).sweep()

    assert store.jobs.find("old") is None
    assert store.jobs.find("new") is not None
