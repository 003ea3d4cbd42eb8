"""The small checks that rules are made of; each yields what is wrong with one field."""

import re
from collections.abc import Iterable, Iterator, Sized
from datetime import timedelta

from shared import errors

Violations = Iterator[errors.FieldViolation]

PART_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

# What decimal fractions such as 0.1 lose when they are added.
TOLERANCE = 1e-9


def matches(field: str, text: str, pattern: re.Pattern[str]) -> Violations:
    """Wants the whole text to match."""
    if not pattern.fullmatch(text):
        yield errors.FieldViolation(field, f"is {text!r}, must match {pattern.pattern}")


def length(field: str, value: Sized, low: int, high: int) -> Violations:
    """Wants from low to high characters or items."""
    if not low <= len(value) <= high:
        bounds = f"from {low} to" if low else "at most"
        yield errors.FieldViolation(field, f"has a length of {len(value)}, must have {bounds} {high}")


def within(field: str, value: float, low: float, high: float) -> Violations:
    """Wants low <= value <= high; NaN is never within."""
    if not low <= value <= high:
        yield errors.FieldViolation(field, f"is {value:g}, must be from {low:g} to {high:g}")


def above(field: str, value: float, low: float, high: float) -> Violations:
    """Wants low < value <= high; NaN is never above."""
    if not low < value <= high:
        yield errors.FieldViolation(field, f"is {value:g}, must be above {low:g} and at most {high:g}")


def span(field: str, value: timedelta, high: timedelta, *, zero_allowed: bool) -> Violations:
    """Wants a time span from zero, or from above zero, to high."""
    if value < timedelta(0) or value > high or (not value and not zero_allowed):
        low = "from zero" if zero_allowed else "above zero and"
        yield errors.FieldViolation(field, f"is {value}, must be {low} up to {high}")


def unique(field: str, key: str, values: Iterable[str]) -> Violations:
    """Wants no value twice; names the field of each repetition."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield errors.FieldViolation(f"{field}[{index}].{key}", f"is {value!r}, which is taken already")
        seen.add(value)


def exactly_one(field: str, what: str, names: list[str]) -> Violations:
    """Wants one name."""
    if len(names) != 1:
        listed = f" ({', '.join(names)})" if names else ""
        yield errors.FieldViolation(field, f"must hold exactly one {what}, has {len(names)}{listed}")
