"""The use case of losing no job: sends those again that nobody took up, or that nobody does any more."""

from datetime import timedelta
from typing import Final

from services.ai.domain.ports import Jobs, Sender
from services.ai.service.job_metrics import JobMetrics
from shared.clock import Clock

_BATCH: Final = 100


class JobSweeper:
    """Sends jobs again; any number of processes may, as the store gives each job to one of them."""

    def __init__(
        self, jobs: Jobs, sender: Sender, metrics: JobMetrics, *, resend_after: timedelta, clock: Clock
    ) -> None:
        self._jobs = jobs
        self._sender = sender
        self._metrics = metrics
        self._resend_after = resend_after
        self._clock = clock

    def sweep(self) -> int:
        """Sends some of the jobs that are due, and returns how many.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        now = self._clock()
        due = self._jobs.due(now=now, sent_before=now - self._resend_after, limit=_BATCH)
        for job in due:
            self._sender.send(job)
        self._metrics.waiting(self._jobs.counts())
        return len(due)
