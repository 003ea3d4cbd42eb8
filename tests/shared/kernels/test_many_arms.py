"""Probabilities of being best with 2 to 50 arms, against adaptive quadrature: far below the bar of 1e-6."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.kernels.best_arm import beta_best_arm, gamma_best_arm, student_best_arm
from tests.shared.kernels import reference

Floats: TypeAlias = NDArray[np.float64]
Arms: TypeAlias = tuple[Floats, ...]
BestArm: TypeAlias = Callable[..., tuple[Floats, Floats]]

SIZES = (2, 3, 5, 10, *(pytest.param(size, marks=pytest.mark.slow) for size in (20, 50)))


def conversions(rng: np.random.Generator, size: int) -> Arms:
    """Returns posteriors of rates near 5 % of 20 to 100,000 units, the best arm not plain."""
    counts = 10 ** rng.uniform(1.3, 5, size)
    rates = np.clip(0.05 + rng.normal(0, np.sqrt(0.05 / counts)), 0.001, 0.9)
    return 1 + counts * rates, 1 + counts * (1 - rates)


def revenues(rng: np.random.Generator, size: int) -> Arms:
    """Returns posteriors of means near 20 of 4 to 10,000 units."""
    counts = 10 ** rng.uniform(0.6, 4, size)
    return rng.normal(20, 30 / np.sqrt(counts)), 30 / np.sqrt(counts), counts + 1


def events(rng: np.random.Generator, size: int) -> Arms:
    """Returns posteriors of 2 events a unit, of 3 to 30,000 units."""
    counts = 10 ** rng.uniform(0.5, 4.5, size)
    return 1 + np.maximum(counts * rng.normal(2, np.sqrt(2 / counts)), 0), 1 + counts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("drawn", "ours", "slow"),
    [
        (conversions, beta_best_arm, reference.beta_best_arm),
        (revenues, student_best_arm, reference.student_best_arm),
        (events, gamma_best_arm, reference.gamma_best_arm),
    ],
)
def test_best_arm_when_there_are_2_to_50_then_agrees_with_adaptive_quadrature(
    size: int, drawn: Callable[[np.random.Generator, int], Arms], ours: BestArm, slow: BestArm
) -> None:
    arms = drawn(np.random.default_rng(size), size)

    probability, loss = ours(*arms)

    expected_probability, expected_loss = slow(*arms)
    np.testing.assert_allclose(probability, expected_probability, rtol=0, atol=1e-9)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_gamma_when_there_are_2_to_50_and_the_smallest_is_best_then_agrees_with_adaptive_quadrature(
    size: int,
) -> None:
    arms = events(np.random.default_rng(100 + size), size)

    probability, _ = gamma_best_arm(*arms, smallest_is_best=True)

    expected, _ = reference.gamma_best_arm(*arms, smallest_is_best=True)
    np.testing.assert_allclose(probability, expected, rtol=0, atol=1e-9)
