"""What a provider is asked and what it answers, and why one of its answers is not used."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ProviderName(StrEnum):
    """Says who answers."""

    ANTHROPIC = "ANTHROPIC"
    HEURISTIC = "HEURISTIC"
    REPLAY = "REPLAY"


class Operation(StrEnum):
    """Says what is asked for."""

    SUGGEST_HYPOTHESES = "SUGGEST_HYPOTHESES"
    RECOMMEND_DESIGN = "RECOMMEND_DESIGN"
    ANALYZE_EXPERIMENT = "ANALYZE_EXPERIMENT"
    CHECK = "CHECK"


class FallbackReason(StrEnum):
    """Says why the engine's own answer is given instead of a provider's."""

    NO_KEY = "NO_KEY"
    BUDGET_SPENT = "BUDGET_SPENT"
    CIRCUIT_OPEN = "CIRCUIT_OPEN"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PROVIDER_REJECTED = "PROVIDER_REJECTED"
    SPEND_LIMIT = "SPEND_LIMIT"
    REFUSED = "REFUSED"
    TRUNCATED = "TRUNCATED"
    MALFORMED = "MALFORMED"
    NOT_GROUNDED = "NOT_GROUNDED"
    CANARY_LEAKED = "CANARY_LEAKED"
    TIME_SPENT = "TIME_SPENT"


class CallStatus(StrEnum):
    """Says what came of one attempt to ask a provider."""

    OK = "OK"
    REFUSED = "REFUSED"
    TRUNCATED = "TRUNCATED"
    MALFORMED = "MALFORMED"
    """What came is no message: a page of a proxy, half a document, an empty one."""
    UNREACHABLE = "UNREACHABLE"
    """No connection: nothing was sent."""
    TIMED_OUT = "TIMED_OUT"
    DISCONNECTED = "DISCONNECTED"
    OVERLOADED = "OVERLOADED"
    SERVER_ERROR = "SERVER_ERROR"
    RATE_LIMITED = "RATE_LIMITED"
    SPEND_LIMITED = "SPEND_LIMITED"
    NOT_PAID = "NOT_PAID"
    BAD_REQUEST = "BAD_REQUEST"
    NOT_AUTHENTICATED = "NOT_AUTHENTICATED"
    NOT_PERMITTED = "NOT_PERMITTED"
    NOT_FOUND = "NOT_FOUND"
    TOO_LARGE = "TOO_LARGE"
    REDIRECTED = "REDIRECTED"
    NOT_RECORDED = "NOT_RECORDED"
    """A replay has no such exchange."""
    NOT_SENT = "NOT_SENT"
    """Nobody was asked: no key, no money, no time, or too many failures before."""
    UNKNOWN = "UNKNOWN"
    """It was about to be sent; nobody saw the end of it."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Is what a provider is told when it is asked again.

    Attributes:
        previous_text: Its answer, as it was.
        feedback_json: What was wrong with it, as `grounding.repair.feedback_json` writes it.
    """

    previous_text: str
    feedback_json: str


@dataclass(frozen=True, slots=True)
class Question:
    """Is what a provider is asked.

    Attributes:
        operation: What is asked for.
        system: The rules: the same text for every question of an operation.
        data: The user's message: one JSON object in ASCII, which holds all that people wrote.
        schema: The JSON schema of the answer: the same for every question of an operation.
        plain_answer: The engine's own answer as JSON of that schema: what the heuristic provider says.
        repair: What to put right. None: it is the first question.
    """

    operation: Operation
    system: str
    data: str
    schema: Mapping[str, object]
    plain_answer: str
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts tokens.

    Attributes:
        input_tokens: Those read in full: neither from the cache nor into it.
        output_tokens: Those written, reasoning among them.
        cache_read_tokens: Those read from the cache.
        cache_write_tokens: Those written to the cache.
        reasoning_tokens: Those of the output that are reasoning.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_input_tokens(self) -> int:
        """All tokens that were read, cached or not."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def total_tokens(self) -> int:
        """All tokens that were read or written."""
        return self.total_input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Reply:
    """Is what a provider answered.

    Attributes:
        text: The answer, as it came: not parsed, not checked, not to be trusted.
        model: Who wrote it; `engine`: nobody.
        request_id: The provider's name for the call; empty: it has none.
        usage: The tokens it took.
        cost_usd: What it cost.
        seconds: How long it took.
        stop_reason: Why the answer ended, in the provider's words.
    """

    text: str
    model: str
    request_id: str = ""
    usage: Usage = Usage()
    cost_usd: float = 0.0
    seconds: float = 0.0
    stop_reason: str = ""


class ProviderFailure(Exception):  # noqa: N818 (it says who failed)
    """Says that a provider gave no answer that can be used.

    Attributes:
        reason: Why, for programs.
        message: Why, for people: without keys and without what was asked.
        retryable: Whether the same question may be answered later.
        retry_after_seconds: How long the provider asks to wait. None: it does not say.
        usage: The tokens that it took all the same.
        cost_usd: What it cost all the same.
        status: What came of the attempt.
        model: Who was asked; empty: nobody was.
        request_id: The provider's name for the call; empty: it has none.
        text: What came instead of an answer, where something did.
        stop_reason: Why that ended, in the provider's words.
    """

    def __init__(
        self,
        reason: FallbackReason,
        message: str,
        *,
        retryable: bool = False,
        retry_after_seconds: float | None = None,
        usage: Usage = Usage(),
        cost_usd: float = 0.0,
        status: CallStatus = CallStatus.NOT_SENT,
        model: str = "",
        request_id: str = "",
        text: str = "",
        stop_reason: str = "",
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        self.usage = usage
        self.cost_usd = cost_usd
        self.status = status
        self.model = model
        self.request_id = request_id
        self.text = text
        self.stop_reason = stop_reason


class Provider(Protocol):
    """Answers questions; safe for use by many threads."""

    @property
    def name(self) -> ProviderName:
        """Who it is."""

    @property
    def model(self) -> str:
        """Which model it asks."""

    def ask(self, question: Question, *, timeout_seconds: float) -> Reply:
        """Returns its answer to one question, within that time; it asks once.

        Raises:
            ProviderFailure: It has no answer that can be used.
        """
