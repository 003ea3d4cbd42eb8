"""Freezes, and serves the control: at once on this replica, on record as soon as the store takes it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Final

from services.bandit.domain.ports import SwitchStore
from services.bandit.domain.switches import (
    REDUCE_HARM,
    LearningSwitch,
    RecordedSwitch,
    SwitchKind,
    WaitingSwitch,
)
from services.bandit.service.local_switches import LocalSwitches
from services.bandit.service.policy_book import PolicyBook
from shared import log
from shared.clock import Clock
from shared.errors import AlreadyExists, Reason, Unavailable, invalid_field

_TURN_SECONDS: Final = 2.0
"""How long a call that took effect waits for others that ask the store."""

_logger = logging.getLogger(__name__)


class SwitchService:
    """Takes switches, and follows those that others made. Safe for threads.

    A switch that reduces harm waits for nothing but this machine's disk before it takes effect. The store then decides
    only whether it is on record yet, unless the request id turns out to be used.
    """

    def __init__(
        self,
        book: PolicyBook,
        local: LocalSwitches,
        store: SwitchStore,
        *,
        now: Clock,
        new_request_id: Callable[[], str],
        announce: Callable[[], None],
    ) -> None:
        """Takes its collaborators.

        Args:
            book: Knows which experiments there are.
            local: Holds what is switched here.
            store: Keeps the record.
            now: The clock.
            new_request_id: Makes ids for calls that bring none.
            announce: Is called after a switch changed what is served.
        """
        self._book = book
        self._local = local
        self._store = store
        self._now = now
        self._new_request_id = new_request_id
        self._announce = announce
        # The request ids that may still be refused, as their calls are under way.
        self._undecided: set[str] = set()
        # Who asks the store, one after the other: an older answer must not take the place of a newer one.
        self._turn = threading.Lock()

    def control_switch(self, experiment_id: str) -> RecordedSwitch | None:
        """Returns the switch by which this replica serves the control; None where it does not."""
        return self._local.control_switch(experiment_id)

    def switch(
        self, kind: SwitchKind, experiment_id: str, *, reason: str, actor: str, request_id: str
    ) -> RecordedSwitch:
        """Switches, and returns the entry on record; a repeated request id returns the entry it made.

        Raises:
            InvalidArgument: INVALID_FIELD: a text has a NUL character.
            NotFound: EXPERIMENT_NOT_FOUND.
            AlreadyExists: REQUEST_ID_REUSED.
            ResourceExhausted: SPOOL_FULL: this machine has no room for what the store does not take.
            Unavailable: STORE_UNAVAILABLE: the kind may increase harm and needs the store. Nothing was switched.
        """
        for field, text in (("reason", reason), ("request_id", request_id)):
            if "\0" in text:
                raise invalid_field(field, "holds a NUL character")
        self._book.policy(experiment_id)
        entry = LearningSwitch(experiment_id, kind, reason, actor, self._now())
        if kind in REDUCE_HARM:
            made = self._reduce_harm(WaitingSwitch(entry, request_id or self._new_request_id()))
        else:
            made = RecordedSwitch(self._undo(entry, request_id), stored=True)
        log.event(_logger, "switched", experiment_id=experiment_id, kind=kind.value, actor=actor, stored=made.stored)
        return made

    def refresh(self) -> bool:
        """Stores what waits, and follows the store; returns whether that changes what is served.

        Raises:
            Unavailable: STORE_UNAVAILABLE: what is served stays.
        """
        with self._turn:
            return self._catch_up()

    def _undo(self, entry: LearningSwitch, request_id: str) -> LearningSwitch:
        with self._turn:
            # What waits here was switched before, so it goes on record before.
            self._drain()
            made = self._store.add(entry, request_id=request_id)
            self._catch_up_if_possible()
        return made

    def _reduce_harm(self, asked: WaitingSwitch) -> RecordedSwitch:
        # Before it waits: nobody else is to store what may still be refused.
        self._undecided.add(asked.request_id)
        try:
            kept, changed = self._local.keep(asked)
            self._tell(changed=changed)
            if kept is not asked:
                self._undecided.discard(asked.request_id)
            return RecordedSwitch(self._add_in_turn(kept), stored=True)
        except Unavailable:
            return RecordedSwitch(kept.switch, stored=False)
        finally:
            self._undecided.discard(asked.request_id)

    def _add_in_turn(self, kept: WaitingSwitch) -> LearningSwitch:
        with self._my_turn():
            made = self._add(kept)
            self._catch_up_if_possible()
        return made

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            raise Unavailable(Reason.STORE_UNAVAILABLE, "others wait for the store")
        try:
            yield
        finally:
            self._turn.release()

    def _catch_up_if_possible(self) -> None:
        with suppress(Unavailable):
            self._tell(changed=self._catch_up())

    def _catch_up(self) -> bool:
        self._drain()
        return self._local.follow(self._store.serving_control())

    def _drain(self) -> None:
        for waiting in [one for one in self._local.waiting() if one.request_id not in self._undecided]:
            try:
                self._add(waiting)
            except Unavailable:
                raise
            except Exception as error:
                log.failure(_logger, "a switch cannot be stored, it stays in effect here", error)

    def _add(self, waiting: WaitingSwitch) -> LearningSwitch:
        """Stores a switch, exactly once; gives it up where its request id turns out to be used before anybody knew."""
        try:
            made = self._store.add(waiting.switch, request_id=waiting.request_id)
        except AlreadyExists:
            if waiting.request_id in self._undecided:
                self._tell(changed=self._local.give_up(waiting))
                raise
            # Its caller was told that it holds: it goes on record all the same.
            made = self._store.add(waiting.switch, request_id=_other_id(waiting))
        self._local.settle(waiting, made)
        return made

    def _tell(self, *, changed: bool) -> None:
        if changed:
            self._announce()


def _other_id(waiting: WaitingSwitch) -> str:
    """Returns an id that no caller can give, as it is longer, and that is the same whenever it is asked for."""
    told = "\n".join((*waiting.switch[:4], waiting.switch.switched_at.isoformat()))
    return f"{waiting.request_id} {sha256(told.encode()).hexdigest()}"
