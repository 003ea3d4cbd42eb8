"""The one place that reads the wall clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """Returns the current instant, aware, in UTC."""
    return datetime.now(UTC)
