"""The use cases of jobs: reading them, with what was sent for them, and ending them early."""

from services.ai.domain.jobs import Job, JobFilter
from services.ai.domain.ports import Calls, Jobs
from services.ai.domain.queries import Cursor, StoredCall
from services.ai.service import refusals
from services.ai.service.pages import Page
from shared.clock import Clock


class JobService:
    """Reads jobs and ends them; safe for use by many threads.

    Each raises Unavailable STORE_UNAVAILABLE, and, where it names a job, NotFound JOB_NOT_FOUND.
    """

    def __init__(self, jobs: Jobs, calls: Calls, *, clock: Clock) -> None:
        self._jobs = jobs
        self._calls = calls
        self._clock = clock

    def get(self, job_id: str) -> Job:
        """Returns one job."""
        return _found(self._jobs.find(job_id), job_id)

    def list_jobs(self, kept: JobFilter, *, after: Cursor | None, limit: int) -> Page[Job]:
        """Returns at most limit jobs, newest first; with `after`, those that follow that place."""
        return Page.of(self._jobs.list_jobs(kept, after=after, limit=limit + 1), limit)

    def cancel(self, job_id: str) -> Job:
        """Returns the job after it was ended, or asked to end at its next step; one that has ended stays as it is."""
        return _found(self._jobs.cancel(job_id, now=self._clock()), job_id)

    def list_calls(self, job_id: str, *, after: Cursor | None, limit: int) -> Page[StoredCall]:
        """Returns at most limit calls of providers for a job, oldest first."""
        self.get(job_id)
        return Page.of(self._calls.list_calls(job_id, after=after, limit=limit + 1), limit)


def _found(job: Job | None, job_id: str) -> Job:
    if job is None:
        raise refusals.job_not_found(job_id)
    return job
