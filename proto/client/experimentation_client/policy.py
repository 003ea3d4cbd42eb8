"""Places units by one policy snapshot, bit-equal to the server: proto/golden/placement.json holds vectors.

position(key, salt) = XXH64(utf-8 bytes of key, seed = salt) >> 32          in [0, 2^32)

control_served                            -> the control, not counted
the state is PAUSED or STOPPED            -> the default arm, not counted

t = position(unit_id, traffic_salt)
t >= 2^32 - round(holdout_share x 2^32)   -> held out: the default arm, counted beside the arms
t >= round(share x 2^32)                  -> not in traffic: the default arm, not counted
position(unit_id, analysis salt) < round(analysis_share x 2^32)  -> in the analysis split: the arm whose segment of the
                                  split's own cut holds position(key, arm_salt), counted beside the arms
otherwise the arm whose segment holds position(key, arm_salt)

(round takes halves to the even neighbour; key is the unit id or, where every allocation counts,
unit_id + U+001F + allocation_id)
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from xxhash import xxh64_intdigest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from experimentation_client.allocation import AllocationReason

RANGE: Final = 1 << 32
KEY_SEPARATOR: Final = "\x1f"

COUNTED: Final = frozenset({AllocationReason.SPLIT, AllocationReason.HOLDOUT, AllocationReason.ANALYSIS})
"""The reasons with which a unit enters the statistics once it is exposed."""

_RUNNING: Final = common_pb2.EXPERIMENT_STATE_RUNNING
_FIXED: Final = {
    common_pb2.EXPERIMENT_STATE_PAUSED: AllocationReason.PAUSED,
    common_pb2.EXPERIMENT_STATE_STOPPED: AllocationReason.STOPPED,
}


class Answer(NamedTuple):
    """Is what all units with one arm and reason are told."""

    arm_id: str
    propensity: float
    reason: AllocationReason
    counts: bool


class Policy:
    """Is a snapshot, ready to place units. Immutable, safe for threads.

    Attributes:
        answer_version: What units are told: the version, with its sign changed where everybody gets the control and it
            places nobody.
    """

    __slots__ = (
        "_analysis_answers",
        "_analysis_end",
        "_analysis_salt",
        "_analysis_starts",
        "_answers",
        "_arm_salt",
        "_fixed",
        "_held_out",
        "_holdout_start",
        "_outside",
        "_starts",
        "_traffic_end",
        "_traffic_salt",
        "answer_version",
        "counts_allocations",
        "experiment_id",
        "needs_context",
        "published_at",
        "snapshot",
        "takes_all",
        "version",
    )

    def __init__(self, snapshot: pb.PolicySnapshot) -> None:
        """Takes a snapshot.

        Raises:
            ValueError: It makes no sense to this client, which must not guess an arm.
        """
        _check(snapshot)
        self.snapshot = snapshot
        self.experiment_id = snapshot.experiment_id
        self.version = snapshot.policy_version
        self.answer_version = -self.version if snapshot.control_served else self.version
        self.published_at = (snapshot.published_at.seconds, snapshot.published_at.nanos)
        self.counts_allocations = snapshot.analysis_unit == common_pb2.ANALYSIS_UNIT_ALLOCATION
        self._arm_salt = snapshot.arm_salt
        self._traffic_salt = snapshot.traffic_salt
        self._traffic_end = round(snapshot.traffic_share * RANGE)
        self._holdout_start = RANGE - round(snapshot.holdout_share * RANGE)
        self.takes_all = self._traffic_end >= RANGE and self._holdout_start >= RANGE
        splits = [Answer(arm.arm_id, arm.weight, AllocationReason.SPLIT, counts=True) for arm in snapshot.arms]
        self._starts = list(snapshot.segment_starts)
        self._answers = [splits[arm] for arm in snapshot.segment_arms]
        split = snapshot.analysis_split
        self._analysis_salt = split.salt
        self._analysis_end = round(split.share * RANGE)
        fixed = [
            Answer(arm.arm_id, arm.analysis_weight, AllocationReason.ANALYSIS, counts=True) for arm in snapshot.arms
        ]
        self._analysis_starts = list(split.segment_starts)
        self._analysis_answers = [fixed[arm] for arm in split.segment_arms]
        self._held_out = self._default(AllocationReason.HOLDOUT)
        self._outside = self._default(AllocationReason.NOT_IN_TRAFFIC)
        self._fixed = self._answer_to_all()
        self.needs_context = self._fixed is None and snapshot.HasField("contextual_model")

    def place(self, unit_id: str, allocation_id: str = "") -> Answer:
        """Returns what a unit is told, where that needs no context; well under a microsecond.

        Args:
            unit_id: The unit.
            allocation_id: The trial where every allocation counts; empty where units count.
        """
        if self._fixed is not None:
            return self._fixed
        unit = unit_id.encode()
        if not self.takes_all:
            place = xxh64_intdigest(unit, self._traffic_salt) >> 32
            if place >= self._holdout_start:
                return self._held_out
            if place >= self._traffic_end:
                return self._outside
        in_split = self._analysis_end and xxh64_intdigest(unit, self._analysis_salt) >> 32 < self._analysis_end
        if allocation_id:
            unit = f"{unit_id}{KEY_SEPARATOR}{allocation_id}".encode()
        if in_split:
            return self._analysis_answers[
                bisect_right(self._analysis_starts, xxh64_intdigest(unit, self._arm_salt) >> 32) - 1
            ]
        return self._answers[bisect_right(self._starts, xxh64_intdigest(unit, self._arm_salt) >> 32) - 1]

    def is_newer_than(self, other: "Policy | None") -> bool:
        """Returns whether this is to serve in place of another one.

        A lower version that was published later comes from a store that was set up anew, not from a replica that lags.
        Whether one version serves the control to everybody is as the replica says that is followed now.
        """
        if other is None or self.version > other.version or self.published_at > other.published_at:
            return True
        is_same = (self.version, self.published_at) == (other.version, other.published_at)
        return is_same and self.snapshot.control_served != other.snapshot.control_served

    def _answer_to_all(self) -> Answer | None:
        """Returns what every unit is told, or None where units are spread."""
        if self.snapshot.control_served:
            control = next(arm.arm_id for arm in self.snapshot.arms if arm.control)
            return Answer(control, 1.0, AllocationReason.CONTROL_SERVED, counts=False)
        reason = _FIXED.get(self.snapshot.state)
        return None if reason is None else self._default(reason)

    def _default(self, reason: AllocationReason) -> Answer:
        arm_id = self.snapshot.arms[self.snapshot.default_arm].arm_id
        return Answer(arm_id, 1.0, reason, counts=reason in COUNTED)


def _check(snapshot: pb.PolicySnapshot) -> None:
    faults = {
        "it names no experiment": not snapshot.experiment_id or snapshot.policy_version < 1,
        "its state is unknown": snapshot.state != _RUNNING and snapshot.state not in _FIXED,
        "its default arm is none of its arms": not 0 <= snapshot.default_arm < len(snapshot.arms),
        "its shares are out of range": not (0 < snapshot.traffic_share <= 1 and 0 <= snapshot.holdout_share < 1),
        "its control is missing": snapshot.control_served and not any(arm.control for arm in snapshot.arms),
        "its segments do not cut the range": not _cut_the_range(snapshot.segment_starts),
        "its segments are not those of its arms": not _are_of_arms(snapshot, snapshot),
    }
    if snapshot.HasField("analysis_split"):
        split = snapshot.analysis_split
        faults |= {
            "its analysis split's share is out of range": not 0 < split.share < 1,
            "its analysis split's segments do not cut the range": not _cut_the_range(split.segment_starts),
            "its analysis split's segments are not those of its arms": not _are_of_arms(split, snapshot),
        }
    if found := [fault for fault, holds in faults.items() if holds]:
        raise ValueError("; ".join(found))


def _are_of_arms(cut: pb.PolicySnapshot | pb.AnalysisSplit, snapshot: pb.PolicySnapshot) -> bool:
    return len(cut.segment_arms) == len(cut.segment_starts) and all(
        0 <= arm < len(snapshot.arms) for arm in cut.segment_arms
    )


def _cut_the_range(starts: Sequence[int]) -> bool:
    return bool(starts) and starts[0] == 0 and starts[-1] < RANGE and all(low < high for low, high in pairwise(starts))
