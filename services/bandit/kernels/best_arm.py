"""Probability of being the best arm, and expected loss, by deterministic quadrature.

With independent posteriors of densities f and distribution functions F,

    P(arm k is best)   = integral of f_k(x) prod over j != k of F_j(x) dx
    E[max - theta_k]   = integral of F_k(x) (1 - prod over j != k of F_j(x)) dx

The axis is cut into panels, narrow where some log density bends, and each panel takes Gauss-Legendre nodes. F at a node
is the mass of the panels before plus the integral of the interpolating polynomial up to the node. A Beta is handled on
the logit axis, where it is smooth for every alpha and beta above 0; beyond the last panels a Student's tail is added in
closed form.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from services.bandit.kernels._jit import jit

Floats: TypeAlias = NDArray[np.float64]

_NODE_COUNT: Final = 10
_NODES, _WEIGHTS = legendre.leggauss(_NODE_COUNT)

# A panel is narrow enough when no log density changes over it by more than _SLOPE, or bends by more than _BEND.
_SLOPE: Final = 8.0
_BEND: Final = 0.5
_WIDEST_LOGIT: Final = 3.0
_NEGLIGIBLE: Final = -38.0  # exp of it is below 1e-16
_STUDENT_NEGLIGIBLE: Final = 32.0
_LEAST_DEGREES_OF_FREEDOM: Final = 0.1

_BETA: Final = 0
_STUDENT: Final = 1

# Columns of the table of arms.
_A, _B, _CENTRE, _WIDTH, _FLOOR = range(5)  # Beta: alpha, beta. Student: degrees of freedom, scale.


def _integration_matrix() -> Floats:
    """Returns M with (M f)_i = integral from -1 to node i of the polynomial through f at the nodes."""
    values = legendre.legvander(_NODES, _NODE_COUNT)
    before = np.concatenate([-np.ones((_NODE_COUNT, 1)), values[:, : _NODE_COUNT - 1]], axis=1)
    return np.asarray(((values[:, 1:] - before) / 2) @ (values[:, :_NODE_COUNT].T * _WEIGHTS))


_UP_TO_NODE = _integration_matrix()


@jit
def _log_density(family: int, arms: Floats, arm: int, x: float) -> float:
    """Returns the log density less its value at the centre."""
    if family == _BETA:
        a, b, distance = arms[arm, _A], arms[arm, _B], x - arms[arm, _CENTRE]
        if a > b:
            a, b, distance = b, a, -distance
        total = a + b
        if distance > 30.0:
            return -b * distance - total * np.log(a / total + b / total * np.exp(-distance))
        return a * distance - total * np.log1p(a / total * np.expm1(distance))
    degrees = arms[arm, _A]
    z = (x - arms[arm, _CENTRE]) / arms[arm, _B]
    return -(degrees + 1) / 2 * np.log1p(z * z / degrees)


@jit
def _raised(family: int, arms: Floats, arm: int, x: float) -> float:
    return max(arms[arm, _FLOOR], _log_density(family, arms, arm, x))


@jit
def _is_narrow(family: int, arms: Floats, start: float, width: float) -> bool:
    if width <= 8 * 2.2e-16 * abs(start):
        return True
    if family == _BETA and width > max(_WIDEST_LOGIT, abs(start + width / 2)):
        return False
    for arm in range(arms.shape[0]):
        if start < arms[arm, _CENTRE] < start + width and width > 2 * arms[arm, _WIDTH]:
            return False
        left = _raised(family, arms, arm, start)
        middle = _raised(family, arms, arm, start + width / 2)
        right = _raised(family, arms, arm, start + width)
        if abs(right - left) > _SLOPE or abs(left - 2 * middle + right) > _BEND:
            return False
    return True


@jit
def _reach(family: int, arms: Floats, arm: int, side: float) -> float:
    """Returns where the density has become negligible on a side (-1.0 or 1.0)."""
    distance = arms[arm, _WIDTH]
    while _log_density(family, arms, arm, arms[arm, _CENTRE] + side * distance) > arms[arm, _FLOOR]:
        distance *= 2
    return arms[arm, _CENTRE] + side * distance


@jit
def _edges(family: int, arms: Floats) -> Floats:
    """Returns where panels begin and end, ascending."""
    left, right = np.inf, -np.inf
    for arm in range(arms.shape[0]):
        left = min(left, _reach(family, arms, arm, -1.0))
        right = max(right, _reach(family, arms, arm, 1.0))
    edges = np.empty(64)
    edges[0] = left
    count, x, width = 1, left, right - left
    while x < right:
        width = min(2 * width, right - x)
        while not _is_narrow(family, arms, x, width):
            width /= 2
        x = right if width >= right - x else x + width
        if count == edges.size:
            longer = np.empty(2 * count)
            longer[:count] = edges
            edges = longer
        edges[count] = x
        count += 1
    return edges[:count]


@jit
def _masses(family: int, arms: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Returns densities at the nodes times half the panel, (n_panels, n_arms, n_nodes), and their panel integrals."""
    panel_count, arm_count = edges.size - 1, arms.shape[0]
    densities = np.empty((panel_count, arm_count, _NODE_COUNT))
    masses = np.zeros((panel_count, arm_count))
    for panel in range(panel_count):
        half = (edges[panel + 1] - edges[panel]) / 2
        for arm in range(arm_count):
            for node in range(_NODE_COUNT):
                x = edges[panel] + half * (1 + _NODES[node])
                densities[panel, arm, node] = half * np.exp(_log_density(family, arms, arm, x))
                masses[panel, arm] += _WEIGHTS[node] * densities[panel, arm, node]
    return densities, masses


@jit
def _student_tail(arms: Floats, arm: int, x: float, total: float) -> float:
    """Returns the integral of a Student's tail probability beyond x, to leading order."""
    degrees = arms[arm, _A]
    if degrees <= 1:
        return np.inf
    distance = x - arms[arm, _CENTRE]
    return distance * distance * np.exp(_log_density(_STUDENT, arms, arm, x)) / total / degrees / (degrees - 1)


@jit
def _best_arm(family: int, arms: Floats) -> tuple[Floats, Floats]:
    arm_count = arms.shape[0]
    edges = _edges(family, arms)
    panel_count = edges.size - 1
    densities, masses = _masses(family, arms, edges)
    totals = np.zeros(arm_count)
    for panel in range(panel_count):
        totals += masses[panel]
    above = np.zeros((panel_count + 1, arm_count))
    for panel in range(panel_count - 1, -1, -1):
        above[panel] = above[panel + 1] + masses[panel] / totals
    below = np.zeros(arm_count)
    probability_best, expected_loss = np.zeros(arm_count), np.zeros(arm_count)
    at_most, beyond = np.empty(arm_count), np.empty(arm_count)
    # Of the arms from k on: the probability that all are at most x, and that some is beyond.
    all_at_most, some_beyond = np.empty(arm_count + 1), np.empty(arm_count + 1)
    for panel in range(panel_count):
        half = (edges[panel + 1] - edges[panel]) / 2
        for node in range(_NODE_COUNT):
            slope = 1.0  # of theta by x
            if family == _BETA:
                odds = np.exp(-abs(edges[panel] + half * (1 + _NODES[node])))
                slope = odds / (1 + odds) ** 2
            for arm in range(arm_count):
                part = 0.0
                for other in range(_NODE_COUNT):
                    part += _UP_TO_NODE[node, other] * densities[panel, arm, other]
                at_most[arm] = max(0.0, below[arm] + part / totals[arm])
                beyond[arm] = max(0.0, above[panel + 1, arm] + (masses[panel, arm] - part) / totals[arm])
            all_at_most[arm_count], some_beyond[arm_count] = 1.0, 0.0
            for arm in range(arm_count - 1, -1, -1):
                all_at_most[arm] = all_at_most[arm + 1] * at_most[arm]
                some_beyond[arm] = some_beyond[arm + 1] + beyond[arm] * all_at_most[arm + 1]
            before_at_most, before_beyond = 1.0, 0.0
            for arm in range(arm_count):
                others_at_most = before_at_most * all_at_most[arm + 1]
                others_beyond = before_beyond + before_at_most * some_beyond[arm + 1]
                weight = _WEIGHTS[node]
                probability_best[arm] += weight * densities[panel, arm, node] / totals[arm] * others_at_most
                expected_loss[arm] += weight * half * slope * at_most[arm] * others_beyond
                before_beyond += beyond[arm] * before_at_most
                before_at_most *= at_most[arm]
        below += masses[panel] / totals
    if family == _STUDENT and arm_count > 1:
        for arm in range(arm_count):
            right = _student_tail(arms, arm, edges[panel_count], totals[arm])
            for other in range(arm_count):
                if other != arm:
                    expected_loss[other] += right
            expected_loss[arm] += _student_tail(arms, arm, edges[0], totals[arm])
    return probability_best, expected_loss


def beta_best_arm(alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Returns each arm's probability of having the largest Beta variable, and its expected shortfall from the largest.

    Deterministic; both of shape (n_arms,). The probabilities sum to 1. Swap alpha and beta to look for the smallest.

    Args:
        alpha: 0.01 to 1e9, shape (n_arms,).
        beta: 0.01 to 1e9, shape (n_arms,).

    Raises:
        ValueError: The shapes differ, there is no arm, or a parameter is out of range.
    """
    _check_vectors(alpha, beta)
    if min(alpha.min(), beta.min()) < 0.01 or max(alpha.max(), beta.max()) > 1e9:
        raise ValueError("alpha and beta must be within [0.01, 1e9]")
    floor = np.full(alpha.size, _NEGLIGIBLE)
    arms = np.stack([alpha, beta, np.log(alpha / beta), np.sqrt(1 / alpha + 1 / beta), floor], axis=1)
    return _normalized(*_best_arm(_BETA, arms))


def student_best_arm(location: Floats, scale: Floats, degrees_of_freedom: Floats) -> tuple[Floats, Floats]:
    """Returns each arm's probability of having the largest Student variable, and its expected shortfall from the largest.

    Deterministic; both of shape (n_arms,). The probabilities sum to 1; an expected loss is infinite where some variable
    has 1 degree of freedom or less. Negate the locations to look for the smallest.

    Args:
        location: Finite, shape (n_arms,).
        scale: Above 0, finite, shape (n_arms,).
        degrees_of_freedom: Above 0, shape (n_arms,); below 0.1 is taken as 0.1.

    Raises:
        ValueError: The shapes differ, there is no arm, or a parameter is out of range.
    """
    _check_vectors(location, scale, degrees_of_freedom)
    if scale.min() <= 0 or degrees_of_freedom.min() <= 0:
        raise ValueError("scale and degrees_of_freedom must be above 0")
    degrees = np.maximum(degrees_of_freedom, _LEAST_DEGREES_OF_FREEDOM)
    unit = float(scale.max())
    width = scale / unit
    floor = -np.minimum(_STUDENT_NEGLIGIBLE, 320 * degrees) * (degrees + 1) / degrees
    arms = np.stack([degrees, width, (location - location.max()) / unit, width, floor], axis=1)
    probability_best, expected_loss = _normalized(*_best_arm(_STUDENT, arms))
    return probability_best, expected_loss * unit


def _normalized(probability_best: Floats, expected_loss: Floats) -> tuple[Floats, Floats]:
    """Takes up what is left of the quadrature's error."""
    return probability_best / probability_best.sum(), expected_loss


def _check_vectors(*vectors: Floats) -> None:
    if len({vector.shape for vector in vectors}) != 1 or vectors[0].ndim != 1 or vectors[0].size == 0:
        raise ValueError("parameters must be vectors of one length, 1 at least")
    if not all(np.isfinite(vector).all() for vector in vectors):
        raise ValueError("parameters must be finite")
