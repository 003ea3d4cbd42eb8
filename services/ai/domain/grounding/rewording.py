"""Claims that are right as typed and cannot be shown to be right as worded are told in the engine's words.

Whoever answers chooses what is told; none of the words that failed is published. What is typed wrongly, and what the
engine does not say itself, is dropped.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from services.ai.domain.grounding.checking import CLAIM_FIELDS
from services.ai.domain.grounding.claims import Answer, Claim, ClaimKind, Recommendation, Relation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.rules.engine_view import DIRECTED, baseline_of, lowered
from services.ai.domain.grounding.rules.violation import RuleId, Violation

WORDS: Final = frozenset(
    {
        RuleId.NUMBER,
        RuleId.SLOT,
        RuleId.ROLE,
        RuleId.MARKUP,
        RuleId.SCOPE,
        RuleId.WORDING,
        RuleId.CONTEXT,
        RuleId.VOCABULARY,
        RuleId.ASSURANCE,
        RuleId.ACTION,
        RuleId.RATIONALE,
    }
)
"""Rules that read the text alone: who breaks no others claims what the engine bears."""
_LEAST_SHARED: Final = 0.5
"""Of the facts that a claim cites, where they are what tells it from others of its type."""
_COMPARED: Final = frozenset({ClaimKind.EFFECT, ClaimKind.COMPARISON})

Told = TypeVar("Told", Claim, Recommendation)


@dataclass(frozen=True, slots=True)
class Part(Generic[Told]):
    """Is what becomes of a list of claims: those that say the same in the engine's words are told once.

    Attributes:
        kept: As they are, or in the engine's words.
        reworded_count: Those in the engine's words.
        dropped_count: Those that are told in no words.
    """

    kept: tuple[Told, ...]
    reworded_count: int = 0
    dropped_count: int = 0


@dataclass(frozen=True, slots=True)
class Reworded:
    """Is an answer with the engine's words where its own did not stand; the counts are those of all parts."""

    answer: Answer
    reworded_count: int
    dropped_count: int


def reworded(answer: Answer, engine: Answer, pack: EvidencePack, found: Iterable[Violation]) -> Reworded:
    """Returns an answer as far as its types hold; `found` is all that is wrong with it, `engine` the engine's own."""
    broken, own = _by_place(found), claims_of(engine)
    claims = {field: _claims(getattr(answer, field), field, own, pack, broken) for field in CLAIM_FIELDS}
    steps = _told(answer.next_steps, "next_steps[{}]", engine.next_steps, broken, _same_advice)
    advised = _told(
        _listed(answer.recommendation), "recommendation", _listed(engine.recommendation), broken, _same_advice
    )
    left = replace(
        answer,
        recommendation=next(iter(advised.kept), None),
        next_steps=steps.kept,
        **{field: part.kept for field, part in claims.items()},  # type: ignore[arg-type]
    )
    parts: list[Part[Claim] | Part[Recommendation]] = [*claims.values(), steps, advised]
    return Reworded(left, sum(one.reworded_count for one in parts), sum(one.dropped_count for one in parts))


def reworded_claims(
    claims: Sequence[Claim], path: str, own: Sequence[Claim], pack: EvidencePack, found: Iterable[Violation]
) -> Part[Claim]:
    """Returns a list of claims as far as their types hold; `own` are the engine's, `path` is that of the list."""
    return _claims(claims, path, own, pack, _by_place(found))


def claims_of(answer: Answer) -> tuple[Claim, ...]:
    """Returns all claims of an answer."""
    return tuple(claim for field in CLAIM_FIELDS for claim in getattr(answer, field))


def _by_place(found: Iterable[Violation]) -> Mapping[str, set[RuleId]]:
    """Returns which rules are broken, by the place of the claim, such as `statements[2]`."""
    broken = defaultdict[str, set[RuleId]](set)
    for one in found:
        broken[one.path.rpartition(".")[0]].add(one.rule)
    return broken


def _claims(
    claims: Sequence[Claim], path: str, own: Sequence[Claim], pack: EvidencePack, broken: Mapping[str, set[RuleId]]
) -> Part[Claim]:
    def same(said: Claim, other: Claim) -> bool:
        return _key(said, pack) == _key(other, pack) and (_is_told_by_type(said) or _shares_enough(said, other))

    return _told(claims, f"{path}[{{}}]", own, broken, same)


def _told(
    said: Sequence[Told],
    place: str,
    own: Sequence[Told],
    broken: Mapping[str, set[RuleId]],
    same: Callable[[Told, Told], bool],
) -> Part[Told]:
    rules = [broken.get(place.format(index), set[RuleId]()) - {RuleId.CERTAINTY} for index in range(len(said))]
    told = {one.text for one, wrong in zip(said, rules, strict=True) if not wrong}
    kept, reworded_count, dropped_count = list[Told](), 0, 0
    for one, wrong in zip(said, rules, strict=True):
        found = [other for other in own if same(one, other)] if wrong <= WORDS else []
        if not wrong:
            kept.append(one)
        elif not found:
            dropped_count += 1
        elif (best := _nearest(one, found, told)).text not in told:
            told.add(best.text)
            kept.append(best)
            reworded_count += 1
    return Part(tuple(kept), reworded_count, dropped_count)


def _nearest(said: Told, found: Sequence[Told], told: set[str]) -> Told:
    """Returns the one that shares most facts with what was said, of several one that is not told yet, or the first."""
    return max(found, key=lambda one: (_shared(said, one), one.text not in told))


def _key(claim: Claim, pack: EvidencePack) -> tuple[object, ...]:
    """Returns what a claim says, as typed; a comparison is an effect, and certainty is one of directions alone."""
    baseline = "" if baseline_of(claim, pack) == pack.control else claim.baseline
    kind = ClaimKind.EFFECT if claim.kind is ClaimKind.COMPARISON else claim.kind
    certainty = lowered(claim, pack) if claim.relation in DIRECTED else None
    place = (kind, claim.metric, claim.arm, baseline if claim.arm else "", claim.subject)
    return (*place, claim.relation, claim.valence, certainty, claim.check, claim.status)


def _is_told_by_type(claim: Claim) -> bool:
    """Says whether the type alone tells what is claimed; of other claims the facts that are cited are part of it."""
    judged = claim.kind is ClaimKind.POWER or (claim.kind in _COMPARED and bool(claim.arm))
    return claim.kind is ClaimKind.HEALTH or (judged and claim.relation is not Relation.STATED)


def _same_advice(said: Recommendation, other: Recommendation) -> bool:
    return (said.verdict, said.arm) == (other.verdict, other.arm)


def _shares_enough(said: Claim, other: Claim) -> bool:
    return _shared(said, other) >= _LEAST_SHARED * len(said.evidence_ids)


def _shared(said: Claim | Recommendation, other: Claim | Recommendation) -> int:
    return len(set(said.evidence_ids) & set(other.evidence_ids))


def _listed(advised: Recommendation | None) -> tuple[Recommendation, ...]:
    return () if advised is None else (advised,)
