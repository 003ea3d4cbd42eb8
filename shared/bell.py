"""Wakes streams that wait for something new."""

import threading


class Bell:
    """Is rung when there may be something new. Safe for threads."""

    def __init__(self) -> None:
        self._count = 0
        self._condition = threading.Condition()
        self.closed = False

    def cursor(self) -> int:
        """Returns the place to wait beyond."""
        return self._count

    def ring(self) -> None:
        """Wakes everyone."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def close(self) -> None:
        """Ends the streams."""
        self.closed = True
        self.ring()

    def wait_beyond(self, cursor: int, *, timeout_seconds: float) -> int:
        """Returns the new place once it has rung, or the old one after the timeout."""
        with self._condition:
            self._condition.wait_for(lambda: self._count > cursor, timeout_seconds)
            return self._count
