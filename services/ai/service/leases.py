"""Leases on jobs that a process does: what keeps them alive, and how the task under way learns that one is over."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.ai.domain.jobs import Job, JobStage
from services.ai.domain.ports import Jobs, Kept
from services.ai.service.task import Ended
from shared import log
from shared.clock import Clock
from shared.errors import Unavailable

Monotonic = Callable[[], float]

_PAST: Final = float("-inf")
_UNASKED: Final = frozenset({JobStage.WAITING, JobStage.GATHERING, JobStage.COMPUTING})
_logger = logging.getLogger(__name__)


class Over(StrEnum):
    """Says why a job is not to be gone on with here."""

    LOST = "LOST"
    CANCELLED = "CANCELLED"
    GIVEN_BACK = "GIVEN_BACK"


class Lease:
    """Is the right to do one job, and the `Progress` of its task; safe for use by many threads."""

    def __init__(
        self,
        jobs: Jobs,
        job: Job,
        owner: str,
        *,
        length: timedelta,
        deadline: float,
        kept_until: float,
        clock: Clock,
        monotonic: Monotonic,
    ) -> None:
        self.job = job
        self.owner = owner
        self._jobs = jobs
        self._length = length
        self._deadline = deadline
        self._kept_until = kept_until
        self._clock = clock
        self._monotonic = monotonic
        self._mutex = threading.Lock()
        self._stage = JobStage.WAITING
        self._alive_until = monotonic() + length.total_seconds()
        self._over: Over | None = None

    @property
    def deadline(self) -> float:
        """The instant of the monotonic clock by which the answer has to be stored; past: nobody is to be asked."""
        return self._deadline

    @property
    def over(self) -> Over | None:
        """Why the job is not to be gone on with; None: it is."""
        return self._over

    def remaining_seconds(self) -> float:
        """Returns the time until the deadline, 0 or more."""
        return max(0.0, self._deadline - self._monotonic())

    def stage(self, stage: JobStage) -> None:
        """Gives a sign of life, and says what is done now.

        Raises:
            Ended: The job is not to be gone on with.
        """
        self._sign(stage)
        if self._over is not None:
            raise Ended

    def beat(self) -> None:
        """Gives a sign of life, unless the task took far longer than it may: then somebody else is to try."""
        if self._over is None and self._monotonic() < self._kept_until:
            self._sign(None)

    def spend_time(self) -> None:
        """Has the rest of the task ask nobody."""
        self._deadline = _PAST

    def stop_before_asking(self) -> None:
        """Has the job given back, unless a provider is asked already: that answer is worth to wait for."""
        with self._mutex:
            if self._stage in _UNASKED:
                self._over = self._over or Over.GIVEN_BACK

    def stop(self) -> None:
        """Has the job given back, however far it is."""
        with self._mutex:
            self._over = self._over or Over.GIVEN_BACK

    def _sign(self, stage: JobStage | None) -> None:
        with self._mutex:
            if self._over is not None:
                return
            self._stage = stage or self._stage
            try:
                self._note(self._jobs.keep(self.job.job_id, self.owner, stage=self._stage, lease_until=self._until()))
            except Unavailable:
                # The store may be back before the lease is over; if not, it does no harm to stop.
                if self._monotonic() >= self._alive_until:
                    self._over = Over.LOST

    def _until(self) -> datetime:
        return self._clock() + self._length

    def _note(self, kept: Kept) -> None:
        self._alive_until = self._monotonic() + self._length.total_seconds()
        if kept is not Kept.KEPT:
            self._over = Over.LOST if kept is Kept.LOST else Over.CANCELLED


class LeaseKeeper:
    """Keeps the leases of a process alive, also while a task waits for a provider; safe for use by many threads."""

    def __init__(self) -> None:
        self._held: set[Lease] = set()
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        """Keeps a lease alive for as long as the block lasts."""
        with self._changed:
            self._held.add(lease)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(lease)
                self._changed.notify_all()

    def held(self) -> tuple[Lease, ...]:
        """Returns the leases of now."""
        with self._changed:
            return tuple(self._held)

    def beat(self) -> None:
        """Gives a sign of life of every job."""
        for lease in self.held():
            try:
                lease.beat()
            except Exception as error:  # the others must stay alive
                log.failure(_logger, "a lease could not be kept", error, job_id=lease.job.job_id)

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Returns whether no job was under way any more, at the latest after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout_seconds)
