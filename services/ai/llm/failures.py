"""Says what an error of the Messages API means: why there is no answer, and whether to ask again."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final

import anthropic
import httpx2

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderFailure
from services.ai.domain.grounding.untrusted import cleaned

MOST_RETRY_AFTER_SECONDS: Final = 60.0
_MESSAGE_LENGTH: Final = 300
_NEVER_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)


@dataclass(frozen=True, slots=True)
class _Meaning:
    reason: FallbackReason
    status: CallStatus
    retryable: bool = False


_REJECTED: Final = FallbackReason.PROVIDER_REJECTED
_UNAVAILABLE: Final = FallbackReason.PROVIDER_UNAVAILABLE
_SERVER_ERROR: Final = _Meaning(_UNAVAILABLE, CallStatus.SERVER_ERROR, retryable=True)
_OVERLOADED: Final = _Meaning(_UNAVAILABLE, CallStatus.OVERLOADED, retryable=True)
_RATE_LIMITED: Final = _Meaning(_UNAVAILABLE, CallStatus.RATE_LIMITED, retryable=True)
_BAD_REQUEST: Final = _Meaning(_REJECTED, CallStatus.BAD_REQUEST)
_NOT_PAID: Final = _Meaning(FallbackReason.SPEND_LIMIT, CallStatus.NOT_PAID)
_SPEND_LIMITED: Final = _Meaning(FallbackReason.SPEND_LIMIT, CallStatus.SPEND_LIMITED)
_BY_CODE: Final[Mapping[int, _Meaning]] = MappingProxyType(
    {
        401: _Meaning(_REJECTED, CallStatus.NOT_AUTHENTICATED),
        402: _NOT_PAID,
        403: _Meaning(_REJECTED, CallStatus.NOT_PERMITTED),
        404: _Meaning(_REJECTED, CallStatus.NOT_FOUND),
        408: _SERVER_ERROR,
        409: _SERVER_ERROR,
        413: _Meaning(_REJECTED, CallStatus.TOO_LARGE),
        429: _RATE_LIMITED,
        529: _OVERLOADED,
    }
)
_BY_TYPE: Final[Mapping[str, _Meaning]] = MappingProxyType(
    {
        "overloaded_error": _OVERLOADED,
        "api_error": _SERVER_ERROR,
        "timeout_error": _SERVER_ERROR,
        "rate_limit_error": _RATE_LIMITED,
        "billing_error": _NOT_PAID,
        "authentication_error": _BY_CODE[401],
        "permission_error": _BY_CODE[403],
        "not_found_error": _BY_CODE[404],
        "request_too_large": _BY_CODE[413],
        "invalid_request_error": _BAD_REQUEST,
    }
)


def status_failure(error: anthropic.APIStatusError, *, model: str, now: datetime) -> ProviderFailure:
    """Returns what an error response means; one in the midst of a stream has the code 200, and its type counts."""
    meaning = _meaning(error.status_code, str(error.type or ""), str(error.error_code or ""))
    headers = error.response.headers
    return ProviderFailure(
        meaning.reason,
        _told(error.status_code, str(error.type or ""), error.api_message),
        retryable=meaning.retryable and headers.get("x-should-retry") != "false",
        retry_after_seconds=retry_after_seconds(headers, now),
        status=meaning.status,
        model=model,
        request_id=str(error.request_id or ""),
    )


def error_document_failure(document: Mapping[str, object], *, model: str, request_id: str) -> ProviderFailure:
    """Returns what an error document means that came where a message should have."""
    error = document.get("error")
    fields = error if isinstance(error, Mapping) else {}
    kind = str(fields.get("type") or "")
    meaning = _meaning(200, kind, "")
    return ProviderFailure(
        meaning.reason,
        _told(200, kind, fields.get("message")),
        retryable=meaning.retryable,
        status=meaning.status,
        model=model,
        request_id=request_id,
    )


def connection_failure(error: anthropic.APIConnectionError, *, model: str) -> ProviderFailure:
    """Returns what it means that there was no answer."""
    timed_out = isinstance(error, anthropic.APITimeoutError)
    if isinstance(error.__cause__, _NEVER_SENT):
        status, message = CallStatus.UNREACHABLE, "the provider cannot be reached"
    elif timed_out:
        status, message = CallStatus.TIMED_OUT, "the provider did not answer in time"
    else:
        status, message = CallStatus.DISCONNECTED, "the connection to the provider ended before the answer did"
    cause = f" ({type(error.__cause__).__name__})" if error.__cause__ else ""
    return ProviderFailure(_UNAVAILABLE, f"{message}{cause}", retryable=True, status=status, model=model)


def malformed(what: str, *, model: str, request_id: str = "", text: str = "") -> ProviderFailure:
    """Returns the failure for something that is no message."""
    return ProviderFailure(
        FallbackReason.MALFORMED,
        f"the provider answered with {what}",
        status=CallStatus.MALFORMED,
        model=model,
        request_id=request_id,
        text=text,
    )


def retry_after_seconds(headers: httpx2.Headers, now: datetime) -> float | None:
    """Returns how long to wait before the next try, at most a minute; None: the headers do not say."""
    seconds = _number(headers.get("retry-after-ms"), 1000.0)
    if seconds is None:
        seconds = _number(headers.get("retry-after"), 1.0)
    if seconds is None:
        seconds = _until(headers.get("retry-after", ""), now)
    return None if seconds is None else min(max(seconds, 0.0), MOST_RETRY_AFTER_SECONDS)


def _meaning(status_code: int, kind: str, error_code: str) -> _Meaning:
    if "spend_limit" in error_code:
        return _SPEND_LIMITED
    if 300 <= status_code < 400:
        return _Meaning(_REJECTED, CallStatus.REDIRECTED)
    if status_code < 300:
        return _BY_TYPE.get(kind, _Meaning(FallbackReason.MALFORMED, CallStatus.MALFORMED))
    return _BY_CODE.get(status_code) or (_SERVER_ERROR if status_code >= 500 else _BAD_REQUEST)


def _told(status_code: int, kind: str, message: object) -> str:
    shown = cleaned(message, _MESSAGE_LENGTH) if isinstance(message, str) else ""
    if 300 <= status_code < 400:
        shown = "redirects are not followed"
    head = f"the provider answered {status_code}" + (f" {cleaned(kind, 60)}" if kind else "")
    return f"{head}: {shown}" if shown else head


def _number(text: str | None, divisor: float) -> float | None:
    try:
        value = float(text or "") / divisor
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _until(text: str, now: datetime) -> float | None:
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds()


def error_document(text: str) -> Mapping[str, object] | None:
    """Returns the error document that a text is; None: it is something else."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and document.get("type") == "error" else None
