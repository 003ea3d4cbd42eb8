"""Stores new jobs: one for each request, no more than may wait, and one scheduled analysis for each experiment."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects import postgresql

from services.ai.domain.job_refusals import request_id_reused, too_many_jobs
from services.ai.domain.jobs import Job, JobState, RequestKey
from services.ai.store import job_rows
from services.ai.store.job_changes import announce
from services.ai.store.tables import jobs

# Whoever opens a job holds this advisory lock until the commit: the limit is kept, a request id is used once.
_OPENING_LOCK: Final = 0x61695F6A6F6273


def open_job(connection: Connection, job: Job, key: RequestKey, *, limit: int) -> Job:
    """Stores a job, or returns the one that the same request opened; see `ports.Jobs.open`."""
    connection.execute(select(func.pg_advisory_xact_lock(_OPENING_LOCK)))
    opened = _opened(connection, key) if key.request_id else None
    if opened is not None:
        return opened
    waiting = select(func.count()).select_from(jobs).where(jobs.c.state == JobState.QUEUED)
    if (connection.scalar(waiting) or 0) >= limit:
        raise too_many_jobs(limit)
    connection.execute(insert(jobs).values(job_rows.new_row(job, key)))
    announce(connection, job)
    return job


def open_scheduled(connection: Connection, wanted: Sequence[Job]) -> list[Job]:
    """Stores the jobs that may be; see `ports.Jobs.open_scheduled`."""
    # In one order everywhere: who waits for an experiment of another process holds none that it waits for.
    stored = {job.job_id for job in sorted(wanted, key=lambda job: job.experiment_id) if _added(connection, job)}
    opened = [job for job in wanted if job.job_id in stored]
    for job in opened:
        announce(connection, job)
    return opened


def _opened(connection: Connection, key: RequestKey) -> Job | None:
    same = select(jobs).where(jobs.c.creator == key.creator, jobs.c.request_id == key.request_id)
    row = connection.execute(same).first()
    if row is not None and row.request_digest != key.digest:
        raise request_id_reused(key)
    return job_rows.from_row(row) if row else None


def _added(connection: Connection, job: Job) -> bool:
    added = postgresql.insert(jobs).values(job_rows.new_row(job)).on_conflict_do_nothing().returning(jobs.c.job_id)
    return connection.execute(added).first() is not None
