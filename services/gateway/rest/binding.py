"""Makes an RPC's request of an HTTP request: path, query, headers and body."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final

from google.protobuf import json_format, message, message_factory

from services.gateway.rest import json_check, query
from services.gateway.rest.route import WHOLE, Etag, Route
from shared.errors import FieldViolation, invalid_field, invalid_fields

MOST_VIOLATIONS: Final = 100
"""Bounds how many fields at fault are named: a body of nothing else must not make an answer many times its size."""

_ENTITY_TAG: Final = re.compile(r'"([\x21\x23-\x7e]*)"')
_REVISION: Final = re.compile(r"([0-9]{1,18})-(.+)")
_QUOTED: Final = re.compile(r'"(.*)"')


def request_of(
    route: Route,
    *,
    path: Mapping[str, str],
    given: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: Any,
) -> message.Message:
    """Returns the RPC's request.

    Args:
        route: What was asked.
        path: The parameters of the path.
        given: The parameters of the query, in their order.
        headers: The headers, whose names have any case.
        body: The body as JSON; nothing in it is checked yet.

    Raises:
        InvalidArgument: INVALID_FIELD, something is none of the request's fields or of another type, or two places
            say different things.
    """
    values = _from_body(route, body)
    _merge(values, query.read(route, given))
    _merge(values, _from_headers(route, headers))
    _merge(_inner(route, values), _from_path(route, path))
    problems = list(
        islice(chain(_unbound(route, values), json_check.violations(route.request, values)), MOST_VIOLATIONS)
    )
    if problems:
        raise invalid_fields(problems)
    request = message_factory.GetMessageClass(route.request)()
    try:
        return json_format.ParseDict(values, request)
    except json_format.ParseError as error:
        raise invalid_field("", str(error).partition("\n")[0]) from error


def _from_body(route: Route, body: Any) -> dict[str, Any]:
    if not route.body:
        return {}
    if route.body != WHOLE:
        name = route.body.removesuffix("[0]")
        return {name: [body] if route.is_item else body}
    if not isinstance(body, dict):
        raise invalid_field("", "the body must be a JSON object")
    return dict(body)


def _inner(route: Route, values: dict[str, Any]) -> dict[str, Any]:
    """Returns where the parameters of the path go: into the request, or into the one item that its body is."""
    if not route.is_item:
        return values
    item = values[route.body.removesuffix("[0]")][0]
    if not isinstance(item, dict):
        raise invalid_field("", "the body must be a JSON object")
    # The caller's own is left as it is.
    copy = dict(item)
    values[route.body.removesuffix("[0]")] = [copy]
    return copy


def _from_path(route: Route, path: Mapping[str, str]) -> dict[str, Any]:
    field = route.body_field
    item = field.message_type if route.is_item and field is not None else None
    kind = item or route.request
    return {name: query.scalar(kind.fields_by_name[name], text) for name, text in path.items()}


def _from_headers(route: Route, headers: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    key = headers.get("idempotency-key")
    if key is not None and "request_id" in route.request.fields_by_name:
        # The draft standard has it in quotes.
        quoted = _QUOTED.fullmatch(key)
        found["request_id"] = quoted[1] if quoted else key
    tag = headers.get("if-match")
    if tag is not None and route.if_match and tag.strip() != "*":
        found |= _matched(route, tag.strip())
    return found


def _matched(route: Route, tag: str) -> dict[str, Any]:
    match = _ENTITY_TAG.fullmatch(tag)
    if match is None:
        raise invalid_field("If-Match", "must be one entity tag in quotes, as ETag gave it, or *")
    if route.if_match is Etag.FIELD:
        return {"etag": match[1]}
    revision = _REVISION.fullmatch(match[1])
    if revision is None:
        raise invalid_field("If-Match", "is no entity tag of a change request")
    found: dict[str, Any] = {"request_revision": int(revision[1])}
    if "digest" in route.request.fields_by_name:
        found["digest"] = revision[2]
    return found


def _unbound(route: Route, values: Mapping[str, Any]) -> Iterator[FieldViolation]:
    """Yields the fields that say what the caller saw of a change request, where nothing fills them."""
    if route.if_match is Etag.REVISION:
        for name in ("request_revision", "digest"):
            if name in route.request.fields_by_name and name not in values:
                yield FieldViolation(
                    name, "is required: send the request's ETag as If-Match, or this field in the body"
                )


def _merge(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if name in values and str(values[name]) != str(value):
            raise invalid_fields([FieldViolation(name, f"is {value!r} in one place and something else in the body")])
        values[name] = value
