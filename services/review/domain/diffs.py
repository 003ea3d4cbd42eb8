"""Which fields a change alters: two values of the domain, compared part by part."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from services.review.domain.change_request import FieldDiff
from services.review.domain.digests import canonical_json
from shared.definition import model

# What counts and seals a revision changes with every one, and says nothing.
_BOOKKEEPING = frozenset({"revision", "etag", "created_at", "updated_at", "started_at", "stopped_at"})
_NAMES = ("arm_id", "metric_id", "feature_id", "rule_id")
_ABSENT = object()


def between(before: model.Experiment, after: model.Experiment) -> tuple[FieldDiff, ...]:
    """Returns the fields that differ, in the order of the definition; arms, metrics and features go by their names."""
    return tuple(_experiment(before, after))


def _experiment(before: model.Experiment, after: model.Experiment) -> Iterator[FieldDiff]:
    for field in dataclasses.fields(model.Experiment):
        if field.name not in _BOOKKEEPING:
            yield from parts(field.name, getattr(before, field.name), getattr(after, field.name))


def parts(path: str, before: Any, after: Any) -> Iterator[FieldDiff]:
    """Yields what differs between two values below a path; any values of the domain, as `digests` knows them."""
    if before == after:
        return
    old, new = _children(before), _children(after)
    if old is None or new is None or not _comparable(before, after):
        yield FieldDiff(path, _text(before), _text(after))
        return
    if list(old) != list(new) and set(old) == set(new):
        yield FieldDiff(f"{path}.order", _order(before), _order(after))
    for key in [*old, *(key for key in new if key not in old)]:
        yield from parts(f"{path}{key}", old.get(key, _ABSENT), new.get(key, _ABSENT))


def _comparable(before: Any, after: Any) -> bool:
    return not dataclasses.is_dataclass(before) or type(before) is type(after)


def _children(value: Any) -> Mapping[str, Any] | None:
    """Returns the parts by their steps of a path; None where the value is one piece."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f".{name}": item for name, item in _fields(value).items()}
    if isinstance(value, Mapping):
        return {f"[{key}]": item for key, item in value.items()}
    if isinstance(value, tuple):
        named = {f"[{_name(item)}]": item for item in value if _name(item)}
        return named if len(named) == len(value) else None
    return None


def _name(item: Any) -> str:
    return next((str(getattr(item, name)) for name in _NAMES if hasattr(item, name)), "")


def _order(items: Any) -> str:
    return canonical_json([_name(item) for item in items] if isinstance(items, tuple) else list(items))


def _text(value: Any) -> str:
    if value is _ABSENT:
        return ""
    # The name of its class says nothing that the path does not say.
    return canonical_json(_fields(value) if _name(value) else value)


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
