"""Turns what the data say into weights, within the controls of the experiment."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.posterior import posterior
from services.bandit.domain.statistics import ArmStatistics
from services.bandit.kernels.weights import floored
from shared.definition.model import AllocationControls, Experiment, FixedSplit

Floats = NDArray[np.float64]


def target_weights(experiment: Experiment, statistics: Sequence[ArmStatistics]) -> Floats:
    """Returns the weights that the experiment asks for now, shape (n_arms,), summing to 1.

    Args:
        experiment: The definition.
        statistics: Of the primary metric, one entry per arm in the definition's order.
    """
    algorithm = experiment.allocation_policy.algorithm
    if isinstance(algorithm, FixedSplit):
        return fixed_weights(experiment, algorithm)
    known = posterior(algorithm, statistics, experiment.primary_metric.direction)
    equal = np.full(len(statistics), 1 / len(statistics))
    asked = equal if known is None else known.probability_best
    controls = experiment.allocation_policy.controls
    mature = np.array([arm.unit_count >= controls.burn_in_unit_count for arm in statistics])
    return floored(burnt_in(asked, mature), lower_bounds(experiment, controls))


def fixed_weights(experiment: Experiment, split: FixedSplit) -> Floats:
    """Returns the weights of a fixed split in the order of the arms."""
    given = {entry.arm_id: entry.weight for entry in split.weights}
    default = 1 / len(experiment.arms)
    weights = np.array([given.get(arm.arm_id, 0.0) if given else default for arm in experiment.arms])
    return np.asarray(weights / weights.sum())


def burnt_in(weights: Floats, mature: NDArray[np.bool_]) -> Floats:
    """Returns weights in which every arm that is still burning in has an equal share.

    The others divide the rest in proportion to their weights, so that an arm added late does not send the experiment
    back to an equal split.
    """
    share = 1 / len(weights)
    rest = 1 - share * np.count_nonzero(~mature)
    kept = float(weights[mature].sum())
    if not mature.any() or kept <= 0:
        return np.full(len(weights), share)
    return np.where(mature, weights * (rest / kept), share)


def lower_bounds(experiment: Experiment, controls: AllocationControls) -> Floats:
    """Returns the least weight of every arm, shape (n_arms,)."""
    floor = controls.exploration_floor
    control = max(floor, controls.min_control_share)
    return np.array([control if arm.control else floor for arm in experiment.arms])
