"""Allocates very many units at once: packed columns in, packed columns out, nothing for each unit in between."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.bandit.service.batch import placed
from services.bandit.service.packed_units import PackedHashes, PackedIds, read_units
from services.bandit.service.policy_book import PolicyBook
from shared.errors import invalid_field
from shared.policy.snapshot import PolicyArm


class ColumnAllocation(NamedTuple):
    """Is the answer for very many units: entry i speaks of unit i.

    Attributes:
        arms: The arms with the probabilities that a unit drawn by the policy, or in the analysis split, gets each;
            nothing else was drawn.
        arm_indexes: Positions in arms, (n,) uint8.
        reasons: Positions in BATCH_REASONS, (n,) uint8.
        stale_seconds: How long ago the store last confirmed the policy; None while fresh.
    """

    arms: tuple[PolicyArm, ...]
    arm_indexes: NDArray[np.uint8]
    reasons: NDArray[np.uint8]
    policy_version: int
    stale_seconds: float | None


def allocate_columns(book: PolicyBook, experiment_id: str, packed: PackedIds | PackedHashes | None) -> ColumnAllocation:
    """Returns the arms of very many units; exposures are recorded later. About 10 ns for a hash, 25 ns for an id.

    Args:
        book: Has the policy.
        experiment_id: The experiment, one where units count.
        packed: The units; None is refused.

    Raises:
        InvalidArgument: INVALID_FIELD, naming what is wrong with the units, or the experiment where allocations
            count or contexts are needed.
        NotFound: EXPERIMENT_NOT_FOUND.
    """
    policy = book.policy(experiment_id)
    if policy.counts_allocations:
        raise invalid_field(
            "experiment_id",
            "counts every allocation by an id of its own, which columns have no room for: BatchAllocate",
        )
    if policy.needs_context:
        raise invalid_field("experiment_id", "goes by contexts, which columns have no room for: BatchAllocate")
    units = read_units(packed)
    arms, reasons = placed(policy, units, units)
    return ColumnAllocation(policy.snapshot.arms, arms, reasons, policy.answer_version, book.stale_seconds())
