"""Any request in its canonical form: what tells a retry from a new one, and what its page tokens are bound to."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from shared import errors

_PAGING = ("page_token", "page_size")
_NO_FORM = (ValueError, json_format.SerializeToJsonError)


def digest(request: Message) -> str:
    """Returns the SHA-256 of all that a request says, as 64 hexadecimal digits.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    return _sha256([request.DESCRIPTOR.full_name, document(request)])


def query(request: Message) -> dict[str, str]:
    """Returns what a page token is bound to: all that the request says but which page of it.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    kept = {name: value for name, value in document(request).items() if name not in _PAGING}
    return {"request": _sha256([request.DESCRIPTOR.full_name, kept])}


def document(request: Message) -> dict[str, Any]:
    """Returns the request in the canonical JSON form of protobuf.

    Raises:
        InvalidArgument: INVALID_FIELD, it has no such form, or a text holds a NUL, which the store has no place for.
    """
    try:
        form = json_format.MessageToDict(request, preserving_proto_field_name=True)
    except _NO_FORM as error:
        raise errors.invalid_field(_without_form(request), str(error)) from error
    violations = [errors.FieldViolation(path, "holds a NUL character") for path in _nul_paths(form, "")]
    if violations:
        raise errors.invalid_fields(violations)
    return form


def _sha256(form: list[Any]) -> str:
    canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_form(request: Message) -> str:
    """Returns the first field that JSON has no form for, such as an instant beyond the calendar; empty: not known."""
    for field, value in request.ListFields():
        if isinstance(value, Message):
            try:
                json_format.MessageToDict(value)
            except _NO_FORM:
                return field.name
    return ""


def _nul_paths(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str) and "\0" in value:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _nul_paths(key, path)
            yield from _nul_paths(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nul_paths(item, f"{path}[{index}]")
