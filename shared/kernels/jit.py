"""Chooses how kernels are compiled; the only place that knows the options."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Returns the function as machine code, made at its first call and kept on disk where that is possible.

    What is on disk is renewed when the function's own file changes, and only then: a kernel that calls a kernel of
    another file must not be kept, see `jit_uncached`.
    """
    try:
        return _compiled(function, cache=True)
    except RuntimeError:  # Neither __pycache__ nor the user's cache directory can be written.
        return jit_uncached(function)


def jit_uncached(function: Callable[P, R]) -> Callable[P, R]:
    """Returns the function as machine code that every process makes anew."""
    return _compiled(function, cache=False)


def _compiled(function: Callable[P, R], *, cache: bool) -> Callable[P, R]:
    # No fastmath: the same bits on every replica. nogil: a learner's thread must not stop those that serve.
    compiled = numba.jit(nopython=True, nogil=True, fastmath=False, error_model="numpy", cache=cache)(function)
    # Numba's own types leave out how the function is called.
    return cast(Callable[P, R], compiled)
