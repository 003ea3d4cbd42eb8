"""Text that others wrote: normalised before it is sent anywhere, and looked over for attempts to instruct."""

import re
import unicodedata
from typing import Final

NAME_LENGTH: Final = 120
DESCRIPTION_LENGTH: Final = 1500

_SUSPICIOUS: Final = re.compile(
    r"ignore (all |any )?(the )?(previous|prior|above|earlier)|disregard|system prompt|you are now|new instructions"
    r"|</?(system|user|assistant|data|instructions?)|role\"?\s*:|BEGIN|END OF|jailbreak|pretend|act as|reveal"
    r"|repeat the|\]\(|!\[|https?:|javascript:|base64|E[0-9]{3,}|do not follow|override"
    r"|instead (say|write|report|declare)|declare|must (say|write|report|conclude)|prob_?best|\{\{",
    re.IGNORECASE,
)


def cleaned(text: str, length: int) -> str:
    """Returns text without what cannot be seen, normalised (NFKC), on one line, cut to `length` characters.

    Goes: controls, formats (zero-width, bidirectional, tags), surrogates, private and unassigned characters, and
    combining marks beyond two in a row.
    """
    normal = unicodedata.normalize("NFKC", text)
    seen = "".join(one if unicodedata.category(one)[0] != "C" else _blank(one) for one in normal)
    stacked = re.sub(r"([\u0300-\u036f]{2})[\u0300-\u036f]+", r"\1", seen)
    return " ".join(stacked.split())[:length].rstrip()


def is_suspicious(text: str) -> bool:
    """Says whether text looks like instructions to a model: for a person to look at, it blocks nothing."""
    normal = unicodedata.normalize("NFKC", text)
    hidden = any(unicodedata.category(one) in ("Cf", "Co", "Cs") for one in normal)
    return hidden or bool(_SUSPICIOUS.search(cleaned(text, len(text))))


def _blank(character: str) -> str:
    return " " if character in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85" else ""
