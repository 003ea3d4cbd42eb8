"""Fills a message of the contracts from a tree, and says by line what does not fit."""

import difflib
import re
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.admin import times
from services.admin.files.tree import Node, Problem
from services.admin.words import enum_prefix

_INTEGERS: Final = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)


class _Wrong(Exception):  # noqa: N818 - it never leaves this file
    """Says what is wrong with one value."""


def filled(message: Message, tree: Node, path: str = "", *, beside: frozenset[str] = frozenset()) -> list[Problem]:
    """Fills the message and returns what did not fit; a value of null is as if it were not there.

    Args:
        message: What is filled.
        tree: A mapping with the names of the message's fields.
        path: Where the tree is in its file.
        beside: Names that are somebody else's.
    """
    return list(_filled(message, tree, path, beside))


def short_name(kind: EnumDescriptor, name: str) -> str:
    """Returns an enum value's name as files may have it: without its prefix, in lower case."""
    return name.removeprefix(enum_prefix(kind)).lower()


def _filled(message: Message, tree: Node, path: str, beside: frozenset[str] = frozenset()) -> Iterator[Problem]:
    if not isinstance(tree.value, Mapping):
        yield Problem(tree.line, path, "must be a mapping")
        return
    chosen: dict[str, str] = {}
    for name, node in tree.value.items():
        where = f"{path}.{name}" if path else name
        field: Any = message.DESCRIPTOR.fields_by_name.get(name)
        if name in beside or (field is not None and node.value is None):
            continue
        if field is None:
            yield Problem(node.line, where, _unknown(name, [*message.DESCRIPTOR.fields_by_name, *beside]))
            continue
        group = field.containing_oneof
        if group is not None and not group.name.startswith("_"):
            if group.name in chosen:
                yield Problem(node.line, where, f"cannot stand beside {chosen[group.name]}: give one of them")
                continue
            chosen[group.name] = name
        yield from _field(message, field, node, where)


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return "there is no such field" + (f"; is it {close[0]}?" if close else f"; there are {', '.join(known)}")


def _field(message: Message, field: FieldDescriptor, node: Node, where: str) -> Iterator[Problem]:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        yield from _map(getattr(message, field.name), node, where)
    elif field.is_repeated:
        yield from _list(message, field, node, where)
    elif entry is not None and entry.full_name not in _WELL_KNOWN:
        part = getattr(message, field.name)
        part.SetInParent()
        yield from _filled(part, node, where)
    else:
        try:
            _set(message, field, _value(field, node))
        except _Wrong as wrong:
            yield Problem(node.line, where, str(wrong))


def _set(message: Message, field: FieldDescriptor, value: Any) -> None:
    try:
        if isinstance(value, Message):
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)
    except (TypeError, ValueError) as error:
        raise _Wrong("is out of range") from error


def _map(pairs: MutableMapping[str, str], node: Node, where: str) -> Iterator[Problem]:
    if not isinstance(node.value, Mapping):
        yield Problem(node.line, where, "must be a mapping of texts")
        return
    for key, each in node.value.items():
        if isinstance(each.value, str):
            pairs[key] = each.value
        else:
            yield Problem(each.line, f"{where}.{key}", 'must be a text: put numbers and true or false in "quotes"')


def _list(message: Message, field: FieldDescriptor, node: Node, where: str) -> Iterator[Problem]:
    if isinstance(node.value, str | Mapping) or not isinstance(node.value, list):
        yield Problem(node.line, where, "must be a list")
        return
    items = getattr(message, field.name)
    for place, each in enumerate(node.value):
        here = f"{where}[{place}]"
        if field.message_type is not None:
            yield from _filled(items.add(), each, here)
            continue
        try:
            items.append(_value(field, each))
        except _Wrong as wrong:
            yield Problem(each.line, here, str(wrong))


def _value(field: FieldDescriptor, node: Node) -> Any:
    value = node.value
    if field.message_type is not None:
        return _WELL_KNOWN[field.message_type.full_name](value)
    if field.enum_type is not None:
        return _enum(field.enum_type, value)
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if isinstance(value, str):
            return value
        case FieldDescriptor.CPPTYPE_BOOL if isinstance(value, bool):
            return value
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT if isinstance(value, int | float):
            return _not_flag(value)
        case kind if kind in _INTEGERS:
            return _integer(value)
    raise _Wrong(f"must be {_MUST.get(field.cpp_type, 'something else')}")


_MUST: Final = {
    FieldDescriptor.CPPTYPE_STRING: 'a text; put numbers and true or false in "quotes"',
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_DOUBLE: "a number",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
}


def _not_flag(value: float) -> float:
    if isinstance(value, bool):
        raise _Wrong("must be a number")
    try:
        return float(value)
    except OverflowError:
        raise _Wrong("is out of range") from None


def _integer(value: Any) -> int:
    # JSON of the contracts has 64-bit numbers as texts.
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value, re.ASCII):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _Wrong("must be a whole number")


def _enum(kind: EnumDescriptor, value: Any) -> int:
    names = {short_name(kind, each.name): each for each in kind.values}
    if isinstance(value, str):
        found = kind.values_by_name.get(value) or names.get(value.lower())
        if found is not None:
            return found.number
    raise _Wrong(f"must be one of {', '.join(name for name, each in names.items() if each.number)}")


def _duration(value: Any) -> Duration:
    found = times.seconds(value) if isinstance(value, str) else None
    if found is None:
        raise _Wrong("must be a length such as 90s, 30m, 12h or 7d")
    length = Duration()
    length.FromNanoseconds(round(found * 1e9))
    return length


def _timestamp(value: Any) -> Timestamp:
    try:
        instant = datetime.fromisoformat(value)
        stamp = Timestamp()
        stamp.FromDatetime((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        raise _Wrong("must be an instant such as 2026-03-01T12:00:00Z") from None
    return stamp


_WELL_KNOWN: Final = {"google.protobuf.Duration": _duration, "google.protobuf.Timestamp": _timestamp}
