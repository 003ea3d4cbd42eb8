"""A whole process under a thousand jobs, and how one stops."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.ai.actors.brokers import EMBEDDED
from services.ai.domain.jobs import JobQueue, JobState
from tests.ai.actors.job_processes import JobProcesses
from tests.ai.actors.stopping_process import HELD
from tests.e2e.processes import eventually

NewProcesses = Callable[[str], JobProcesses]
MOST_BYTES = 8 * 2**20
"""What a thousand waiting jobs may cost: their messages, each under 1 KiB and in two places on its way, a hundred rows
of some KiB at a time, and as much again for what an allocator keeps."""


@pytest.fixture
def new_processes(engine: Engine, database_url: str, tmp_path: Path) -> Iterator[NewProcesses]:
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(JobProcesses(engine, database_url, url, tmp_path / "log"))


@pytest.mark.slow
def test_service_when_a_thousand_bulk_jobs_wait_then_interactive_ones_overtake_and_memory_is_bounded(
    new_processes: NewProcesses,
) -> None:
    processes = new_processes(EMBEDDED)
    service = processes.start("service", interactive=1, bulk=1)
    processes.open("first")
    processes.ended(["first"])
    before = service.resident_bytes()

    for number in range(1000):
        processes.open(f"{HELD}_{number}", JobQueue.BULK)
    service.stops_at([f"{HELD}_0"])
    eventually(lambda: not processes.unsent(), "all jobs were sent", within_seconds=60)
    processes.open("interactive")
    (overtaking,) = processes.ended(["interactive"])

    assert overtaking.state is JobState.SUCCEEDED
    assert processes.store.jobs.counts() == {"QUEUED": 999, "RUNNING": 1}
    assert service.resident_bytes() - before < MOST_BYTES


def test_worker_when_told_to_stop_then_what_is_under_way_is_given_back(
    redis_url: str, new_processes: NewProcesses
) -> None:
    processes = new_processes(redis_url)
    processes.open(HELD)
    worker = processes.start("worker", interactive=1)
    worker.stops_at([HELD])

    assert worker.ends_when_told() == 0

    given_back = processes.store.jobs.find(HELD)
    assert given_back is not None
    assert (given_back.state, given_back.lease_owner, given_back.attempt_count) == (JobState.QUEUED, "", 1)
