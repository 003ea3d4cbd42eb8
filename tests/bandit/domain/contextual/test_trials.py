"""Trials: what they refuse, and how they are sorted."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.bandit.domain.contextual.trials import MAX_TRIAL_COUNT, Trials

ONES, ARMS, VALUES = np.ones((3, 2)), np.array([1, 0, 1]), np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("contexts", "arms", "values", "message"),
    [
        (np.ones(3), ARMS, VALUES, "must be"),
        (np.ones((3, 0)), ARMS, VALUES, "must be"),
        (np.ones((3, 65)), ARMS, VALUES, "must be"),
        (ONES, ARMS[:2], VALUES, "as many"),
        (ONES, ARMS, VALUES[:2], "as many"),
        (ONES, np.array([1.0, 0.0, 1.0]), VALUES, "positions"),
        (ONES, np.array([1, -1, 0]), VALUES, "positions"),
        (np.full((3, 2), np.nan), ARMS, VALUES, "finite"),
        (ONES, ARMS, np.array([1.0, np.inf, 0.0]), "finite"),
        (np.zeros((3, 2)), ARMS, VALUES, "intercept"),
    ],
)
def test_trials_when_something_is_wrong_then_refuses(
    contexts: NDArray[np.float64], arms: NDArray[np.int64], values: NDArray[np.float64], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Trials(contexts, arms, values)


def test_trials_when_they_are_too_many_then_refuses() -> None:
    count = MAX_TRIAL_COUNT + 1

    with pytest.raises(ValueError, match="200,000"):
        Trials(np.ones((count, 1)), np.zeros(count, np.int64), np.zeros(count))


def test_by_arm_when_sorted_then_each_arm_has_its_rows_in_their_order() -> None:
    contexts = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])

    ordered, rows_of = Trials(contexts, ARMS, VALUES).by_arm(3)

    assert [ordered.values[rows].tolist() for rows in rows_of] == [[2.0], [1.0, 3.0], []]
    assert ordered.contexts[rows_of[1]].tolist() == [[1.0, 0.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": np.ones(2)}, "as many"),
        ({"exposed_at": np.ones(4)}, "as many"),
        ({"weights": np.array([0.5, 1.1, 1.0])}, "from 0 to 1"),
        ({"weights": np.array([0.5, np.nan, 1.0])}, "from 0 to 1"),
    ],
)
def test_trials_when_weights_or_instants_are_wrong_then_refuses(
    changes: dict[str, NDArray[np.float64]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Trials(ONES, ARMS, VALUES, **changes)


def test_trials_when_some_are_taken_then_with_all_that_is_known_of_them() -> None:
    trials = Trials(ONES, ARMS, VALUES, np.array([0.5, 0.25, 1.0]), np.array([7.0, 8.0, 9.0]))

    some = trials.those(np.array([2, 0]))

    assert (some.arms.tolist(), some.values.tolist()) == ([1, 1], [3.0, 1.0])
    assert some.weights is not None
    assert some.exposed_at is not None
    assert (some.weights.tolist(), some.exposed_at.tolist()) == ([1.0, 0.5], [9.0, 7.0])
    assert (trials.total_weight, Trials(ONES, ARMS, VALUES).total_weight) == (1.75, 3.0)
