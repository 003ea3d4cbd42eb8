"""A bounded queue of byte records in one memory-mapped file: what is appended survives the end of the process.

The file is a ring. Positions count bytes since the beginning of time; a position's place in the ring is its remainder.
A record is a header (length, CRC-32 of position and payload) and its payload, never split at the ring's end. After a
restart the records from the durable tail up to the first bad header are there again; a record that was being written
when the machine died fails its CRC and ends the queue, which is right, as it was never acknowledged.
"""

import fcntl
import mmap
import os
import struct
import threading
import zlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_MAGIC: Final = b"EXPSPOOL"
_PREFACE: Final = struct.Struct("<8sQQ")  # magic, capacity, tail
_TAIL_OFFSET: Final = 16
_HEADER: Final = struct.Struct("<II")  # payload length, CRC-32
_WRAP: Final = 0xFFFFFFFF
_PAGE: Final = mmap.PAGESIZE


class SpoolInUseError(Exception):
    """Another process has the spool open."""


class Spool:
    """Is a durable bounded queue. Safe for threads; one process at a time.

    Appending costs about a microsecond and makes no system call, so that a caller on the hot path never waits; `sync`
    makes what was appended survive the machine, too.
    """

    def __init__(self, path: Path, *, capacity_bytes: int) -> None:
        """Opens the spool, or makes it with every byte allocated, so that a full disk can't stop it later.

        Args:
            path: The file.
            capacity_bytes: Size of a new ring; an existing one keeps its size until it is empty.

        Raises:
            SpoolInUseError: Another process has it open.
            OSError: The disk has no room.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise SpoolInUseError(f"{path} is in use by another process") from error
        wanted = max(capacity_bytes // _PAGE, 1) * _PAGE
        self._map(*(self._known_ring() or self._new_ring(wanted)))
        if self.is_empty and self._capacity != wanted:
            self._ring.close()
            self._map(*self._new_ring(wanted))

    def _map(self, capacity: int, tail: int) -> None:
        self._capacity, self._tail = capacity, tail
        self._ring = mmap.mmap(self._file, _PAGE + capacity)
        self._head = self._recover()

    def _known_ring(self) -> tuple[int, int] | None:
        """Returns the capacity and the tail of the ring in the file, or None where there is none."""
        preface = os.pread(self._file, _PREFACE.size, 0)
        if len(preface) == _PREFACE.size:
            magic, capacity, tail = _PREFACE.unpack(preface)
            if magic == _MAGIC and os.fstat(self._file).st_size == _PAGE + capacity:
                return capacity, tail
        return None

    def _new_ring(self, capacity: int) -> tuple[int, int]:
        os.ftruncate(self._file, 0)
        os.posix_fallocate(self._file, 0, _PAGE + capacity)
        os.pwrite(self._file, _PREFACE.pack(_MAGIC, capacity, 0), 0)
        os.fsync(self._file)
        return capacity, 0

    def _recover(self) -> int:
        position = self._tail
        while (record := self._record_at(position, self._tail + self._capacity)) is not None:
            position = record[1]
        return position

    def _record_at(self, position: int, limit: int) -> tuple[bytes, int] | None:
        """Returns the payload at a position and the position behind it, or None where there is no valid record."""
        place = position % self._capacity
        room = self._capacity - place
        if position >= limit:
            return None
        if room < _HEADER.size:
            return self._record_at(position + room, limit)
        length, checksum = _HEADER.unpack_from(self._ring, _PAGE + place)
        if length == _WRAP:
            return self._record_at(position + room, limit) if checksum == _seed(position) else None
        if not 0 < length <= room - _HEADER.size:
            return None
        start = _PAGE + place + _HEADER.size
        payload = self._ring[start : start + length]
        if zlib.crc32(payload, _seed(position)) != checksum:
            return None
        return payload, position + _HEADER.size + length

    @property
    def is_empty(self) -> bool:
        """Returns whether everything was drained."""
        return self._head == self._tail

    @property
    def used_bytes(self) -> int:
        """Returns how much of the ring waits to be drained."""
        return self._head - self._tail

    @property
    def capacity_bytes(self) -> int:
        """Returns the size of the ring."""
        return self._capacity

    def append(self, payload: bytes) -> bool:
        """Adds a record that survives the end of this process; returns False, adding nothing, where there is no room.

        Args:
            payload: One byte or more.

        Raises:
            ValueError: There is no byte.
        """
        length = len(payload)
        if not length:
            raise ValueError("a record must have one byte or more")
        size = _HEADER.size + length
        with self._lock:
            start = self._head
            place = start % self._capacity
            if place + size > self._capacity:
                start, place = start + self._capacity - place, 0
            # An empty ring begins wherever the record fits, or a large one would never find room.
            tail = start if self._head == self._tail else self._tail
            if start + size - tail > self._capacity:
                return False
            if tail != self._tail:
                self._move_tail(tail)
            elif start != self._head:
                self._mark_end()
            header = _HEADER.pack(length, zlib.crc32(payload, _seed(start)))
            self._ring[_PAGE + place : _PAGE + place + size] = header + payload
            self._head = start + size
        return True

    def _move_tail(self, position: int) -> None:
        self._tail = position
        struct.pack_into("<Q", self._ring, _TAIL_OFFSET, position)

    def _mark_end(self) -> None:
        """Says at the head that the next record is at the ring's beginning."""
        place = self._head % self._capacity
        if self._capacity - place >= _HEADER.size:
            _HEADER.pack_into(self._ring, _PAGE + place, _WRAP, _seed(self._head))

    def sync(self) -> None:
        """Returns when what was appended survives the end of the machine, too."""
        os.fsync(self._file)

    def peek(self, *, max_bytes: int) -> tuple[list[bytes], int]:
        """Returns the oldest records, at least one where there is any.

        With them comes the position to `discard` once they are safe elsewhere.
        """
        head, position = self._head, self._tail
        payloads: list[bytes] = []
        taken = 0
        while position < head and (not payloads or taken < max_bytes):
            record = self._record_at(position, head)
            if record is None:
                break
            payloads.append(record[0])
            taken += len(record[0])
            position = record[1]
        return payloads, position

    def discard(self, position: int) -> None:
        """Frees the records before a position that `peek` returned."""
        with self._lock:
            self._move_tail(max(position, self._tail))

    def close(self) -> None:
        """Syncs and closes the file."""
        os.fsync(self._file)
        self._ring.close()
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _seed(position: int) -> int:
    """Returns the CRC's start value, so that a record left from an earlier round of the ring is never taken for new."""
    return (position ^ (position >> 32)) & 0xFFFFFFFF
