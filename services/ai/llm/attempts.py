"""What goes on record of an attempt to ask a provider, whatever came of it."""

import hashlib
from datetime import datetime

from services.ai.domain.asking import CallStatus, Provider, ProviderFailure, ProviderName, Question, Reply, Usage
from services.ai.domain.calls import CallRecord


def of_sending(question: Question, provider: Provider, at: datetime, *, most: Usage, cost_usd: float) -> CallRecord:
    """Returns the record of an attempt that is about to be sent: what it can take and cost at most."""
    return CallRecord(
        provider=provider.name,
        model=provider.model,
        operation=question.operation,
        system_sha256=_digest(question.system),
        data=question.data,
        repair=question.repair,
        response_text="",
        stop_reason="",
        usage=most,
        cost_usd=cost_usd,
        status=CallStatus.UNKNOWN,
        fallback_reason=None,
        message="nobody saw the end of it",
        seconds=0.0,
        request_id="",
        at=at,
    )


def of_reply(reply: Reply, question: Question, provider: ProviderName, at: datetime) -> CallRecord:
    """Returns the record of an attempt that was answered."""
    return CallRecord(
        provider=provider,
        model=reply.model,
        operation=question.operation,
        system_sha256=_digest(question.system),
        data=question.data,
        repair=question.repair,
        response_text=reply.text,
        stop_reason=reply.stop_reason,
        usage=reply.usage,
        cost_usd=reply.cost_usd,
        status=CallStatus.OK,
        fallback_reason=None,
        message="",
        seconds=reply.seconds,
        request_id=reply.request_id,
        at=at,
    )


def of_failure(
    failure: ProviderFailure, question: Question, provider: Provider, at: datetime, seconds: float
) -> CallRecord:
    """Returns the record of an attempt that failed."""
    return CallRecord(
        provider=provider.name,
        model=failure.model or provider.model,
        operation=question.operation,
        system_sha256=_digest(question.system),
        data=question.data,
        repair=question.repair,
        response_text=failure.text,
        stop_reason=failure.stop_reason,
        usage=failure.usage,
        cost_usd=failure.cost_usd,
        status=failure.status,
        fallback_reason=failure.reason,
        message=failure.message,
        seconds=seconds,
        request_id=failure.request_id,
        at=at,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
