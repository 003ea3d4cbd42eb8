"""How jobs are kept, and how workers hear of them."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.ai.domain.jobs import Job, JobFailure, JobFilter, JobStage, RequestKey
from services.ai.domain.queries import Cursor
from services.ai.domain.records import JobResult


class Kept(StrEnum):
    """Says what a sign of life found: the lease is kept, was lost to somebody else, or the job is to end."""

    KEPT = "KEPT"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


class Jobs(Protocol):
    """Keeps jobs. Each call is a transaction of its own; safe for use by many threads.

    Raises:
        Unavailable: STORE_UNAVAILABLE, from every call.
    """

    def open(self, job: Job, key: RequestKey, *, limit: int) -> Job:
        """Stores a job, or returns the one that the same request opened, and announces it.

        Args:
            job: QUEUED.
            key: By which a retry is known.
            limit: How many jobs may wait in all.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another request.
            ResourceExhausted: LIMIT_EXCEEDED: too many jobs wait.
        """

    def find(self, job_id: str) -> Job | None:
        """Returns a job."""

    def list_jobs(self, kept: JobFilter, *, after: Cursor | None, limit: int) -> list[Job]:
        """Returns the newest jobs, newest first, then by id; with `after`, those that follow that place."""

    def claim(self, job_id: str, owner: str, *, now: datetime, lease_until: datetime) -> Job | None:
        """Takes a job up: one that is QUEUED and due, or RUNNING with a lease that has run out; counts the attempt.

        Compare-and-set: of several callers one gets the job, the others None. One whose end was asked for becomes
        CANCELLED instead, and None is returned.
        """

    def keep(self, job_id: str, owner: str, *, stage: JobStage, lease_until: datetime) -> Kept:
        """Gives a sign of life, and says what the job does now."""

    def finish(self, job_id: str, owner: str, result: JobResult, *, now: datetime) -> bool:
        """Ends a job with its answer, in one transaction with everything that the answer consists of.

        Returns:
            False, and nothing was stored, if the owner has lost the job, or its end was asked for; `keep` says which.
        """

    def fail(self, job_id: str, owner: str, failure: JobFailure, *, now: datetime) -> bool:
        """Ends a job without an answer; returns False if the owner has lost it."""

    def give_back(self, job_id: str, owner: str, *, not_before: datetime | None = None) -> bool:
        """Makes a job QUEUED again, for anybody, not before a time; returns False if the owner has lost it.

        One whose end was asked for is due at once, to be ended by who takes it up.
        """

    def end_cancelled(self, job_id: str, owner: str, *, now: datetime) -> bool:
        """Ends a job whose end was asked for; returns False if the owner has lost it."""

    def cancel(self, job_id: str, *, now: datetime) -> Job | None:
        """Ends a job that waits; asks one that runs to end; leaves one that has ended. None: there is none."""

    def due(self, *, now: datetime, sent_before: datetime, limit: int) -> list[Job]:
        """Returns jobs to be sent (again), and notes that they were; no two callers get the same.

        They are those that are QUEUED, due, and were last sent before that time, and those that are RUNNING with a
        lease that has run out.
        """

    def counts(self) -> dict[str, int]:
        """Returns how many jobs there are in each state that has not ended, by name."""

    def open_scheduled(self, jobs: list[Job]) -> list[Job]:
        """Stores those jobs whose experiment has no scheduled analysis that waits or runs, and returns them."""

    def delete_ended(self, *, before: datetime, limit: int) -> int:
        """Deletes jobs without an answer that ended before a time; returns how many."""


class Sender(Protocol):
    """Tells workers that a job waits; a message may be lost or come twice, the row is the truth."""

    def send(self, job: Job) -> None:
        """Sends the job's id; raises nothing: the sweeper sends again what got lost."""
