"""The real service, or a real worker, whose tasks stop for good where they are told to: to be killed just there.

Usage: python -m tests.ai.actors.stopping_process service|worker, configured by the environment as the real ones are.
The first attempt at a job whose id is the name of a place stops at that place and says `at <place>` on standard output.
"""

import sys
import threading
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy
from sqlalchemy import Connection, Engine

from services.ai import main, worker
from services.ai.domain.jobs import Job, JobKind, JobStage
from services.ai.domain.records import JobResult
from services.ai.main import workforce
from services.ai.service.task import Progress, Task
from services.ai.store.jobs import PostgresJobs
from shared import clock
from tests.ai.job_examples import hypotheses_answer

STAGES = (JobStage.GATHERING, JobStage.COMPUTING, JobStage.ASKING, JobStage.CHECKING)
BEFORE_COMMIT, AFTER_COMMIT = "BEFORE_COMMIT", "AFTER_COMMIT"
PLACES = (*(stage.value for stage in STAGES), BEFORE_COMMIT, AFTER_COMMIT)
HELD = "HELD"
"""Begins the id of a job whose every attempt stops while gathering."""


class _Now(threading.local):
    """Is what this thread does now."""

    job: Job | None = None
    finishing = False


_now = _Now()


class StoppingTask:
    """Goes through all stages, and answers with two hypotheses."""

    def run(self, job: Job, watch: Progress) -> JobResult:
        _now.job = job
        for stage in STAGES:
            watch.stage(stage)
            _reach(stage.value)
        return hypotheses_answer(job, 2, now=clock.now())


_finish = PostgresJobs.finish


def _stopping_finish(jobs: PostgresJobs, job_id: str, owner: str, result: JobResult, *, now: datetime) -> bool:
    _now.finishing = True
    done = _finish(jobs, job_id, owner, result, now=now)
    _now.finishing = False
    _reach(AFTER_COMMIT)
    return done


def _before_commit(_connection: Connection) -> None:
    # Everything is written by now, and nobody else sees it.
    if _now.finishing:
        _reach(BEFORE_COMMIT)


def _reach(place: str) -> None:
    job = _now.job
    assert job is not None
    held = job.job_id.startswith(HELD) and place == JobStage.GATHERING
    if held or (job.job_id == place and job.attempt_count == 1):
        sys.stdout.write(f"at {job.job_id}\n")
        sys.stdout.flush()
        threading.Event().wait()


def _tasks(*_: object) -> Mapping[JobKind, Task]:
    return {JobKind.SUGGEST_HYPOTHESES: StoppingTask()}


if __name__ == "__main__":
    workforce.build_tasks = _tasks  # type: ignore[assignment]
    PostgresJobs.finish = _stopping_finish  # type: ignore[assignment, method-assign]
    sqlalchemy.event.listen(Engine, "commit", _before_commit)
    if sys.argv[1] == "worker":
        worker.main(sys.argv[2:])
    else:
        main.main()
