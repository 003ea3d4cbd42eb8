"""AIPW scores: against single units, and unbiased to the last digit by enumeration of all allocations."""

from itertools import product

import numpy as np
import pytest

from shared.statistics.adaptive.scores import scores
from tests.shared.statistics.adaptive.reference import Units, batches_of, drawn


def _expected_total(history: list[Units], potential: np.ndarray, propensities: np.ndarray) -> np.ndarray:
    """Returns the expected sums of scores in a last batch, over all allocations of its units."""
    size, expected = len(potential), np.zeros(len(propensities))
    for allocation in product(range(len(propensities)), repeat=size):
        arms = np.array(allocation)
        units = Units(arms, potential[np.arange(size), arms], propensities)
        expected += propensities[arms].prod() * scores(batches_of([*history, units])).total[-1]
    return expected


@pytest.mark.parametrize("past", [0, 1, 3])
def test_scores_over_all_allocations_have_the_mean_of_potential_outcomes(past: int) -> None:
    rng = np.random.default_rng(5 + past)
    history = drawn(rng, past, 3)
    potential, propensities = rng.normal(7.0, 2.0, (5, 3)), np.array([0.15, 0.6, 0.25])

    expected = _expected_total(history, potential, propensities)

    np.testing.assert_allclose(expected[0] - expected[1:], (potential[:, :1] - potential[:, 1:]).sum(axis=0), rtol=1e-9)


def test_scores_when_all_arms_move_alike_keep_their_contrasts() -> None:
    history = drawn(np.random.default_rng(1), 6, 3)
    moved = [units._replace(outcomes=units.outcomes + 100.0 * batch) for batch, units in enumerate(history)]

    still, shifted = scores(batches_of(history)), scores(batches_of(moved))

    np.testing.assert_allclose(
        shifted.total[:, 1:] - shifted.total[:, :1], still.total[:, 1:] - still.total[:, :1], rtol=1e-8, atol=1e-8
    )
    np.testing.assert_allclose(shifted.squares, still.squares, rtol=1e-8)


def test_scores_of_an_arm_that_could_not_be_allocated_are_0() -> None:
    units = Units(np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.5, 0.0]))

    found = scores(batches_of([units]))

    assert not found.is_live[0, 2]
    assert found.total[0, 2] == 0
    assert found.inverse[0, 2] == 0


def test_scores_of_a_batch_with_a_single_unit_are_not_used() -> None:
    units = Units(np.array([0]), np.array([1.0]), np.array([0.5, 0.5]))

    found = scores(batches_of([units]))

    assert not found.is_live.any()
