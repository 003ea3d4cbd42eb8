"""Compiles every kernel ahead of the first request."""

import numpy as np

from services.bandit.kernels.assignment import RANGE, assign
from services.bandit.kernels.best_arm import beta_best_arm
from services.bandit.kernels.columns import column_of
from services.bandit.kernels.hashing import hash_column


def warm_up() -> None:
    """Compiles all kernels; takes seconds the first time, less where the machine code is kept on disk."""
    keys = column_of(["unit"])
    hash_column(*keys, np.uint64(0))
    assign(
        keys,
        keys,
        arm_salt=0,
        traffic_salt=0,
        traffic_end=RANGE,
        holdout_start=RANGE,
        segment_starts=np.zeros(1, np.uint32),
        segment_cells=np.zeros(1, np.int32),
        holdout_cell=1,
        outside_cell=2,
    )
    beta_best_arm(np.ones(2), np.ones(2))
