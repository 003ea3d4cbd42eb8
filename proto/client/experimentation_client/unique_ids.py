"""Ids that nobody else makes."""

import secrets
from collections.abc import Callable
from itertools import count


def unique_ids() -> Callable[[], str]:
    """Returns a source of ids: 64 random bits that are this source's own, and a counter. Safe for threads."""
    prefix, numbers = secrets.token_hex(8), count(1)
    return lambda: f"{prefix}-{next(numbers):x}"
