"""Paces what the arms cost, so that a budget lasts until it ends.

The problem is that of bandits with knapsacks (Badanidiyuru, Kleinberg and Slivkins 2013) with one resource, whose use
by each arm is known. As in the pacing of budgets (Balseiro and Gur 2019, "Learning in repeated auctions with budgets")
the target is what is left over the units still to come, so that it corrects itself; but as costs are known, no
multiplier is learned: the weights that are asked for are mixed with the cheapest arm's until they meet the target. That
keeps what the algorithm asks for in proportion; the best mixture of arms within the budget may earn more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.statistics import VersionStatistics
from shared.definition.model import Experiment

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Allowance:
    """Says what units may cost from now on.

    Attributes:
        left: What is left of the budget, in the reward's unit; 0 or less where nothing is, or the budget has ended.
        unit_count: Units expected until it ends, 0 or more.
    """

    left: float
    unit_count: float

    @property
    def is_used_up(self) -> bool:
        """Returns whether nothing is left."""
        return self.left <= 0

    @property
    def limit(self) -> float:
        """Returns what one unit may cost on average; 0 or less where nothing is left."""
        if self.is_used_up:
            return self.left
        return self.left / self.unit_count if self.unit_count > 0 else inf


def spent(versions: Sequence[VersionStatistics]) -> float:
    """Returns what the units of all versions have cost, in the reward's unit."""
    return sum(
        (
            arm.unit_count * version.costs.get(arm_id, 0.0)
            for version in versions
            for arm_id, arm in version.arms.items()
        ),
        0.0,
    )


def cheapest_arm(experiment: Experiment, paused: frozenset[str]) -> int:
    """Returns the position of the cheapest arm that is not paused: of equal ones the control, then the first."""
    places = [place for place, arm in enumerate(experiment.arms) if arm.arm_id not in paused]
    return min(places, key=lambda place: (experiment.arms[place].cost, not experiment.arms[place].control))


def allowance(experiment: Experiment, versions: Sequence[VersionStatistics], *, now: datetime) -> Allowance | None:
    """Returns what units may cost from now on, or None without a budget.

    Units are expected to come as they did on average since the experiment was started, for one update interval at
    least, as weights stay that long.

    Args:
        experiment: The definition.
        versions: All of the past.
        now: The present instant.
    """
    controls = experiment.allocation_policy.controls
    if controls.budget is None:
        return None
    remaining = controls.budget.ends_at - now
    left = controls.budget.amount - spent(versions) if remaining > timedelta(0) else 0.0
    elapsed = now - experiment.started_at if experiment.started_at is not None else timedelta(0)
    counted = sum(arm.unit_count for version in versions for arm in version.arms.values())
    spans = max(remaining, controls.update_interval) / elapsed if elapsed > timedelta(0) else 0.0
    return Allowance(left, counted * spans)


def unit_costs(experiment: Experiment) -> Floats:
    """Returns what giving an arm to one unit costs, shape (n_arms,), in the reward's unit."""
    return np.array([arm.cost for arm in experiment.arms])


def kept_share(weights: Floats, costs: Floats, cheapest: int, allowed: Allowance) -> float:
    """Returns the largest share of the weights, in [0, 1], that keeps the expected cost within what is left.

    The rest goes to the cheapest arm. 0 where nothing is left, and where not even the cheapest arm is within it.

    Args:
        weights: Shape (n_arms,), summing to 1.
        costs: Of one unit, shape (n_arms,), 0 or more.
        cheapest: Position of the arm to mix with.
        allowed: What is left, and for how many units.
    """
    if allowed.is_used_up:
        return 0.0
    spending, least = float(weights @ costs), float(costs[cheapest])
    if spending <= allowed.limit:
        return 1.0
    return max(allowed.limit - least, 0.0) / (spending - least) if spending > least else 0.0


def paced(weights: Floats, experiment: Experiment, paused: frozenset[str], allowed: Allowance | None) -> Floats:
    """Returns the weights mixed with those of the cheapest arm by the smallest share that is needed, shape (n_arms,).

    Args:
        weights: Those of arms that are not paused, summing to 1.
        experiment: The arms with their costs.
        paused: The arms that are paused.
        allowed: None without a budget: weights stay.
    """
    if allowed is None:
        return weights
    cheapest = cheapest_arm(experiment, paused)
    kept = kept_share(weights, unit_costs(experiment), cheapest, allowed)
    mixed = kept * weights
    mixed[cheapest] += 1 - kept
    return np.asarray(mixed)
