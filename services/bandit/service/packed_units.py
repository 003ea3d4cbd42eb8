"""Reads units from packed bytes without an object for each, and says what is wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import trial
from services.bandit.service.unit_columns import HashColumn, IdColumn, UnitColumn
from shared.errors import FieldViolation, invalid_field, invalid_fields

MAX_UNITS: Final = 500_000
"""As many hashes as a message of 4 MiB has room for, in round numbers."""

MAX_NAMED: Final = 10
"""How many bad ids an error names."""


@dataclass(frozen=True, slots=True)
class PackedIds:
    """Is ids as they come.

    Attributes:
        data: Their UTF-8, one behind the other.
        offsets: Where each starts and the last one ends, 4 bytes each, little-endian.
    """

    data: bytes
    offsets: bytes


@dataclass(frozen=True, slots=True)
class PackedHashes:
    """Is hashes as they come, 8 bytes each, little-endian."""

    hashes: bytes


def read_units(packed: PackedIds | PackedHashes | None) -> UnitColumn:
    """Returns the units; their bytes are not copied.

    Raises:
        InvalidArgument: INVALID_FIELD, naming the field, or the first MAX_NAMED ids at fault as `unit_ids[3]`.
    """
    if packed is None:
        raise invalid_field("units", "must be given, as unit_ids or as unit_hashes")
    return _read_ids(packed) if isinstance(packed, PackedIds) else _read_hashes(packed.hashes)


def _read_hashes(hashes: bytes) -> HashColumn:
    if len(hashes) % 8:
        raise invalid_field("unit_hashes", f"has {len(hashes)} bytes, must have 8 for each unit")
    _check_count("unit_hashes", len(hashes) // 8)
    return HashColumn(np.frombuffer(hashes, "<u8").astype(np.uint64, copy=False))


def _read_ids(packed: PackedIds) -> IdColumn:
    column = IdColumn(np.frombuffer(packed.data, np.uint8), _read_offsets(packed.offsets))
    _check_offsets(column)
    if not (column.keeps_limits and (packed.data.isascii() or _is_text(column))):
        faults = islice(_faults(column), MAX_NAMED)
        raise invalid_fields([FieldViolation(f"unit_ids[{row}]", fault) for row, fault in faults])
    return column


def _read_offsets(offsets: bytes) -> NDArray[np.int64]:
    if not offsets or len(offsets) % 4:
        raise invalid_field("unit_ids.offsets", f"has {len(offsets)} bytes, must have 4 for each id and 4 for the end")
    _check_count("unit_ids", len(offsets) // 4 - 1)
    return np.frombuffer(offsets, "<i4").astype(np.int64)


def _check_count(field: str, count: int) -> None:
    if not 1 <= count <= MAX_UNITS:
        raise invalid_field(field, f"has {count} units, must have 1 to {MAX_UNITS}")


def _check_offsets(column: IdColumn) -> None:
    offsets, lengths = column.offsets, column.lengths
    if offsets[0] != 0:
        raise invalid_field("unit_ids.offsets", f"begin with {offsets[0]}, must begin with 0")
    if lengths.min() < 0:
        row = int(np.argmax(lengths < 0))
        raise invalid_field(
            "unit_ids.offsets", f"fall from {offsets[row]} to {offsets[row + 1]} at entry {row + 1}, must ascend"
        )
    if offsets[-1] != column.data.size:
        raise invalid_field("unit_ids.offsets", f"end at {offsets[-1]}, must end at the {column.data.size} of data")


def _is_text(column: IdColumn) -> bool:
    """Returns whether each is UTF-8, where none is empty: all in one are, and none starts inside a character."""
    return next(_undecodable(column), None) is None and _starts_inside(column).size == 0


def _faults(column: IdColumn) -> Iterator[tuple[int, str]]:
    for row in np.flatnonzero(_suspects(column)).tolist():
        if fault := _fault(column.data[column.offsets[row] : column.offsets[row + 1]].tobytes()):
            yield row, fault


def _fault(unit_id: bytes) -> str:
    try:
        return trial.unit_id_fault(unit_id.decode())
    except UnicodeDecodeError:
        return "must be UTF-8"


def _suspects(column: IdColumn) -> NDArray[np.bool_]:
    """Returns which ids to look at one by one, (n,): every bad one until MAX_NAMED are not UTF-8, few good ones."""
    lengths, data = column.lengths, column.data
    suspects: NDArray[np.bool_] = (lengths == 0) | (lengths > trial.MAX_UNIT_ID_BYTES)
    suspects[_rows(column, np.flatnonzero((data < 0x20) | (data == 0x7F)))] = True
    suspects[list(islice(_undecodable(column), MAX_NAMED))] = True
    inside = _starts_inside(column)
    suspects[inside] = suspects[_before(column, inside)] = True
    return suspects


def _rows(column: IdColumn, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the ids that bytes of the data belong to."""
    return np.asarray(np.searchsorted(column.offsets, places, side="right") - 1)


def _before(column: IdColumn, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns for each of the ids, none empty, the one before it that is not empty; before the first, the last."""
    filled = np.flatnonzero(column.lengths)
    return np.asarray(filled[np.searchsorted(filled, rows) - 1])


def _starts_inside(column: IdColumn) -> NDArray[np.int64]:
    """Returns the ids that start with a byte which only continues a character."""
    rows = np.flatnonzero(column.lengths)
    return np.asarray(rows[(column.data[column.offsets[rows]] & 0xC0) == 0x80])


def _undecodable(column: IdColumn) -> Iterator[int]:
    """Yields ids that are not UTF-8, going on behind each; not those that differ only by where they are cut."""
    start = 0
    while True:
        try:
            str(column.data[start:].data, "utf-8")
        except UnicodeDecodeError as error:
            row = int(_rows(column, np.array([start + error.start]))[0])
            yield row
            start = int(column.offsets[row + 1])
        else:
            return
