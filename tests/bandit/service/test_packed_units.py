"""Packed units: what is read, and what is refused under which name."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.bandit.domain.trial import unit_id_fault
from services.bandit.service.packed_units import MAX_NAMED, MAX_UNITS, PackedHashes, PackedIds, read_units
from services.bandit.service.unit_columns import HashColumn, IdColumn
from shared.errors import InvalidArgument, Reason

# Bytes around which UTF-8 and the rule for ids have their borders.
telling_bytes = st.sampled_from(
    [*b"\x00\x1f\x20\x7e\x7f\x80\x9f\xa0\xbf\xc0\xc2\xc3\xe0\xe2\xed\xef\xf0\xf4\xf5\xff", 0x82]
)
unit_bytes = st.lists(telling_bytes, max_size=6).map(bytes) | st.text(min_size=1, max_size=4).map(
    lambda text: text.encode(errors="ignore")
)


def offsets(*numbers: int) -> bytes:
    return np.array(numbers, "<i4").tobytes()


def packed(*ids: bytes) -> PackedIds:
    return PackedIds(b"".join(ids), offsets(0, *accumulate(map(len, ids))))


def refused(units: PackedIds | PackedHashes | None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidArgument) as caught:
        read_units(units)
    assert caught.value.reason is Reason.INVALID_FIELD
    return [(violation.field, violation.description) for violation in caught.value.violations]


def slow_fault(unit_id: bytes) -> bool:
    try:
        return bool(unit_id_fault(unit_id.decode()))
    except UnicodeDecodeError:
        return True


def test_read_when_ids_are_good_then_the_column_has_them() -> None:
    column = read_units(packed(b"a", "ü".encode(), b"x" * 256, "🙂".encode() * 64))

    assert isinstance(column, IdColumn)
    assert (len(column), column.lengths.tolist()) == (4, [1, 2, 256, 256])


def test_read_when_hashes_come_then_they_are_little_endian() -> None:
    column = read_units(PackedHashes(b"\x01" + bytes(7) + b"\xff" * 8))

    assert isinstance(column, HashColumn)
    assert column.numbers.tolist() == [1, 2**64 - 1]


@pytest.mark.parametrize(
    ("units", "field", "words"),
    [
        (None, "units", "must be given"),
        (PackedHashes(b""), "unit_hashes", "has 0 units"),
        (PackedHashes(b"1234567"), "unit_hashes", "has 7 bytes"),
        (PackedHashes(b"123456789"), "unit_hashes", "has 9 bytes"),
        (PackedHashes(bytes(8 * (MAX_UNITS + 1))), "unit_hashes", f"1 to {MAX_UNITS}"),
        (PackedIds(b"", b""), "unit_ids.offsets", "has 0 bytes"),
        (PackedIds(b"ab", b"\0\0\0\0\2\0\0"), "unit_ids.offsets", "has 7 bytes"),
        (PackedIds(b"", offsets(0)), "unit_ids", "has 0 units"),
        (PackedIds(b"", bytes(4 * (MAX_UNITS + 2))), "unit_ids", f"1 to {MAX_UNITS}"),
        (PackedIds(b"ab", offsets(1, 2)), "unit_ids.offsets", "begin with 1"),
        (PackedIds(b"ab", offsets(-1, 2)), "unit_ids.offsets", "begin with -1"),
        (PackedIds(b"abc", offsets(0, 2, 1, 3)), "unit_ids.offsets", "fall from 2 to 1 at entry 2"),
        (PackedIds(b"abc", offsets(0, 2**31 - 1, -(2**31), 3)), "unit_ids.offsets", "fall from 2147483647"),
        (PackedIds(b"abc", offsets(0, 2)), "unit_ids.offsets", "end at 2"),
        (PackedIds(b"abc", offsets(0, 4)), "unit_ids.offsets", "end at 4"),
        (PackedIds(b"", offsets(0, 4)), "unit_ids.offsets", "end at 4"),
        (packed(b"a", b""), "unit_ids[1]", "must not be empty"),
        (packed(b"", b"a"), "unit_ids[0]", "must not be empty"),
        (packed(b""), "unit_ids[0]", "must not be empty"),
        (packed(b"a", b"x" * 257), "unit_ids[1]", "at most 256 bytes"),
        (packed(b"a", "ü".encode() * 129), "unit_ids[1]", "at most 256 bytes"),
        (packed(b"a", b"b\x00"), "unit_ids[1]", "control characters"),
        (packed(b"a", b"\x7fb"), "unit_ids[1]", "control characters"),
        (packed("ü".encode(), b"\x1f"), "unit_ids[1]", "control characters"),
        (packed(b"a", b"\xff"), "unit_ids[1]", "must be UTF-8"),
        (packed(b"a", b"\xc3", b"b"), "unit_ids[1]", "must be UTF-8"),
        (packed(b"a", b"\xed\xa0\x80"), "unit_ids[1]", "must be UTF-8"),
        (packed(b"a", b"\xc0\xaf"), "unit_ids[1]", "must be UTF-8"),
    ],
)
def test_read_when_something_is_wrong_then_field_and_words_say_what(
    units: PackedIds | PackedHashes | None, field: str, words: str
) -> None:
    ((found_field, found_words),) = refused(units)

    assert found_field == field
    assert words in found_words


def test_read_when_a_character_is_cut_in_two_then_both_ids_are_named() -> None:
    assert refused(packed(b"a", b"b\xc3", b"\xbc", b"d")) == [
        ("unit_ids[1]", "must be UTF-8"),
        ("unit_ids[2]", "must be UTF-8"),
    ]


def test_read_when_a_character_is_cut_in_two_around_empty_ids_then_all_are_named() -> None:
    found = refused(packed(b"a", b"\xc2", b"", b"", b"\x80", b"d"))

    assert [field for field, _ in found] == [f"unit_ids[{row}]" for row in (1, 2, 3, 4)]


@pytest.mark.parametrize("bad", [b"", b"x" * 300, b"\n", b"\xff", b"\xc3"])
def test_read_when_very_many_are_bad_then_only_the_first_are_named(bad: bytes) -> None:
    found = refused(packed("ü".encode(), *[bad] * 50))

    assert [field for field, _ in found] == [f"unit_ids[{row}]" for row in range(1, MAX_NAMED + 1)]


def test_read_when_faults_are_of_several_kinds_then_they_come_in_the_order_of_the_ids() -> None:
    found = refused(packed(b"\xff", b"good", b"", b"a\tb", b"\xc3", b"\xbc", b"x" * 257, "gütig".encode()))

    assert [field for field, _ in found] == [f"unit_ids[{row}]" for row in (0, 2, 3, 4, 5, 6)]


def test_read_when_the_limit_is_met_then_it_is_taken() -> None:
    assert len(read_units(PackedHashes(bytes(8 * MAX_UNITS)))) == MAX_UNITS
    assert len(read_units(PackedIds(b"x" * MAX_UNITS, np.arange(MAX_UNITS + 1, dtype="<i4").tobytes()))) == MAX_UNITS


@settings(max_examples=500)
@given(st.lists(unit_bytes, min_size=1, max_size=8))
@example([b"\x80", b"a"])
@example([b"a", b"\xc3\xbc", b"\xbc"])
@example([b"", b"\x80"])
@example([b"\xc2", b"", b"\x80"])
def test_read_when_compared_with_looking_at_each_id_then_the_same_ones_are_bad(ids: list[bytes]) -> None:
    bad = [row for row, one in enumerate(ids) if slow_fault(one)]

    try:
        read_units(packed(*ids))
        named = []
    except InvalidArgument as error:
        named = [violation.field for violation in error.violations]

    assert named == [f"unit_ids[{row}]" for row in bad]
