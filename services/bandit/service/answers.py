"""What serving answers: one allocation, or those of a batch in columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RECORDED, DEFERRED, NOT_COUNTED, NOT_RECORDED = "RECORDED", "DEFERRED", "NOT_COUNTED", "NOT_RECORDED"


class Allocation(NamedTuple):
    """Is one answer of the bandit.

    Attributes:
        reason: A PlacementReason as plain text.
        stale_seconds: How long ago the store last confirmed the policy; None while fresh.
        exposure_state: RECORDED, DEFERRED, NOT_COUNTED or NOT_RECORDED, as in ExposureState.
    """

    experiment_id: str
    arm_id: str
    propensity: float
    policy_version: int
    reason: str
    stale_seconds: float | None
    token: bytes
    allocation_id: str
    exposure_state: str


class BatchAllocation(NamedTuple):
    """Is the answer for many units: column i speaks of unit i.

    Attributes:
        arm_indexes: Positions in arm_ids, (n,) uint8.
        propensities: Their probabilities, (n,) float64.
        reasons: Positions in BATCH_REASONS, (n,) uint8.
    """

    arm_ids: tuple[str, ...]
    arm_indexes: NDArray[np.uint8]
    propensities: NDArray[np.float64]
    reasons: NDArray[np.uint8]
    policy_version: int
    stale_seconds: float | None
    tokens: list[bytes]
    allocation_ids: list[str]
