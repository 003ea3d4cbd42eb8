"""The switches that hold on this replica: in memory, on its disk, and in the policies that it serves."""

import logging
import threading
from collections.abc import Mapping
from typing import Protocol

from services.bandit.domain.switches import LearningSwitch, LocalRecord, RecordedSwitch, SwitchKind, WaitingSwitch
from services.bandit.service.policy_book import PolicyBook
from shared import log
from shared.errors import AlreadyExists, Reason, ResourceExhausted

_logger = logging.getLogger(__name__)


class SwitchFile(Protocol):
    """Keeps a replica's part of the record on its disk."""

    def read(self) -> LocalRecord:
        """Returns what was last written; nothing where there is no file or it is damaged."""

    def write(self, record: LocalRecord) -> None:
        """Replaces the file, whole or not at all; returns when it survives the end of the machine.

        Raises:
            OSError: The disk does not take it.
        """


class LocalSwitches:
    """Holds switches that the store does not have yet, and those by which it last said that the control is served.

    The control is served where either asks for it. Safe for threads; waits for the disk only.
    """

    def __init__(self, book: PolicyBook, file: SwitchFile, *, max_waiting: int = 1_000) -> None:
        """Takes its collaborators.

        Args:
            book: Serves the control where it is told to.
            file: Keeps what is held.
            max_waiting: How many switches may wait for the store.
        """
        self._book = book
        self._file = file
        self._max_waiting = max_waiting
        self._waiting: Mapping[str, WaitingSwitch] = {}
        self._serving_control: Mapping[str, LearningSwitch] = {}
        self._lock = threading.Lock()

    def restore(self) -> None:
        """Does again what the disk says."""
        record = self._file.read()
        with self._lock:
            self._waiting = {one.request_id: one for one in record.waiting}
            self._serving_control = {one.experiment_id: one for one in record.serving_control}
            self._serve()

    def waiting(self) -> tuple[WaitingSwitch, ...]:
        """Returns what the store does not have yet, oldest first."""
        return tuple(self._waiting.values())

    def control_switch(self, experiment_id: str) -> RecordedSwitch | None:
        """Returns the switch by which the control is served; None where it is not."""
        with self._lock:
            if (known := self._serving_control.get(experiment_id)) is not None:
                return RecordedSwitch(known, stored=True)
            asking = (one.switch for one in self._waiting.values() if _asks_for_control(one.switch))
            found = next((one for one in asking if one.experiment_id == experiment_id), None)
            return RecordedSwitch(found, stored=False) if found else None

    def keep(self, asked: WaitingSwitch) -> tuple[WaitingSwitch, bool]:
        """Takes a switch onto the disk and into effect, unless its request id waits already.

        Returns:
            What waits now, and whether that changes what is served.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: something else waits under the request id.
            ResourceExhausted: SPOOL_FULL: there is no room. Nothing took effect.
        """
        with self._lock:
            if (known := self._waiting.get(asked.request_id)) is not None:
                if not known.switch.asks_the_same_as(asked.switch):
                    raise request_id_reused(asked.request_id)
                return known, False
            if len(self._waiting) >= self._max_waiting:
                raise _no_room(f"{self._max_waiting} switches wait for the store")
            waiting = {**self._waiting, asked.request_id: asked}
            try:
                self._write(waiting)
            except OSError as error:
                raise _no_room("the disk does not take it") from error
            self._waiting = waiting
            return asked, self._serve()

    def give_up(self, kept: WaitingSwitch) -> bool:
        """Takes back a switch that is refused after all; returns whether that changes what is served."""
        with self._lock:
            self._remove(kept)
            return self._serve()

    def settle(self, kept: WaitingSwitch, made: LearningSwitch) -> None:
        """Notes the entry that the store has in place of what waited: until the store is asked again, it holds."""
        with self._lock:
            if _asks_for_control(made):
                self._serving_control = {**self._serving_control, made.experiment_id: made}
            self._remove(kept)

    def follow(self, serving_control: Mapping[str, LearningSwitch]) -> bool:
        """Takes over by which entries the store serves the control; returns whether that changes what is served."""
        with self._lock:
            before, self._serving_control = self._serving_control, serving_control
            changed = self._serve()
            if before != serving_control:
                self._write_or_report()
            return changed

    def _serve(self) -> bool:
        waiting = {one.switch.experiment_id for one in self._waiting.values() if _asks_for_control(one.switch)}
        return self._book.serve_control(frozenset(waiting | self._serving_control.keys()))

    def _remove(self, kept: WaitingSwitch) -> None:
        self._waiting = {one: other for one, other in self._waiting.items() if one != kept.request_id}
        self._write_or_report()

    def _write(self, waiting: Mapping[str, WaitingSwitch]) -> None:
        self._file.write(LocalRecord(tuple(waiting.values()), tuple(self._serving_control.values())))

    def _write_or_report(self) -> None:
        """Brings the file up to date; by an old one a later process stores again what is stored once."""
        try:
            self._write(self._waiting)
        except OSError as error:
            log.failure(_logger, "the file of switches cannot be written", error)


def request_id_reused(request_id: str) -> AlreadyExists:
    """Returns the error for a request id that made a different entry."""
    return AlreadyExists(
        Reason.REQUEST_ID_REUSED,
        f"request id {request_id!r} was used for a different request",
        metadata={"request_id": request_id},
    )


def _no_room(cause: str) -> ResourceExhausted:
    return ResourceExhausted(Reason.SPOOL_FULL, f"there is no room for a switch on this machine: {cause}")


def _asks_for_control(switch: LearningSwitch) -> bool:
    return switch.kind is SwitchKind.SERVE_CONTROL
