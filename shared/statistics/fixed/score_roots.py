"""Where the score statistic of two samples reaches its quantile: the constrained estimates there, as machine code.

A score interval holds the effects that a score test does not reject, with variances at the likelihood's maximum under
the effect tested. The roots are found not in the effect but in the multiplier s of its constraint (Lagrange): given s,
the constrained estimates are explicit, and the squared statistic rises with s, from 0 at s = 0. With x events of n
units or in exposure t, p or r the constrained estimates and q = 1 - p:

    difference of proportions    x1 - n1 p1 = s p1 q1    x2 - n2 p2 = -s p2 q2    s^2 (p1 q1 / n1 + p2 q2 / n2)
    ratio of proportions         x1 - n1 p1 = s q1       x2 - n2 p2 = -s q2       s^2 (q1 / (n1 p1) + q2 / (n2 p2))
    difference of rates          x1 - t1 r1 = s r1       x2 - t2 r2 = -s r2       s^2 (r1 / t1 + r2 / t2)

s > 0 is the lower end of the first sample's effect; the upper one is the lower one with the samples exchanged.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.kernels.jit import jit

Floats: TypeAlias = NDArray[np.float64]
Kernel: TypeAlias = Callable[[Floats, Floats, Floats, Floats, Floats], tuple[Floats, Floats]]

_PRECISION = 4e-16
_STEPS = 200
"""Newton's method needs about six; where it does not get on, halving is done in less than this."""


def solved(kernel: Kernel, *arguments: Floats) -> tuple[Floats, Floats]:
    """Returns the two arrays that a kernel makes of five arguments, in the shape that they broadcast to."""
    fitted = np.broadcast_arrays(*arguments)
    first, second = kernel(*(np.array(argument, dtype=np.float64).ravel() for argument in fitted))
    return first.reshape(fitted[0].shape), second.reshape(fitted[0].shape)


@jit
def difference_of_proportions(x1: Floats, n1: Floats, x2: Floats, n2: Floats, limit: Floats) -> tuple[Floats, Floats]:
    """Returns p1 and p2 where p1 - p2 is at its lower end, the squared statistic being the limit; flat arrays.

    NaN where a sample has no units.
    """
    first, second = np.full(x1.size, np.nan), np.full(x1.size, np.nan)
    for i in range(x1.size):
        if n1[i] > 0 and n2[i] > 0:
            s = _multiplier(x1[i], n1[i], x2[i], n2[i], limit[i])
            first[i], second[i] = _constrained(x1[i], n1[i], s)[0], _constrained(x2[i], n2[i], -s)[0]
    return first, second


@jit
def _multiplier(x1: float, n1: float, x2: float, n2: float, limit: float) -> float:
    """Returns s > 0 where the squared statistic of a difference of proportions is the limit."""
    if x1 == 0 and x2 == n2:
        return 1.0  # The difference is -1 already, whatever s.
    # A variance is p q / n, 1 / (4 n) at most.
    low = math.sqrt(limit / (0.25 / n1 + 0.25 / n2))
    high = 2 * low
    while _squared_statistic(x1, n1, x2, n2, high)[0] < limit:
        low, high = high, 2 * high
    s = low
    for _ in range(_STEPS):
        square, slope = _squared_statistic(x1, n1, x2, n2, s)
        if square < limit:
            low = s
        else:
            high = s
        # Newton's step for the square root, which is nearly straight.
        proposal = s - 2 * math.sqrt(square) * (math.sqrt(square) - math.sqrt(limit)) / slope
        if not low <= proposal <= high:
            proposal = (low + high) / 2
        step, s = proposal - s, proposal
        if abs(step) <= _PRECISION * s:
            break
    return s


@jit
def _squared_statistic(x1: float, n1: float, x2: float, n2: float, s: float) -> tuple[float, float]:
    """Returns the squared statistic of a difference of proportions, and its slope in s."""
    p1, q1, root1 = _constrained(x1, n1, s)
    p2, q2, root2 = _constrained(x2, n2, -s)
    variance = p1 * q1 / n1 + p2 * q2 / n2
    slope = (p1 - q1) * p1 * q1 / (root1 * n1) + (q2 - p2) * p2 * q2 / (root2 * n2)
    return s**2 * variance, 2 * s * variance + s**2 * slope


@jit
def _constrained(x: float, n: float, s: float) -> tuple[float, float, float]:
    """Returns p with x - n p = s p (1 - p), 1 - p, and the root of the equation's discriminant; nothing cancels."""
    root = math.sqrt((n - s) ** 2 + 4 * s * (n - x)) if s > 0 else math.sqrt((n + s) ** 2 - 4 * s * x)
    p = 2 * x / (n + s + root) if n + s > 0 else (n + s - root) / (2 * s)
    q = 2 * (n - x) / (n - s + root) if n - s > 0 else (s + root - n) / (2 * s)
    return p, q, root


@jit
def rational(a: Floats, pole: Floats, b: Floats, shift: Floats, limit: Floats) -> tuple[Floats, Floats]:
    """Returns a / (pole - s) and b / (shift + s) where s^2 times their sum is the limit, 0 < s <= pole; flat arrays.

    They are the two terms of the other statistics: q1 / (n1 p1) = (1 - x1 / n1) / (x1 - s) and so on for a ratio of
    proportions, r2 / t2 = (x2 / t2) / (t2 - s) and so on for a difference of rates. Where a is 0, a constrained
    estimate is at its bound until s reaches the pole, where the first term alone goes on. NaN in, NaN out.
    """
    first, second = np.full(a.size, np.nan), np.full(a.size, np.nan)
    for i in range(a.size):
        s = _rational_multiplier(a[i], pole[i], b[i], shift[i], limit[i])
        second[i] = b[i] / (shift[i] + s)
        first[i] = a[i] / (pole[i] - s) if s < pole[i] else max(limit[i] / pole[i] ** 2 - second[i], 0.0)
    return first, second


@jit
def _rational_multiplier(a: float, pole: float, b: float, shift: float, limit: float) -> float:
    """Returns s; both terms are convex in it, so that Newton's method descends from where one alone is the limit."""
    # Exactly the pole where a is 0: rounding must not leave s below it.
    s = pole if a == 0 else 2 * limit * pole / (limit + math.sqrt(limit**2 + 4 * a * limit * pole))
    if b > 0:
        s = min(s, (limit + math.sqrt(limit**2 + 4 * b * limit * shift)) / (2 * b))
    for _ in range(_STEPS):
        near, far = a / (pole - s), b / (shift + s)
        slope = 2 * s * (near + far) + s**2 * (near / (pole - s) - far / (shift + s))
        lower = s - (s**2 * (near + far) - limit) / slope
        if not lower < s:
            break
        s = lower
    return s
