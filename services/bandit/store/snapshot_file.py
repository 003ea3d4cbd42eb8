"""The newest snapshots in a file on this machine, so that a replica can start while the store is away."""

import json
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared import log
from shared.policy.document import Document, from_document, to_document
from shared.policy.snapshot import PolicySnapshot

_logger = logging.getLogger(__name__)


class LocalSnapshotFile:
    """Reads and replaces the file. For one thread; every snapshot in it has its own checksum."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Sequence[PolicySnapshot]:
        """Returns the snapshots that are whole; nothing where there is no file."""
        try:
            documents = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except ValueError as error:
            _report(error)
            return []
        listed = documents if isinstance(documents, list) else [documents]
        return [snapshot for document in listed if (snapshot := _whole(document))]

    def write(self, snapshots: Iterable[PolicySnapshot]) -> None:
        """Replaces the file, whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump([to_document(snapshot) for snapshot in snapshots], file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _whole(document: Document) -> PolicySnapshot | None:
    try:
        return from_document(document)
    except (ValueError, TypeError, AttributeError) as error:
        _report(error)
        return None


def _report(error: Exception) -> None:
    log.event(_logger, "snapshot file is damaged, the damaged part is lost", level=logging.ERROR, error=str(error))
