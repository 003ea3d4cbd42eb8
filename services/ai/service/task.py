"""What a job's work is, seen from who runs it: a task that gives signs of life and returns what is to be stored."""

from typing import Protocol

from services.ai.domain.jobs import Job, JobStage
from services.ai.domain.records import JobResult


class Ended(Exception):  # noqa: N818 (it says what happened to the job)
    """Is raised where a job is not to be gone on with: its end was asked for, or its lease is lost."""


class TryLater(Exception):  # noqa: N818 (it says what is to be done)
    """Is raised where a provider asks to wait and time is left: the job goes back, and nothing of it is stored.

    Attributes:
        after_seconds: How long to wait, above 0.
    """

    def __init__(self, after_seconds: float) -> None:
        super().__init__(f"again in {after_seconds:g} s")
        self.after_seconds = after_seconds


class Progress(Protocol):
    """Is how a task tells of itself, and knows how much time it has."""

    @property
    def deadline(self) -> float:
        """The instant of the monotonic clock by which the answer has to be stored; past: nobody is to be asked."""

    def remaining_seconds(self) -> float:
        """Returns the time until then, 0 or more."""

    def stage(self, stage: JobStage) -> None:
        """Gives a sign of life, and says what is done now.

        Raises:
            Ended: The job is not to be gone on with.
        """


class Task(Protocol):
    """Does the work of one kind of job; safe for use by many threads."""

    def run(self, job: Job, watch: Progress) -> JobResult:
        """Returns everything that the job leaves behind; it stores none of it.

        It may be run again for the same job, after a crash or a wait: what it returns is stored once.

        Raises:
            PlatformError: What was asked for cannot be done: the job fails, with this reason.
            TryLater: A provider asks to wait.
            Ended: From `watch`.
        """
