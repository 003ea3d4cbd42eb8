"""Answers with a problem what the application raises."""

from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.door import problem, refusals
from services.gateway.door.refusals import HttpRefusal
from shared import errors

# Who sent If-Match is told in HTTP's own words that it did not match.
_UNMATCHED: Final = frozenset({errors.Reason.ETAG_MISMATCH, errors.Reason.STALE_REVISION})


def answer_failures(app: FastAPI) -> None:
    """Makes the application answer every failure with a problem."""
    app.add_exception_handler(errors.PlatformError, _platform_error)
    app.add_exception_handler(HttpRefusal, _refusal)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _defect)


async def _platform_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.PlatformError)
    unmatched = error.reason in _UNMATCHED and "if-match" in request.headers
    return problem.response(error, request_id=request.state.request_id, status_code=412 if unmatched else None)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpRefusal)
    return problem.refused(error, request_id=request.state.request_id)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        refusal = refusals.route_not_found(request.url.path)
    elif error.status_code == 405:
        refusal = refusals.method_not_allowed(request.method, headers.get("Allow", headers.get("allow", "")))
    else:
        refusal = HttpRefusal(error.status_code, refusals.Reason.BAD_REQUEST, str(error.detail), headers=headers)
    return problem.refused(refusal, request_id=request.state.request_id)


async def _defect(request: Request, _error: Exception) -> Response:
    request_id: str = request.state.request_id
    return problem.response(problem.defect(request_id), request_id=request_id)
