"""Shows the platform's errors over HTTP: RFC 9457 problems with the same kind, reason and violations as over gRPC."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from shared import errors
from shared.rpc import status

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "https://experimentation.invalid/problems/"

_CHALLENGE: Final = 'Bearer realm="experimentation"'


def response(error: errors.PlatformError, *, request_id: str, status_code: int | None = None) -> Response:
    """Returns the error as a response.

    Args:
        error: What went wrong.
        request_id: What the logs of the services call the request.
        status_code: The HTTP status, where it is not the one of the error's kind.
    """
    code = status.HTTP_STATUSES[error.kind] if status_code is None else status_code
    return JSONResponse(document(error, code, request_id), code, headers(error, code), MEDIA_TYPE)


def document(error: errors.PlatformError, code: int, request_id: str) -> dict[str, Any]:
    """Returns the problem as JSON has it."""
    found: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{error.reason.value.lower().replace('_', '-')}",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": error.message,
        "reason": error.reason.value,
        "metadata": error.metadata,
        "violations": [{"field": each.field, "description": each.description} for each in error.violations],
        "request_id": request_id,
    }
    if error.retry_after_seconds is not None:
        found["retry_after"] = error.retry_after_seconds
    return found


def headers(error: errors.PlatformError, code: int) -> Mapping[str, str]:
    """Returns what HTTP wants beside the document."""
    found = {"Cache-Control": "no-store"}
    if code == HTTPStatus.UNAUTHORIZED:
        found["WWW-Authenticate"] = _CHALLENGE
    if error.retry_after_seconds is not None:
        found["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    return found
