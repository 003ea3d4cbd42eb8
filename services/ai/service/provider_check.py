"""The use case of asking whether the provider answers: one tiny call, on record like any other."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.ai.domain.asking import FallbackReason, ProviderFailure, ProviderName, Reply
from services.ai.domain.calls import Asker
from services.ai.domain.grounding.questions import check_question
from services.ai.domain.ports import Calls
from services.ai.service.call_entry import CallEntry
from shared.ids import NewId

NO_JOB: Final = ""
"""The job of a call that is made for none."""


@dataclass(frozen=True, slots=True)
class CheckedProvider:
    """Is what was found.

    Attributes:
        ok: Whether it answered as it should.
        message: What was found, for people.
        fallback_reason: Why it cannot answer; None: it did.
        budget_left_usd: Of the day; None: there is no budget.
    """

    provider: ProviderName
    ok: bool
    model: str
    message: str
    fallback_reason: FallbackReason | None
    seconds: float
    cost_usd: float
    budget_left_usd: float | None


class ProviderCheck:
    """Asks the configured provider; safe for use by many threads.

    Args:
        asker: Within its limits.
        calls: Where the call is put on record, as it may cost money.
        budget_left_usd: Returns what is left of the day's budget; None: there is none.
        timeout_seconds: How long it may take.
        new_id: Names the call.
    """

    def __init__(
        self,
        asker: Asker,
        calls: Calls,
        *,
        budget_left_usd: Callable[[], float | None],
        timeout_seconds: float,
        new_id: NewId,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asker = asker
        self._calls = calls
        self._budget_left_usd = budget_left_usd
        self._timeout_seconds = timeout_seconds
        self._new_id = new_id
        self._monotonic = monotonic

    def check(self) -> CheckedProvider:
        """Returns what was found; that the provider does not answer is a finding, not an error.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        question, began = check_question(), self._monotonic()
        entry = CallEntry(self._calls, self._new_id("call"), NO_JOB, system=question.system)
        try:
            reply = self._asker.ask(
                question, timeout_seconds=self._timeout_seconds, begin=entry.begin, record=entry.end
            )
        except ProviderFailure as failure:
            entry.close(failure)
            return self._failed(failure, self._monotonic() - began)
        return self._answered(reply, self._monotonic() - began)

    def _failed(self, failure: ProviderFailure, seconds: float) -> CheckedProvider:
        return CheckedProvider(
            self._asker.name,
            ok=False,
            model=failure.model or self._asker.model,
            message=failure.message,
            fallback_reason=failure.reason,
            seconds=seconds,
            cost_usd=failure.cost_usd,
            budget_left_usd=self._budget_left_usd(),
        )

    def _answered(self, reply: Reply, seconds: float) -> CheckedProvider:
        ready = _says_ready(reply.text)
        return CheckedProvider(
            self._asker.name,
            ok=ready,
            model=reply.model,
            message="it answers" if ready else "it answered, but not in the form that was asked for",
            fallback_reason=None if ready else FallbackReason.MALFORMED,
            seconds=seconds,
            cost_usd=reply.cost_usd,
            budget_left_usd=self._budget_left_usd(),
        )


def _says_ready(text: str) -> bool:
    try:
        return bool(json.loads(text) == {"ready": True})
    except ValueError:
        return False
