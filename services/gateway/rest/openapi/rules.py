"""The bounds of the contracts' fields in the words of JSON Schema."""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from buf.validate import validate_pb2

_BOUNDS: Final = {"gte": "minimum", "gt": "exclusiveMinimum", "lte": "maximum", "lt": "exclusiveMaximum"}
_NUMBERS: Final = frozenset({"double", "float", "int32", "int64", "uint32", "uint64"})


def rules_of(field: FieldDescriptor) -> Any:
    """Returns the rules of a field."""
    return field.GetOptions().Extensions[validate_pb2.field]


def counted(rules: Any, noun: str, what: str) -> dict[str, int]:
    """Returns the bounds of how many there are, such as minItems."""
    bounds = {f"{bound}{noun}": getattr(rules, f"{bound}_{what}") for bound in ("min", "max")}
    return {name: count for name, count in bounds.items() if count}


def of_text(rules: Any) -> dict[str, Any]:
    """Returns the bounds of a text."""
    text = rules.string
    # A text of so many bytes has no more characters.
    longest = min(filter(None, (text.max_len, text.max_bytes)), default=0)
    found = {"pattern": text.pattern, "minLength": text.min_len, "maxLength": longest}
    return {name: value for name, value in found.items() if value}


def of_number(rules: Any) -> dict[str, Any]:
    """Returns the bounds of a number."""
    kind = rules.WhichOneof("type")
    if kind not in _NUMBERS:
        return {}
    numbers = getattr(rules, kind)
    return {name: getattr(numbers, rule) for rule, name in _BOUNDS.items() if numbers.HasField(rule)}


def of_enum(field: FieldDescriptor, rules: Any) -> list[str]:
    """Returns the names that a field of an enum may have."""
    assert field.enum_type is not None
    barred = set(rules.enum.not_in)
    return [value.name for value in field.enum_type.values if value.number not in barred]


def is_required(field: FieldDescriptor) -> bool:
    """Returns whether a request without the field is refused."""
    rules = rules_of(field)
    if field.has_presence and not rules.required:
        return False
    return rules.required or any(_refuses_nothing(field, rules))


def _refuses_nothing(field: FieldDescriptor, rules: Any) -> Iterator[bool]:
    """Yields whether a rule refuses the value that a field has when it is left out."""
    if field.is_repeated:
        yield rules.repeated.min_items > 0
        return
    yield rules.string.min_len > 0
    # Every pattern of the contracts wants a first character.
    yield bool(rules.string.pattern)
    yield 0 in rules.enum.not_in
    bounds = of_number(rules)
    yield bounds.get("minimum", 0) > 0 or bounds.get("exclusiveMinimum", -1) >= 0
