"""Draws batches of units whose weights follow the data: what sample-ratio tests meet in a bandit."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def adaptive_versions(
    rng: np.random.Generator, repetitions: int, versions: int, size: int, bias: float = 0.0
) -> tuple[Floats, Floats]:
    """Draws counts and weights of batches whose weights follow the noisy outcomes of earlier ones (two arms)."""
    counts, weights = np.zeros((repetitions, versions, 2)), np.full((repetitions, versions, 2), 0.5)
    scores = np.zeros(repetitions)
    for version in range(versions):
        share = np.clip(1 / (1 + np.exp(-3 * scores / np.sqrt(version + 1))), 0.02, 0.98)
        weights[:, version] = np.stack([share, 1 - share], axis=1)
        real = share / (share + (1 - share) * np.exp(-bias))
        first = rng.binomial(size, real)
        counts[:, version] = np.stack([first, size - first], axis=1)
        # The score favours the arm that happened to get more units: what a sample-ratio test must not be misled by.
        scores += (first - size * share) / np.sqrt(size * share * (1 - share)) + rng.normal(size=repetitions)
    return counts, weights


def retired_and_late_arms(
    rng: np.random.Generator, repetitions: int, size: int, *, lost_share: float = 0.0
) -> tuple[Floats, Floats]:
    """Draws counts and weights of six batches: arm 0 is retired after three, arm 2 begins after two.

    Of the units of arm 1 a share is lost on the way.
    """
    early, both, late = [0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.0, 0.6, 0.4]
    weights = np.array([early, early, both, late, late, late])
    placed = np.stack([rng.multinomial(size, row, repetitions) for row in weights], axis=1).astype(np.float64)
    placed[..., 1] -= rng.binomial(placed[..., 1].astype(np.int64), lost_share)
    return placed, np.broadcast_to(weights, placed.shape)
