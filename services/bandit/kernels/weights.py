"""From what an algorithm asks for to what is served: floors, then whole positions."""

from typing import Final

import numpy as np

from services.bandit.kernels._arguments import Floats, Offsets, vector

RANGE: Final = 1 << 32
"""How many positions a set of weights is cut into."""

ROUNDING: Final = 1e-9


def floored(weights: Floats, lower_bounds: Floats) -> Floats:
    """Returns lower_bounds + (1 - sum of lower_bounds) x weights, shape (K,), summing to 1.

    Args:
        weights: Shape (K,) float64, 0 or more, summing to 1.
        lower_bounds: Shape (K,) float64, 0 or more, summing to at most 1.

    Raises:
        ValueError: An array is not as said.
    """
    weights = _shares("weights", weights)
    lower_bounds = vector("lower_bounds", lower_bounds, np.float64)
    if lower_bounds.size != weights.size:
        raise ValueError(f"lower_bounds: {lower_bounds.size} entries for {weights.size} weights")
    spare = 1 - lower_bounds.sum()
    if not ((lower_bounds >= 0).all() and spare >= -ROUNDING):
        raise ValueError(f"lower_bounds == {lower_bounds}, must be 0 or more and sum to at most 1")
    return np.asarray(lower_bounds + max(0.0, spare) * weights)


def quantize(weights: Floats) -> Offsets:
    """Returns how many positions each arm gets, shape (K,) int64, summing to RANGE exactly.

    By largest remainder, ties to the lower index; a weight of 0 gets none, any other at least one, taken from the arm
    with the most.

    Args:
        weights: Shape (K,) float64, 0 or more, summing to 1.

    Raises:
        ValueError: The weights are not as said.
    """
    weights = _shares("weights", weights)
    exact = weights / weights.sum() * RANGE
    counts = np.maximum(np.floor(exact), weights > 0).astype(np.int64)
    missing = RANGE - int(counts.sum())
    by_remainder = np.argsort(np.floor(exact) - exact, kind="stable")
    counts[by_remainder[: max(0, missing)]] += 1
    counts[np.argmax(counts)] += min(0, missing)
    return counts


def _shares(name: str, values: Floats) -> Floats:
    values = vector(name, values, np.float64)
    if not ((values >= 0).all() and abs(values.sum() - 1) <= ROUNDING):
        raise ValueError(f"{name} == {values}, must be 0 or more and sum to 1")
    return values
