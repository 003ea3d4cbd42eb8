"""Weights within bounds, and weights as whole numbers of positions."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

RANGE: Final = 1 << 32


def floored(weights: NDArray[np.float64], lower_bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns lower_bounds + (1 - their sum) x weights: nobody is below its bound, and the sum stays 1.

    Clipping and normalising again would push others below theirs.

    Args:
        weights: 0 or more, summing to 1, shape (n_arms,).
        lower_bounds: 0 or more, summing to at most 1, shape (n_arms,).

    Raises:
        ValueError: The shapes differ, or the bounds do not fit.
    """
    total = float(lower_bounds.sum())
    if weights.shape != lower_bounds.shape or total > 1 + 1e-9 or bool((lower_bounds < 0).any()):
        raise ValueError(f"lower bounds {lower_bounds.tolist()} do not fit {weights.size} weights")
    return np.asarray(lower_bounds + max(1 - total, 0.0) * weights)


def quantize(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Returns whole numbers in proportion to the weights that sum to 2^32 (largest remainders, then the lower index).

    A weight of 0 stays 0; a positive one gets 1 at least.

    Args:
        weights: 0 or more, finite, not all 0, shape (n_arms,).

    Raises:
        ValueError: They are not such weights.
    """
    if weights.size == 0 or not np.isfinite(weights).all() or bool((weights < 0).any()) or weights.sum() <= 0:
        raise ValueError(f"weights {weights.tolist()} must be finite, 0 or more, and not all 0")
    shares = weights / weights.sum() * RANGE
    counts = np.where(weights > 0, np.maximum(np.floor(shares), 1), 0).astype(np.int64)
    missing = RANGE - int(counts.sum())
    if missing >= 0:
        by_remainder = np.argsort(np.where(weights > 0, counts - shares, np.inf), kind="stable")
        counts[by_remainder[:missing]] += 1
    else:
        counts[np.argmax(counts)] += missing
    return counts
