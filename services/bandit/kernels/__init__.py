"""Numba kernels: arrays and scalars in, arrays out; they know nothing of experiments.

Memory layout: a column of strings is one uint8 array of their bytes and an int64 array of n + 1 offsets (Arrow's).
Vectors over arms are contiguous float64 of shape (n_arms,). Public functions check shapes and dtypes, since
compiled code does not. No state is kept and the interpreter's lock is not held: all is safe for threads.
"""

import numpy as np

from services.bandit.kernels.assignment import assign
from services.bandit.kernels.context_scores import (
    bound_shares,
    draw_shares,
    gap_shares,
    place_by_bounds,
    place_by_draws,
    place_by_gaps,
)
from services.bandit.kernels.hashing import hash_column, hash_hexadecimal
from services.bandit.kernels.index_play import play_bernoulli, play_normal
from shared.kernels.best_arm import beta_best_arm, gamma_best_arm, student_best_arm


def warm_up() -> None:
    """Compiles every kernel, or loads it from disk, so that no request waits for it."""
    hashes, full = hash_column(np.zeros(1, np.uint8), np.array([0, 1]), 1), 1 << 32
    hash_hexadecimal(hashes, 1)
    assign(hashes, hashes, full, full, np.zeros(1, np.uint32), np.zeros(1, np.uint8), 1, 2)
    beta_best_arm(np.ones(2), np.ones(2))
    student_best_arm(np.zeros(2), np.ones(2), np.full(2, 5.0))
    gamma_best_arm(np.ones(2), np.ones(2))
    play_bernoulli(np.zeros(2), np.ones(2), 0.0, 1)
    play_normal(np.zeros(2), np.ones(2), 1.0, 0.0, 1)
    bank, contexts = np.zeros((2, 1, 1), np.float32), np.zeros((1, 1))
    draw_shares(bank, contexts)
    bound_shares(bank, contexts)
    gap_shares(bank, contexts, 0.0)
    bank.flags.writeable = False
    context = np.zeros((1, 1), np.float32)
    place_by_draws(np.zeros((1, 1, 2)), np.zeros(1), np.zeros(1), 0)
    place_by_bounds(bank, np.zeros(1), context, 0)
    place_by_gaps(bank, 0.0, np.zeros(1), context, 0)
