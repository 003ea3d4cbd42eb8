"""Chooses how kernels are compiled; the only place that knows the options."""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

# No fastmath: the same bits on every replica. nogil: a learner thread must not stop the threads that serve.
OPTIONS: Final = {"nopython": True, "nogil": True, "fastmath": False, "error_model": "numpy"}


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
    # Numba has no types.
    return cast(Callable[P, R], numba.jit(cache=cache, **OPTIONS)(function))
