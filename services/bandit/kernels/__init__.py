"""Compiled arithmetic: arrays in, arrays out, nothing else.

Memory layout. Everything is a flat, contiguous, aligned array; K arms are K entries, in the order of the definition. A
column of strings is laid out as in Apache Arrow: one uint8 array with all the bytes, one int64 array with n + 1
offsets; string i is the bytes from offsets[i] to offsets[i + 1]. Nothing is changed in place, no state is kept, the
interpreter's lock is not held: every function is safe for threads.

Call `warm_up` before serving: the first call of a kernel compiles it, which takes seconds.
"""

from services.bandit.kernels.warm_up import warm_up

__all__ = ["warm_up"]
