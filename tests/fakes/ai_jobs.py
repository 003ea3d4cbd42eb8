"""Jobs of the AI service in memory; they pass the contract tests of `ports.Jobs`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.ai.domain.job_refusals import request_id_reused, too_many_jobs
from services.ai.domain.jobs import (
    SCHEDULE,
    Job,
    JobFailure,
    JobFilter,
    JobKind,
    JobQueue,
    JobStage,
    JobState,
    RequestKey,
)
from services.ai.domain.ports import Kept
from services.ai.domain.queries import Cursor
from services.ai.domain.records import JobResult
from tests.fakes.ai_state import AiState, newest

_OPEN = (JobState.QUEUED, JobState.RUNNING)


class InMemoryJobs:
    """Does each call under the lock of the state."""

    def __init__(self, state: AiState) -> None:
        self._state = state

    def open(self, job: Job, key: RequestKey, *, limit: int) -> Job:
        with self._state.mutex:
            name = (key.creator, key.request_id)
            if key.request_id and name in self._state.opened:
                digest, job_id = self._state.opened[name]
                if digest != key.digest:
                    raise request_id_reused(key)
                return self._state.jobs[job_id]
            if self.counts()[JobState.QUEUED] >= limit:
                raise too_many_jobs(limit)
            if key.request_id:
                self._state.opened[name] = (key.digest, job.job_id)
            self._store(job)
            return job

    def find(self, job_id: str) -> Job | None:
        with self._state.mutex:
            return self._state.jobs.get(job_id)

    def list_jobs(self, kept: JobFilter, *, after: Cursor | None, limit: int) -> list[Job]:
        with self._state.mutex:
            found = [job for job in self._state.jobs.values() if _is_kept(job, kept)]
        return newest(found, lambda job: job.created_at, lambda job: job.job_id, after)[:limit]

    def claim(self, job_id: str, owner: str, *, now: datetime, lease_until: datetime) -> Job | None:
        with self._state.mutex:
            job = self._state.jobs.get(job_id)
            if job is None or not (_is_due(job, now) or _is_lost(job, now)):
                return None
            if job.cancel_requested:
                self._change(job, **_ended(JobState.CANCELLED, now))
                return None
            return self._change(
                job,
                state=JobState.RUNNING,
                stage=JobStage.GATHERING,
                started_at=job.started_at or now,
                attempt_count=job.attempt_count + 1,
                not_before=None,
                lease_owner=owner,
                lease_until=lease_until,
            )

    def keep(self, job_id: str, owner: str, *, stage: JobStage, lease_until: datetime) -> Kept:
        with self._state.mutex:
            job = self._held(job_id, owner)
            if job is None:
                return Kept.LOST
            job = self._state.jobs[job_id] = replace(job, lease_until=lease_until)
            if job.cancel_requested:
                return Kept.CANCELLED
            if job.stage is not stage:
                self._change(job, stage=stage)
            return Kept.KEPT

    def finish(self, job_id: str, owner: str, result: JobResult, *, now: datetime) -> bool:
        with self._state.mutex:
            job = self._held(job_id, owner)
            if job is None or job.cancel_requested:
                return False
            self._state.store_answer(job, result)
            self._change(
                job,
                stage=JobStage.STORED,
                provenance=result.provenance,
                hypothesis_ids=tuple(record.hypothesis_id for record in result.hypotheses),
                design_id=result.design.design_id if result.design else "",
                analysis_id=result.analysis.analysis_id if result.analysis else "",
                **_ended(JobState.SUCCEEDED, now),
            )
            return True

    def fail(self, job_id: str, owner: str, failure: JobFailure, *, now: datetime) -> bool:
        with self._state.mutex:
            job = self._held(job_id, owner)
            return job is not None and bool(self._change(job, failure=failure, **_ended(JobState.FAILED, now)))

    def give_back(self, job_id: str, owner: str, *, not_before: datetime | None = None) -> bool:
        with self._state.mutex:
            job = self._held(job_id, owner)
            if job is None:
                return False
            self._state.sent[job_id] = None
            self._change(
                job,
                state=JobState.QUEUED,
                stage=JobStage.WAITING,
                lease_owner="",
                lease_until=None,
                not_before=None if job.cancel_requested else not_before,
            )
            return True

    def end_cancelled(self, job_id: str, owner: str, *, now: datetime) -> bool:
        with self._state.mutex:
            job = self._held(job_id, owner)
            if job is None or not job.cancel_requested:
                return False
            self._change(job, **_ended(JobState.CANCELLED, now))
            return True

    def cancel(self, job_id: str, *, now: datetime) -> Job | None:
        with self._state.mutex:
            job = self._state.jobs.get(job_id)
            if job is None or job.ended:
                return job
            if job.state is JobState.QUEUED:
                return self._change(job, cancel_requested=True, **_ended(JobState.CANCELLED, now))
            return job if job.cancel_requested else self._change(job, cancel_requested=True)

    def due(self, *, now: datetime, sent_before: datetime, limit: int) -> list[Job]:
        with self._state.mutex:
            found = [job for job in self._state.jobs.values() if self._is_to_send(job, now, sent_before)]
            found.sort(key=lambda job: (job.queue is not JobQueue.INTERACTIVE, job.created_at, job.job_id))
            for job in found[:limit]:
                self._state.sent[job.job_id] = now
            return found[:limit]

    def counts(self) -> dict[str, int]:
        with self._state.mutex:
            return {state.value: sum(job.state is state for job in self._state.jobs.values()) for state in _OPEN}

    def open_scheduled(self, jobs: list[Job]) -> list[Job]:
        with self._state.mutex:
            return [self._store(job) for job in jobs if not self._is_scheduled(job.experiment_id)]

    def delete_ended(self, *, before: datetime, limit: int) -> int:
        with self._state.mutex:
            ended = [job for job in self._state.jobs.values() if job.state in (JobState.FAILED, JobState.CANCELLED)]
            old = sorted((job.ended_at, job.job_id) for job in ended if job.ended_at and job.ended_at < before)[:limit]
            gone = {job_id for _, job_id in old}
            for job_id in gone:
                del self._state.jobs[job_id]
            self._state.opened = {key: at for key, at in self._state.opened.items() if at[1] not in gone}
            return len(gone)

    def _store(self, job: Job) -> Job:
        self._state.jobs[job.job_id] = job
        self._state.sent[job.job_id] = job.created_at
        self._state.announced.append((job.job_id, job.version))
        return job

    def _change(self, job: Job, **values: object) -> Job:
        change: Callable[..., Job] = replace
        changed = self._state.jobs[job.job_id] = change(job, version=job.version + 1, **values)
        self._state.announced.append((changed.job_id, changed.version))
        return changed

    def _held(self, job_id: str, owner: str) -> Job | None:
        job = self._state.jobs.get(job_id)
        return job if job is not None and job.state is JobState.RUNNING and job.lease_owner == owner else None

    def _is_to_send(self, job: Job, now: datetime, sent_before: datetime) -> bool:
        sent = self._state.sent[job.job_id]
        unsent = sent is None or sent < sent_before
        if _is_lost(job, now):
            return unsent or (sent is not None and job.lease_until is not None and sent < job.lease_until)
        return _is_due(job, now) and unsent

    def _is_scheduled(self, experiment_id: str) -> bool:
        return any(
            (job.creator, job.kind, job.experiment_id) == (SCHEDULE, JobKind.ANALYZE_EXPERIMENT, experiment_id)
            for job in self._state.jobs.values()
            if not job.ended
        )


def _ended(state: JobState, now: datetime) -> dict[str, object]:
    return {"state": state, "ended_at": now, "lease_owner": "", "lease_until": None, "not_before": None}


def _is_due(job: Job, now: datetime) -> bool:
    return job.state is JobState.QUEUED and (job.not_before is None or job.not_before <= now)


def _is_lost(job: Job, now: datetime) -> bool:
    return job.state is JobState.RUNNING and job.lease_until is not None and job.lease_until <= now


def _is_kept(job: Job, kept: JobFilter) -> bool:
    return (
        kept.kind in (None, job.kind)
        and kept.state in (None, job.state)
        and kept.experiment_id in ("", job.experiment_id)
    )
