"""Brings what was served into the form that off-policy evaluation takes."""

from collections.abc import Sequence

import numpy as np

from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments


def batches_of(versions: Sequence[VersionStatistics], arm_ids: Sequence[str]) -> Batches:
    """Returns the versions as batches, in their order.

    Where units got an arm that their version has no propensity for, the version has none at all.

    Args:
        versions: One or more.
        arm_ids: All arms that any of them knows.
    """
    statistics = [[version.arms.get(arm_id, ArmStatistics(arm_id)) for arm_id in arm_ids] for version in versions]
    moments = Moments.of_values(
        [[arm.unit_count for arm in arms] for arms in statistics],
        [[arm.mean for arm in arms] for arms in statistics],
        [[arm.square_deviation_sum for arm in arms] for arms in statistics],
    )
    propensities = np.array([[version.propensities.get(arm_id, 0.0) for arm_id in arm_ids] for version in versions])
    is_missing = (moments.count > 0) & (propensities <= 0)
    return Batches.of(moments, np.where(is_missing.any(axis=-1, keepdims=True), np.nan, propensities))
