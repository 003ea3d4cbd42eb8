"""Files of logged decisions: what is read, and what is refused."""

import math
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from services.admin.decisions import numbers, read_columns, shares, texts
from shared.errors import InvalidArgument, Reason


def written(tmp_path: Path, content: str | bytes, name: str = "log.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def complaint(path: Path, *names: str) -> str:
    with pytest.raises(InvalidArgument) as caught:
        read_columns(path, names)
    assert caught.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in caught.value.violations] == ["file"]
    return caught.value.message


def test_csv_when_read_then_the_wanted_columns(tmp_path: Path) -> None:
    path = written(tmp_path, 'what,"how, much",p\r\na,1.5,0.5\r\n\r\n"b ""c""", 2 ,\r\n')

    found = read_columns(path, ["p", "how, much", "what"])

    assert found == {"p": ["0.5", ""], "how, much": ["1.5", "2"], "what": ["a", 'b "c"']}


def test_csv_when_it_begins_with_a_byte_order_mark_then_that_is_no_part_of_the_name(tmp_path: Path) -> None:
    assert read_columns(written(tmp_path, b"\xef\xbb\xbfx\n1\n"), ["x"]) == {"x": ["1"]}


def test_csv_when_it_has_no_rows_then_empty_columns(tmp_path: Path) -> None:
    assert read_columns(written(tmp_path, "x,y\n"), ["y"]) == {"y": []}


def test_parquet_when_read_then_the_wanted_columns(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    parquet.write_table(pa.table({"what": ["a", "b"], "n": [1, 2], "p": [0.5, None]}), path)

    assert read_columns(path, ["p", "what", "n"]) == {"p": [0.5, None], "what": ["a", "b"], "n": [1, 2]}


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("x,y\n1,2\n", "log.csv", "no column 'z'; it has 'x', 'y'"),
        ("", "log.csv", "no column 'z'; it has none"),
        ("y,z\n1\n", "log.csv", "row 1 has 1 cells"),
        (b"z\n\xff\n", "log.csv", "no CSV"),
        ("z\n1\n", "log.parquet", "no Parquet"),
    ],
)
def test_file_when_it_is_not_what_it_should_be_then_says_so(
    tmp_path: Path, content: str | bytes, name: str, said: str
) -> None:
    assert said in complaint(written(tmp_path, content, name), "z")


def test_parquet_when_a_column_is_missing_then_says_which_there_are(tmp_path: Path) -> None:
    path = tmp_path / "log.pq"
    parquet.write_table(pa.table({"x": [1]}), path)

    assert "no column 'z'; it has 'x'" in complaint(path, "z")


def test_file_when_it_is_not_there_then_os_error(tmp_path: Path) -> None:
    for name in ("log.csv", "log.parquet"):
        with pytest.raises(OSError, match=name):
            read_columns(tmp_path / name, ["z"])


def test_shares_when_cells_are_empty_then_missing_where_they_may_be() -> None:
    found = shares("p", ["0.5", "", 1, None, 0.25, True, "nan"], may_be_missing=True)

    assert [math.isnan(number) for number in found] == [False, True, False, True, False, False, True]
    assert found[[0, 2, 4, 5]].tolist() == [0.5, 1.0, 0.25, 1.0]


@pytest.mark.parametrize("cell", ["1.5", -0.1, "inf", "nan"])
def test_shares_when_a_cell_is_none_then_names_column_and_row(cell: object) -> None:
    with pytest.raises(InvalidArgument) as caught:
        shares("p", ["1", cell, "7"])

    assert [violation.field for violation in caught.value.violations] == ["p"]
    assert caught.value.message == f"p: row 2 holds {cell!r}, which is not in [0, 1]"


@pytest.mark.parametrize("cell", ["", None, "much", [1], "inf", "nan"])
def test_numbers_when_a_cell_is_none_then_names_column_and_row(cell: object) -> None:
    with pytest.raises(InvalidArgument) as caught:
        numbers("click", ["1", cell])

    assert [violation.field for violation in caught.value.violations] == ["click"]
    assert f"row 2 holds {cell!r}" in caught.value.message


def test_texts_when_cells_are_numbers_then_as_they_are_written() -> None:
    assert texts([1, "1", "a"]) == ["1", "1", "a"]
