"""Shows errors over HTTP: RFC 9457 problems with the same kind, reason and violations as over gRPC."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from services.gateway.door.refusals import HttpRefusal
from shared import errors
from shared.rpc import status

MEDIA_TYPE: Final = "application/problem+json"

# Names the sort of problem and leads nowhere, as RFC 9457 lets it.
TYPE_PREFIX: Final = "urn:experimentation:problem:"

_CHALLENGE: Final = 'Bearer realm="experimentation"'


def response(error: errors.PlatformError, *, request_id: str, status_code: int | None = None) -> Response:
    """Returns the error as a response.

    Args:
        error: What went wrong.
        request_id: What the logs of the services call the request.
        status_code: The HTTP status, where it is not the one of the error's kind.
    """
    code = status.HTTP_STATUSES[error.kind] if status_code is None else status_code
    return JSONResponse(document(error, code, request_id), code, _headers(error, code), MEDIA_TYPE)


def refused(refusal: HttpRefusal, *, request_id: str) -> Response:
    """Returns what HTTP itself refuses as a response."""
    content = _document(refusal.reason.value, refusal.message, refusal.status, request_id, refusal.metadata)
    return JSONResponse(content, refusal.status, {"Cache-Control": "no-store", **refusal.headers}, MEDIA_TYPE)


def defect(request_id: str) -> errors.Internal:
    """Returns the error for what nobody foresaw; the log has the rest."""
    message = f"a defect of the gateway; its log has the request id {request_id}"
    return errors.Internal(errors.Reason.INTERNAL, message, metadata={"request_id": request_id})


def document(error: errors.PlatformError, code: int, request_id: str) -> dict[str, Any]:
    """Returns the problem as JSON has it."""
    found = _document(error.reason.value, error.message, code, request_id, error.metadata)
    found["violations"] = [{"field": each.field, "description": each.description} for each in error.violations]
    if error.retry_after_seconds is not None:
        found["retry_after"] = error.retry_after_seconds
    return found


def _document(reason: str, detail: str, code: int, request_id: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": f"{TYPE_PREFIX}{reason.lower().replace('_', '-')}",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": detail,
        "reason": reason,
        "metadata": dict(metadata),
        "violations": [],
        "request_id": request_id,
    }


def _headers(error: errors.PlatformError, code: int) -> Mapping[str, str]:
    found = {"Cache-Control": "no-store"}
    if code == HTTPStatus.UNAUTHORIZED:
        found["WWW-Authenticate"] = _CHALLENGE
    if error.retry_after_seconds is not None:
        found["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    return found
