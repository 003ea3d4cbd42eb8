"""A process is killed with a job at every place: each job ends exactly once, and what is counted is what is stored."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.ai.actors.brokers import EMBEDDED
from services.ai.domain.jobs import JobState
from tests.ai.actors.job_processes import JobProcesses
from tests.ai.actors.stopping_process import AFTER_COMMIT, PLACES

slow = pytest.mark.slow
NewProcesses = Callable[[str], JobProcesses]


@pytest.fixture
def new_processes(engine: Engine, database_url: str, tmp_path: Path) -> Iterator[NewProcesses]:
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(JobProcesses(engine, database_url, url, tmp_path / "log"))


@pytest.mark.parametrize(
    ("broker_url", "what"),
    [
        (EMBEDDED, "service"),
        pytest.param("redis", "worker", marks=pytest.mark.slow),
        pytest.param("redis", "service", marks=slow),
        pytest.param("rabbitmq", "worker", marks=slow),
        pytest.param("rabbitmq", "service", marks=slow),
    ],
    indirect=["broker_url"],
)
def test_kill_when_a_process_has_a_job_at_every_place_then_another_ends_each_once(
    broker_url: str, what: str, new_processes: NewProcesses
) -> None:
    processes = new_processes(broker_url)
    for place in PLACES:
        processes.open(place)
    victim = processes.start(what, interactive=len(PLACES))
    victim.stops_at(PLACES)

    victim.kill()
    survivor = processes.start(what, interactive=2)
    jobs = processes.ended(PLACES)

    assert {job.job_id: (job.state, job.attempt_count) for job in jobs} == {
        place: (JobState.SUCCEEDED, 1 if place == AFTER_COMMIT else 2) for place in PLACES
    }
    stored = {job.job_id: {record.hypothesis_id for record in processes.hypotheses(job.job_id)} for job in jobs}
    assert stored == {job.job_id: set(job.hypothesis_ids) for job in jobs}
    assert {len(ids) for ids in stored.values()} == {2}
    by_survivor = sum(len(stored[job.job_id]) for job in jobs if job.attempt_count == 2)
    counted = survivor.counted("llm_hypotheses_generated_total", provider="heuristic", outcome="accepted")
    assert counted == by_survivor == 10
    assert survivor.ends_when_told() == 0
