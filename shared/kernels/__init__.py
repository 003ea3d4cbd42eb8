"""Numba kernels that more than one room uses, and how all kernels are compiled and checked.

Arrays and scalars in, arrays out; they know nothing of experiments. Vectors over arms are contiguous float64 of shape
(n_arms,). Public functions check shapes and dtypes, since compiled code does not. No state is kept and the
interpreter's lock is not held: all is safe for threads.
"""
