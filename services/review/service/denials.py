"""Puts denied attempts on the audit log: in the background, and never more than a little."""

import logging
import queue
import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from services.review.domain import audit
from services.review.domain.ports import ReviewStore
from shared import errors, log
from shared.clock import Clock
from shared.identity.principal import Caller

_logger = logging.getLogger(__name__)

PAUSE: Final = timedelta(minutes=1)
MOST_WAITING: Final = 1000
RETRY_SECONDS: Final = 1.0

# The words of what is done elsewhere under another name.
_ACTIONS: Final[Mapping[str, str]] = {
    "AddComment": "change_request.comment",
    "EmergencyApply": "change_request.emergency_apply",
    "ProposeChange": "change_request.propose",
    "ProposePolicy": "change_request.propose",
    "RequestChanges": "change_request.request_changes",
    "SignEmergency": "change_request.sign_emergency",
}
_words = re.compile(r"[A-Z][a-z]*").findall


class DeniedAttempts:
    """Keeps one row for each principal, action and minute. Any thread tells; one thread writes."""

    def __init__(
        self,
        store: ReviewStore,
        *,
        clock: Clock,
        most_waiting: int = MOST_WAITING,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._store = store
        self._retry_seconds = retry_seconds
        self._most_waiting = most_waiting
        self._closing = threading.Event()
        self._clock = clock
        self._waiting: queue.SimpleQueue[audit.Entry | None] = queue.SimpleQueue()
        self._told: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def denied_call(self, caller: Caller, path: str) -> None:
        """Notes that an RPC was refused; returns at once."""
        self.denied(caller, action_of(path))

    def denied(self, caller: Caller, action: str) -> None:
        """Notes that something was refused, such as `token.create`; returns at once."""
        now = self._clock()
        if not self._is_new((caller.principal_id, action), now):
            return
        details = {"authentication": caller.authentication.value}
        entry = audit.Entry(caller.principal_id, f"{action}.denied", f"principals/{caller.principal_id}", details, now)
        if self._waiting.qsize() < self._most_waiting:
            self._waiting.put(entry)
        else:
            log.event(_logger, "a denied attempt is not on the audit log", level=logging.ERROR, action=action)

    def write_until_closed(self) -> None:
        """Writes what was told, again and again while the store is away; returns after `close`."""
        while (entry := self._waiting.get()) is not None:
            while not self._write(entry):
                if self._closing.wait(self._retry_seconds):
                    log.event(_logger, "denied attempts are not on the audit log", level=logging.ERROR)
                    return

    def close(self) -> None:
        """Ends the writing once what was told is written, or the store turns out to be away."""
        self._closing.set()
        self._waiting.put(None)

    def _write(self, entry: audit.Entry) -> bool:
        """Returns whether the entry is done with."""
        try:
            with self._store.transaction() as transaction:
                transaction.audit.append(entry)
        except errors.Unavailable:
            return False
        except Exception as error:
            log.failure(_logger, "a denied attempt is not on the audit log", error, action=entry.action)
        return True

    def _is_new(self, key: tuple[str, str], now: datetime) -> bool:
        with self._lock:
            if key in self._told and now < self._told[key] + PAUSE:
                return False
            self._told = {each: at for each, at in self._told.items() if now < at + PAUSE}
            self._told[key] = now
            return True


def action_of(path: str) -> str:
    """Returns what the audit log calls the RPC: `change_request.approve` for `/.../ApproveChangeRequest`."""
    method = path.rpartition("/")[2]
    verb, *noun = _words(method)
    return _ACTIONS.get(method, f"{'_'.join(noun).lower()}.{verb.lower()}")
