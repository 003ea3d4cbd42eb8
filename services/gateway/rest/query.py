"""Reads what stands in paths and queries: texts, one parameter for each field."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.gateway.rest import json_check
from services.gateway.rest.route import WHOLE, Route
from shared.errors import FieldViolation, invalid_fields

# What HTTP says in headers.
IN_HEADERS: Final = ("request_id", "etag")

_PAIR: Final = re.compile(r"([a-z_]+)\[(.+)\]", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_BOOLEANS: Final = {"true": True, "false": False}


def parameters(route: Route) -> Iterator[tuple[FieldDescriptor, str]]:
    """Yields the fields that the query may give, each with the name of the field that it stands in, if any."""
    if route.body == WHOLE:
        return
    for field in route.request.fields:
        if field.name == route.query and field.message_type is not None:
            yield from ((each, field.name) for each in field.message_type.fields if each.name not in route.parameters)
        elif field.name not in (*route.parameters, *IN_HEADERS, *_elsewhere(route)) and _is_plain(field):
            yield field, ""


def _elsewhere(route: Route) -> Iterator[str]:
    """Yields the fields that the body and Last-Event-ID give."""
    if route.body_field is not None:
        yield route.body_field.name
    if route.events is not None and route.events.resume:
        yield route.events.resume


def _is_plain(field: FieldDescriptor) -> bool:
    """Returns whether a text can be the field, or one of its items or pairs."""
    kind = field.message_type
    return kind is None or kind.full_name in json_check.TEXTS or is_map(field)


def read(route: Route, given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Returns what the query gives, as JSON of the request.

    Raises:
        InvalidArgument: INVALID_FIELD, there is no such parameter, or it is given more than once.
    """
    known = {field.name: (field, place) for field, place in parameters(route)}
    values: dict[str, Any] = {}
    problems: list[FieldViolation] = []
    for name, text in given:
        pair = _PAIR.fullmatch(name)
        key = pair[1] if pair else name
        if key not in known or (pair is not None) != is_map(known[key][0]):
            problems.append(FieldViolation(_shown(name), "is no parameter of this operation"))
            continue
        field, place = known[key]
        target = values.setdefault(place, {}) if place else values
        problems += _put(target, field, pair[2] if pair else "", text)
    if problems:
        raise invalid_fields(problems)
    return values


def scalar(field: FieldDescriptor, text: str) -> Any:
    """Returns the text as the JSON that the field takes, or as it is where it takes none such."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _BOOLEANS.get(text, text)
    if field.cpp_type in _NUMERIC and _NUMBER.fullmatch(text):
        return float(text) if {".", "e", "E"} & set(text) else int(text[:400])
    return text


def value_of(field: FieldDescriptor) -> FieldDescriptor:
    """Returns what the pairs of a field have as values."""
    assert field.message_type is not None
    return field.message_type.fields_by_name["value"]


def is_map(field: FieldDescriptor) -> bool:
    """Returns whether the field holds pairs."""
    kind: Descriptor | None = field.message_type
    return kind is not None and kind.GetOptions().map_entry


_NUMERIC: Final = (
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
    FieldDescriptor.CPPTYPE_DOUBLE,
    FieldDescriptor.CPPTYPE_FLOAT,
)


def _put(target: dict[str, Any], field: FieldDescriptor, key: str, text: str) -> Sequence[FieldViolation]:
    if is_map(field):
        target = target.setdefault(field.name, {})
        name, value = key, scalar(value_of(field), text)
    elif field.is_repeated:
        target.setdefault(field.name, []).append(scalar(field, text))
        return ()
    else:
        name, value = field.name, scalar(field, text)
    if name in target:
        return (FieldViolation(field.name, "is given more than once"),)
    target[name] = value
    return ()


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
