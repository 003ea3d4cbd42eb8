"""The analysis split: a stable share of the units that gets the arms as at the start, and is never learned from.

Fixed-horizon tests need shares that do not follow the outcomes, and what evaluates a policy must not have trained it;
hence units of their own, as in Eppo's contextual bandits, whose analysis traffic is kept apart from training traffic.
Their units are logged under arms of their own (`analysis_arm_id`), so that nothing that reads the arms' statistics
reads theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import segments
from services.bandit.domain.learning import lower_bounds
from services.bandit.domain.pausing import exact_shares, without
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, merged
from services.bandit.kernels.weights import floored
from shared.definition.model import Experiment
from shared.policy.snapshot import RANGE, AnalysisSplit, PolicySnapshot

Floats = NDArray[np.float64]

ROUNDING: Final = 1e-6
"""Proportions that differ by no more than this are the same: weights are whole positions, 2^-32 each."""


@dataclass(frozen=True, slots=True)
class AnalysisResults:
    """Is what came of the units in the split.

    Attributes:
        arms: In the order asked for.
        left_out_unit_count: Units of versions in which those arms had other proportions, and of other arms.
    """

    arms: Sequence[ArmStatistics]
    left_out_unit_count: float


def initial_weights(experiment: Experiment, paused: frozenset[str]) -> Floats:
    """Returns the weights that any algorithm starts with, shape (n_arms,): equal ones, within the least weights.

    Paused arms have none; the others keep their proportions.
    """
    count = len(experiment.arms)
    bounds = lower_bounds(experiment, experiment.allocation_policy.controls)
    return without(floored(np.full(count, 1 / count), bounds), experiment, paused)


def with_analysis_split(
    snapshot: PolicySnapshot, experiment: Experiment, previous: PolicySnapshot | None, *, salt: int
) -> PolicySnapshot:
    """Returns the snapshot with the split that the experiment's traffic asks for.

    Args:
        snapshot: The next one.
        experiment: Its definition.
        previous: The one before, whose cut is kept as far as possible.
        salt: Seeds the hash that decides whether a unit is in the split; for ever the same.
    """
    if experiment.traffic.analysis_share == 0:
        return snapshot
    shares = exact_shares(initial_weights(experiment, frozenset(arm.arm_id for arm in snapshot.arms if arm.paused)))
    before = previous.analysis_split if previous is not None else None
    cut = segments.next_cut(
        [arm.arm_id for arm in snapshot.arms],
        [round(share * RANGE) for share in shares.tolist()],
        before.segments if before is not None else None,
        [arm.arm_id for arm in previous.arms] if previous is not None else [],
    )
    arms = [replace(arm, analysis_weight=share) for arm, share in zip(snapshot.arms, shares.tolist(), strict=True)]
    return replace(snapshot, arms=tuple(arms), analysis_split=AnalysisSplit(salt, cut))


def analysis_results(snapshot: PolicySnapshot, versions: Sequence[VersionStatistics]) -> AnalysisResults:
    """Returns what came of the units in the split, arms in the snapshot's order.

    Only versions in which the arms had the proportions that they have now are pooled: with others, the plain means of
    arms would be of different times. Arms that are paused now are left out of the comparison of proportions, as those
    of the others stay. Costs are not taken off.

    Args:
        snapshot: The newest one.
        versions: Of the split's units.
    """
    live = {arm.arm_id: arm.analysis_weight for arm in snapshot.arms if arm.analysis_weight > 0}
    pooled = [version for version in versions if _has_proportions(version, live)]
    arms = [_pooled(arm.arm_id, pooled) for arm in snapshot.arms]
    total = sum(arm.unit_count for version in versions for arm in version.arms.values())
    return AnalysisResults(arms, total - sum(arm.unit_count for arm in arms))


def _has_proportions(version: VersionStatistics, weights: dict[str, float]) -> bool:
    had = np.array([version.propensities.get(arm_id, 0.0) for arm_id in weights])
    now = np.array(list(weights.values()))
    return bool(had.sum() > 0 and np.allclose(had / had.sum(), now / now.sum(), rtol=ROUNDING, atol=ROUNDING))


def _pooled(arm_id: str, versions: Sequence[VersionStatistics]) -> ArmStatistics:
    return merged(arm_id, [(1.0, version.arms[arm_id]) for version in versions if arm_id in version.arms])
