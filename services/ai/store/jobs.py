"""Jobs in Postgres: each step is a compare-and-set of its row, and is announced when it commits."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, case, delete, func, literal, or_, select, update

from services.ai.domain.jobs import Job, JobFailure, JobFilter, JobQueue, JobStage, JobState, RequestKey
from services.ai.domain.ports import Kept
from services.ai.domain.queries import Cursor
from services.ai.domain.records import JobResult
from services.ai.store import answers, job_rows, opening, paging
from services.ai.store.job_changes import change
from services.ai.store.tables import jobs
from shared import log
from shared.store.engine import transaction

_logger = logging.getLogger(__name__)
_column = jobs.c
_WAITING: Final = _column.state == JobState.QUEUED
_RUNNING: Final = _column.state == JobState.RUNNING
_WITHOUT_ANSWER: Final = _column.state.in_([JobState.FAILED, JobState.CANCELLED])
_NO_LEASE: Final[dict[str, object]] = {"lease_owner": "", "lease_until": None, "not_before": None}


class PostgresJobs:
    """Is `ports.Jobs`. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, job: Job, key: RequestKey, *, limit: int) -> Job:
        """Stores a job, or returns the one that the same request opened."""
        with transaction(self._engine) as connection:
            return opening.open_job(connection, job, key, limit=limit)

    def find(self, job_id: str) -> Job | None:
        """Returns a job."""
        with transaction(self._engine) as connection:
            return _find(connection, job_id)

    def list_jobs(self, kept: JobFilter, *, after: Cursor | None, limit: int) -> list[Job]:
        """Returns the newest jobs, newest first, then by id."""
        newest = (
            select(jobs)
            .where(*_kept(kept), *paging.older(_column.created_at, _column.job_id, after))
            .order_by(_column.created_at.desc(), _column.job_id)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [job_rows.from_row(row) for row in connection.execute(newest)]

    def claim(self, job_id: str, owner: str, *, now: datetime, lease_until: datetime) -> Job | None:
        """Takes a job up, or ends one whose end was asked for."""
        free = or_(and_(_WAITING, _is_due(now)), and_(_RUNNING, _column.lease_until <= now))
        taken: dict[str, object] = {
            "state": JobState.RUNNING,
            "stage": JobStage.GATHERING,
            "started_at": func.coalesce(_column.started_at, now),
            "attempt_count": _column.attempt_count + 1,
            "not_before": None,
            "lease_owner": owner,
            "lease_until": lease_until,
        }
        with transaction(self._engine) as connection:
            if (
                change(connection, job_id, free, _column.cancel_requested, **_ended(JobState.CANCELLED, now))
                is not None
            ):
                return None
            return change(connection, job_id, free, ~_column.cancel_requested, **taken)

    def keep(self, job_id: str, owner: str, *, stage: JobStage, lease_until: datetime) -> Kept:
        """Gives a sign of life; only another stage is a change of the job."""
        kept = (
            update(jobs)
            .where(_column.job_id == job_id, _is_held(owner))
            .values(lease_until=lease_until)
            .returning(_column.stage, _column.cancel_requested)
        )
        with transaction(self._engine) as connection:
            row = connection.execute(kept).first()
            if row is None:
                return Kept.LOST
            if row.cancel_requested:
                return Kept.CANCELLED
            if row.stage != stage:
                change(connection, job_id, stage=stage)
        return Kept.KEPT

    def finish(self, job_id: str, owner: str, result: JobResult, *, now: datetime) -> bool:
        """Ends a job with its answer."""
        answered = {
            "stage": JobStage.STORED,
            "provenance": job_rows.part_of(result.provenance),
            "hypothesis_ids": [record.hypothesis_id for record in result.hypotheses],
            "design_id": result.design.design_id if result.design else "",
            "analysis_id": result.analysis.analysis_id if result.analysis else "",
            **_ended(JobState.SUCCEEDED, now),
        }
        with transaction(self._engine) as connection:
            # First the row: who waited for it stores nothing.
            job = change(connection, job_id, _is_held(owner), ~_column.cancel_requested, **answered)
            if job is not None:
                answers.store(connection, job, result)
        return job is not None

    def fail(self, job_id: str, owner: str, failure: JobFailure, *, now: datetime) -> bool:
        """Ends a job without an answer."""
        values = {"failure": job_rows.part_of(failure), **_ended(JobState.FAILED, now)}
        with transaction(self._engine) as connection:
            return change(connection, job_id, _is_held(owner), **values) is not None

    def give_back(self, job_id: str, owner: str, *, not_before: datetime | None = None) -> bool:
        """Makes a job QUEUED again; it counts as never sent."""
        values: dict[str, object] = {
            **_NO_LEASE,
            "state": JobState.QUEUED,
            "stage": JobStage.WAITING,
            "not_before": case((~_column.cancel_requested, literal(not_before, _column.not_before.type))),
            "last_sent_at": None,
        }
        with transaction(self._engine) as connection:
            return change(connection, job_id, _is_held(owner), **values) is not None

    def end_cancelled(self, job_id: str, owner: str, *, now: datetime) -> bool:
        """Ends a job whose end was asked for."""
        asked = _column.cancel_requested
        with transaction(self._engine) as connection:
            return change(connection, job_id, _is_held(owner), asked, **_ended(JobState.CANCELLED, now)) is not None

    def cancel(self, job_id: str, *, now: datetime) -> Job | None:
        """Ends a job that waits, asks one that runs to end, and leaves one that has ended."""
        with transaction(self._engine) as connection:
            ended = change(connection, job_id, _WAITING, cancel_requested=True, **_ended(JobState.CANCELLED, now))
            asked = ended or change(connection, job_id, _RUNNING, ~_column.cancel_requested, cancel_requested=True)
            return asked or _find(connection, job_id)

    def due(self, *, now: datetime, sent_before: datetime, limit: int) -> list[Job]:
        """Returns jobs to be sent (again), those that people wait for first, then the oldest."""
        unsent = or_(_column.last_sent_at.is_(None), _column.last_sent_at < sent_before)
        lost = and_(_RUNNING, _column.lease_until <= now, or_(unsent, _column.last_sent_at < _column.lease_until))
        chosen = (
            select(_column.job_id)
            .where(or_(and_(_WAITING, _is_due(now), unsent), lost))
            .order_by(*_first_of_all())
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("chosen")
        )
        sent = update(jobs).where(_column.job_id == chosen.c.job_id).values(last_sent_at=now).returning(*_column)
        with transaction(self._engine) as connection:
            found = list(_readable(connection.execute(sent)))
        return sorted(found, key=lambda job: (job.queue is not JobQueue.INTERACTIVE, job.created_at, job.job_id))

    def counts(self) -> dict[str, int]:
        """Returns how many jobs wait, and how many run."""
        open_states = [JobState.QUEUED, JobState.RUNNING]
        counted = select(_column.state, func.count()).where(_column.state.in_(open_states)).group_by(_column.state)
        with transaction(self._engine) as connection:
            found = {row[0]: row[1] for row in connection.execute(counted)}
        return {state.value: found.get(state, 0) for state in open_states}

    def open_scheduled(self, jobs: list[Job]) -> list[Job]:
        """Stores those jobs whose experiment has no scheduled analysis that waits or runs."""
        with transaction(self._engine) as connection:
            return opening.open_scheduled(connection, jobs)

    def delete_ended(self, *, before: datetime, limit: int) -> int:
        """Deletes jobs without an answer that ended before a time."""
        chosen = (
            select(_column.job_id)
            .where(_WITHOUT_ANSWER, _column.ended_at < before)
            .order_by(_column.ended_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("chosen")
        )
        with transaction(self._engine) as connection:
            return connection.execute(delete(jobs).where(_column.job_id == chosen.c.job_id)).rowcount


def _find(connection: Connection, job_id: str) -> Job | None:
    row = connection.execute(select(jobs).where(_column.job_id == job_id)).first()
    return job_rows.from_row(row) if row else None


def _readable(rows: Iterable[Row[Any]]) -> Iterator[Job]:
    """Yields what this release can do; a job of another one must not keep the others from being sent."""
    for row in rows:
        try:
            yield job_rows.from_row(row)
        except ValueError as error:
            log.failure(_logger, "a job cannot be read", error, job_id=row.job_id)


def _ended(state: JobState, now: datetime) -> dict[str, Any]:
    return {**_NO_LEASE, "state": state, "ended_at": now}


def _is_held(owner: str) -> ColumnElement[bool]:
    return and_(_RUNNING, _column.lease_owner == owner)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(_column.not_before.is_(None), _column.not_before <= now)


def _first_of_all() -> tuple[ColumnElement[Any], ...]:
    return (_column.queue != JobQueue.INTERACTIVE, _column.created_at, _column.job_id)


def _kept(kept: JobFilter) -> Iterator[ColumnElement[bool]]:
    if kept.kind is not None:
        yield _column.kind == kept.kind
    if kept.state is not None:
        yield _column.state == kept.state
    if kept.experiment_id:
        yield _column.experiment_id == kept.experiment_id
