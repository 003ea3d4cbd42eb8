"""Hashing and placement of columns: bit for bit those of xxhash and of the placement of single units."""

import threading
from bisect import bisect_right
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.bandit import kernels
from services.bandit.kernels import assignment
from services.bandit.kernels.assignment import assign, hash_column
from shared.policy.placement import position

RANGE = 1 << 32
HOLDOUT, OUTSIDE = 100, 101

Column = tuple[NDArray[np.uint8], NDArray[np.int64]]

positions = st.integers(0, RANGE)
salts = st.integers(0, 2**64 - 1)


def column(strings: list[bytes]) -> Column:
    offsets = np.array([0, *accumulate(map(len, strings))], dtype=np.int64)
    return np.frombuffer(b"".join(strings), dtype=np.uint8), offsets


def placed(units: Column, keys: Column, **changed: Any) -> list[int]:
    arguments = {
        "arm_salt": np.uint64(5),
        "traffic_salt": np.uint64(6),
        "traffic_end": RANGE,
        "holdout_start": RANGE,
        "segment_starts": np.array([0, RANGE // 2], np.uint32),
        "segment_cells": np.array([0, 1], np.int32),
        "holdout_cell": HOLDOUT,
        "outside_cell": OUTSIDE,
    }
    cells = assign(*units, *keys, **{**arguments, **changed})
    assert cells.dtype == np.int32
    return [int(cell) for cell in cells]


@pytest.mark.parametrize(
    ("text", "seed", "expected"),
    [
        (b"", 0, 0xEF46DB3751D8E999),
        (b"a", 0, 0xD24EC4F1A98C6E5B),
        (b"abc", 0, 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1),
    ],
)
def test_hash_column_when_given_published_texts_then_returns_the_published_hashes(
    text: bytes, seed: int, expected: int
) -> None:
    assert hash_column(*column([text]), seed).tolist() == [expected]


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
def test_hash_column_when_lengths_are_0_to_300_then_equals_xxhash(seed: int) -> None:
    strings = [np.random.default_rng(length).bytes(length) for length in range(301)]

    hashes = hash_column(*column(strings), seed)

    assert hashes.tolist() == [xxhash.xxh64_intdigest(string, seed) for string in strings]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20), salts)
def test_hash_column_when_given_any_bytes_then_equals_xxhash(strings: list[bytes], seed: int) -> None:
    hashes = hash_column(*column(strings), seed)

    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [xxhash.xxh64_intdigest(string, seed) for string in strings]


def test_hash_column_when_the_column_is_a_slice_then_reads_within_it() -> None:
    data, offsets = column([b"left out", b"first", b"second", b"left out too"])

    hashes = hash_column(data, offsets[1:4], 9)

    assert hashes.tolist() == [xxhash.xxh64_intdigest(string, 9) for string in (b"first", b"second")]


@settings(deadline=None)
@given(
    keys=st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=30),
    salt_pair=st.tuples(salts, salts),
    bounds=st.tuples(positions, positions),
    starts=st.sets(st.integers(1, RANGE - 1), max_size=20),
)
def test_assign_when_compared_with_single_placement_then_agrees(
    keys: list[tuple[str, str]], salt_pair: tuple[int, int], bounds: tuple[int, int], starts: set[int]
) -> None:
    borders = [0, *sorted(starts)]

    cells = placed(
        column([unit.encode() for unit, _ in keys]),
        column([key.encode() for _, key in keys]),
        arm_salt=np.uint64(salt_pair[0]),
        traffic_salt=np.uint64(salt_pair[1]),
        traffic_end=bounds[0],
        holdout_start=bounds[1],
        segment_starts=np.array(borders, np.uint32),
        segment_cells=np.arange(len(borders), dtype=np.int32)[::-1].copy(),
    )

    def expected(unit: str, key: str) -> int:
        place = position(unit, salt_pair[1])
        if place >= bounds[1]:
            return HOLDOUT
        if place >= bounds[0]:
            return OUTSIDE
        return len(borders) - bisect_right(borders, position(key, salt_pair[0]))

    assert cells == [expected(*pair) for pair in keys]


def test_assign_when_a_position_is_a_border_then_borders_belong_to_what_begins() -> None:
    key = column([b"unit-1"])
    place = xxhash.xxh64_intdigest(b"unit-1", 5) >> 32
    at = np.array([0, place], np.uint32)
    after = np.array([0, place + 1], np.uint32)

    assert placed(key, key, segment_starts=at) == [1]
    assert placed(key, key, segment_starts=after) == [0]


def test_assign_when_traffic_bounds_meet_a_position_then_it_is_left_out() -> None:
    key = column([b"unit-1"])
    place = xxhash.xxh64_intdigest(b"unit-1", 6) >> 32

    assert placed(key, key, traffic_end=place) == [OUTSIDE]
    assert placed(key, key, traffic_end=place + 1) != [OUTSIDE]
    assert placed(key, key, holdout_start=place) == [HOLDOUT]
    assert placed(key, key, holdout_start=place + 1) != [HOLDOUT]
    assert placed(key, key, traffic_end=place, holdout_start=place) == [HOLDOUT]


def test_assign_when_weights_are_given_then_shares_follow() -> None:
    keys = column([f"unit-{number}".encode() for number in range(20_000)])
    third = RANGE // 3

    cells = placed(keys, keys, segment_starts=np.array([0, third], np.uint32))

    # Four standard deviations of a binomial share.
    assert np.mean(cells) == pytest.approx(2 / 3, abs=4 * (2 / 9 / 20_000) ** 0.5)


def test_assign_when_there_are_no_units_then_returns_nothing() -> None:
    assert placed(column([]), column([])) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"segment_starts": np.zeros(0, np.uint32), "segment_cells": np.zeros(0, np.int32)},
        {"segment_starts": np.array([1, 2], np.uint32)},
        {"segment_cells": np.zeros(3, np.int32)},
        {"segment_starts": np.array([0, 1], np.int64)},
        {"segment_cells": np.zeros(2, np.int64)},
        {"segment_cells": np.zeros(4, np.int32)[::2]},
    ],
)
def test_assign_when_segments_are_wrong_then_refuses(changed: dict[str, NDArray[Any]]) -> None:
    with pytest.raises(ValueError, match="must"):
        placed(column([b"a"]), column([b"a"]), **changed)


@pytest.mark.parametrize(
    "wrong",
    [
        (np.zeros(3, np.uint8), np.array([0, 4])),
        (np.zeros(3, np.uint8), np.array([-1, 3])),
        (np.zeros(3, np.uint8), np.array([0, 2, 1])),
        (np.zeros(3, np.uint8), np.zeros(0, np.int64)),
        (np.zeros(3, np.uint8), np.array([0, 3], np.int32)),
        (np.zeros(3, np.int8), np.array([0, 3])),
        (np.zeros(6, np.uint8)[::2], np.array([0, 3])),
    ],
)
def test_kernels_when_a_column_is_wrong_then_refuse(wrong: Column) -> None:
    with pytest.raises(ValueError, match="must"):
        hash_column(*wrong, 0)
    with pytest.raises(ValueError, match="must"):
        placed(wrong, wrong)


def test_assign_when_there_are_more_keys_than_units_then_refuses() -> None:
    with pytest.raises(ValueError, match="1 units and 2 keys"):
        placed(column([b"a"]), column([b"a", b"b"]))


def test_warm_up_when_done_then_no_request_compiles_anything() -> None:
    kernels.warm_up()
    kernel: Any = assignment._assign
    compiled = len(kernel.signatures)
    read_only, writable = column([b"a"]), (np.frombuffer(b"a", np.uint8).copy(), np.array([0, 1]))

    placed(read_only, read_only)
    placed(writable, read_only, traffic_end=7, holdout_start=8)
    placed(writable, writable)

    assert len(kernel.signatures) == compiled == 1


def test_assign_when_threads_share_it_then_all_get_the_same() -> None:
    keys = column([f"unit-{number}".encode() for number in range(5_000)])
    expected = placed(keys, keys)
    results: list[list[int]] = []

    threads = [threading.Thread(target=lambda: results.append(placed(keys, keys))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert results == [expected] * 4
