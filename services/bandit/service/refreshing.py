"""Keeps a replica's policies up to date with what the learner publishes, and on this machine's disk."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from services.bandit.domain.ports import PolicyStore, Publication
from services.bandit.service.policy_book import PolicyBook
from shared.policy.snapshot import PolicySnapshot


class SnapshotFile(Protocol):
    """Keeps the newest snapshots on this machine, for a start while the store is away."""

    def read(self) -> Sequence[PolicySnapshot]:
        """Returns what was last written; nothing where there is no file or it is damaged."""

    def write(self, snapshots: Iterable[PolicySnapshot]) -> None:
        """Replaces the file, whole or not at all."""


class PolicyRefresher:
    """Moves published snapshots into the book and the file. For one thread."""

    def __init__(self, book: PolicyBook, store: PolicyStore, file: SnapshotFile) -> None:
        self._book = book
        self._store = store
        self._file = file
        self._publication: int | None = None

    def restore(self) -> int:
        """Loads the file; returns how many snapshots it held."""
        snapshots = self._file.read()
        self._book.replace(snapshots)
        return len(snapshots)

    def refresh(self) -> bool:
        """Takes what was published since the last time; returns whether there was anything.

        Raises:
            Unavailable: STORE_UNAVAILABLE: the book keeps what it has.
        """
        published = self._published()
        changed = self._book.replace(entry.snapshot for entry in published)
        self._book.confirm()
        self._publication = max([self._publication or 0, *(entry.publication for entry in published)])
        if changed:
            self._file.write(policy.snapshot for policy in self._book.published().values())
        return changed

    def _published(self) -> Sequence[Publication]:
        if self._publication is None:
            return self._store.newest()
        return self._store.published_after(self._publication)
