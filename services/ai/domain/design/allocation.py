"""How units are spread over the arms: a fixed split, or a bandit and which one."""

from datetime import timedelta
from typing import Final

import numpy as np

from services.ai.domain.design.wishes import DesignAim
from services.ai.domain.metrics import MetricProfile
from shared.definition.allocation import (
    Algorithm,
    AllocationControls,
    AllocationPolicy,
    BetaThompson,
    FixedSplit,
    GaussianThompson,
    GuardrailPause,
    StopRule,
    TopTwoThompson,
)
from shared.definition.model import MetricKind
from shared.statistics.design.thresholds import Thresholds
from shared.statistics.planning.splits import optimal_split

_LIMITS: Final = Thresholds()
BURN_IN: Final = _LIMITS.least_first_batch
_INTERVALS: Final = (timedelta(days=1), timedelta(hours=6), timedelta(hours=1))


def algorithm_for(aim: DesignAim, metric: MetricProfile, arm_count: int) -> Algorithm:
    """Returns what the weights follow.

    A bandit needs three arms to have something to gain (design rule D13). To find the best arm soonest is what top-two
    sampling does (Russo 2020); to earn meanwhile, Thompson sampling.
    """
    if aim is DesignAim.LEARN or arm_count < _LIMITS.least_bandit_arms:
        return FixedSplit()
    if aim is DesignAim.PICK:
        return TopTwoThompson()
    return BetaThompson() if metric.kind is MetricKind.PROPORTION else GaussianThompson()


def shares_for(algorithm: Algorithm, arm_count: int) -> tuple[float, ...]:
    """Returns the arms' shares, the control's first: equal ones unless the square-root rule saves more than 5 %."""
    equal = (1 / arm_count,) * arm_count
    if not isinstance(algorithm, FixedSplit):
        return equal
    best = optimal_split(np.ones(arm_count))
    return tuple(best.shares.tolist()) if float(best.gain) > _LIMITS.split_gain else equal


def floor_for(arm_count: int) -> float:
    """Returns the least weight of an arm: 5 %, or half of an equal share where that is less."""
    return min(_LIMITS.least_floor_for_effects, 0.5 / arm_count)


def update_interval(day_count: int, arm_count: int) -> timedelta:
    """Returns how often weights move: daily, or as often as it takes for two policy versions an arm."""
    return next((one for one in _INTERVALS if timedelta(days=day_count) / one >= 2 * arm_count), _INTERVALS[-1])


def policy_for(
    algorithm: Algorithm, *, arm_count: int, day_count: int, unit_count: int, alpha: float, margin: float | None
) -> AllocationPolicy:
    """Returns the policy with its controls.

    Args:
        algorithm: What the weights follow.
        arm_count: The control included.
        day_count: That it takes.
        unit_count: Of all arms, at which any-time intervals are to be narrowest.
        alpha: Error rate of stopping.
        margin: By how much the first guardrail may get worse, relative to the control; None: there is none.
    """
    if isinstance(algorithm, FixedSplit):
        return AllocationPolicy(algorithm)
    pause = None if margin is None else GuardrailPause(alpha, margin, unit_count)
    controls = AllocationControls(
        exploration_floor=floor_for(arm_count),
        burn_in_unit_count=BURN_IN,
        update_interval=update_interval(day_count, arm_count),
        guardrail_pause=pause,
        stop_rule=StopRule(alpha=alpha, optimal_unit_count=unit_count),
    )
    return AllocationPolicy(algorithm, controls)
