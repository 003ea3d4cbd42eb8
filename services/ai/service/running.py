"""The use case of doing jobs: takes one up by its id, under a lease, and sees to it that it ends."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from services.ai.domain.jobs import Job, JobKind
from services.ai.domain.ports import Jobs, Sender
from services.ai.service.attempts import Attempt, RunLimits
from services.ai.service.job_metrics import JobMetrics
from services.ai.service.leases import Lease, LeaseKeeper, Monotonic
from services.ai.service.task import Task
from shared import log
from shared.clock import Clock
from shared.errors import Unavailable
from shared.ids import NewId

_logger = logging.getLogger(__name__)


class JobRunner:
    """Does jobs; safe for use by many threads."""

    def __init__(
        self,
        jobs: Jobs,
        tasks: Mapping[JobKind, Task],
        sender: Sender,
        metrics: JobMetrics,
        *,
        limits: RunLimits,
        clock: Clock,
        new_id: NewId,
        monotonic: Monotonic = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.keeper = LeaseKeeper()
        self._jobs = jobs
        self._tasks = tasks
        self._sender = sender
        self._metrics = metrics
        self._limits = limits
        self._clock = clock
        self._new_id = new_id
        self._monotonic = monotonic
        self._wait = wait
        self._closed = threading.Event()

    def run(self, job_id: str) -> None:
        """Does a job, unless it has ended, has to wait, or somebody else does it; raises no `Exception`.

        What is left undone, for whatever reason, is sent again by the sweeper.
        """
        if self._closed.is_set():
            return
        try:
            self._run(job_id)
        except Unavailable:
            log.event(_logger, "store is away, a job waits", level=logging.WARNING, job_id=job_id)
        except Exception as error:
            log.failure(_logger, "a job could not be done", error, job_id=job_id)

    def keep_until(self, stopping: threading.Event) -> None:
        """Keeps the leases of all jobs under way alive until it is told to stop."""
        while not stopping.wait(self._limits.lease.total_seconds() / 3):
            self.keeper.beat()

    def close(self) -> None:
        """Takes up nothing more, and has those jobs given back that did not ask a provider yet."""
        self._closed.set()
        for lease in self.keeper.held():
            lease.stop_before_asking()

    def give_back_all(self) -> None:
        """Gives back what is under way, however far it is; its tasks end with their next stage, and store nothing."""
        for lease in self.keeper.held():
            lease.stop()
            try:
                if self._jobs.give_back(lease.job.job_id, lease.owner):
                    self._sender.send(lease.job)
            except Unavailable:
                log.event(_logger, "store is away, a lease has to run out", level=logging.WARNING)

    def _run(self, job_id: str) -> None:
        owner, now = self._new_id("run"), self._clock()
        job = self._jobs.claim(job_id, owner, now=now, lease_until=now + self._limits.lease)
        if job is None:
            return
        self._metrics.taken(job, now=now)
        lease = self._lease(job, owner, now)
        with self.keeper.holding(lease):
            if self._closed.is_set():
                # Who closed it meanwhile may not have seen this lease.
                lease.stop_before_asking()
            Attempt(
                self._jobs,
                self._tasks[job.kind],
                lease,
                self._sender,
                self._metrics,
                limits=self._limits,
                clock=self._clock,
                wait=self._wait,
            ).go()

    def _lease(self, job: Job, owner: str, now: datetime) -> Lease:
        spent = now - (job.started_at or now)
        instant = self._monotonic()
        return Lease(
            self._jobs,
            job,
            owner,
            length=self._limits.lease,
            deadline=instant + (self._limits.budget - spent).total_seconds(),
            kept_until=instant + self._limits.longest.total_seconds(),
            clock=self._clock,
            monotonic=self._monotonic,
        )
