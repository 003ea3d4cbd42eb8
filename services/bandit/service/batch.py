"""Places many units at once: a column of them, one call of each kernel."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import trial
from services.bandit.kernels.assignment import assign
from services.bandit.service.policy_book import ArmCut, ServingPolicy
from services.bandit.service.unit_columns import IdColumn, UnitColumn
from shared.errors import FieldViolation, invalid_fields
from shared.policy.placement import PlacementReason
from shared.policy.snapshot import RANGE

BATCH_REASONS: Final = (
    PlacementReason.SPLIT,
    PlacementReason.HOLDOUT,
    PlacementReason.NOT_IN_TRAFFIC,
    PlacementReason.PAUSED,
    PlacementReason.STOPPED,
    PlacementReason.ANALYSIS,
    PlacementReason.CONTROL_SERVED,
)
_POSITION_SHIFT: Final = np.uint64(32)
_SPLIT: Final = BATCH_REASONS.index(PlacementReason.SPLIT)
_ANALYSIS: Final = BATCH_REASONS.index(PlacementReason.ANALYSIS)


def check_unit_ids(column: IdColumn, unit_ids: Sequence[str]) -> None:
    """Returns if every unit id is good; looks at them one by one only if not.

    Raises:
        InvalidArgument: INVALID_FIELD, naming every bad one.
    """
    if column.keeps_limits:
        return
    faults = [(index, trial.unit_id_fault(unit_id)) for index, unit_id in enumerate(unit_ids)]
    raise invalid_fields([FieldViolation(f"unit_ids[{index}]", fault) for index, fault in faults if fault])


def placed(policy: ServingPolicy, units: UnitColumn, keys: UnitColumn) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Returns arms (n,) and positions in BATCH_REASONS (n,).

    Args:
        policy: Has at most 127 arms.
        units: Placed in the traffic.
        keys: Placed among the arms; where units count they are the units.
    """
    snapshot, count = policy.snapshot, len(policy.arm_ids)
    if policy.fixed is not None:
        arm, reason = policy.fixed
        return np.full(len(units), arm, np.uint8), np.full(len(units), BATCH_REASONS.index(reason), np.uint8)
    arm_hashes = keys.hashes(snapshot.arm_salt)
    cells = _cells(policy, arm_hashes if policy.takes_all else units.hashes(snapshot.traffic_salt), arm_hashes)
    if (split := snapshot.analysis_split) is not None and policy.analysis_cut is not None:
        _move_to_split(cells, policy, policy.analysis_cut, units.hashes(split.salt), arm_hashes)
    elif policy.takes_all:
        return cells, np.zeros(len(cells), np.uint8)
    return _arms(count, snapshot.default_arm)[cells], _reasons(count)[cells]


def propensities(policy: ServingPolicy, arms: NDArray[np.uint8], reasons: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Returns the probabilities of answers, (n,); 1 where nothing was drawn.

    Args:
        policy: The one that answered.
        arms: Positions among its arms, (n,).
        reasons: Positions in BATCH_REASONS, (n,).
    """
    of_split = np.where(reasons == _ANALYSIS, np.array(policy.analysis_weights)[arms], 1.0)
    return np.where(reasons == _SPLIT, np.array(policy.weights)[arms], of_split)


def _cells(
    policy: ServingPolicy, traffic_hashes: NDArray[np.uint64], arm_hashes: NDArray[np.uint64]
) -> NDArray[np.uint8]:
    """Returns arms (n,); the first number beyond them for held-out units, the second for units outside."""
    count = len(policy.arm_ids)
    return assign(traffic_hashes, arm_hashes, policy.traffic_end, policy.holdout_start, *policy.cut, count, count + 1)


def _move_to_split(
    cells: NDArray[np.uint8],
    policy: ServingPolicy,
    cut: ArmCut,
    split_hashes: NDArray[np.uint64],
    arm_hashes: NDArray[np.uint64],
) -> None:
    """Gives the units of the analysis split their arms by its own cut: numbers from the third beyond the arms on."""
    count = len(policy.arm_ids)
    positions = split_hashes >> _POSITION_SHIFT
    rows = np.flatnonzero((positions < np.uint64(policy.analysis_end)) & (cells < count))
    hashes = arm_hashes[rows]
    cells[rows] = assign(hashes, hashes, RANGE, RANGE, *cut, 0, 0) + np.uint8(count + 2)


def _arms(count: int, default_arm: int) -> NDArray[np.uint8]:
    return np.array([*range(count), default_arm, default_arm, *range(count)], np.uint8)


def _reasons(count: int) -> NDArray[np.uint8]:
    beyond = [BATCH_REASONS.index(PlacementReason.HOLDOUT), BATCH_REASONS.index(PlacementReason.NOT_IN_TRAFFIC)]
    return np.array([_SPLIT] * count + beyond + [_ANALYSIS] * count, np.uint8)
