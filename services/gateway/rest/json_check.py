"""Holds JSON against the contracts' messages, and names every field that is none or of another type."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import duration_pb2, timestamp_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from shared.errors import FieldViolation

BASE64: Final = "^[A-Za-z0-9+/_-]*={0,2}$"
DURATION: Final = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$"
INSTANT: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"

_BASE64: Final = re.compile(BASE64.rstrip("$"))
_DIGITS: Final = re.compile(r"-?[0-9]{1,20}")
_INTEGERS: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_LONG: Final = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
TEXTS: Final[Mapping[str, tuple[type[Any], str, str]]] = {
    "google.protobuf.Timestamp": (
        timestamp_pb2.Timestamp,
        INSTANT,
        "an instant of RFC 3339, such as 2026-01-31T12:00:00Z",
    ),
    "google.protobuf.Duration": (duration_pb2.Duration, DURATION, "a number of seconds, such as 3600s"),
}


def violations(kind: Descriptor, value: Any, path: str = "") -> Iterator[FieldViolation]:
    """Yields what keeps the value from being the message as JSON.

    Args:
        kind: The message.
        value: The JSON.
        path: Where it stands in the request. Empty: it is the request.
    """
    if kind.full_name in TEXTS:
        yield from _text_of(kind, value, path)
    elif not isinstance(value, dict):
        yield _wrong(path, "an object", value)
    else:
        yield from _choices(kind, value, path)
        for name, item in value.items():
            field, here = kind.fields_by_name.get(_shown(name)), _below(path, name)
            if field is None:
                yield FieldViolation(here, f"is no field of {kind.name}")
            else:
                yield from _field(field, item, here)


def _choices(kind: Descriptor, value: dict[str, Any], path: str) -> Iterator[FieldViolation]:
    for group in kind.oneofs:
        given = [field.name for field in group.fields if field.name in value]
        for name in given[1:]:
            yield FieldViolation(_below(path, name), f"cannot be given together with {given[0]}")


def _field(field: FieldDescriptor, value: Any, path: str) -> Iterator[FieldViolation]:
    if value is None:
        yield FieldViolation(path, "must be left out instead of null")
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        yield from _pairs(field.message_type, value, path)
    elif not field.is_repeated:
        yield from _single(field, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _single(field, item, f"{path}[{index}]")
    else:
        yield _wrong(path, "an array", value)


def _pairs(entry: Descriptor, value: Any, path: str) -> Iterator[FieldViolation]:
    if not isinstance(value, dict):
        yield _wrong(path, "an object", value)
        return
    for key, item in value.items():
        here = f'{path}["{_shown(key)}"]'
        yield from _unicode(key, here)
        yield from _single(entry.fields_by_name["value"], item, here)


def _single(field: FieldDescriptor, value: Any, path: str) -> Iterator[FieldViolation]:
    if field.message_type is not None:
        yield from violations(field.message_type, value, path)
    elif field.enum_type is not None:
        yield from _member(field.enum_type, value, path)
    elif field.cpp_type in _INTEGERS:
        yield from _integer(field, value, path)
    elif field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        if not _is_number(value):
            yield _wrong(path, "a finite number", value)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        if not isinstance(value, bool):
            yield _wrong(path, "true or false", value)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        if not (isinstance(value, str) and _BASE64.fullmatch(value)):
            yield _wrong(path, "base64", value)
    elif not isinstance(value, str):
        yield _wrong(path, "a text", value)
    else:
        yield from _unicode(value, path)


def _text_of(kind: Descriptor, value: Any, path: str) -> Iterator[FieldViolation]:
    message_class, pattern, words = TEXTS[kind.full_name]
    if not isinstance(value, str):
        yield _wrong(path, words, value)
        return
    try:
        sound = re.fullmatch(pattern.rstrip("$"), value) is not None
        message_class().FromJsonString(value if sound else "")
    except ValueError:
        yield FieldViolation(path, f"must be {words}")


def _member(kind: EnumDescriptor, value: Any, path: str) -> Iterator[FieldViolation]:
    if not (isinstance(value, str) and _shown(value) in kind.values_by_name):
        yield FieldViolation(path, f"must be one of {', '.join(each.name for each in kind.values)}")


def _integer(field: FieldDescriptor, value: Any, path: str) -> Iterator[FieldViolation]:
    low, high = _INTEGERS[field.cpp_type]
    # JSON of the contracts has 64-bit numbers as texts; what is answered can be sent back.
    if field.cpp_type in _LONG and isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if not _is_number(value) or value != int(value):
        yield _wrong(path, "a whole number", value)
    elif not low <= value <= high:
        yield FieldViolation(path, f"must be from {low} to {high}")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _unicode(text: str, path: str) -> Iterator[FieldViolation]:
    if _shown(text) != text:
        yield FieldViolation(path, "must be Unicode, without lone surrogates")


def _wrong(path: str, wanted: str, value: Any) -> FieldViolation:
    found = "null, which must be left out" if value is None else _SORTS.get(type(value), "something else")
    return FieldViolation(path, f"must be {wanted}, is {found}")


_SORTS: Final = {
    dict: "an object",
    list: "an array",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def _below(path: str, name: str) -> str:
    return f"{path}.{_shown(name)}" if path else _shown(name)


def _shown(text: str) -> str:
    # Descriptors take no lone surrogates, nor can they be sent.
    return text.encode("utf-8", "replace").decode()
