"""Reads logged decisions from a file: CSV, or Parquet where pyarrow is installed."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.errors import FieldViolation, InvalidArgument, Reason, invalid_field

Floats: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = Sequence[object]

PARQUET_SUFFIXES: Final = (".parquet", ".pq")
_EMPTY: Final = ("", None)


def read_columns(path: Path, names: Sequence[str]) -> Mapping[str, Cells]:
    """Returns columns of a file as its cells stand there: texts from CSV, values from Parquet.

    Args:
        path: A Parquet file where its name ends in .parquet or .pq, else CSV with a header line, UTF-8.
        names: The columns that are wanted.

    Raises:
        InvalidArgument: INVALID_FIELD: it has no such column, or is no such file.
        OSError: It cannot be read.
    """
    return _parquet(path, names) if path.suffix.lower() in PARQUET_SUFFIXES else _csv(path, names)


def numbers(name: str, cells: Cells) -> Floats:
    """Returns a column as finite numbers, shape (n,).

    Raises:
        InvalidArgument: INVALID_FIELD: a cell is empty or not a finite number.
    """
    values = _floats(name, cells, may_be_missing=False)
    return _checked(name, cells, ~np.isfinite(values), values, "which is not a finite number")


def shares(name: str, cells: Cells, *, may_be_missing: bool = False) -> Floats:
    """Returns a column as numbers in [0, 1], shape (n,); NaN where a cell is empty.

    Raises:
        InvalidArgument: INVALID_FIELD: a cell is not a number in [0, 1], or is empty although it must not be.
    """
    values = _floats(name, cells, may_be_missing=may_be_missing)
    missing = np.isnan(values) & may_be_missing
    return _checked(name, cells, ~missing & ~((values >= 0) & (values <= 1)), values, "which is not in [0, 1]")


def _floats(name: str, cells: Cells, *, may_be_missing: bool) -> Floats:
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell in _EMPTY and may_be_missing:
            continue
        try:
            values[row] = float(cell)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise invalid_field(name, f"row {row + 1} holds {cell!r}, which is not a number") from None
    return values


def _checked(name: str, cells: Cells, is_bad: NDArray[np.bool_], values: Floats, problem: str) -> Floats:
    if is_bad.any():
        row = int(is_bad.argmax())
        raise invalid_field(name, f"row {row + 1} holds {cells[row]!r}, {problem}")
    return values


def texts(cells: Cells) -> list[str]:
    """Returns a column as texts."""
    return [str(cell) for cell in cells]


def _csv(path: Path, names: Sequence[str]) -> Mapping[str, Cells]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        try:
            places = _places(path, next(rows, []), names)
            columns: dict[str, list[object]] = {name: [] for name in names}
            for number, row in enumerate(rows, 1):
                if not row:
                    continue
                if len(row) <= max(places.values()):
                    raise _unreadable(path, f"row {number} has {len(row)} cells")
                for name, place in places.items():
                    columns[name].append(row[place].strip())
        except (csv.Error, UnicodeDecodeError) as error:
            raise _unreadable(path, f"no CSV ({error})") from error
    return columns


def _parquet(path: Path, names: Sequence[str]) -> Mapping[str, Cells]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _unreadable(path, "reading Parquet needs pyarrow: install the extra `evaluate`") from error
    try:
        _places(path, parquet.read_schema(path).names, names)
        table = parquet.read_table(path, columns=list(dict.fromkeys(names)))
    except pa.ArrowInvalid as error:
        raise _unreadable(path, f"no Parquet ({error})") from error
    return {name: table.column(name).to_pylist() for name in names}


def _places(path: Path, header: Sequence[str], names: Sequence[str]) -> Mapping[str, int]:
    missing = [name for name in names if name not in header]
    if missing:
        raise _unreadable(path, f"no column {missing[0]!r}; it has {', '.join(map(repr, header)) or 'none'}")
    return {name: header.index(name) for name in names}


def _unreadable(path: Path, problem: str) -> InvalidArgument:
    return InvalidArgument(Reason.INVALID_FIELD, f"{path}: {problem}", violations=[FieldViolation("file", problem)])
