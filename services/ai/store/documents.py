"""Values of the domain as the JSON documents that the store keeps, and back; what comes back equals what was stored.

A dataclass becomes an object of its fields, all of them, so that a default of another release changes nothing stored.
Where one of several dataclasses may stand, the object says which one: such class names are a part of the stored form.
"""

import dataclasses
import functools
import json
import types
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from services.ai.store.texts import is_storable
from shared.errors import PlatformError

# JSON has no narrower type in Python.
Document: TypeAlias = dict[str, Any]
Value = TypeVar("Value")

_CLASS: Final = "@class"
_ESCAPED: Final = "@escaped"
_MICROSECOND: Final = timedelta(microseconds=1)
# Floats that JSON has no number for, or that a column of the type `jsonb` gives back as another one.
_ODD_FLOATS: Final = frozenset({"nan", "inf", "-inf", "-0.0"})


class DocumentError(ValueError):
    """Says which part of a document, or of a value, is not what its type says."""


def to_document(value: object) -> Document:
    """Returns a dataclass as a document.

    Raises:
        DocumentError: A part of it is not of the type that its field declares: a number of numpy, say.
    """
    return _object_of(value, type(value), type(value).__name__)


def from_document(kind: type[Value], document: object) -> Value:
    """Returns a document as the dataclass that it was made of.

    Fields of newer releases are passed over, those that are missing have their defaults.

    Raises:
        DocumentError: It is not a document of that class, or its values are not allowed any more.
    """
    value: Value = _read(document, kind, kind.__name__)
    return value


def _written(value: object, declared: Any, path: str) -> Any:
    if get_origin(declared) in _WRITERS:
        return _WRITERS[get_origin(declared)](value, get_args(declared), path)
    if not _is_of(value, declared):
        raise _mismatch(path, declared, value)
    if _is_dataclass(declared):
        return _object_of(value, declared, path)
    return _scalar(value)


def _scalar(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case timedelta():
            return value // _MICROSECOND
        case str():
            return value if is_storable(value) else {_ESCAPED: json.dumps(value)}
        case float():
            return text if (text := repr(float(value))) in _ODD_FLOATS else float(value)
    return value


def _object_of(value: object, declared: Any, path: str) -> Document:
    if not _is_dataclass(declared):
        raise _mismatch(path, "a dataclass", value)
    return {name: _written(getattr(value, name), hint, f"{path}.{name}") for name, hint in _hints(declared).items()}


def _tuple_of(value: object, members: tuple[Any, ...], path: str) -> list[Any]:
    if type(value) is not tuple or not _fits(len(value), members):
        raise _mismatch(path, f"a tuple of {members}", value)
    return [_written(part, _member(members, place), f"{path}[{place}]") for place, part in enumerate(value)]


def _mapping_of(value: object, members: tuple[Any, ...], path: str) -> Document:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) and is_storable(key) for key in value):
        raise _mismatch(path, "a mapping of texts without NUL", value)
    return {key: _written(part, members[1], f"{path}[{key!r}]") for key, part in value.items()}


def _one_of(value: object, members: tuple[Any, ...], path: str) -> Any:
    if value is None and types.NoneType in members:
        return None
    found = next((member for member in members if _is_of(value, member)), None)
    if found is None:
        return _written(value, _only(members, path), path)
    written = _written(value, found, path)
    return {_CLASS: found.__name__, **written} if len(_classes(members)) > 1 else written


def _read(found: Any, declared: Any, path: str) -> Any:
    if get_origin(declared) in _READERS:
        return _READERS[get_origin(declared)](found, get_args(declared), path)
    if _is_dataclass(declared):
        return _object_from(found, declared, path)
    try:
        value = _scalar_from(found, declared)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise _mismatch(path, declared, found) from error
    if not _is_of(value, declared):
        raise _mismatch(path, declared, found)
    return value


def _scalar_from(found: Any, declared: Any) -> Any:
    if declared is float and not isinstance(found, bool):
        return float(found)
    if declared is datetime:
        return datetime.fromisoformat(found)
    if declared is timedelta:
        return found * _MICROSECOND
    if declared is str and isinstance(found, dict):
        return json.loads(found[_ESCAPED])
    if isinstance(declared, type) and issubclass(declared, Enum):
        return declared(found)
    return found


def _object_from(found: Any, declared: Any, path: str) -> Any:
    if not isinstance(found, dict):
        raise _mismatch(path, declared, found)
    hints = _hints(declared)
    missing = [field.name for field in dataclasses.fields(declared) if field.name not in found and _is_needed(field)]
    if missing:
        raise DocumentError(f"{path}: {', '.join(missing)} missing")
    values = {name: _read(found[name], hint, f"{path}.{name}") for name, hint in hints.items() if name in found}
    try:
        return declared(**values)
    except PlatformError as error:
        raise DocumentError(f"{path}: {error}") from error


def _tuple_from(found: Any, members: tuple[Any, ...], path: str) -> tuple[Any, ...]:
    if not isinstance(found, list) or not _fits(len(found), members):
        raise _mismatch(path, f"a list of {members}", found)
    return tuple(_read(part, _member(members, place), f"{path}[{place}]") for place, part in enumerate(found))


def _mapping_from(found: Any, members: tuple[Any, ...], path: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise _mismatch(path, "an object", found)
    return {key: _read(part, members[1], f"{path}[{key!r}]") for key, part in found.items()}


def _one_from(found: Any, members: tuple[Any, ...], path: str) -> Any:
    if found is None and types.NoneType in members:
        return None
    classes = _classes(members)
    if len(classes) > 1:
        name = found.get(_CLASS) if isinstance(found, dict) else None
        if name not in classes:
            raise DocumentError(f"{path}: {name!r}, must be one of {', '.join(classes)}")
        return _read(found, classes[name], path)
    return _read(found, _only(members, path), path)


def _is_of(value: object, declared: Any) -> bool:
    """Says whether a value is of a plain type; bool counts as no number, a whole number as a float too."""
    if declared is float:
        return isinstance(value, float) or type(value) is int
    return isinstance(declared, type) and isinstance(value, declared) and not (declared is int and type(value) is bool)


def _is_dataclass(declared: Any) -> bool:
    return dataclasses.is_dataclass(declared)


def _classes(members: tuple[Any, ...]) -> dict[str, Any]:
    return {member.__name__: member for member in members if _is_dataclass(member)}


def _only(members: tuple[Any, ...], path: str) -> Any:
    real = [member for member in members if member is not types.NoneType]
    if len(real) != 1:
        raise DocumentError(f"{path}: not one of {members}")
    return real[0]


def _fits(length: int, members: tuple[Any, ...]) -> bool:
    return members[-1] is Ellipsis or length == len(members)


def _member(members: tuple[Any, ...], place: int) -> Any:
    return members[0] if members[-1] is Ellipsis else members[place]


def _is_needed(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


@functools.cache
def _hints(declared: Any) -> dict[str, Any]:
    hints = get_type_hints(declared)
    return {field.name: hints[field.name] for field in dataclasses.fields(declared)}


def _mismatch(path: str, wanted: object, value: object) -> DocumentError:
    name = wanted.__name__ if isinstance(wanted, type) else wanted
    return DocumentError(f"{path}: {type(value).__name__}, must be {name}")


_Part: TypeAlias = Callable[[Any, tuple[Any, ...], str], Any]
_WRITERS: Final[dict[Any, _Part]] = {
    tuple: _tuple_of,
    Mapping: _mapping_of,
    types.UnionType: _one_of,
    Union: _one_of,
}
_READERS: Final[dict[Any, _Part]] = {
    tuple: _tuple_from,
    Mapping: _mapping_from,
    types.UnionType: _one_from,
    Union: _one_from,
}
