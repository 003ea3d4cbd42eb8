"""Attempts on record, as tests need them."""

from dataclasses import replace
from datetime import UTC, datetime

from services.ai.domain.asking import CallStatus, Operation, ProviderName, Usage
from services.ai.domain.calls import CallRecord

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
_CALL = CallRecord(
    provider=ProviderName.ANTHROPIC,
    model="claude-sonnet-5-5",
    operation=Operation.ANALYZE_EXPERIMENT,
    system_sha256="0" * 64,
    data="{}",
    repair=None,
    response_text='{"ready":true}',
    stop_reason="end_turn",
    usage=Usage(100, 50, 20, 10, 5),
    cost_usd=0.25,
    status=CallStatus.OK,
    fallback_reason=None,
    message="",
    seconds=1.5,
    request_id="req_1",
    at=AT,
)


def call(**changes: object) -> CallRecord:
    """Returns an attempt that was answered, but for the changes."""
    return replace(_CALL, **changes)  # type: ignore[arg-type]
