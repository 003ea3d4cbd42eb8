"""Text that others wrote: normalised before it is sent anywhere, and looked over for attempts to instruct."""

import re
import unicodedata
from typing import Final

NAME_LENGTH: Final = 120
DESCRIPTION_LENGTH: Final = 1500
_LOOKED_AT: Final = 2 * DESCRIPTION_LENGTH
_MOST_HIDDEN: Final = 4
"""Characters that may vanish for each that stays: what comes after is cut unseen."""

_INSTRUCTIONS: Final = re.compile(
    r"\b(ignore|disregard|forget|override|pretend|jailbreak|obey|decode|reveal)\b"
    r"|\b(you are now|act as|new instructions|system prompt|your (rules|instructions|prompt|json|reference))\b"
    r"|\b(always|must|now|instead|only) (say|write|report|declare|answer|conclude|output|recommend)"
    r"|\b(say|state|write|report|declare) (that|so\b|\w+ (as|the) )|\b(recommend|approve) (launch|ship)"
    r"|\b(repeat|print|translate|put) (the|your|all|them)\b|\bset confidence\b|\bprob_?best\b|\bE[0-9]{3,}\b",
    re.IGNORECASE,
)
_STRUCTURE: Final = re.compile(
    r"[{}<>|`\\]|\]\(|!\[|\]\]|\[/?inst\]|-{3,}|#{2,}|\bEOF\b|https?:|javascript:|\w@\w{1,60}\.\w"
    r"|\b(human|assistant|system|user|operator|role|tool result)\s*\"?:",
    re.IGNORECASE,
)
_ENCODED: Final = re.compile(
    r"[A-Za-z0-9+/]{20,400}={0,2}(?![\w-])|(?:\b[0-9a-f]{2}\b ?){5}|\b[0-9]?[a-z]{1,3}[0-9][a-z]{1,3}[0-9]",
    re.IGNORECASE,
)


def cleaned(text: str, length: int) -> str:
    """Returns text without what cannot be seen, normalised (NFKC), on one line, cut to `length` characters.

    Goes: controls, formats (zero-width, bidirectional, tags), surrogates, private and unassigned characters, and
    combining marks beyond two in a row.
    """
    normal = unicodedata.normalize("NFKC", text[: _MOST_HIDDEN * length])
    seen = "".join(one if unicodedata.category(one)[0] != "C" else _blank(one) for one in normal)
    stacked = re.sub(r"([\u0300-\u036f]{2})[\u0300-\u036f]+", r"\1", seen)
    return " ".join(stacked.split())[:length].rstrip()


def is_suspicious(text: str) -> bool:
    """Says whether text looks like instructions to a model: for a person to look at, it blocks nothing."""
    shown = cleaned(text, _LOOKED_AT)
    patterns = any(one.search(shown) for one in (_INSTRUCTIONS, _STRUCTURE, _ENCODED))
    return patterns or _is_hidden(text) or _mixes_scripts(shown)


def _is_hidden(text: str) -> bool:
    return any(unicodedata.category(one) in ("Cf", "Co", "Cs") for one in text[:_LOOKED_AT])


def _mixes_scripts(text: str) -> bool:
    """Says whether a word has letters of two alphabets, as look-alikes do."""
    return any(
        len({unicodedata.name(one, "").split(" ")[0] for one in word if one.isalpha()}) > 1 for word in text.split()
    )


def _blank(character: str) -> str:
    return " " if character in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85" else ""
