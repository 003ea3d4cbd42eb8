"""By how much a change moves the shares of arms."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.review.domain.policy import shares
from shared.definition import model
from tests.review.domain.policy.cases import learning
from tests.review.examples import BETA, CONTROL, THIRD, TREATMENT, running, split

THREE = (CONTROL, TREATMENT, THIRD)
FLOORS = learning(exploration_floor=0.1, min_control_share=0.3)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (running(), running(allocation_policy=split(("control", 0.9), ("treatment", 0.1))), 0.4),
        (running(), running(arms=THREE), 1 / 3),
        (running(arms=THREE), running(), 1 / 3),
        (running(allocation_policy=BETA), running(allocation_policy=FLOORS), 0.29),
        (running(allocation_policy=FLOORS), running(allocation_policy=BETA), 0.29),
        (running(allocation_policy=FLOORS), running(allocation_policy=learning(exploration_floor=0.1)), 0.2),
        (running(allocation_policy=BETA), running(allocation_policy=learning(model.Exp3())), 0.0),
        (running(allocation_policy=BETA), running(allocation_policy=BETA, arms=THREE), 0.01),
        # The control from 0.5 to 0.9, or the treatment to 0.7 or 0.1.
        (running(), running(allocation_policy=FLOORS), 0.4),
        (running(allocation_policy=FLOORS), running(), 0.4),
    ],
)
def test_largest_change_when_shares_move_then_is_the_most_that_one_moves(
    before: model.Experiment, after: model.Experiment, expected: float
) -> None:
    assert shares.largest_change(before, after) == pytest.approx(expected)


_WEIGHTS = st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(any)
_FLOORS = st.tuples(st.floats(0, 1 / 3), st.floats(0, 1 / 3))


def _fixed(parts: list[int]) -> model.Experiment:
    weights = (part / sum(parts) for part in parts)
    policy = split(*((arm.arm_id, weight) for arm, weight in zip(THREE, weights, strict=True)))
    return replace(running(arms=THREE), allocation_policy=policy)


def _learned(floors: tuple[float, float]) -> model.Experiment:
    policy = learning(exploration_floor=floors[0], min_control_share=floors[1])
    return replace(running(arms=THREE), allocation_policy=policy)


@settings(deadline=None)
@given(_WEIGHTS, _FLOORS, st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda asked: sum(asked) > 1e-3))
def test_largest_change_when_an_algorithm_takes_over_then_no_weights_of_its_move_a_share_further(
    parts: list[int], floors: tuple[float, float], asked: list[float]
) -> None:
    before, after = _fixed(parts), _learned(floors)
    least = [max(floors), floors[0], floors[0]]
    # What serving makes of the shares that an algorithm asks for: floor + (1 - sum of floors) x share.
    served = [floor + (1 - sum(least)) * share / sum(asked) for floor, share in zip(least, asked, strict=True)]
    moved = [abs(share - part / sum(parts)) for share, part in zip(served, parts, strict=True)]

    assert max(moved) <= shares.largest_change(before, after) + 1e-9
    assert shares.largest_change(before, after) == pytest.approx(shares.largest_change(after, before))


@settings(deadline=None)
@given(_WEIGHTS, _FLOORS)
def test_largest_change_when_an_algorithm_takes_over_then_some_weights_of_its_move_a_share_as_far(
    parts: list[int], floors: tuple[float, float]
) -> None:
    least = [max(floors), floors[0], floors[0]]
    corners = [[floor + (1 - sum(least)) * (arm == all_in) for arm, floor in enumerate(least)] for all_in in range(3)]
    moved = max(abs(share - part / sum(parts)) for corner in corners for share, part in zip(corner, parts, strict=True))

    assert shares.largest_change(_fixed(parts), _learned(floors)) == pytest.approx(moved)
