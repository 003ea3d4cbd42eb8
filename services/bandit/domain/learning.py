"""Turns what the data say into weights, within the controls of the experiment."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.exponential import exponential_weights
from services.bandit.domain.greedy import greedy_weights
from services.bandit.domain.index_rules import index_weights
from services.bandit.domain.periods import Memory
from services.bandit.domain.posterior import posterior
from services.bandit.domain.reward import net_of_cost, reward_metric
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from services.bandit.domain.top_two import top_two_weights
from services.bandit.kernels.weights import floored
from shared.definition.model import (
    Algorithm,
    AllocationControls,
    ContextualAlgorithm,
    EpsilonGreedy,
    Exp3,
    Experiment,
    FixedSplit,
    KlUcb,
    TopTwoThompson,
    Ucb1,
)

Floats = NDArray[np.float64]


def target_weights(
    experiment: Experiment,
    statistics: Sequence[ArmStatistics],
    versions: Sequence[VersionStatistics] = (),
    *,
    seen: Sequence[float] | None = None,
) -> Floats:
    """Returns the weights that the experiment asks for now, shape (n_arms,), summing to 1.

    Args:
        experiment: The definition.
        statistics: Of what the policy learns from, one entry per arm in the definition's order; costs are not yet
            taken off.
        versions: The same by policy version, for algorithms that need it.
        seen: Units of each arm that burn-in goes by, forgotten ones included; by default those of the statistics.
    """
    algorithm = experiment.allocation_policy.algorithm
    if isinstance(algorithm, FixedSplit):
        return fixed_weights(experiment, algorithm)
    if len(statistics) == 1:
        return np.ones(1)
    controls = experiment.allocation_policy.controls
    counts = [arm.unit_count for arm in statistics] if seen is None else seen
    mature = np.array([count >= controls.burn_in_unit_count for count in counts])
    net = net_of_cost(experiment, {arm.arm_id: arm for arm in statistics})
    burnt_in = [arm for arm, known in zip(net.values(), mature, strict=True) if known]
    asked = _asked(algorithm, experiment, burnt_in, versions) if burnt_in else np.zeros(0)
    return floored(with_burning_in(asked, mature), lower_bounds(experiment, controls))


def needs_versions(experiment: Experiment) -> bool:
    """Returns whether the weights follow from what is known of each policy version, not of all together."""
    policy = experiment.allocation_policy
    if isinstance(policy.algorithm, FixedSplit):
        return False
    if isinstance(policy.algorithm, ContextualAlgorithm):
        return policy.controls.budget is not None
    return moves_with_time(experiment) or isinstance(policy.algorithm, Exp3)


def moves_with_time(experiment: Experiment) -> bool:
    """Returns whether the weights may move though nothing was recorded: the past ages, or a budget ends."""
    controls = experiment.allocation_policy.controls
    ages = Memory.of(controls, experiment.attribution_window).longest_period is not None
    return ages or controls.budget is not None


def _asked(
    algorithm: Algorithm,
    experiment: Experiment,
    statistics: Sequence[ArmStatistics],
    versions: Sequence[VersionStatistics],
) -> Floats:
    """Returns what the algorithm asks for before controls."""
    metric = reward_metric(experiment)
    match algorithm:
        case Ucb1() | KlUcb():
            return index_weights(algorithm, statistics, metric)
        case EpsilonGreedy():
            return greedy_weights(algorithm, statistics, metric.direction)
        case Exp3():
            return exponential_weights(algorithm, [arm.arm_id for arm in statistics], versions, metric)
    known = posterior(algorithm, statistics, metric)
    best = np.full(len(statistics), 1 / len(statistics)) if known is None else known.probability_best
    return top_two_weights(best, algorithm.leader_share) if isinstance(algorithm, TopTwoThompson) else best


def fixed_weights(experiment: Experiment, split: FixedSplit) -> Floats:
    """Returns the weights of a fixed split in the order of the arms."""
    given = {entry.arm_id: entry.weight for entry in split.weights}
    default = 1 / len(experiment.arms)
    weights = np.array([given.get(arm.arm_id, 0.0) if given else default for arm in experiment.arms])
    return np.asarray(weights / weights.sum())


def with_burning_in(weights: Floats, mature: NDArray[np.bool_]) -> Floats:
    """Returns weights in which every arm that is still burning in has an equal share.

    The others divide the rest as if those were not there, so that an arm added late does not send the experiment back
    to an equal split: algorithms that prefer what they know least would give it everything.

    Args:
        weights: Of the arms that have burnt in, summing to 1.
        mature: Whether each arm has burnt in, shape (n_arms,).
    """
    result = np.full(mature.size, 1 / mature.size)
    result[mature] = weights * mature.mean()
    return result


def lower_bounds(experiment: Experiment, controls: AllocationControls) -> Floats:
    """Returns the least weight of every arm, shape (n_arms,)."""
    floor = controls.exploration_floor
    control = max(floor, controls.min_control_share)
    return np.array([control if arm.control else floor for arm in experiment.arms])
