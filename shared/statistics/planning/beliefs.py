"""What many simulated bandits believe, and how they allocate: normal posteriors, all repetitions at once."""

import math
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]

_REACH: Final = 7.0
"""Standard deviations beyond which a posterior holds 1e-12."""

_STEP: Final = 0.5
"""Of the rule, in the smallest standard deviations: it is exact to 1e-9 then."""

_MOST_STEPS: Final = 3000

_ROWS: Final = 64
"""Repetitions at a time: few enough for the processor's cache, and each time with no more steps than they need."""


class Algorithm(StrEnum):
    """Says how weights follow from the probabilities to be best.

    THOMPSON: they are the weights. TOP_TWO: the best of a draw gets half, and the best of another draw that has
    another best the other half (Russo 2020, top-two Thompson sampling).
    """

    THOMPSON = "THOMPSON"
    TOP_TWO = "TOP_TWO"


class Beliefs(NamedTuple):
    """Holds what is believed of K arms in each repetition, shape (repetitions, K).

    Attributes:
        probability_best: Sums to 1.
        expected_loss: E[max_j theta_j - theta_i], in the metric's unit.
    """

    probability_best: Floats
    expected_loss: Floats


def beliefs(mean: Floats, scale: Floats) -> Beliefs:
    """Returns beliefs about arms with independent normal posteriors, by the trapezoidal rule.

    With F = prod_j Phi_j, the distribution of the largest:  P(i best) = integral of F phi_i / Phi_i  and
    E[max] = low + integral of 1 - F. Right to 1e-8 where the largest scale is less than 100 times the smallest.

    Args:
        mean: Of the posteriors, shape (repetitions, K).
        scale: Their standard deviations, above 0, of the same shape.
    """
    best, loss = np.empty(mean.shape), np.empty(mean.shape)
    for start in range(0, len(mean), _ROWS):
        rows = slice(start, start + _ROWS)
        best[rows], loss[rows] = _beliefs(mean[rows], scale[rows])
    return Beliefs(best, loss)


def _beliefs(mean: Floats, scale: Floats) -> Beliefs:
    low, high = (mean - _REACH * scale).max(axis=-1), (mean + _REACH * scale).max(axis=-1)
    finest = float(((high - low) / scale.min(axis=-1)).max())
    steps = min(math.ceil(finest / _STEP), _MOST_STEPS)
    step = (high - low) / steps
    points = low[:, None] + step[:, None] * np.arange(steps + 1)
    scores = (points[:, None, :] - mean[..., None]) / scale[..., None]
    below = special.ndtr(scores)
    largest = below.prod(axis=1)
    density = np.exp(-(scores**2) / 2) / (math.sqrt(2 * math.pi) * scale[..., None])
    best = (density / below * largest[:, None, :]).sum(axis=-1) * step[:, None]
    expected_maximum = low + step * ((1 - largest).sum(axis=-1) - (1 - largest[:, 0]) / 2)
    loss = np.maximum(expected_maximum[:, None] - mean, 0.0)
    return Beliefs(best / best.sum(axis=-1, keepdims=True), loss)


def weights(algorithm: Algorithm, probability_best: Floats, *, floor: float) -> Floats:
    """Returns floor + (1 - K floor) times what the algorithm asks for, shape (repetitions, K)."""
    asked = probability_best
    if algorithm is Algorithm.TOP_TWO:
        odds = probability_best / np.maximum(1 - probability_best, 1e-12)
        asked = probability_best * (1 + odds.sum(axis=-1, keepdims=True) - odds) / 2
        asked = asked / asked.sum(axis=-1, keepdims=True)
    return np.asarray(floor + (1 - floor * asked.shape[-1]) * asked)


def evidence_for_leader(mean: Floats, scale: Floats) -> Floats:
    """Returns min_b (m_a - m_b)^2 / (2 (s_a^2 + s_b^2)) for the arm a of the largest mean, shape (repetitions,).

    The generalised likelihood ratio of normal arms (Garivier and Kaufmann 2016, section 3).
    """
    leader = mean.argmax(axis=-1)[:, None]
    ahead = np.take_along_axis(mean, leader, axis=-1) - mean
    variance = np.take_along_axis(scale, leader, axis=-1) ** 2 + scale**2
    evidence = ahead**2 / (2 * variance)
    np.put_along_axis(evidence, leader, np.inf, axis=-1)
    return np.asarray(evidence.min(axis=-1))
