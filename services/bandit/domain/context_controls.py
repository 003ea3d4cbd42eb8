"""Controls over a contextual model: what holds for weights holds for the weights of every context."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.pacing import Allowance, cheapest_arm, kept_share, unit_costs
from shared.definition.model import Experiment
from shared.policy.snapshot import ContextualModel

Floats = NDArray[np.float64]


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
