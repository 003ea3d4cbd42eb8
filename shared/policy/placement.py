"""Places a unit: a pure function of (snapshot, unit, allocation), the same on every replica and in every language.

    position(key, salt) = XXH64(utf-8 bytes of key, seed = salt) >> 32          in [0, 2^32)

    control_served                            -> the control, not counted
    the state is PAUSED or STOPPED            -> the default arm, not counted

    t = position(unit_id, traffic_salt)
    t >= 2^32 - round(holdout_share x 2^32)   -> held out: the default arm, reported beside the arms
    t >= round(share x 2^32)                  -> not in traffic: the default arm, not counted
    position(unit_id, analysis salt) < round(analysis_share x 2^32)  -> in the analysis split: the arm whose segment
                                      of the split's own cut holds position(key, arm_salt), reported beside the arms
    otherwise the arm whose segment holds position(key, arm_salt)

    (round takes halves to the even neighbour; key is the unit id or, where every allocation counts,
    unit_id + U+001F + allocation_id)

Integers only, hence no room for rounding to differ between languages. proto/golden/placement.json holds vectors.
"""

from bisect import bisect_right
from enum import StrEnum
from typing import Final

from xxhash import xxh64_intdigest

from shared.definition.model import ExperimentState
from shared.policy.snapshot import RANGE, PolicySnapshot

KEY_SEPARATOR: Final = "\x1f"


class PlacementReason(StrEnum):
    """Says how a placement came about; the names are those of AllocationReason."""

    SPLIT = "SPLIT"
    PINNED = "PINNED"
    HOLDOUT = "HOLDOUT"
    NOT_IN_TRAFFIC = "NOT_IN_TRAFFIC"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    ANALYSIS = "ANALYSIS"
    CONTROL_SERVED = "CONTROL_SERVED"


_REASONS_OF_STATES: Final = {
    ExperimentState.PAUSED: PlacementReason.PAUSED,
    ExperimentState.STOPPED: PlacementReason.STOPPED,
}


def position(key: str, salt: int) -> int:
    """Returns where a key falls, in [0, RANGE)."""
    return xxh64_intdigest(key.encode(), salt) >> 32


def traffic_end(snapshot: PolicySnapshot) -> int:
    """Returns the traffic position from which on units do not take part; RANGE when all do."""
    return round(snapshot.traffic.share * RANGE)


def holdout_start(snapshot: PolicySnapshot) -> int:
    """Returns the traffic position from which on units are held out; RANGE when none is."""
    return RANGE - round(snapshot.traffic.holdout_share * RANGE)


def analysis_end(snapshot: PolicySnapshot) -> int:
    """Returns the position under the split's salt below which units are in the analysis split; 0 when none is."""
    return round(snapshot.traffic.analysis_share * RANGE) if snapshot.analysis_split is not None else 0


def fixed_placement(snapshot: PolicySnapshot) -> tuple[int, PlacementReason] | None:
    """Returns where every unit is placed, as `Placer.place` does, or None where units are spread."""
    if snapshot.control_served:
        return control_position(snapshot), PlacementReason.CONTROL_SERVED
    reason = _REASONS_OF_STATES.get(snapshot.state)
    return None if reason is None else (snapshot.default_arm, reason)


def control_position(snapshot: PolicySnapshot) -> int:
    """Returns the position of the control among the snapshot's arms."""
    return next(place for place, arm in enumerate(snapshot.arms) if arm.control)


class Placer:
    """Places units by one snapshot. Immutable, safe for threads, about a microsecond a unit."""

    __slots__ = (
        "_analysis_arms",
        "_analysis_end",
        "_analysis_salt",
        "_analysis_starts",
        "_arm_salt",
        "_arms",
        "_default",
        "_fixed",
        "_holdout_start",
        "_starts",
        "_traffic_end",
        "_traffic_salt",
    )

    def __init__(self, snapshot: PolicySnapshot) -> None:
        self._arm_salt = snapshot.arm_salt
        self._traffic_salt = snapshot.traffic_salt
        self._starts = list(snapshot.segments.starts)
        self._arms = list(snapshot.segments.arms)
        self._default = snapshot.default_arm
        self._traffic_end = traffic_end(snapshot)
        self._holdout_start = holdout_start(snapshot)
        self._analysis_end = analysis_end(snapshot)
        split = snapshot.analysis_split
        self._analysis_salt = split.salt if split else 0
        self._analysis_starts = list(split.segments.starts) if split else []
        self._analysis_arms = list(split.segments.arms) if split else []
        self._fixed = fixed_placement(snapshot)

    def position_among_arms(self, unit_id: str, allocation_id: str = "") -> int:
        """Returns where a unit falls among the arms, in [0, RANGE)."""
        key = f"{unit_id}{KEY_SEPARATOR}{allocation_id}" if allocation_id else unit_id
        return position(key, self._arm_salt)

    def place(self, unit_id: str, allocation_id: str = "") -> tuple[int, PlacementReason]:
        """Returns the position of the arm among the snapshot's arms, and how it came about.

        Args:
            unit_id: The unit.
            allocation_id: The trial where every allocation counts; empty where units count.
        """
        if self._fixed is not None:
            return self._fixed
        if self._traffic_end < RANGE or self._holdout_start < RANGE:
            place = xxh64_intdigest(unit_id.encode(), self._traffic_salt) >> 32
            if place >= self._holdout_start:
                return self._default, PlacementReason.HOLDOUT
            if place >= self._traffic_end:
                return self._default, PlacementReason.NOT_IN_TRAFFIC
        key = f"{unit_id}{KEY_SEPARATOR}{allocation_id}" if allocation_id else unit_id
        among_arms = xxh64_intdigest(key.encode(), self._arm_salt) >> 32
        if self._analysis_end and xxh64_intdigest(unit_id.encode(), self._analysis_salt) >> 32 < self._analysis_end:
            segment = bisect_right(self._analysis_starts, among_arms) - 1
            return self._analysis_arms[segment], PlacementReason.ANALYSIS
        return self._arms[bisect_right(self._starts, among_arms) - 1], PlacementReason.SPLIT
