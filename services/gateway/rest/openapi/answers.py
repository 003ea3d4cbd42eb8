"""The answers of an operation in the OpenAPI document: success, and every problem that it may be."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from services.gateway.door import problem
from services.gateway.rest import sse
from services.gateway.rest.openapi.comments import comment
from services.gateway.rest.openapi.schemas import Schemas
from services.gateway.rest.route import Etag, Route

_JSON: Final = "application/json"
_ALWAYS: Final = (400, 401, 403, 429, 500, 503, 504)
_STREAM: Final = (
    "Events, until either side ends them. `{name}`: its data are one as it stands, its id goes back as Last-Event-ID. "
    "`end`: nothing more will come. `problem`: the stream broke off, its data say why. Comments are pings."
)


def responses(route: Route, schemas: Schemas, example: Mapping[str, Any], links: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the answers by status."""
    success = _success(route, schemas, example)
    found = {str(route.status): {**success, "links": links} if links else success}
    if "validate_only" in route.request.fields_by_name:
        found["200"] = {**success, "description": "Everything was checked, and nothing changed."}
        found["200"].pop("links", None)
    for code in sorted({*_ALWAYS, *_sometimes(route)}):
        found[str(code)] = {"$ref": f"#/components/responses/Problem{code}"}
    return dict(sorted(found.items()))


def problems() -> dict[str, Any]:
    """Returns the answers that are problems, as components."""
    codes = (*_ALWAYS, 404, 408, 409, 412, 413, 415)
    return {f"Problem{code}": _problem(code) for code in sorted(codes)}


def _problem(code: int) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if code == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    if code in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
    found: dict[str, Any] = {
        "description": HTTPStatus(code).phrase,
        "content": {problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return {**found, "headers": headers} if headers else found


def _sometimes(route: Route) -> Iterator[int]:
    text = comment(route.operation.full_name)
    if route.parameters or route.events is not None or "NOT_FOUND" in text:
        yield 404
    if route.method != "GET" or "NOT_ESTIMABLE" in text:
        yield 409
    if route.if_match is not Etag.NONE:
        yield 412
    if route.body:
        yield from (408, 413, 415)


def _success(route: Route, schemas: Schemas, example: Mapping[str, Any]) -> dict[str, Any]:
    if route.events is not None:
        stream = {"schema": {"type": "string"}}
        text = _STREAM.format(name=route.events.name)
        return {"description": text, "content": {sse.MEDIA_TYPE: stream}}
    content: dict[str, Any] = {"schema": schemas.answered(route.answered)}
    if "response" in example:
        content["example"] = example["response"]
    found: dict[str, Any] = {"description": _text(route), "content": {_JSON: content}}
    headers = {}
    if route.etag is not Etag.NONE:
        headers["ETag"] = {"description": "Goes into If-Match.", "schema": {"type": "string"}}
    if route.location:
        headers["Location"] = {"description": "Where it can be read.", "schema": {"type": "string"}}
    return {**found, "headers": headers} if headers else found


def _text(route: Route) -> str:
    response = route.operation.output_type
    full_name = response.fields_by_name[route.answer].full_name if route.answer else response.full_name
    return comment(full_name) or HTTPStatus(route.status).phrase
