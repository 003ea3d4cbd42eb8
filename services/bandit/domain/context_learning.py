"""Turns trials into the contextual model of the next snapshot, within the controls of the experiment."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.context_placement import ContextPlacer, to_snapshot
from services.bandit.domain.contextual.fitting import fit
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.learning import lower_bounds
from services.bandit.domain.reward import reward_metric, values_net_of_cost
from shared.definition.model import ContextualAlgorithm, Experiment, MetricDirection
from shared.policy.snapshot import ContextualModel, PolicySnapshot

Floats = NDArray[np.float64]

LATELY: Final = 1_000
"""How many of the latest contexts weights are averaged and compared in."""

LEAST_CHANGE: Final = 1e-9


def fitted_model(
    experiment: Experiment, trials: Trials | None, *, seed: int, seen: Floats | None = None
) -> ContextualModel | None:
    """Returns the model that the trials ask for, or None while every arm is burning in.

    An arm that is burning in beside others that are not has an equal share at least.

    Args:
        experiment: The definition.
        trials: Those that count; costs are not yet taken off.
        seed: Of the draws, 0 or more.
        seen: Units of each arm that burn-in goes by, shape (n_arms,); by default the trials'.
    """
    algorithm, arm_count = experiment.allocation_policy.algorithm, len(experiment.arms)
    if trials is None or not isinstance(algorithm, ContextualAlgorithm):
        return None
    controls = experiment.allocation_policy.controls
    counts = np.bincount(trials.arms, minlength=arm_count) if seen is None else seen
    mature = counts >= max(controls.burn_in_unit_count, 1)
    if not mature.any():
        return None
    metric = reward_metric(experiment)
    minimize = metric.direction is MetricDirection.MINIMIZE
    net = replace(trials, values=values_net_of_cost(experiment, trials.arms, trials.values))
    found = fit(algorithm, net, arm_count, minimize=minimize, kind=metric.kind, seed=seed)
    least = np.where(mature, lower_bounds(experiment, controls), 1 / arm_count)
    return to_snapshot(found, least / max(float(least.sum()), 1.0))


def average_weights(model: ContextualModel, trials: Trials) -> Floats:
    """Returns the average weights of the arms in the contexts lately seen, shape (n_arms,), summing to 1."""
    averages = ContextPlacer(model).weights(_lately(trials)).mean(axis=0)
    return np.asarray(averages / averages.sum())


def change_in_contexts(before: ContextualModel | None, after: ContextualModel, trials: Trials) -> float:
    """Returns by how much the weights move, on average over the contexts lately seen; 1 where there was no model.

    Of the arms of a context, the weight that moves most counts.
    """
    if before is None or len(before.lower_bounds) != len(after.lower_bounds):
        return 1.0
    contexts = _lately(trials)
    moved = np.abs(ContextPlacer(after).weights(contexts) - ContextPlacer(before).weights(contexts))
    return float(moved.max(axis=1).mean())


def model_before(experiment: Experiment, previous: PolicySnapshot) -> ContextualModel | None:
    """Returns the previous model in the role that the next one is to have: that of shadow mode, or the one served."""
    is_shadow = experiment.allocation_policy.controls.shadow
    return previous.shadow_model if is_shadow else previous.contextual_model


def kept_model(experiment: Experiment, previous: PolicySnapshot) -> ContextualModel | None:
    """Returns the previous model, as long as it is of the same arms; in shadow mode the one that was served last."""
    if [arm.arm_id for arm in previous.arms] != [arm.arm_id for arm in experiment.arms]:
        return None
    is_shadow = experiment.allocation_policy.controls.shadow
    return model_before(experiment, previous) or (previous.contextual_model if is_shadow else None)


def _lately(trials: Trials) -> Floats:
    return trials.contexts[:LATELY]
