"""From the weights that are asked for to those that are served: paused arms get nothing, in shadow only the control."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.bandit.kernels.weights import quantize
from shared.definition.model import Experiment, FixedSplit
from shared.policy.snapshot import RANGE, PolicyArm, PolicySnapshot

Floats = NDArray[np.float64]


def paused_arms(experiment: Experiment, previous: PolicySnapshot | None, harmful: frozenset[str]) -> frozenset[str]:
    """Returns the arms that are paused from now on: those that were, and those that are shown to do harm.

    Nobody is once the policy does not pause, and never the control.
    """
    if experiment.allocation_policy.controls.guardrail_pause is None:
        return frozenset()
    before = {arm.arm_id for arm in previous.arms if arm.paused} if previous is not None else set()
    return frozenset(arm.arm_id for arm in experiment.arms if not arm.control and arm.arm_id in before | harmful)


def live_part(experiment: Experiment, paused: frozenset[str]) -> Experiment:
    """Returns the experiment as algorithms that learn are to see it: without paused arms.

    Judged beside a paused arm that earns more, all others would look hopeless alike.
    """
    if not paused or isinstance(experiment.allocation_policy.algorithm, FixedSplit):
        return experiment
    return replace(experiment, arms=tuple(arm for arm in experiment.arms if arm.arm_id not in paused))


def spread(weights: Floats, experiment: Experiment, paused: frozenset[str]) -> Floats:
    """Returns the weights of the live part for all arms, shape (n_arms,), 0 for paused ones."""
    if weights.size == len(experiment.arms):
        return weights
    result = np.zeros(len(experiment.arms))
    result[[arm.arm_id not in paused for arm in experiment.arms]] = weights
    return result


def without(weights: Floats, experiment: Experiment, paused: frozenset[str]) -> Floats:
    """Returns the weights with what paused arms had shared in proportion, shape (n_arms,).

    Where nobody else has a weight, the control gets everything.
    """
    kept = np.where([arm.arm_id in paused for arm in experiment.arms], 0.0, weights)
    if kept.sum() <= 0:
        return control_only(experiment)
    return np.asarray(kept / kept.sum()) if paused else weights


def control_only(experiment: Experiment) -> Floats:
    """Returns weights that give the control everything."""
    return np.array([float(arm.control) for arm in experiment.arms])


def exact_shares(weights: Floats) -> Floats:
    """Returns the weights as they are served: whole numbers of positions, over their range."""
    return np.asarray(quantize(weights) / RANGE)


def shares_before(experiment: Experiment, previous: PolicySnapshot) -> Floats:
    """Returns the shares of the previous snapshot, those shown in shadow where there are any, shape (n_arms,)."""
    is_shown = experiment.allocation_policy.controls.shadow and any(arm.shadow_weight for arm in previous.arms)
    return np.array([arm.shadow_weight if is_shown else arm.weight for arm in previous.arms])


def policy_arms(experiment: Experiment, asked: Floats, paused: frozenset[str]) -> list[PolicyArm]:
    """Returns the arms of the next snapshot; in shadow they only show what is asked for."""
    shadow = experiment.allocation_policy.controls.shadow
    shares = exact_shares(asked)
    served = control_only(experiment) if shadow else shares
    return [
        PolicyArm(
            arm.arm_id, float(weight), arm.control, arm.arm_id in paused, float(share) if shadow else 0.0, arm.cost
        )
        for arm, weight, share in zip(experiment.arms, served, shares, strict=True)
    ]
