"""The algorithms as their papers write them, unit by unit, many runs at once: slow in every other respect.

Each takes the state of all runs and returns whom each run plays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.bandit.domain.regret.problems import Problem

Floats: TypeAlias = NDArray[np.float64]
Choices: TypeAlias = NDArray[np.int64]


@dataclass
class State:
    """Is what all runs know, every array of shape (runs, arms).

    Attributes:
        rng: All chance.
        losses: Sums of (1 - value) / propensity.
        propensities: Of the arms in the unit that comes, where the rule says so.
    """

    rng: np.random.Generator
    counts: Floats
    sums: Floats
    squares: Floats
    losses: Floats
    propensities: Floats


_DRAWS = 64

Rule: TypeAlias = Callable[[State], Choices]


def played(rule: Rule, problem: Problem, *, horizons: Sequence[int], runs: int, seed: int) -> Floats:
    """Returns the regret, shape (runs, horizons)."""
    empty = [np.zeros((runs, problem.arm_count)) for _ in range(5)]
    state, each = State(np.random.default_rng(seed), *empty), np.arange(runs)
    regret, at_horizons = np.zeros(runs), []
    for step in range(1, horizons[-1] + 1):
        arms = rule(state)
        values = problem.values(state.rng, arms)
        state.losses[each, arms] += (1 - values) / np.maximum(state.propensities[each, arms], 1e-300)
        state.counts[each, arms] += 1
        state.sums[each, arms] += values
        state.squares[each, arms] += values**2
        regret += problem.gaps[arms]
        if step in horizons:
            at_horizons.append(regret.copy())
    return np.stack(at_horizons, axis=1)


def beta_thompson(state: State) -> Choices:
    """Russo et al. 2018, "A tutorial on Thompson sampling", algorithm 3.2, priors Beta(1, 1)."""
    return np.asarray(_beta_draw(state).argmax(axis=1))


def _beta_draw(state: State) -> Floats:
    return state.rng.beta(1 + state.sums, 1 + state.counts - state.sums)


def gamma_thompson(state: State) -> Choices:
    """The same with Gamma(1, 1) priors of Poisson rates."""
    return np.asarray(state.rng.gamma(1 + state.sums, 1 / (1 + state.counts)).argmax(axis=1))


def gaussian_thompson(state: State) -> Choices:
    """Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", 85 to 89.

    The prior is worth one unit, at the mean and the variance of all units so far. Before two units differ: by lot.
    """
    total = state.counts.sum(axis=1, keepdims=True)
    pooled = state.sums.sum(axis=1, keepdims=True) / np.maximum(total, 1)
    variance = np.maximum(state.squares.sum(axis=1, keepdims=True) / np.maximum(total, 1) - pooled**2, 0)
    means = state.sums / np.maximum(state.counts, 1)
    within = np.maximum(state.squares - state.counts * means**2, 0)
    kappa = 1 + state.counts
    beta = 0.5 * (variance + within + state.counts * (means - pooled) ** 2 / kappa)
    location = (pooled + state.sums) / kappa
    drawn = location + np.sqrt(beta / (kappa / 2) / kappa) * state.rng.standard_t(kappa)
    known = (total[:, 0] > 1) & (variance[:, 0] > 1e-12)
    return np.where(known, drawn.argmax(axis=1), _by_lot(state))


def top_two_thompson(leader_share: float) -> Rule:
    """Russo 2016, "Simple Bayesian algorithms for best arm identification", 3.3: drawn until somebody else is named."""

    def rule(state: State) -> Choices:
        named = beta_thompson(state)
        challenged = state.rng.random(named.size) >= leader_share
        result = named.copy()
        while (undecided := np.flatnonzero(challenged & (result == named))).size:
            good, bad = 1 + state.sums[undecided], 1 + (state.counts - state.sums)[undecided]
            # Many draws at once, of which the first that names somebody else counts.
            drawn = state.rng.beta(good, bad, (_DRAWS, *good.shape)).argmax(axis=2)
            first = (drawn != named[undecided]).argmax(axis=0)
            result[undecided] = drawn[first, np.arange(undecided.size)]
        return result

    return rule


def epsilon_greedy(epsilon: float, half_share_unit_count: int = 0) -> Rule:
    """Auer, Cesa-Bianchi and Fischer 2002, figure 3; unknown arms first, equals by lot."""

    def rule(state: State) -> Choices:
        means = np.where(state.counts > 0, state.sums / np.maximum(state.counts, 1), np.inf)
        best = means == means.max(axis=1, keepdims=True)
        greedy = (best * state.rng.random(best.shape)).argmax(axis=1)
        units = state.counts.sum(axis=1)
        share = epsilon / (1 + units / half_share_unit_count) if half_share_unit_count else epsilon
        return np.where(state.rng.random(greedy.size) < share, _by_lot(state), greedy)

    return rule


def exp3(state: State) -> Choices:
    """Lattimore and Szepesvari 2020, algorithm 11.1 with losses, at the rate sqrt(ln K / (K t))."""
    arm_count = state.counts.shape[1]
    units = np.maximum(state.counts.sum(axis=1, keepdims=True), 1)
    rate = np.sqrt(np.log(arm_count) / (arm_count * units))
    odds = np.exp(-rate * (state.losses - state.losses.min(axis=1, keepdims=True)))
    state.propensities = odds / odds.sum(axis=1, keepdims=True)
    return _drawn(state.rng, state.propensities)


def _by_lot(state: State) -> Choices:
    return np.asarray(state.rng.integers(state.counts.shape[1], size=state.counts.shape[0]))


def _drawn(rng: np.random.Generator, weights: Floats) -> Choices:
    return np.asarray((weights.cumsum(axis=1) < rng.random((len(weights), 1)) * (1 - 1e-12)).sum(axis=1))
