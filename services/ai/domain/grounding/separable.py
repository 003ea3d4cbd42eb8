"""Verbs whose particle stands behind their object: `take it back` is read as `roll_back it`."""

from collections.abc import Mapping
from typing import Final

_SEPARABLE: Final[Mapping[tuple[str, str], str]] = {
    ("roll", "back"): "roll_back",
    ("rolling", "back"): "rolling_back",
    ("take", "back"): "roll_back",
    ("taking", "back"): "rolling_back",
    ("switch", "off"): "roll_back",
    ("switching", "off"): "rolling_back",
    ("turn", "off"): "roll_back",
    ("turning", "off"): "rolling_back",
    ("roll", "out"): "roll_out",
    ("rolling", "out"): "rolling_out",
    ("wind", "down"): "stop",
    ("call", "off"): "stop",
    ("shut", "down"): "stop",
    ("bring", "end"): "stop",
    ("leave", "on"): "keep_running",
    ("leave", "running"): "keep_running",
    ("let", "run"): "keep_running",
    ("let", "continue"): "keep_running",
    ("keep", "going"): "keep_going",
}
_FIRSTS: Final = frozenset(first for first, _ in _SEPARABLE)
_REACH: Final = 4
"""How many words and names an object has at most."""


def particle_of(words: list[str]) -> tuple[int, str] | None:
    """Returns where the particle of the verb is that the words begin with, and what both are read as; None: nowhere.

    Args:
        words: Of a name and a slot `@`, of a mark the empty text.
    """
    if not words or words[0] not in _FIRSTS:
        return None
    for at, word in enumerate(words[1 : _REACH + 2], start=1):
        if not word:
            return None
        if read_as := _SEPARABLE.get((words[0], word)):
            return at, read_as
    return None
