"""Lengths and instants as people type them."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.errors import invalid_field

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LENGTH: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(s|m|h|d)", re.ASCII)
_LONGEST_SECONDS: Final = 3660 * 86400


def seconds(text: str) -> float | None:
    """Returns a length such as `90s`, `30m`, `1.5h` or `7d`; None where it is none, or longer than ten years."""
    found = _LENGTH.fullmatch(text)
    length_ = float(found[1]) * _UNITS[found[2]] if found else math.inf
    return length_ if length_ <= _LONGEST_SECONDS else None


def length(flag: str, text: str) -> timedelta:
    """Returns a length as `seconds` reads it.

    Raises:
        InvalidArgument: INVALID_FIELD, it is none.
    """
    found = seconds(text.strip())
    if found is None:
        raise invalid_field(flag, f"{text!r} is not like 90s, 30m, 12h or 7d")
    return timedelta(seconds=found)


def instant(flag: str, text: str) -> datetime:
    """Returns an instant in ISO 8601; without an offset it is UTC.

    Raises:
        InvalidArgument: INVALID_FIELD, it is none.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid_field(flag, f"{text!r} is not like 2026-03-01T12:00 (UTC) or 2026-03-01T12:00+01:00") from None
