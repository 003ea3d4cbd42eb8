"""A replica's part of the record of switches in a file on this machine, sealed by a checksum."""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from services.bandit.domain.switches import LearningSwitch, LocalRecord, SwitchKind, WaitingSwitch
from shared import log

# JSON has no narrower type in Python.
_Document: TypeAlias = dict[str, Any]

_DAMAGED: Final = ".damaged"

_logger = logging.getLogger(__name__)


class LocalSwitchFile:
    """Reads and replaces the file. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> LocalRecord:
        """Returns what was last written; nothing where there is no file. A damaged one is put aside, for people."""
        try:
            return _record(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return LocalRecord()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            aside = self._path.with_suffix(_DAMAGED)
            self._path.replace(aside)
            log.failure(_logger, "the file of switches is damaged, what it says does not hold", error, kept=str(aside))
            return LocalRecord()

    def write(self, record: LocalRecord) -> None:
        """Replaces the file, whole or not at all; returns when it survives the end of the machine.

        Raises:
            OSError: The disk does not take it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_sealed(record))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        _sync_directory(self._path.parent)


def _sync_directory(path: Path) -> None:
    """Returns when what was renamed in a directory survives the end of the machine."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _sealed(record: LocalRecord) -> bytes:
    body = {
        "waiting": [{"request_id": one.request_id, **_to_document(one.switch)} for one in record.waiting],
        "serving_control": [_to_document(one) for one in record.serving_control],
    }
    return json.dumps({**body, "checksum": _checksum(body)}, indent=1).encode()


def _record(document: _Document) -> LocalRecord:
    checksum = document.pop("checksum")
    if checksum != _checksum(document):
        raise ValueError("it does not match its checksum")
    return LocalRecord(
        tuple(WaitingSwitch(_from_document(one), one["request_id"]) for one in document["waiting"]),
        tuple(map(_from_document, document["serving_control"])),
    )


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _to_document(switch: LearningSwitch) -> _Document:
    return {**switch._asdict(), "switched_at": switch.switched_at.isoformat()}


def _from_document(document: _Document) -> LearningSwitch:
    return LearningSwitch(
        document["experiment_id"],
        SwitchKind(document["kind"]),
        document["reason"],
        document["actor"],
        datetime.fromisoformat(document["switched_at"]),
    )
