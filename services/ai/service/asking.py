"""Asks the configured provider for one job: on record before it is sent, within the job's time, and not too often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.ai.domain.asking import (
    CallStatus,
    FallbackReason,
    Operation,
    ProviderFailure,
    ProviderName,
    Question,
    Reply,
)
from services.ai.domain.calls import Asker
from services.ai.domain.jobs import Job, JobStage
from services.ai.domain.ports import Calls
from services.ai.service.call_entry import CallEntry
from services.ai.service.task import Progress, TryLater
from shared.ids import NewId

KEPT_SECONDS: Final = 2.0
"""Of a job's time, what is kept for checking and storing an answer."""
LEAST_SECONDS: Final = 1.0
"""With less time than this nobody is asked."""
_FIRST_WAIT_SECONDS: Final = 2.0
_NOTED: Final = 100
_NOTED_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class AskingLimits:
    """Limits what one job may ask.

    Attributes:
        timeout_seconds: For one answer.
        question_count: How often its question is sent in all, crashes and waits included; one repair comes on top.
    """

    timeout_seconds: float = 90.0
    question_count: int = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Is an answer as it came, and the name of its call."""

    reply: Reply
    call_id: str


class Asking:
    """Asks on behalf of jobs; safe for use by many threads.

    Args:
        asker: The configured provider.
        calls: Where each attempt is on record.
        limits: Of one job.
        new_id: Makes ids of calls.
        retried: Is told of each question that is sent again.
    """

    def __init__(
        self,
        asker: Asker,
        calls: Calls,
        *,
        limits: AskingLimits,
        new_id: NewId,
        retried: Callable[[Operation], None],
    ) -> None:
        self._asker = asker
        self._calls = calls
        self._limits = limits
        self._new_id = new_id
        self._retried = retried

    @property
    def name(self) -> ProviderName:
        """Returns who is asked."""
        return self._asker.name

    def first(self, question: Question, job: Job, watch: Progress) -> Asked:
        """Returns the answer to a job's question.

        Raises:
            ProviderFailure: There is none, and there will be none for this job.
            TryLater: There is none yet.
            Ended: From `watch`.
        """
        made = self._calls.count_for(job.job_id)
        if made >= self._limits.question_count:
            raise ProviderFailure(FallbackReason.PROVIDER_UNAVAILABLE, f"was asked {made} times for this job")
        if made:
            self._retried(question.operation)
        try:
            return self._ask(question, job, watch)
        except ProviderFailure as failure:
            wait = failure.retry_after_seconds or _FIRST_WAIT_SECONDS * 2**made
            more = made + 1 < self._limits.question_count and failure.status is not CallStatus.NOT_SENT
            if failure.retryable and more and wait + KEPT_SECONDS + LEAST_SECONDS < watch.remaining_seconds():
                raise TryLater(wait) from failure
            raise

    def again(self, question: Question, job: Job, watch: Progress) -> Asked:
        """Returns the answer to the same question with what was wrong before; it is asked once.

        Raises:
            ProviderFailure: There is none.
            Ended: From `watch`.
        """
        made = self._calls.count_for(job.job_id)
        if made > self._limits.question_count:
            raise ProviderFailure(FallbackReason.PROVIDER_UNAVAILABLE, f"was asked {made} times for this job")
        return self._ask(question, job, watch)

    def note(self, asked: Asked, found: Sequence[str]) -> None:
        """Puts what was wrong with an answer on record, as far as it can be read."""
        if found:
            self._calls.note_violations(asked.call_id, tuple(one[:_NOTED_LENGTH] for one in found[:_NOTED]))

    def _ask(self, question: Question, job: Job, watch: Progress) -> Asked:
        seconds = min(self._limits.timeout_seconds, watch.remaining_seconds() - KEPT_SECONDS)
        if seconds < LEAST_SECONDS:
            raise ProviderFailure(FallbackReason.TIME_SPENT, "the job has too little time left")
        watch.stage(JobStage.ASKING)
        entry = CallEntry(self._calls, self._new_id("call"), job.job_id, system=question.system)
        try:
            reply = self._asker.ask(question, timeout_seconds=seconds, record=entry.end, begin=entry.begin)
        except ProviderFailure as failure:
            entry.close(failure)
            raise
        return Asked(reply, entry.call_id)
