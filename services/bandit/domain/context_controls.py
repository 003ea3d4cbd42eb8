"""Controls over a contextual model: what holds for weights holds for the weights of every context."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.pacing import Allowance, cheapest_arm, kept_share, unit_costs
from shared.definition.model import Experiment
from shared.policy.snapshot import ContextualModel, ScoreMode

Floats = NDArray[np.float64]


_NEVER: Final = -float(np.finfo(np.float32).max)
"""The score of an arm that wins in no context: the constant's coefficient, beside which no other can count."""


def model_without(
    model: ContextualModel | None, experiment: Experiment, paused: frozenset[str]
) -> ContextualModel | None:
    """Returns the model in which paused arms have no chance in any context; the others divide it by the same draws.

    Args:
        model: None stays None.
        experiment: The arms.
        paused: The arms that are paused.
    """
    places = [place for place, arm in enumerate(experiment.arms) if arm.arm_id in paused]
    if model is None or not places:
        return model
    shape = (model.row_count, len(experiment.arms), model.column_count)
    bank = np.frombuffer(model.coefficients, "<f4").reshape(shape).copy()
    bank[:, places, :] = 0.0
    bank[: shape[0] if model.mode is ScoreMode.DRAWS else 1, places, 0] = _NEVER
    bounds = np.array(model.lower_bounds)
    bounds[places] = 0.0
    return replace(model, coefficients=bank.tobytes(), lower_bounds=tuple(bounds.tolist()))


def paced_model(
    model: ContextualModel | None,
    weights: Floats,
    experiment: Experiment,
    paused: frozenset[str],
    allowed: Allowance | None,
) -> ContextualModel | None:
    """Returns the model mixed with the cheapest arm in every context, by the share that its average weights need.

    With bounds kept x bound, and what is not kept on top of the cheapest arm's, what is left of 1 for the model is
    kept, too: bounds alone say it exactly.

    Args:
        model: None has nothing to be mixed.
        weights: Its average weights in the contexts lately seen, shape (n_arms,).
        experiment: The arms with their costs.
        paused: The arms that are paused.
        allowed: None without a budget: the model stays.
    """
    if model is None or allowed is None:
        return model
    cheapest = cheapest_arm(experiment, paused)
    kept = kept_share(weights, unit_costs(experiment), cheapest, allowed)
    bounds = kept * np.array(model.lower_bounds)
    bounds[cheapest] += 1 - kept
    return replace(model, lower_bounds=tuple(bounds.tolist()))
