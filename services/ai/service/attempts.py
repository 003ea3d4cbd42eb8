"""One attempt at a job: runs its task, then stores the answer, gives the job back, or ends it without one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.ai.domain.jobs import Job, JobFailure, JobState
from services.ai.domain.ports import Jobs, Sender
from services.ai.domain.records import JobResult
from services.ai.service.job_metrics import JobMetrics
from services.ai.service.leases import Lease, Over
from services.ai.service.task import Ended, Task, TryLater
from shared import log
from shared.clock import Clock
from shared.errors import Aborted, DeadlineExceeded, Internal, PlatformError, Reason, ResourceExhausted, Unavailable

_LATER: Final = (Aborted, DeadlineExceeded, ResourceExhausted, Unavailable)
_DEFECT: Final = JobFailure(Reason.INTERNAL, "a defect ended the job; the log of the process says more")
_CRASHED: Final = JobFailure(Reason.INTERNAL, "no process that took the job up lived to end it")
# An answer that may have cost money is not dropped for a short absence of the store.
_STORE_PAUSES_SECONDS: Final = (0.1, 0.5, 2.0, 5.0)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Says how much one job may take.

    Attributes:
        attempt_count: How often it is taken up with a provider to be asked; once more goes without one.
        budget: From when it was taken up first to its answer.
        lease: How long a process may show no sign of life.
        overtime: How long a task may go on that ought to have ended.
        first_pause: Before the second attempt; doubled with each further one.
    """

    attempt_count: int = 3
    budget: timedelta = timedelta(seconds=120)
    lease: timedelta = timedelta(seconds=30)
    overtime: timedelta = timedelta(seconds=60)
    first_pause: timedelta = timedelta(seconds=2)

    @property
    def longest(self) -> timedelta:
        """How long one attempt can take before it is taken for stuck."""
        return self.budget + self.overtime


class Attempt:
    """Is one attempt at a job, for one thread."""

    def __init__(
        self,
        jobs: Jobs,
        task: Task,
        lease: Lease,
        sender: Sender,
        metrics: JobMetrics,
        *,
        limits: RunLimits,
        clock: Clock,
        wait: Callable[[float], object],
    ) -> None:
        self._jobs = jobs
        self._task = task
        self._lease = lease
        self._job = lease.job
        self._sender = sender
        self._metrics = metrics
        self._limits = limits
        self._clock = clock
        self._wait = wait
        self._asks = self._job.attempt_count <= limits.attempt_count

    def go(self) -> None:
        """Brings the job one step on, or to its end.

        Raises:
            Unavailable: STORE_UNAVAILABLE: somebody takes the job up again once the lease has run out.
        """
        if self._job.attempt_count > self._limits.attempt_count + 1:
            self._fail(_CRASHED)
            return
        if not self._asks:
            self._lease.spend_time()
        self._work()

    def _work(self) -> None:
        try:
            self._store(self._task.run(self._job, self._lease))
        except Ended:
            self._leave()
        except TryLater as later:
            self._try_later(timedelta(seconds=later.after_seconds), _DEFECT)
        except _LATER as error:
            self._try_later(self._pause(), _failure(error))
        except PlatformError as error:
            if isinstance(error, Internal):
                self._stumble(error)
            else:
                self._fail(_failure(error))
        except Exception as error:
            self._stumble(error)
        except BaseException:
            # The thread is told to stop: it took too long.
            self._jobs.give_back(self._job.job_id, self._lease.owner)
            raise

    def _stumble(self, error: Exception) -> None:
        log.failure(_logger, "a job stumbled", error, job_id=self._job.job_id, attempt_count=self._job.attempt_count)
        self._try_later(self._pause(), _DEFECT)

    def _try_later(self, pause: timedelta, failure: JobFailure) -> None:
        """Gives the job back where attempts and time are left, else does it without a provider, else fails it."""
        if self._lease.over is not None:
            self._leave()
        elif (
            self._job.attempt_count < self._limits.attempt_count
            and pause.total_seconds() < self._lease.remaining_seconds()
        ):
            self._jobs.give_back(self._job.job_id, self._lease.owner, not_before=self._clock() + pause)
        elif self._asks:
            self._asks = False
            self._lease.spend_time()
            self._work()
        else:
            self._fail(failure)

    def _pause(self) -> timedelta:
        return self._limits.first_pause * (1 << (self._job.attempt_count - 1))

    def _store(self, result: JobResult) -> None:
        job_id, owner = self._job.job_id, self._lease.owner

        def finish() -> bool:
            return self._jobs.finish(job_id, owner, result, now=self._clock())

        if self._committed(finish, lambda job: _left_behind(job, result)):
            self._metrics.stored(self._job, result, now=self._clock())
        else:
            self._lease.beat()
            self._leave()

    def _fail(self, failure: JobFailure) -> None:
        job_id, owner = self._job.job_id, self._lease.owner

        def fail() -> bool:
            return self._jobs.fail(job_id, owner, failure, now=self._clock())

        if self._committed(fail, lambda job: job.failure == failure):
            self._metrics.failed(self._job, now=self._clock())
            log.event(_logger, "job failed", job_id=job_id, reason=failure.reason)

    def _committed(self, commit: Callable[[], bool], ours: Callable[[Job], bool]) -> bool:
        """Returns whether this attempt ended the job, also where the store went away before it could say so."""
        unsure = False
        for pause in (*_STORE_PAUSES_SECONDS, None):
            try:
                return commit() or (unsure and self._is(ours))
            except Unavailable:
                if pause is None:
                    raise
                unsure = True
                self._wait(pause)
        raise AssertionError

    def _is(self, ours: Callable[[Job], bool]) -> bool:
        job = self._jobs.find(self._job.job_id)
        return job is not None and job.ended and ours(job)

    def _leave(self) -> None:
        job_id, owner, over = self._job.job_id, self._lease.owner, self._lease.over
        if over is Over.CANCELLED:
            if self._jobs.end_cancelled(job_id, owner, now=self._clock()):
                self._metrics.cancelled(self._job, now=self._clock())
        elif over is Over.LOST:
            log.event(_logger, "a job was lost to another process", level=logging.WARNING, job_id=job_id)
        elif self._jobs.give_back(job_id, owner):
            self._sender.send(self._job)


def _failure(error: PlatformError) -> JobFailure:
    return JobFailure(error.reason, error.message, tuple(violation.field for violation in error.violations))


def _left_behind(job: Job, result: JobResult) -> bool:
    """Says whether a job's answer is this one: each attempt makes ids of its own."""
    return job.state is JobState.SUCCEEDED and (job.hypothesis_ids, job.design_id, job.analysis_id) == (
        tuple(record.hypothesis_id for record in result.hypotheses),
        result.design.design_id if result.design else "",
        result.analysis.analysis_id if result.analysis else "",
    )
