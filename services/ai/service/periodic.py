"""The use case of what nobody has to ask for: analyses anew on their cadence, and the end of jobs that came to nothing.

Any number of processes may do it at once: the store opens one scheduled analysis of an experiment at a time.
"""

from datetime import datetime, timedelta
from typing import Final

from services.ai.domain.jobs import SCHEDULE, AnalysisInput, Job, JobKind, JobQueue
from services.ai.domain.ports import Experiments, Jobs, Sender
from shared.clock import Clock
from shared.ids import NewId

_BATCH: Final = 100
_DELETED: Final = 1_000


class Periodic:
    """Asks for what is due; safe for use by many threads.

    Args:
        jobs: Where jobs are kept.
        experiments: Which of them are due.
        sender: Tells workers.
        cadence: How old the newest analysis of an experiment may get.
        kept: For how long jobs without an answer are kept.
        propose: Whether scheduled analyses open change requests.
    """

    def __init__(
        self,
        jobs: Jobs,
        experiments: Experiments,
        sender: Sender,
        *,
        cadence: timedelta,
        kept: timedelta,
        propose: bool = False,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._jobs = jobs
        self._experiments = experiments
        self._sender = sender
        self._cadence = cadence
        self._kept = kept
        self._propose = propose
        self._clock = clock
        self._new_id = new_id

    def sweep(self) -> int:
        """Opens the analyses that are due, and deletes what was kept long enough; returns how many it opened.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        now = self._clock()
        due = self._experiments.to_analyze(now=now, older_than=now - self._cadence, limit=_BATCH)
        opened = self._jobs.open_scheduled([self._job(experiment_id, now) for experiment_id in due]) if due else []
        for job in opened:
            self._sender.send(job)
        self._jobs.delete_ended(before=now - self._kept, limit=_DELETED)
        return len(opened)

    def _job(self, experiment_id: str, now: datetime) -> Job:
        return Job(
            job_id=self._new_id("job"),
            kind=JobKind.ANALYZE_EXPERIMENT,
            input=AnalysisInput(experiment_id, propose=self._propose),
            queue=JobQueue.BULK,
            creator=SCHEDULE,
            created_at=now,
            experiment_id=experiment_id,
        )
