"""From a message of the API, which nobody has validated, to a reply, or to the reason why it is none."""

from datetime import date
from typing import Final, NoReturn

from anthropic.types import Message, TextBlock

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderFailure, Reply, Usage
from services.ai.llm.failures import malformed
from services.ai.llm.pricing import quote

_WHOLE: Final = ("end_turn", "stop_sequence")
_CUT: Final = ("max_tokens", "model_context_window_exceeded")


def reply_of(message: object, *, asked_model: str, request_id: str, seconds: float, day: date) -> Reply:
    """Returns the reply that a message is.

    Raises:
        ProviderFailure: MALFORMED, REFUSED or TRUNCATED; with what it cost.
    """
    if not isinstance(message, Message) or not isinstance(message.content, list):
        raise malformed(f"no message ({type(message).__name__})", model=asked_model, request_id=request_id)
    model = message.model if isinstance(message.model, str) and message.model else asked_model
    usage = usage_of(message)
    reply = Reply(
        text="".join(one.text for one in message.content if isinstance(one, TextBlock) and isinstance(one.text, str)),
        model=model,
        request_id=request_id,
        usage=usage,
        cost_usd=quote(model, day).price.cost_usd(usage),
        seconds=seconds,
        stop_reason=str(message.stop_reason or ""),
    )
    if reply.stop_reason == "refusal":
        _give_up(reply, FallbackReason.REFUSED, CallStatus.REFUSED, f"the provider refused ({_category(message)})")
    if reply.stop_reason in _CUT:
        _give_up(reply, FallbackReason.TRUNCATED, CallStatus.TRUNCATED, "the answer was cut before it was whole")
    if reply.stop_reason not in _WHOLE or not reply.text.strip():
        what = "no text" if reply.stop_reason in _WHOLE else f"stop_reason {reply.stop_reason!r}"
        _give_up(reply, FallbackReason.MALFORMED, CallStatus.MALFORMED, f"the provider answered with {what}")
    return reply


def usage_of(message: Message) -> Usage:
    """Returns the tokens that a message took; what it does not say is 0."""
    usage = message.usage
    return Usage(
        input_tokens=_count(usage, "input_tokens"),
        output_tokens=_count(usage, "output_tokens"),
        cache_read_tokens=_count(usage, "cache_read_input_tokens"),
        cache_write_tokens=_count(usage, "cache_creation_input_tokens"),
        reasoning_tokens=_count(getattr(usage, "output_tokens_details", None), "thinking_tokens"),
    )


def _count(holder: object, name: str) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _category(message: Message) -> str:
    category = getattr(message.stop_details, "category", None)
    known = ("cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms")
    return category if category in known else "no category"


def _give_up(reply: Reply, reason: FallbackReason, status: CallStatus, message: str) -> NoReturn:
    raise ProviderFailure(
        reason,
        message,
        usage=reply.usage,
        cost_usd=reply.cost_usd,
        status=status,
        model=reply.model,
        request_id=reply.request_id,
        text=reply.text,
        stop_reason=reply.stop_reason,
    )
