"""Words of degree and their opposites, so that a change can be turned around, and is not taken for its contrary.

Only changes of degree are turned around. The opposite of adding what was not there is the control, which is no change;
what was taken away and missed is brought to the fore.
"""

import re
from typing import Final

from services.ai.domain.hypotheses.similarity import tokens

_PAIRS: Final = (
    ("shorten", "lengthen"),
    ("shorter", "longer"),
    ("shrink", "enlarge"),
    ("smaller", "bigger"),
    ("smaller", "larger"),
    ("less", "more"),
    ("fewer", "more"),
    ("decrease", "increase"),
    ("reduce", "increase"),
    ("lower", "raise"),
    ("slow", "speed"),
    ("slower", "faster"),
    ("later", "earlier"),
    ("demote", "promote"),
    ("narrow", "widen"),
    ("narrower", "wider"),
    ("collapse", "expand"),
    ("simplify", "elaborate"),
)
_TAKEN_AWAY: Final = ("remove", "hide", "drop", "omit")
_BROUGHT_BACK: Final = ("add", "show", "keep", "restore", "emphasise")
_OPPOSITES: Final = {
    **{up: down for down, up in _PAIRS},
    **dict(_PAIRS),
    **dict.fromkeys(_TAKEN_AWAY, "emphasise"),
}
_CONTRARY: Final = frozenset(
    pair
    for one, other in (*_PAIRS, *((away, back) for away in _TAKEN_AWAY for back in _BROUGHT_BACK), ("before", "after"))
    for pair in ((one, other), (other, one))
) | {pair for word in ("no", "not", "without") for pair in ((word, ""), ("", word))}
_WORD: Final = re.compile(r"[A-Za-z]+")


def opposite_of(intervention: str) -> str:
    """Returns the opposite of a change of one degree; empty: it has none, or it changes several."""
    found = [match for match in _WORD.finditer(intervention) if match[0].casefold() in _OPPOSITES]
    if len(found) != 1:
        return ""
    word = found[0]
    turned = _OPPOSITES[word[0].casefold()]
    turned = turned.capitalize() if word[0][0].isupper() else turned
    return f"{intervention[: word.start()]}{turned}{intervention[word.end() :]}"


def are_contrary(one: str, other: str) -> bool:
    """Says whether one text has a word whose opposite the other has in its place, or denies what the other does not."""
    left, right = set(tokens(one)), set(tokens(other))
    only_left, only_right = left - right, right - left
    return any((a, b) in _CONTRARY for a in {*only_left, ""} for b in {*only_right, ""})
