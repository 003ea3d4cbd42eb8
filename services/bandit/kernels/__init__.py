"""Numba kernels: arrays and scalars in, arrays out; they know nothing of experiments.

Memory layout: a column of strings is one uint8 array of their bytes and an int64 array of n + 1 offsets (Arrow's).
Vectors over arms are contiguous float64 of shape (n_arms,). Public functions check shapes and dtypes, since
compiled code does not. No state is kept and the interpreter's lock is not held: all is safe for threads.
"""

import numpy as np

from services.bandit.kernels.assignment import assign, hash_column
from shared.kernels.best_arm import beta_best_arm, student_best_arm


def warm_up() -> None:
    """Compiles every kernel, or loads it from disk, so that no request waits for it."""
    data, offsets = np.zeros(1, np.uint8), np.array([0, 1])
    one = np.uint64(1)
    full = 1 << 32
    hash_column(data, offsets, 1)
    assign(data, offsets, data, offsets, one, one, full, full, np.zeros(1, np.uint32), np.zeros(1, np.int32), 1, 2)
    beta_best_arm(np.ones(2), np.ones(2))
    student_best_arm(np.zeros(2), np.ones(2), np.full(2, 5.0))
