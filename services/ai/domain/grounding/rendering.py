"""Puts checked claims into words: names and numbers in their slots, and a remark where less is known than is said."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Certainty, Claim, ClaimKind, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.names import label
from services.ai.domain.grounding.reading import Reader
from services.ai.domain.grounding.rules.engine_view import DIRECTED
from services.ai.domain.grounding.slots import SLOT, written

_REMARKS: Final = {
    Certainty.SUGGESTIVE: "suggestive, not established",
    Certainty.INCONCLUSIVE: "not to be relied on, as a condition for that is not met",
}
_ENDS: Final = ".!?"


class StatementKind(StrEnum):
    """Says what kind of statement it is; as in analysis.proto."""

    EFFECT = "EFFECT"
    HEALTH = "HEALTH"
    POWER = "POWER"
    ALLOCATION = "ALLOCATION"
    CAVEAT = "CAVEAT"
    RECOMMENDATION = "RECOMMENDATION"
    HISTORY = "HISTORY"


@dataclass(frozen=True, slots=True)
class Statement:
    """Is a sentence, its numbers filled in from the evidence, and what bears it."""

    text: str
    evidence_ids: tuple[str, ...]
    kind: StatementKind


def statement(said: Claim | Recommendation, pack: EvidencePack) -> Statement:
    """Returns a claim or an advice as a statement.

    Raises:
        KeyError: a slot is unknown or its format does not fit; `check` drops such texts.
    """
    text = SLOT.sub(lambda found: _filled(found[1], found[2] or "", pack), said.text)
    return Statement(_remarked(text, said, pack), said.evidence_ids, _kind(said))


def _filled(alias: str, style: str, pack: EvidencePack) -> str:
    return written(pack.fact_by_id[alias], style) if alias[0] == "E" else label(pack.ref_by_alias[alias])


def _kind(said: Claim | Recommendation) -> StatementKind:
    if isinstance(said, Recommendation):
        return StatementKind.RECOMMENDATION
    return StatementKind.EFFECT if said.kind is ClaimKind.COMPARISON else StatementKind(said.kind.name)


def _remarked(text: str, said: Claim | Recommendation, pack: EvidencePack) -> str:
    """Returns the text with a remark on its certainty, where an effect is told that is not established."""
    told = isinstance(said, Claim) and said.kind in (ClaimKind.EFFECT, ClaimKind.COMPARISON)
    if not isinstance(said, Claim) or not told or said.relation not in DIRECTED or said.certainty not in _REMARKS:
        return text
    if said.certainty is Certainty.SUGGESTIVE and Reader(pack).read(said.text).has(lexicon.HEDGES):
        return text
    body = text.rstrip(_ENDS)
    return f"{body} ({_REMARKS[said.certainty]}){text[len(body) :] or '.'}"
