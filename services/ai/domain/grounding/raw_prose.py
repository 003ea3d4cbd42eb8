"""R3': numbers in prose that people wrote, against the facts of what a sentence is about.

For texts that cannot have slots: edits by hand and old reports. A number matches a fact of the metric and the arm that
the text is about, or of none, if it is within half a unit of its last digit; % and pp are different units; with `about`
it may be off by a whole unit of the last digit, and by 5 % at most.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from services.ai.domain.grounding.evidence import EvidencePack, Fact
from services.ai.domain.grounding.kinds import SIGNED, SIZES, FactKind, Unit
from services.ai.domain.grounding.lexicon import NUMBER_WORDS
from services.ai.domain.grounding.names import label
from services.ai.domain.grounding.reading import Reader
from services.ai.domain.grounding.rules.violation import RuleId, Violation

_NUMBER: Final = re.compile(
    r"(?P<about>\b(?:about|around|roughly|approximately|some|nearly|almost)\s+|~\s*)?"
    r"(?P<bound>[<>]\s*|\b(?:below|less than|above|more than)\s+)?"
    r"(?P<role>\b(?:from|to|of|by|than|against)\s+)?(?P<sign>[+\-\u2212](?=[\d$]))?(?P<usd>\$)?"
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*"
    r"(?P<unit>%|pp\b|percent\b|percentage points?\b|days?\b|weeks?\b)?",
    re.IGNORECASE,
)
_UNITS: Final = {
    "%": frozenset({Unit.SHARE}),
    "percent": frozenset({Unit.SHARE}),
    "pp": frozenset({Unit.POINTS}),
    "percentage point": frozenset({Unit.POINTS}),
    "day": frozenset({Unit.DAYS}),
    "week": frozenset({Unit.WEEKS}),
    "$": frozenset({Unit.USD}),
    "": frozenset({Unit.UNITS, Unit.COUNT, Unit.VALUE, Unit.RATIO, Unit.PROBABILITY}),
}
_SCALED: Final = frozenset({Unit.SHARE, Unit.POINTS})
_UPPER_BOUNDS: Final = frozenset({"<", "below", "less than"})
_MOST_OFF: Final = 0.05
_SLACK: Final = 1e-9
_LEVELS: Final = frozenset({FactKind.MEAN, FactKind.BASELINE})


@dataclass(frozen=True, slots=True)
class Written:
    """Is a number as it was written.

    Attributes:
        value: Without its unit's scale: 3.4 % is 3.4.
        half_unit: Half of one in the last digit.
        signed: Whether a sign was written.
        role: `from`, `to` and the like right before it; empty: none.
    """

    text: str
    value: float
    half_unit: float
    signed: bool
    units: frozenset[Unit]
    bound: str
    about: bool
    role: str


def check_prose(text: str, pack: EvidencePack, *, metric: str, arm: str, baseline: str = "") -> tuple[Violation, ...]:
    """Returns the numbers of a text that no fact in the scope of its metric and arms bears, and its number words."""
    facts = [one for one in pack.facts if one.metric in ("", metric) and one.arm in ("", arm, baseline)]
    masked = Reader(pack).read(_without_labels(text, pack)).outside_slots
    words = (word for word in re.findall(r"[a-z]+", masked.casefold()) if word in NUMBER_WORDS - _UNIT_WORDS)
    found = [Violation("text", RuleId.NUMBER, word, ("figures",)) for word in words]
    found += (
        Violation("text", RuleId.NUMBER, one.text)
        for one in numbers_in(masked)
        if not any(_matches(one, fact, arm=arm, baseline=baseline) for fact in facts)
    )
    return tuple(found)


def _without_labels(text: str, pack: EvidencePack) -> str:
    for ref in pack.ref_by_alias.values():
        text = text.replace(label(ref), " ")
    return text


def numbers_in(text: str) -> Iterator[Written]:
    """Returns the numbers that a text has."""
    for match in _NUMBER.finditer(text):
        digits = match["number"].replace(",", "")
        decimals = len(digits.partition(".")[2])
        sign = -1.0 if match["sign"] in ("-", "\u2212") else 1.0
        yield Written(
            match[0].strip(),
            sign * float(digits),
            0.5 * 10.0**-decimals,
            bool(match["sign"]),
            _UNITS["$" if match["usd"] else (match["unit"] or "").casefold().rstrip("s")],
            (match["bound"] or "").strip().casefold(),
            bool(match["about"]),
            (match["role"] or "").strip().casefold(),
        )


_UNIT_WORDS: Final = frozenset({"percent", "percentage", "percentages"})


def _matches(written: Written, fact: Fact, *, arm: str, baseline: str) -> bool:
    if fact.unit not in written.units or not _fits_sign(written, fact) or not _fits_role(written, fact, arm, baseline):
        return False
    value = fact.value * (100 if fact.unit in _SCALED else 1)
    if written.bound:
        return value < written.value if written.bound in _UPPER_BOUNDS else value > written.value
    tolerance = min(2 * written.half_unit, _MOST_OFF * abs(value)) if written.about else written.half_unit
    return abs(written.value - value) <= tolerance + _SLACK * max(1.0, abs(value))


def _fits_sign(written: Written, fact: Fact) -> bool:
    """Says whether a sign is where one belongs: a size has none, and a negative value always has one."""
    if fact.kind in SIZES.values():
        return not written.signed
    return not written.signed or fact.kind in SIGNED


def _fits_role(written: Written, fact: Fact, arm: str, baseline: str) -> bool:
    """Says whether from and to stand before the right arm's mean."""
    if fact.kind not in _LEVELS or not baseline:
        return True
    wanted: Collection[str] = {"from": (baseline,), "against": (baseline,), "than": (baseline,), "to": (arm,)}.get(
        written.role, (arm, baseline)
    )
    return not fact.arm or fact.arm in wanted
