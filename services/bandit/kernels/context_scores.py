"""Scores the arms in contexts by banks of coefficients, and turns scores into chances.

Every score is the sum over features, in their order, of coefficient x feature: both are float32, so that the product is
exact in float64, and each sum is rounded once to float64. No fused operation can change that, and every language that
has IEEE 754 numbers gets the same bits. Whatever follows is done in the order written, each step rounded by itself.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.kernels.jit import jit

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

_RANGE: Final = 2.0**32

LARGEST: Final = float(np.finfo(np.float32).max)


def draw_shares(coefficients: Singles, contexts: Floats) -> Floats:
    """Returns the share of draws in which each arm has the highest score, the first of equals, shape (n, K).

    Args:
        coefficients: Draws, finite, shape (R, K, d) float32, contiguous.
        contexts: Within the range of float32, to which they are rounded, shape (n, d).

    Raises:
        ValueError: A shape or dtype is wrong, or a context is not finite.
    """
    return _draw_shares(*_checked(coefficients, contexts))


def bound_shares(coefficients: Singles, contexts: Floats) -> Floats:
    """Returns 1 for the arm with the highest bound, the first of equals, and 0 for the others, shape (n, K).

    The bound is row 0's score plus the root of the sum of the squared scores of the other rows, in their order.
    Arguments and errors are those of `draw_shares`.
    """
    return _bound_shares(*_checked(coefficients, contexts))


def gap_shares(coefficients: Singles, contexts: Floats, gamma: float) -> Floats:
    """Returns 1 / (K + gamma x gap to the highest score), and for the first of the highest what is left, shape (n, K).

    Scores are row 0's. Arguments and errors are those of `draw_shares`; gamma is 0 or more.
    """
    return _gap_shares(*_checked(coefficients, contexts), float(gamma))


@jit
def place_by_draws(columns: Floats, lower_bounds: Floats, context: Floats, position: int) -> tuple[int, float]:
    """Returns the arm whose share of [0, 2^32) holds a position, and the length of that share. Nothing is checked.

    Draws stand side by side, so that the machine scores several at once; each sum runs over the features in order.

    Args:
        columns: Draws in single precision as float64, shape (K, d, R).
        lower_bounds: Least weights, shape (K,).
        context: In single precision as float64, shape (d,).
        position: In [0, 2^32).
    """
    arms, features, draws = columns.shape
    best, highest, scores = np.zeros(draws, np.int64), np.full(draws, -np.inf), np.empty(draws)
    for arm in range(arms):
        scores[:] = 0.0
        for feature in range(features):
            value, column = context[feature], columns[arm, feature]
            for draw in range(draws):
                scores[draw] += column[draw] * value
        for draw in range(draws):
            if scores[draw] > highest[draw]:
                best[draw], highest[draw] = arm, scores[draw]
    wins = np.zeros(arms)
    for draw in range(draws):
        wins[best[draw]] += 1
    return _place(wins / draws, lower_bounds, position)


@jit
def place_by_bounds(coefficients: Singles, lower_bounds: Floats, context: Singles, position: int) -> tuple[int, float]:
    """Returns the same by the highest bound; coefficients of shape (R, K, d), read-only, a context of shape (1, d)."""
    return _place(_bound_shares(coefficients, context)[0], lower_bounds, position)


@jit
def place_by_gaps(
    coefficients: Singles, gamma: float, lower_bounds: Floats, context: Singles, position: int
) -> tuple[int, float]:
    """Returns the same by gaps to the highest score."""
    return _place(_gap_shares(coefficients, context, gamma)[0], lower_bounds, position)


@jit
def _place(shares: Floats, lower_bounds: Floats, position: int) -> tuple[int, float]:
    least = 0.0
    for bound in lower_bounds:
        least += bound
    free, running, start = max(1.0 - least, 0.0), 0.0, 0.0
    last = lower_bounds.size - 1
    for arm in range(last):
        running += lower_bounds[arm] + free * shares[arm]
        border = np.rint(running * _RANGE)
        if border > position:
            return arm, border - start
        start = border
    return last, _RANGE - start


def _checked(coefficients: Singles, contexts: Floats) -> tuple[Singles, Singles]:
    if coefficients.dtype != np.float32 or coefficients.ndim != 3 or not coefficients.flags.c_contiguous:
        raise ValueError(
            f"coefficients: {coefficients.dtype} of shape {coefficients.shape}, must be contiguous float32"
        )
    if 0 in coefficients.shape or contexts.ndim != 2 or coefficients.shape[2] != contexts.shape[1]:
        raise ValueError(f"contexts of shape {contexts.shape} must have the features of {coefficients.shape}")
    if contexts.size and not np.abs(contexts).max() <= LARGEST:
        raise ValueError("contexts must be finite in single precision")
    # Read-only, so that the kernels are compiled for one kind of array only.
    bank, rounded = coefficients.view(), contexts.astype(np.float32, order="C")
    bank.flags.writeable = rounded.flags.writeable = False
    return bank, rounded


@jit
def _fill_scores(coefficients: Singles, context: Singles, scores: Floats) -> None:
    """Writes the score of every row of coefficients (m, d), four at a time, as each sum must wait for itself."""
    count, features = coefficients.shape
    row = 0
    while row + 4 <= count:
        first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
        for feature in range(features):
            value = np.float64(context[feature])
            first += np.float64(coefficients[row, feature]) * value
            second += np.float64(coefficients[row + 1, feature]) * value
            third += np.float64(coefficients[row + 2, feature]) * value
            fourth += np.float64(coefficients[row + 3, feature]) * value
        scores[row], scores[row + 1], scores[row + 2], scores[row + 3] = first, second, third, fourth
        row += 4
    while row < count:
        only = 0.0
        for feature in range(features):
            only += np.float64(coefficients[row, feature]) * np.float64(context[feature])
        scores[row] = only
        row += 1


@jit
def _draw_shares(coefficients: Singles, contexts: Singles) -> Floats:
    draws, arms, features = coefficients.shape
    flat = coefficients.reshape(draws * arms, features)
    scores, shares = np.empty(draws * arms), np.zeros((contexts.shape[0], arms))
    for place in range(contexts.shape[0]):
        _fill_scores(flat, contexts[place], scores)
        for start in range(0, draws * arms, arms):
            best = 0
            for arm in range(1, arms):
                if scores[start + arm] > scores[start + best]:
                    best = arm
            shares[place, best] += 1.0
    shares /= draws
    return shares


@jit
def _bound_shares(coefficients: Singles, contexts: Singles) -> Floats:
    rows, arms, features = coefficients.shape
    flat = coefficients.reshape(rows * arms, features)
    scores, shares = np.empty(rows * arms), np.zeros((contexts.shape[0], arms))
    for place in range(contexts.shape[0]):
        _fill_scores(flat, contexts[place], scores)
        best, highest = 0, -np.inf
        for arm in range(arms):
            squares = 0.0
            for row in range(1, rows):
                squares += scores[row * arms + arm] * scores[row * arms + arm]
            bound = scores[arm] + math.sqrt(squares)
            if bound > highest:
                best, highest = arm, bound
        shares[place, best] = 1.0
    return shares


@jit
def _gap_shares(coefficients: Singles, contexts: Singles, gamma: float) -> Floats:
    arms = coefficients.shape[1]
    scores, shares = np.empty(arms), np.empty((contexts.shape[0], arms))
    for place in range(contexts.shape[0]):
        _fill_scores(coefficients[0], contexts[place], scores)
        best = 0
        for arm in range(1, arms):
            if scores[arm] > scores[best]:
                best = arm
        rest = 1.0
        for arm in range(arms):
            if arm != best:
                shares[place, arm] = 1.0 / (arms + gamma * (scores[best] - scores[arm]))
                rest -= shares[place, arm]
        shares[place, best] = rest
    return shares
