"""Attempts to ask a provider: how each is recorded, what all of them cost, and who asks within those limits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.ai.domain.asking import (
    CallStatus,
    FallbackReason,
    Operation,
    ProviderName,
    Question,
    Repair,
    Reply,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Spend:
    """Is what was spent."""

    cost_usd: float = 0.0
    tokens: int = 0


class SpendLedger(Protocol):
    """Knows what all processes together spent; safe for use by many threads."""

    def spent_since(self, day_start: datetime) -> Spend:
        """Returns what the recorded calls cost from that instant on: all tokens read or written, and all money."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Is one attempt to ask a provider, whatever came of it.

    Attributes:
        provider: Who was asked.
        model: Which model; the one that answered, where one did.
        operation: What for.
        system_sha256: Of the system text, as hexadecimal digits.
        data: The user's message.
        repair: What was to be put right. None: it was the first question.
        response_text: What came; empty: nothing did.
        stop_reason: Why that ended, in the provider's words.
        usage: The tokens it took.
        cost_usd: What it cost.
        status: What came of it.
        fallback_reason: Why its answer is not used. None: nothing is wrong with the call.
        message: The same for people; empty: nothing is wrong.
        seconds: How long it took.
        request_id: The provider's name for the call; empty: it has none.
        at: When it was sent.
    """

    provider: ProviderName
    model: str
    operation: Operation
    system_sha256: str
    data: str
    repair: Repair | None
    response_text: str
    stop_reason: str
    usage: Usage
    cost_usd: float
    status: CallStatus
    fallback_reason: FallbackReason | None
    message: str
    seconds: float
    request_id: str
    at: datetime


RecordCall = Callable[[CallRecord], None]
"""Keeps an attempt where `SpendLedger` finds it; an error that it raises ends the question."""


class Asker(Protocol):
    """Asks a provider within the limits of what may be spent and tried; safe for use by many threads."""

    @property
    def name(self) -> ProviderName:
        """Who is asked."""

    @property
    def model(self) -> str:
        """Which model is asked."""

    def ask(
        self, question: Question, *, timeout_seconds: float, record: RecordCall, begin: RecordCall | None = None
    ) -> Reply:
        """Returns the answer to one question, asked once.

        `begin` is called before anything is sent, with the most that the attempt can cost; an error that it raises
        ends the question. `record` is called with the attempt, also with one that fails, before the money that is held
        for it is given back; neither is called where nothing may be sent.

        Raises:
            ProviderFailure: There is no answer that can be used, or nothing may be sent.
        """
