"""What the client answers."""

from enum import StrEnum
from typing import NamedTuple


class AllocationReason(StrEnum):
    """Says how an allocation came about; the names are those of the contract."""

    SPLIT = "SPLIT"
    HOLDOUT = "HOLDOUT"
    NOT_IN_TRAFFIC = "NOT_IN_TRAFFIC"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    ANALYSIS = "ANALYSIS"
    CONTROL_SERVED = "CONTROL_SERVED"


class Freshness(StrEnum):
    """Says whether a policy is known to be the newest: the server would have told of another one."""

    FRESH = "FRESH"
    STALE = "STALE"


class ExposureState(StrEnum):
    """Says what became of the exposure.

    BUFFERED: it is, or was before, in this process's memory, to be delivered.
    DEFERRED: it is left to `record_exposure`, as asked.
    NOT_COUNTED: the unit does not count, so there is nothing to record.
    NOT_BUFFERED: there was no room; call `record_exposure` later.
    """

    BUFFERED = "BUFFERED"
    DEFERRED = "DEFERRED"
    NOT_COUNTED = "NOT_COUNTED"
    NOT_BUFFERED = "NOT_BUFFERED"


class Allocation(NamedTuple):
    """Is one answer of the bandit.

    Attributes:
        experiment_id: The experiment.
        unit_id: The unit.
        arm_id: The arm to show.
        propensity: The probability with which the policy gives this arm, in (0, 1]; 1 where nothing was drawn.
        policy_version: The version of the policy that answered, from 1; with its sign changed where everybody gets the
            control in its place (CONTROL_SERVED).
        reason: How the answer came about.
        freshness: Whether the policy is known to be the newest.
        allocation_id: Names the trial where every allocation counts; empty where units count.
        exposure_state: What became of the exposure.
    """

    experiment_id: str
    unit_id: str
    arm_id: str
    propensity: float
    policy_version: int
    reason: AllocationReason
    freshness: Freshness
    allocation_id: str
    exposure_state: ExposureState
