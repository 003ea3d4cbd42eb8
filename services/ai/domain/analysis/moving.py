"""How many units changes of the weights had to move to another arm, so that nobody takes them for a defect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

MOVED: Final = ""
"""Stands for the arm of positions that a later version gives to another."""

Cut: TypeAlias = Sequence[tuple[int, str]]
"""Starts of ranges of positions, ascending, the first 0, with the arm that each gives."""

_MOST: Final = 0.999_999
"""Is below 1: a share of all units cannot be held against any count."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Is one policy version: how it cuts the positions, and how many units it placed."""

    cut: Cut
    unit_count: int


def moved_share(versions: Sequence[Placed], *, positions: int) -> float:
    """Returns the share of units that later versions place elsewhere, if all of them come again, in [0, 1).

    Args:
        versions: Oldest first.
        positions: Into how many positions units are hashed.
    """
    total = sum(version.unit_count for version in versions)
    if not total:
        return 0.0
    moved, later = 0.0, None
    for version in reversed(versions):
        later = version.cut if later is None else _settled(version.cut, later, positions)
        moved += version.unit_count * _share(later, positions)
    return min(moved / total, _MOST)


def _settled(earlier: Cut, later: Cut, positions: int) -> Cut:
    """Returns which positions have one arm from the earlier version on, and that arm."""
    pieces: list[tuple[int, str]] = []
    for start, one, other in _overlaid(earlier, later, positions):
        arm_id = one if one == other else MOVED
        if not pieces or pieces[-1][1] != arm_id:
            pieces.append((start, arm_id))
    return pieces


def _overlaid(earlier: Cut, later: Cut, positions: int) -> Iterator[tuple[int, str, str]]:
    starts = sorted({start for start, _ in (*earlier, *later) if start < positions})
    one = other = -1
    for start in starts:
        while one + 1 < len(earlier) and earlier[one + 1][0] <= start:
            one += 1
        while other + 1 < len(later) and later[other + 1][0] <= start:
            other += 1
        yield start, earlier[one][1], later[other][1]


def _share(cut: Cut, positions: int) -> float:
    ends = [*(start for start, _ in cut), positions]
    lengths = (end - start for start, end in pairwise(ends))
    return sum(length for length, (_, arm_id) in zip(lengths, cut, strict=True) if arm_id == MOVED) / positions
