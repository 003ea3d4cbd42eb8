"""Rows that wait for the server, in memory, bounded; first in, first out."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from experimentation_client.counts import RowCounts
from experimentation_client.errors import ClosedError

_Row = TypeVar("_Row")


class Pending(NamedTuple, Generic[_Row]):
    """Is a row on its way.

    Attributes:
        number: Counts the rows of the buffer, from 1.
        deferrals: How often the server could not judge it yet.
    """

    number: int
    row: _Row
    deferrals: int


class Buffer(Generic[_Row]):
    """Holds rows. Any thread adds, without a lock; one takes and settles, one batch at a time.

    Rows are numbered from 1: what was taken, and then what is fresh. Only `add` changes what is fresh without the lock,
    and only at its end, hence with the lock held every number is certain.
    """

    def __init__(self, capacity: int, *, batch_rows: int, nudge: Callable[[], None]) -> None:
        """Makes an empty buffer.

        Args:
            capacity: How many rows may wait, those on their way included; threads that add at one instant may exceed
                it by one each.
            batch_rows: How many are taken at once.
            nudge: Is called when a batch has filled up.
        """
        self.capacity = capacity
        self._batch_rows = batch_rows
        self._nudge = nudge
        self._lock = threading.Lock()
        self._fresh: deque[_Row] = deque()
        self._room = capacity
        self._deferred: list[Pending[_Row]] = []
        self._deferred_until = 0.0
        self._in_hand: Sequence[Pending[_Row]] = ()
        self._taken = 0
        self._rejected = 0
        self._refused = 0
        self._closed = ""

    def add(self, row: _Row) -> bool:
        """Takes a row; returns False where there is no room.

        Raises:
            ClosedError: The buffer takes no more rows.
        """
        fresh_count = len(self._fresh)
        if fresh_count >= self._room:
            return self._refuse()
        self._fresh.append(row)
        # Somebody may have closed meanwhile: who counts the rows after that either sees this one or is seen here.
        if self._closed:
            raise ClosedError(self._closed)
        if fresh_count + 1 == self._batch_rows:
            self._nudge()
        return True

    def take(self, now: float) -> Sequence[Pending[_Row]]:
        """Returns the batch in hand, or the next one: what was deferred long enough, else what is new."""
        with self._lock:
            if not self._in_hand:
                self._in_hand = self._due(now) or self._new()
                self._measure()
            return self._in_hand

    @property
    def in_hand(self) -> Sequence[Pending[_Row]]:
        """Returns the batch in hand."""
        return self._in_hand

    def settle(self, *, rejected: int, kept: Sequence[Pending[_Row]] = ()) -> None:
        """Lets go of the batch in hand, of which some rows were rejected and some stay in hand."""
        with self._lock:
            self._rejected += rejected
            self._in_hand = kept
            self._measure()

    def defer(self, rows: Sequence[Pending[_Row]], until: float) -> None:
        """Lays rows of the batch in hand aside until an instant."""
        with self._lock:
            aside = {row.number for row in rows}
            self._deferred += [row._replace(deferrals=row.deferrals + 1) for row in rows]
            self._deferred_until = until
            self._in_hand = [row for row in self._in_hand if row.number not in aside]

    def wait_seconds(self, now: float, most: float) -> float:
        """Returns how long to wait for something to take, at most as long as said."""
        with self._lock:
            return min(most, max(0.0, self._deferred_until - now)) if self._deferred else most

    def last_number(self) -> int:
        """Returns the number of the row that was added last."""
        with self._lock:
            return self._taken + len(self._fresh)

    def is_settled(self, number: int) -> bool:
        """Returns whether no row up to a number waits any more."""
        with self._lock:
            return self._taken >= number and all(row.number > number for row in (*self._in_hand, *self._deferred))

    def close(self, reason: str) -> None:
        """Takes no more rows from here on."""
        with self._lock:
            self._closed = self._closed or reason
            self._measure()

    def abandon(self, reason: str) -> None:
        """Forgets all rows in a child process, where the parent's lock may be held for ever."""
        self._lock = threading.Lock()
        self._fresh = deque()
        self._deferred, self._in_hand = [], ()
        self._closed, self._room = reason, 0

    def counts(self) -> RowCounts:
        """Returns what became of the rows."""
        with self._lock:
            on_their_way = len(self._in_hand) + len(self._deferred)
            delivered = self._taken - on_their_way - self._rejected
            return RowCounts(len(self._fresh) + on_their_way, delivered, self._rejected, self._refused)

    def _refuse(self) -> bool:
        with self._lock:
            if self._closed:
                raise ClosedError(self._closed)
            self._refused += 1
        return False

    def _due(self, now: float) -> list[Pending[_Row]]:
        if not self._deferred or self._deferred_until > now:
            return []
        due, self._deferred = self._deferred[: self._batch_rows], self._deferred[self._batch_rows :]
        return due

    def _new(self) -> list[Pending[_Row]]:
        count, first = min(len(self._fresh), self._batch_rows), self._taken + 1
        self._taken += count
        return [Pending(first + place, self._fresh.popleft(), 0) for place in range(count)]

    def _measure(self) -> None:
        self._room = 0 if self._closed else self.capacity - len(self._in_hand) - len(self._deferred)
