"""Makes buffers refuse rows in a forked child, where no thread would ever deliver them."""

import os
from functools import cache
from typing import Any, Final
from weakref import WeakSet

from experimentation_client.buffer import Buffer

_REASON: Final = "the client was made before this process was forked: make one in every process"

_buffers: Final[WeakSet[Buffer[Any]]] = WeakSet()


def refuse_in_children(*buffers: Buffer[Any]) -> None:
    """Sees to it that the buffers take nothing in children of this process; what they hold is the parent's."""
    _buffers.update(buffers)
    _register()


@cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_abandon)


def _abandon() -> None:
    for buffer in _buffers:
        buffer.abandon(_REASON)
