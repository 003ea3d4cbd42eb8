"""The newest snapshots in a file on this machine, so that a process can start while the server is away."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from experimentation.v1 import bandit_service_pb2 as pb

_logger = logging.getLogger("experimentation_client")

MAGIC: Final = b"experimentation-client 1\n"
"""Begins the file; the SHA-256 of the rest and a WatchPoliciesResponse with the snapshots follow."""

_DIGEST_BYTES: Final = hashlib.sha256().digest_size


class SnapshotFile:
    """Reads and replaces the file. Several processes may share it: the last one to write wins, whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Sequence[pb.PolicySnapshot]:
        """Returns what was last written; nothing where there is no file or it is damaged."""
        try:
            content = self._path.read_bytes()
            return _snapshots(content)
        except FileNotFoundError:
            return []
        except (OSError, ValueError, DecodeError) as error:
            _logger.error("snapshot file cannot be used: %s", error)  # noqa: TRY400 - the trace tells nothing
            return []

    def write(self, snapshots: Iterable[pb.PolicySnapshot]) -> None:
        """Replaces the file, whole or not at all; where it cannot be written the client goes on without."""
        payload = pb.WatchPoliciesResponse(snapshots=snapshots).SerializeToString()
        try:
            self._replace(MAGIC + hashlib.sha256(payload).digest() + payload)
        except OSError as error:
            _logger.error("snapshot file cannot be written: %s", error)  # noqa: TRY400

    def _replace(self, content: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        fresh = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        finally:
            fresh.unlink(missing_ok=True)


def _snapshots(content: bytes) -> Sequence[pb.PolicySnapshot]:
    payload = content[len(MAGIC) + _DIGEST_BYTES :]
    if content[: len(MAGIC)] != MAGIC:
        raise ValueError("it is no snapshot file of this version")
    if content[len(MAGIC) : len(MAGIC) + _DIGEST_BYTES] != hashlib.sha256(payload).digest():
        raise ValueError("it does not match its checksum")
    return pb.WatchPoliciesResponse.FromString(payload).snapshots
