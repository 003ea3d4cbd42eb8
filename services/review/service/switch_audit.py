"""Tells the audit log what was switched at the bandit, which has no hand in that log."""

from contextlib import AbstractContextManager
from typing import Final, Protocol

from services.review.domain.ports import AuditLog
from services.review.domain.switches import LearningSwitch, audit_entry

BATCH: Final = 100
"""How many switches go into one transaction, as all other writers of the audit log wait for it."""


class Switches(Protocol):
    """Reads the bandit's record of switches; a part of a transaction."""

    def lock_unaudited(self, *, limit: int) -> list[LearningSwitch]:
        """Returns the first switches that the audit log does not tell of, in their order.

        Other transactions that ask wait until this one ends.
        """


class SwitchTransaction(Protocol):
    """Is one unit of work: all of its writes happen, or none."""

    @property
    def switches(self) -> Switches:
        """The record of switches."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


class SwitchStore(Protocol):
    """Has the record of switches and the audit log; safe for use by many threads."""

    def transaction(self) -> AbstractContextManager[SwitchTransaction]:
        """Returns a new transaction, which ends with the block: by an error, nothing happened.

        Raises:
            Unavailable: STORE_UNAVAILABLE, the store cannot be reached.
        """


class SwitchAudit:
    """Tells of every switch exactly once, however many processes do so at once."""

    def __init__(self, store: SwitchStore) -> None:
        self._store = store

    def sweep(self) -> int:
        """Tells of the switches that are new, a batch of them at most; returns how many.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        with self._store.transaction() as transaction:
            switches = transaction.switches.lock_unaudited(limit=BATCH)
            for switch in switches:
                transaction.audit.append(audit_entry(switch))
        return len(switches)
