"""Units that changes of the weights move, held against placing positions one by one."""

import random
from collections.abc import Sequence

import pytest

from services.ai.domain.analysis.moving import Cut, Placed, moved_share

POSITIONS = 64


def cut_of(arms: Sequence[str]) -> Cut:
    """Returns the ranges of positions that are given one by one."""
    return [(place, arm) for place, arm in enumerate(arms) if place == 0 or arms[place - 1] != arm]


def random_versions(rng: random.Random) -> list[tuple[list[str], int]]:
    versions, arms = [], [rng.choice("abc")] * POSITIONS
    for _ in range(rng.randrange(1, 7)):
        for _ in range(rng.randrange(4)):
            start = rng.randrange(POSITIONS)
            end = min(start + rng.randrange(1, 12), POSITIONS)
            arms = [*arms[:start], *[rng.choice("abc")] * (end - start), *arms[end:]]
        versions.append((arms, rng.randrange(50)))
    return versions


@pytest.mark.parametrize("seed", range(50))
def test_moved_share_is_that_of_positions_that_see_a_second_arm_later(seed: int) -> None:
    versions = random_versions(random.Random(seed))
    total = sum(units for _, units in versions)

    expected = 0.0
    for place, (_, units) in enumerate(versions):
        later = [arms for arms, _ in versions[place:]]
        moved = sum(len({arms[position] for arms in later}) > 1 for position in range(POSITIONS))
        expected += units * moved / POSITIONS / max(total, 1)

    found = moved_share([Placed(cut_of(arms), units) for arms, units in versions], positions=POSITIONS)
    assert found == pytest.approx(min(expected, 0.999_999), abs=1e-12)


def test_moved_share_when_weights_never_change_then_none() -> None:
    even = ((0, "control"), (32, "blue"))

    assert moved_share([Placed(even, 10), Placed(even, 90)], positions=POSITIONS) == 0.0


def test_moved_share_when_everybody_moves_then_below_one() -> None:
    versions = [Placed(((0, "control"),), 10), Placed(((0, "blue"),), 0)]

    assert moved_share(versions, positions=POSITIONS) == 0.999_999


@pytest.mark.parametrize("versions", [[], [Placed(((0, "control"),), 0)]])
def test_moved_share_when_there_are_no_units_then_none(versions: list[Placed]) -> None:
    assert moved_share(versions, positions=POSITIONS) == 0.0
