"""Assignment of hashes to cells: that of single units, at every border too."""

import threading
from bisect import bisect_right
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.bandit import kernels
from services.bandit.kernels import assignment
from services.bandit.kernels.assignment import assign
from services.bandit.kernels.hashing import hash_column
from shared.policy.placement import position
from tests.bandit.kernels.columns import column

RANGE = 1 << 32
BUCKET = 1 << 22
HOLDOUT, OUTSIDE = 100, 101

positions = st.integers(0, RANGE)
salts = st.integers(0, 2**64 - 1)
# Borders that fall on those of the kernel's own buckets, and close to each other, are where it could go wrong.
starts = st.integers(1, RANGE - 1) | st.integers(1, 1023).map(lambda number: number * BUCKET) | st.integers(1, 50)


def at(*places: int) -> NDArray[np.uint64]:
    """Returns hashes with these positions."""
    return (np.array(places, np.uint64) << np.uint64(32)) | np.uint64(0xFFFFFFFF)


def placed(in_traffic: NDArray[np.uint64], among_arms: NDArray[np.uint64], **changed: Any) -> list[int]:
    arguments = {
        "traffic_end": RANGE,
        "holdout_start": RANGE,
        "segment_starts": np.array([0, RANGE // 2], np.uint32),
        "segment_cells": np.array([0, 1], np.uint8),
        "holdout_cell": HOLDOUT,
        "outside_cell": OUTSIDE,
    }
    cells = assign(in_traffic, among_arms, **{**arguments, **changed})
    assert cells.dtype == np.uint8
    return [int(cell) for cell in cells]


@settings(deadline=None)
@given(
    keys=st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=30),
    salt_pair=st.tuples(salts, salts),
    bounds=st.tuples(positions, positions),
    starts=st.sets(starts, max_size=20),
)
def test_assign_when_compared_with_single_placement_then_agrees(
    keys: list[tuple[str, str]], salt_pair: tuple[int, int], bounds: tuple[int, int], starts: set[int]
) -> None:
    borders = [0, *sorted(starts)]

    cells = placed(
        hash_column(*column([unit.encode() for unit, _ in keys]), salt_pair[1]),
        hash_column(*column([key.encode() for _, key in keys]), salt_pair[0]),
        traffic_end=bounds[0],
        holdout_start=bounds[1],
        segment_starts=np.array(borders, np.uint32),
        segment_cells=np.arange(len(borders), dtype=np.uint8)[::-1].copy(),
    )

    def expected(unit: str, key: str) -> int:
        place = position(unit, salt_pair[1])
        if place >= bounds[1]:
            return HOLDOUT
        if place >= bounds[0]:
            return OUTSIDE
        return len(borders) - bisect_right(borders, position(key, salt_pair[0]))

    assert cells == [expected(*pair) for pair in keys]


@settings(deadline=None)
@given(st.sets(starts, max_size=100))
def test_assign_when_positions_are_around_every_border_then_borders_belong_to_what_begins(inner: set[int]) -> None:
    borders = [0, *sorted(inner)]
    places = [place for border in borders for place in (border - 1, border, border + 1) if 0 <= place < RANGE]

    cells = placed(
        at(*places),
        at(*places),
        segment_starts=np.array(borders, np.uint32),
        segment_cells=np.arange(len(borders), dtype=np.uint8),
    )

    assert cells == [bisect_right(borders, place) - 1 for place in places]


def test_assign_when_positions_are_the_first_and_the_last_then_they_are_in_the_outer_segments() -> None:
    assert placed(at(0, RANGE - 1), at(0, RANGE - 1)) == [0, 1]


def test_assign_when_traffic_bounds_meet_a_position_then_it_is_left_out() -> None:
    unit = at(7)

    assert placed(unit, unit, traffic_end=7) == [OUTSIDE]
    assert placed(unit, unit, traffic_end=8) == [0]
    assert placed(unit, unit, holdout_start=7) == [HOLDOUT]
    assert placed(unit, unit, holdout_start=8) == [0]
    assert placed(unit, unit, traffic_end=7, holdout_start=7) == [HOLDOUT]


def test_assign_when_weights_are_given_then_shares_follow() -> None:
    hashes = hash_column(*column([f"unit-{number}".encode() for number in range(20_000)]), 5)

    cells = placed(hashes, hashes, segment_starts=np.array([0, RANGE // 3], np.uint32))

    # Four standard deviations of a binomial share.
    assert np.mean(cells) == pytest.approx(2 / 3, abs=4 * (2 / 9 / 20_000) ** 0.5)


def test_assign_when_there_are_no_units_then_returns_nothing() -> None:
    assert placed(at(), at()) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"segment_starts": np.zeros(0, np.uint32), "segment_cells": np.zeros(0, np.uint8)},
        {"segment_starts": np.array([1, 2], np.uint32)},
        {"segment_cells": np.zeros(3, np.uint8)},
        {"segment_starts": np.array([0, 1], np.int64)},
        {"segment_cells": np.zeros(2, np.int64)},
        {"segment_cells": np.zeros(4, np.uint8)[::2]},
    ],
)
def test_assign_when_segments_are_wrong_then_refuses(changed: dict[str, NDArray[Any]]) -> None:
    with pytest.raises(ValueError, match="must"):
        placed(at(1), at(1), **changed)


def test_assign_when_hashes_are_of_another_kind_then_refuses() -> None:
    numbers: Any = np.zeros(1, np.int64)

    with pytest.raises(ValueError, match="arm_hashes"):
        placed(at(1), numbers)
    with pytest.raises(ValueError, match="traffic_hashes"):
        placed(numbers, at(1))


def test_assign_when_there_are_more_arm_hashes_than_traffic_hashes_then_refuses() -> None:
    with pytest.raises(ValueError, match="1 traffic hashes and 2 arm hashes"):
        placed(at(1), at(1, 2))


def test_warm_up_when_done_then_no_request_compiles_anything() -> None:
    kernels.warm_up()
    kernel: Any = assignment._assign
    read_only = np.frombuffer(bytes(8), np.uint64)

    placed(read_only, read_only)
    placed(at(1), read_only, traffic_end=7, holdout_start=8)
    placed(at(1), at(1))

    assert len(kernel.signatures) == 1


def test_assign_when_threads_share_it_then_all_get_the_same() -> None:
    hashes = np.random.default_rng(2).integers(0, 2**64, 5_000, dtype=np.uint64)
    expected = placed(hashes, hashes)
    results: list[list[int]] = []

    threads = [threading.Thread(target=lambda: results.append(placed(hashes, hashes))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert results == [expected] * 4
