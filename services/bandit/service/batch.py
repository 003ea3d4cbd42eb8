"""Places many units at once: ids as one column of bytes, one call of the kernel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import trial
from services.bandit.kernels.assignment import assign
from services.bandit.service.policy_book import ServingPolicy
from shared.definition.model import ExperimentState
from shared.errors import FieldViolation, invalid_fields
from shared.policy.placement import PlacementReason

BATCH_REASONS = (
    PlacementReason.SPLIT,
    PlacementReason.HOLDOUT,
    PlacementReason.NOT_IN_TRAFFIC,
    PlacementReason.PAUSED,
    PlacementReason.STOPPED,
)


class Column:
    """Holds strings as one bytes column with offsets, the layout of Arrow."""

    def __init__(self, values: Sequence[str]) -> None:
        joined = "".join(values)
        if joined.isascii():
            lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
            self.data = np.frombuffer(joined.encode("ascii"), dtype=np.uint8)
        else:
            encoded = [value.encode() for value in values]
            lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(values))
            self.data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        self.lengths = lengths
        self.offsets = np.zeros(len(values) + 1, dtype=np.int64)
        np.cumsum(lengths, out=self.offsets[1:])


def check_unit_ids(column: Column, unit_ids: Sequence[str]) -> None:
    """Returns if every unit id is good; looks at them one by one only if not.

    Raises:
        InvalidArgument: INVALID_FIELD, naming every bad one.
    """
    bytes_are_fine = not (column.data < 0x20).any() and not (column.data == 0x7F).any()
    if (
        bytes_are_fine
        and column.lengths.min(initial=1) > 0
        and column.lengths.max(initial=1) <= trial.MAX_UNIT_ID_BYTES
    ):
        return
    faults = [(index, trial.unit_id_fault(unit_id)) for index, unit_id in enumerate(unit_ids)]
    raise invalid_fields([FieldViolation(f"unit_ids[{index}]", fault) for index, fault in faults if fault])


def placed(policy: ServingPolicy, units: Column, keys: Column) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Returns arms (n,) and positions in BATCH_REASONS (n,).

    The kernel tells held-out and outside units by cells beyond the arms.
    """
    snapshot, count = policy.snapshot, len(policy.arm_ids)
    if snapshot.state is not ExperimentState.RUNNING:
        reason = BATCH_REASONS.index(PlacementReason(snapshot.state.value))
        size = len(units.lengths)
        return np.full(size, snapshot.default_arm, np.int32), np.full(size, reason, np.int8)
    cells = assign(
        units.data,
        units.offsets,
        keys.data,
        keys.offsets,
        np.uint64(snapshot.arm_salt),
        np.uint64(snapshot.traffic_salt),
        policy.traffic_end,
        policy.holdout_start,
        policy.segment_starts,
        policy.segment_arms,
        count,
        count + 1,
    )
    if policy.draws_all:
        return cells, np.zeros(len(cells), np.int8)
    reasons = np.where(cells < count, 0, cells - count + 1).astype(np.int8)
    return np.where(cells < count, cells, snapshot.default_arm).astype(np.int32), reasons
