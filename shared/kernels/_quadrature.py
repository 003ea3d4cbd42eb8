"""Integrates over which of several independent arms is the largest: Gauss-Legendre panels fitted to the densities.

With densities f, distribution functions F and everything over the line on which all densities are smooth:

    P(arm i is largest)          = integral f_i(x) prod_{j != i} F_j(x) dx
    E[max_j theta_j - theta_i]   = integral F_i(x) (1 - prod_{j != i} F_j(x)) dtheta(x)

The second form has no difference of large numbers. A panel is as long as the densities of all arms allow: none may fall
or bend too much within it. Inside a panel F comes from the density's values at the nodes (spectral integration).
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from shared.kernels.jit import jit

Floats: TypeAlias = NDArray[np.float64]

BETA: Final = 0
STUDENT: Final = 1
GAMMA: Final = 2
MINUS_GAMMA: Final = 3

ORDER: Final = 10
STEEPEST: Final = 8.0
"""How far a log density may change along a panel."""
MOST_BENT: Final = 0.5
"""How far a log density's middle may be from its chord, doubled."""

_NODES, _WEIGHTS = legendre.leggauss(ORDER)


def _spectral_integration() -> Floats:
    """Returns A with integral from -1 to node i of g = sum_k A[i, k] g(node k), for polynomials g below ORDER.

    g is expanded in Legendre polynomials, whose integrals are (P_{n+1} - P_{n-1}) / (2n + 1), with P_{-1} = -1.
    """
    values = legendre.legvander(_NODES, ORDER)
    lower = np.concatenate([-np.ones((ORDER, 1)), values[:, : ORDER - 1]], axis=1)
    return np.asarray((values[:, 1:] - lower) / 2 @ (values[:, :ORDER].T * _WEIGHTS))


_FROM_LEFT = _spectral_integration()


class Arms(NamedTuple):
    """Holds the posteriors of K arms, each entry of shape (K,) float64.

    A Beta arm lives on the logit line, where its log density is concave and smooth whatever its parameters; so does a
    Gamma arm on the line of log(theta), and one with its sign turned, theta < 0, on that of -log(-theta).

    Attributes:
        first: alpha | degrees of freedom | shape.
        second: beta | scale | not used, since the mode says the rest.
        mode: Where the density peaks on the line.
        width: How wide the peak is.
        floor: Log density, relative to the peak's, below which it counts as nothing.
    """

    first: Floats
    second: Floats
    mode: Floats
    width: Floats
    floor: Floats


@jit
def best_arm(family: int, arms: Arms) -> tuple[Floats, Floats]:
    """Returns the probability of being largest and the expected loss of every arm, each of shape (K,).

    Args:
        family: BETA, STUDENT, GAMMA or MINUS_GAMMA.
        arms: One or more of them.
    """
    edges = _panel_edges(family, arms)
    density, total = _panel_densities(family, arms, edges)
    left_tails = _tail_masses(family, arms, edges[0]) / total
    right_tails = _tail_masses(family, arms, edges[-1]) / total
    below, above = _masses_beside(density, left_tails, right_tails)
    probability = np.zeros(total.size)
    loss = np.zeros(total.size)
    for panel in range(edges.size - 1):
        reached, left = _distributions(density[panel], below[panel], above[panel])
        half = (edges[panel + 1] - edges[panel]) / 2
        for node in range(ORDER):
            place = edges[panel] + half * (1 + _NODES[node])
            all_below, any_above = _others(reached[node], left[node])
            length = half * _WEIGHTS[node] * _stretch(family, place)
            for arm in range(total.size):
                probability[arm] += _WEIGHTS[node] * density[panel, node, arm] * all_below[arm]
                loss[arm] += length * reached[node, arm] * any_above[arm]
    if family == STUDENT:
        _add_tails(arms, edges, left_tails, right_tails, loss)
    return probability / probability.sum(), loss


@jit
def _panel_edges(family: int, arms: Arms) -> Floats:
    """Returns the ends of the panels, ascending: from where every density is nothing to where it is nothing again."""
    place, end = np.inf, -np.inf
    for arm in range(arms.mode.size):
        place = min(place, _vanishing_point(family, arms, arm, -arms.width[arm]))
        end = max(end, _vanishing_point(family, arms, arm, arms.width[arm]))
    edges = np.empty(256)
    edges[0] = place
    count = 1
    length = end - place
    while place < end:
        length = _fitting_length(family, arms, place, min(2 * length, end - place))
        place = end if length >= end - place else place + length
        if count == edges.size:
            edges = np.concatenate((edges, np.empty(count)))
        edges[count] = place
        count += 1
    return edges[:count]


@jit
def _vanishing_point(family: int, arms: Arms, arm: int, step: float) -> float:
    """Returns where the arm's density has become nothing, seen from its mode in the direction of the step."""
    while _log_density(family, arms, arm, arms.mode[arm] + step) > arms.floor[arm]:
        step *= 2
    return float(arms.mode[arm] + step)


@jit
def _fitting_length(family: int, arms: Arms, place: float, length: float) -> float:
    """Returns the length, halved until the panel that starts at place suits every arm."""
    arm = 0
    while arm < arms.mode.size and length > 1e-15 * abs(place):
        if _is_clear(family, arms, arm, place + length / 2, length) and _is_smooth(family, arms, arm, place, length):
            arm += 1
        else:
            length /= 2
    return length


@jit
def _is_clear(family: int, arms: Arms, arm: int, middle: float, length: float) -> bool:
    """Says whether the panel is as far from the log density's singularities as it is long.

    Those of a Beta arm are the logistic function's, at +-i pi; those of a Student arm are where 1 + t^2 / nu is 0. A
    panel over an inflection may look straight, so that how it bends does not tell. A Gamma arm has none, yet its
    tail towards 0 is so straight that dtheta/dx = exp(x) would change too much: as if it had the logistic function's.
    """
    if family == BETA:
        return bool(length <= np.hypot(middle, np.pi))
    if family != STUDENT:
        return bool(length <= np.hypot(middle - arms.mode[arm], np.pi))
    return bool(length <= np.hypot(middle - arms.mode[arm], np.sqrt(arms.first[arm]) * arms.second[arm]))


@jit
def _is_smooth(family: int, arms: Arms, arm: int, place: float, length: float) -> bool:
    """Says whether the arm's log density changes little enough along the panel."""
    if place < arms.mode[arm] < place + length and length > 2 * arms.width[arm]:
        return False
    start = max(arms.floor[arm], _log_density(family, arms, arm, place))
    middle = max(arms.floor[arm], _log_density(family, arms, arm, place + length / 2))
    end = max(arms.floor[arm], _log_density(family, arms, arm, place + length))
    return bool(abs(end - start) <= STEEPEST and abs(start - 2 * middle + end) <= MOST_BENT)


@jit
def _panel_densities(family: int, arms: Arms, edges: Floats) -> tuple[Floats, Floats]:
    """Returns the densities at the nodes, times half the panel's length, and what they were divided by to have mass 1.

    Their shapes are (panels, ORDER, K) and (K,).
    """
    density = np.zeros((edges.size - 1, ORDER, arms.mode.size))
    total = np.zeros(arms.mode.size)
    for panel in range(edges.size - 1):
        half = (edges[panel + 1] - edges[panel]) / 2
        for arm in range(arms.mode.size):
            if _is_nothing(family, arms, arm, edges[panel], edges[panel + 1]):
                continue
            for node in range(ORDER):
                place = edges[panel] + half * (1 + _NODES[node])
                density[panel, node, arm] = half * np.exp(_log_density(family, arms, arm, place))
                total[arm] += _WEIGHTS[node] * density[panel, node, arm]
    return density / total, total


@jit
def _is_nothing(family: int, arms: Arms, arm: int, start: float, end: float) -> bool:
    """Says whether the panel lies in a tail that can be left out: never so where the tail is heavy."""
    if family == STUDENT and arms.first[arm] < 4:
        return False
    nearest = min(max(arms.mode[arm], start), end)
    return bool(_log_density(family, arms, arm, nearest) < arms.floor[arm])


@jit
def _tail_masses(family: int, arms: Arms, place: float) -> Floats:
    """Returns every arm's mass beyond the end of the panels, by the power law of its tail; shape (K,)."""
    masses = np.zeros(arms.mode.size)
    if family == STUDENT:
        for arm in range(masses.size):
            density = np.exp(_log_density(family, arms, arm, place))
            masses[arm] = abs(place - arms.mode[arm]) * density / arms.first[arm]
    return masses


@jit
def _masses_beside(density: Floats, left_tails: Floats, right_tails: Floats) -> tuple[Floats, Floats]:
    """Returns every arm's mass to the left and to the right of every panel, each of shape (panels, K)."""
    panels, _, arms = density.shape
    mass = np.zeros((panels, arms))
    for node in range(ORDER):
        mass += _WEIGHTS[node] * density[:, node, :]
    below, above = np.zeros((panels, arms)), np.zeros((panels, arms))
    below[0], above[-1] = left_tails, right_tails
    for panel in range(1, panels):
        below[panel] = below[panel - 1] + mass[panel - 1]
        above[-1 - panel] = above[-panel] + mass[-panel]
    return below, above


@jit
def _distributions(density: Floats, below: Floats, above: Floats) -> tuple[Floats, Floats]:
    """Returns P(theta <= node) and P(theta > node) for every node of a panel, each of shape (ORDER, K)."""
    reached = np.zeros(density.shape)
    left = np.zeros(density.shape)
    for node in range(ORDER):
        for other in range(ORDER):
            for arm in range(below.size):
                reached[node, arm] += _FROM_LEFT[node, other] * density[other, arm]
                left[node, arm] += (_WEIGHTS[other] - _FROM_LEFT[node, other]) * density[other, arm]
        for arm in range(below.size):
            reached[node, arm] = max(0.0, below[arm] + reached[node, arm])
            left[node, arm] = max(0.0, above[arm] + left[node, arm])
    return reached, left


@jit
def _others(reached: Floats, left: Floats) -> tuple[Floats, Floats]:
    """Returns for every arm P(all others <= node) and its complement, without a division and without a difference."""
    all_below = np.ones(reached.size)
    any_above = np.zeros(reached.size)
    product, complement = 1.0, 0.0
    for arm in range(reached.size):
        all_below[arm] = product
        any_above[arm] = complement
        complement += left[arm] * product
        product *= reached[arm]
    product, complement = 1.0, 0.0
    for arm in range(reached.size - 1, -1, -1):
        any_above[arm] += all_below[arm] * complement
        all_below[arm] *= product
        complement += left[arm] * product
        product *= reached[arm]
    return all_below, any_above


@jit
def _stretch(family: int, place: float) -> float:
    """Returns dtheta/dx: that of the logistic function on the logit line, of exp on a log line, 1 on the plain one."""
    if family == STUDENT:
        return 1.0
    if family != BETA:
        return float(np.exp(place if family == GAMMA else -place))
    decay = np.exp(-abs(place))
    return float(decay / (1 + decay) ** 2)


@jit
def _add_tails(arms: Arms, edges: Floats, left_tails: Floats, right_tails: Floats, loss: Floats) -> None:
    """Adds the expected loss from beyond the panels, where one arm alone is far out: above the others or below them."""
    for arm in range(loss.size):
        if loss.size > 1:
            loss[arm] += _overshoot(arms, arm, edges[0], left_tails[arm])
        for other in range(loss.size):
            if other != arm:
                loss[arm] += _overshoot(arms, other, edges[-1], right_tails[other])


@jit
def _overshoot(arms: Arms, arm: int, place: float, mass: float) -> float:
    """Returns how far the arm is beyond the place on average, 0 where it is not; inf where its tail is too heavy."""
    if arms.first[arm] <= 1:
        return np.inf
    return float(mass * abs(place - arms.mode[arm]) / (arms.first[arm] - 1))


@jit
def _log_density(family: int, arms: Arms, arm: int, place: float) -> float:
    """Returns the log density at the place, relative to the peak's."""
    if family == BETA:
        return float(_log_beta(arms.first[arm], arms.second[arm], place - arms.mode[arm]))
    if family != STUDENT:
        distance = place - arms.mode[arm] if family == GAMMA else arms.mode[arm] - place
        return float(arms.first[arm] * (distance - np.expm1(distance)))
    freedom = arms.first[arm]
    deviation = (place - arms.mode[arm]) / arms.second[arm]
    return float(-(freedom + 1) / 2 * np.log1p(deviation**2 / freedom))


@jit
def _log_beta(alpha: float, beta: float, distance: float) -> float:
    """Returns alpha d - (alpha + beta) log(1 + p (exp(d) - 1)) with p = alpha / (alpha + beta), d logits from the mode.

    It is the log density of logit(theta), mirrored so that p <= 1/2: then nothing cancels, up to alpha + beta = 1e8.
    """
    if alpha > beta:
        alpha, beta, distance = beta, alpha, -distance
    share = alpha / (alpha + beta)
    if distance > 30:  # exp overflows later on.
        return float(-beta * distance - (alpha + beta) * np.log(share + (1 - share) * np.exp(-distance)))
    return float(alpha * distance - (alpha + beta) * np.log1p(share * np.expm1(distance)))
