"""What both clients do without waiting: allocate from memory, and take rows for delivery."""

import logging
from array import array
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation_client.allocation import Allocation, ExposureState, Freshness
from experimentation_client.backoff import Backoff
from experimentation_client.buffer import Buffer
from experimentation_client.counts import Counts, Undelivered
from experimentation_client.delivery import Delivery
from experimentation_client.errors import BufferFullError, ClientError, ContextNeededError, ExperimentNotFoundError
from experimentation_client.field_rules import MAX_UNIT_ID_BYTES, check_id, check_name, check_unit_id, check_value
from experimentation_client.forks import refuse_in_children
from experimentation_client.policy import COUNTED
from experimentation_client.policy_book import PolicyBook
from experimentation_client.rows import ExposureRow, OutcomeRow, RejectedRow, RowKind, seconds
from experimentation_client.settings import Settings
from experimentation_client.snapshot_file import SnapshotFile

_logger = logging.getLogger("experimentation_client")

# Makes a named tuple in half the time that its class takes; nothing checks how many values there are.
_new = tuple.__new__

# A member of an enum costs as much to look up as half a hash.
_FRESH, _STALE = Freshness.FRESH, Freshness.STALE
_BUFFERED, _DEFERRED = ExposureState.BUFFERED, ExposureState.DEFERRED
_NOT_COUNTED, _NOT_BUFFERED = ExposureState.NOT_COUNTED, ExposureState.NOT_BUFFERED

_Row = TypeVar("_Row", bound=ExposureRow | OutcomeRow)

_SEEN_SLOTS: Final = 1 << 15


class InProcessBandit:
    """Answers from memory and takes rows. Safe for threads; no method waits."""

    def __init__(
        self,
        experiment_ids: Iterable[str],
        *,
        settings: Settings,
        snapshot_file: str | Path | None,
        on_rejected: Callable[[RejectedRow], None],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        rng: Random,
        new_id: Callable[[], str],
        nudges: tuple[Callable[[], None], Callable[[], None]],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._new_id = new_id
        self._subscription = pb.WatchPoliciesRequest(experiment_ids=experiment_ids)
        self._backoff = Backoff(settings.initial_backoff_seconds, settings.max_backoff_seconds, rng)
        self._book = PolicyBook(
            self._subscription.experiment_ids, monotonic=monotonic, stale_after_seconds=settings.stale_after_seconds
        )
        self._file = SnapshotFile(Path(snapshot_file)) if snapshot_file else None
        if self._file:
            self._book.restore(self._file.read())
        rows = settings.buffer_rows
        self._exposures: Buffer[ExposureRow] = Buffer(rows, batch_rows=settings.batch_rows, nudge=nudges[0])
        self._outcomes: Buffer[OutcomeRow] = Buffer(rows, batch_rows=settings.batch_rows, nudge=nudges[1])
        refuse_in_children(self._exposures, self._outcomes)
        self._on_rejected = on_rejected
        self._seen = array("q", bytes(8 * _SEEN_SLOTS))
        self._told_full = False

    def allocate(self, experiment_id: str, unit_id: str, *, allocation_id: str = "", expose: bool = True) -> Allocation:
        """Returns the arm of a unit, from memory; the same arm as from every replica with the same policy version.

        Args:
            experiment_id: The experiment.
            unit_id: The unit, 1 to 256 bytes without control characters.
            allocation_id: Names the trial where every allocation counts, so that a repetition gets the same arm; at
                most 64 characters. Empty: a fresh one is made there. Ignored where units count.
            expose: Whether the unit sees the arm now. False leaves it to `record_exposure`.

        Returns:
            The allocation. Where there is no room for the exposure it says NOT_BUFFERED: serving goes on.

        Raises:
            ExperimentNotFoundError: No policy of the experiment is known here.
            ContextNeededError: The experiment's weights follow contexts: ask the server.
            InvalidFieldError: An id breaks its rule.
            ClosedError: With `expose`, once the client is closed.
        """
        book = self._book
        policy = book.policies.get(experiment_id)
        if policy is None:
            raise self._unserved(experiment_id)
        try:
            is_plain = unit_id.isascii() and unit_id.isprintable() and 0 < len(unit_id) <= MAX_UNIT_ID_BYTES
        except AttributeError:
            is_plain = False
        if not is_plain:
            check_unit_id(unit_id)
        allocation_id = self._trial(allocation_id) if policy.counts_allocations else ""
        arm_id, propensity, reason, counts = policy.place(unit_id, allocation_id)
        freshness = _FRESH if self._monotonic() <= book.fresh_until else _STALE
        if not counts:
            state = _NOT_COUNTED
        elif expose:
            state = self._expose(policy.experiment_id, unit_id, policy.version, allocation_id)
        else:
            state = _DEFERRED
        return _new(
            Allocation,
            (
                policy.experiment_id,
                unit_id,
                arm_id,
                propensity,
                policy.answer_version,
                reason,
                freshness,
                allocation_id,
                state,
            ),
        )

    def record_exposure(self, allocation: Allocation) -> None:
        """Takes the exposure of an earlier allocation for delivery: the unit sees its arm now.

        Where the unit does not count there is nothing to do; of several exposures of a unit the first one counts.

        Raises:
            BufferFullError: There is no room; the exposure was not taken.
            ClosedError: The client is closed.
        """
        if allocation.reason not in COUNTED:
            return
        state = self._expose(
            allocation.experiment_id, allocation.unit_id, allocation.policy_version, allocation.allocation_id
        )
        if state is _NOT_BUFFERED:
            raise BufferFullError(self._exposures.capacity)

    def record_outcome(
        self,
        experiment_id: str,
        unit_id: str,
        metric_id: str,
        value: float,
        *,
        allocation_id: str = "",
        event_id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> str:
        """Takes a metric value of a unit for delivery and returns its event id.

        Whether the experiment has such a metric, and the value is within its bounds, the server judges later: what it
        will not take is reported to `on_rejected`.

        Args:
            experiment_id: The experiment, which need not be known here.
            unit_id: The unit, 1 to 256 bytes without control characters.
            metric_id: The metric.
            value: A finite number.
            allocation_id: The trial where every allocation counts.
            event_id: Names the event, 1 to 64 characters: an event that is recorded twice counts once. None: a fresh
                one is made, so that the retries of this row count once.
            occurred_at: When it happened, with a time zone. None: now.

        Raises:
            InvalidFieldError: An argument breaks its rule.
            BufferFullError: There is no room; the outcome was not taken.
            ClosedError: The client is closed.
        """
        check_name("experiment_id", experiment_id)
        check_unit_id(unit_id)
        check_name("metric_id", metric_id)
        check_value(value)
        if allocation_id:
            check_id("allocation_id", allocation_id)
        event_id = self._new_id() if event_id is None else event_id
        check_id("event_id", event_id)
        at = self._clock() if occurred_at is None else seconds("occurred_at", occurred_at)
        row = OutcomeRow(event_id, experiment_id, unit_id, metric_id, float(value), allocation_id, at)
        if not self._outcomes.add(row):
            raise BufferFullError(self._outcomes.capacity)
        return event_id

    @property
    def experiment_ids(self) -> tuple[str, ...]:
        """Returns the experiments that can be allocated, in order."""
        return tuple(sorted(self._book.policies))

    @property
    def freshness(self) -> Freshness:
        """Returns whether the policies are known to be the server's newest."""
        return self._book.freshness

    @property
    def age_seconds(self) -> float:
        """Returns how long ago the server last confirmed the policies; since the start where it never did."""
        return self._book.age_seconds

    def counts(self) -> Counts:
        """Returns what became of everything that was recorded."""
        return Counts(self._exposures.counts(), self._outcomes.counts())

    def _unserved(self, experiment_id: str) -> ClientError:
        known = self._book.knows(experiment_id)
        return ContextNeededError(experiment_id) if known else ExperimentNotFoundError(experiment_id)

    def _trial(self, allocation_id: str) -> str:
        if not allocation_id:
            return self._new_id()
        check_id("allocation_id", allocation_id)
        return allocation_id

    def _expose(self, experiment_id: str, unit_id: str, version: int, allocation_id: str) -> ExposureState:
        """Takes an exposure unless it was taken before: only a unit's first one counts."""
        mark = hash((experiment_id, unit_id, version, allocation_id))
        slot = mark & (_SEEN_SLOTS - 1)
        if self._seen[slot] == mark:
            return _BUFFERED
        if self._exposures.add(_new(ExposureRow, (experiment_id, unit_id, version, allocation_id, self._clock()))):
            self._seen[slot] = mark
            return _BUFFERED
        if not self._told_full:
            _logger.warning("%d exposures wait for the server, there is no room for more", self._exposures.capacity)
            self._told_full = True
        return _NOT_BUFFERED

    def _deliveries(self) -> tuple[Delivery[ExposureRow], Delivery[OutcomeRow]]:
        return self._delivery(RowKind.EXPOSURE, self._exposures), self._delivery(RowKind.OUTCOME, self._outcomes)

    def _delivery(self, kind: RowKind, buffer: Buffer[_Row]) -> Delivery[_Row]:
        return Delivery(
            kind,
            buffer,
            backoff=self._backoff,
            max_deferrals=self._settings.max_deferrals,
            monotonic=self._monotonic,
            is_known=self._book.knows,
            on_rejected=self._on_rejected,
        )

    def _waiting(self) -> Undelivered:
        return Undelivered(*(rows.waiting for rows in self.counts()))
