"""What is known of a bandit beside its comparisons: weights, chances to be best, what the choice may cost.

Means are AIPW, since plain means of data whose weights followed them are too low. Chances to be best and expected
losses take the estimates as nearly normal around the truth (flat prior); they are statements about stakes, and no test.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.ai.domain.analysis.data import BanditData
from services.ai.domain.analysis.samples import batches_of, placed_counts
from shared.definition.model import MetricDirection
from shared.kernels.best_arm import student_best_arm
from shared.statistics.adaptive.arm_means import arm_estimates
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.best_arm import Verdict, best_arm
from shared.statistics.adaptive.indifference import LEAST_FREEDOM
from shared.statistics.adaptive.stopping_rules import AnyTime
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BanditArm:
    """Is how one arm stands.

    Attributes:
        weight: That the newest version gives it; None where weights follow contexts.
        unit_share: Of all units so far.
        probability_best: None where an arm cannot be estimated, as is expected_loss.
        expected_loss: What taking this arm costs on average, in the metric's unit.
        effective_unit_count: Equally weighted units that are worth as much (Kish); None: no estimate.
    """

    arm_id: str
    weight: float | None
    unit_share: float
    probability_best: float | None
    expected_loss: float | None
    effective_unit_count: float | None


@dataclass(frozen=True, slots=True)
class BanditState:
    """Is how the bandit stands.

    Attributes:
        arms: The control first.
        version_count: Policy versions with units.
        regret: What the units so far would have gained by the best arm, on average, in the metric's unit; None: no
            estimate.
        best_arm_id: The arm that is shown to be the best, with error control at any look; empty: none is.
        indifferent: Whether the choice hardly matters any more.
    """

    arms: tuple[BanditArm, ...]
    version_count: int
    exploration_floor: float
    learning: bool
    regret: float | None
    best_arm_id: str
    indifferent: bool


def bandit_state(data: BanditData, place: int, *, alpha: float, optimal_unit_count: float) -> BanditState:
    """Returns how the bandit stands on the metric at a place.

    Args:
        data: With the weights of each version.
        place: The metric's that decides.
        alpha: Chance that an arm is ever called the best without being it.
        optimal_unit_count: Units of all arms at which that is decided soonest, set beforehand.
    """
    counts = placed_counts(data)
    units, batches = counts.sum(axis=0), _more_is_better(data, place)
    stakes, best_arm_id, indifferent = None, "", False
    if batches is not None:
        estimates = arm_estimates(batches)
        stakes = _stakes(estimates)
        leading = max(estimates.value[estimates.obstacle == 0], default=0.0)
        caring = data.threshold_of_caring * abs(float(leading))
        found = best_arm(batches, rule=AnyTime(optimal_unit_count), threshold_of_caring=caring, delta=alpha).report()
        best_arm_id = data.arm_ids[found.arm] if found.verdict is Verdict.SUPERIORITY_SHOWN else ""
        indifferent = found.verdict is Verdict.INDIFFERENT
    return BanditState(
        arms=_arms(data, units, stakes),
        version_count=len({one.policy_version for one in data.versions if any(arm.unit_count for arm in one.arms)}),
        exploration_floor=data.exploration_floor,
        learning=data.learning,
        regret=None if stakes is None else float(units @ stakes.loss),
        best_arm_id=best_arm_id,
        indifferent=indifferent,
    )


@dataclass(frozen=True, slots=True)
class _Stakes:
    probability: Floats
    loss: Floats
    effective: Floats


def _more_is_better(data: BanditData, place: int) -> Batches | None:
    batches = batches_of(data, place)
    if batches is None or data.metrics[place].direction is MetricDirection.MAXIMIZE:
        return batches
    moments = batches.moments
    return Batches(Moments(moments.count, -moments.mean, moments.products), batches.propensities)


def _stakes(arms: ArmEstimates) -> _Stakes | None:
    """Returns chances and losses of all arms; None where one of them cannot be estimated."""
    if arms.obstacle.any():
        return None
    freedom = np.maximum(arms.degrees_of_freedom, LEAST_FREEDOM)
    value = np.ascontiguousarray(arms.value)
    probability, loss = student_best_arm(value, np.sqrt(arms.variance), freedom)
    return _Stakes(probability, loss, arms.degrees_of_freedom + 1)


def _arms(data: BanditData, units: Floats, stakes: _Stakes | None) -> tuple[BanditArm, ...]:
    newest = data.weights_of(data.versions[-1]) if data.versions else None
    total = max(float(units.sum()), 1.0)
    return tuple(
        BanditArm(
            arm_id,
            weight=None if newest is None else newest[place],
            unit_share=float(units[place]) / total,
            probability_best=None if stakes is None else float(stakes.probability[place]),
            expected_loss=None if stakes is None else float(stakes.loss[place]),
            effective_unit_count=None if stakes is None else float(stakes.effective[place]),
        )
        for place, arm_id in enumerate(data.arm_ids)
    )
