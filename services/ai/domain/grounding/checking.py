"""Holds an answer against its evidence pack, claim by claim: drops what is not borne, lowers what is too sure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from services.ai.domain.grounding.claims import Answer, Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reader
from services.ai.domain.grounding.rules import (
    advice,
    certainty,
    context,
    in_segments,
    markup,
    membership,
    numbers,
    rationale,
    relation,
    roles,
    scope,
    wording,
)
from services.ai.domain.grounding.rules.engine_view import DIRECTED, lowered
from services.ai.domain.grounding.rules.signature import AdviceRule, ClaimRule
from services.ai.domain.grounding.rules.violation import RuleId, Violation

CLAIM_RULES: Final[Mapping[RuleId, ClaimRule]] = MappingProxyType(
    {
        RuleId.MEMBERSHIP: membership.membership,
        RuleId.CITATION: membership.citation,
        RuleId.NUMBER: numbers.number,
        RuleId.SLOT: numbers.slot,
        RuleId.ROLE: roles.role,
        RuleId.MARKUP: markup.markup,
        RuleId.RELATION: relation.relation,
        RuleId.VALENCE: relation.valence,
        RuleId.SCOPE: scope.scope,
        RuleId.WORDING: wording.wording,
        RuleId.CONTEXT: context.context,
        RuleId.VOCABULARY: wording.vocabulary,
        RuleId.CERTAINTY: certainty.certainty,
        RuleId.ASSURANCE: certainty.assurance,
        RuleId.ACTION: advice.no_action,
        RuleId.RATIONALE: rationale.mechanism,
    }
)
ADVICE_RULES: Final[Mapping[RuleId, AdviceRule]] = MappingProxyType(
    {
        RuleId.MEMBERSHIP: membership.advice_membership,
        RuleId.NUMBER: numbers.number,
        RuleId.SLOT: numbers.slot,
        RuleId.ROLE: roles.role,
        RuleId.MARKUP: markup.markup,
        RuleId.VOCABULARY: wording.vocabulary,
        RuleId.SCOPE: in_segments.advice_on_segments,
        RuleId.VERDICT: advice.verdict,
        RuleId.ACTION: advice.action,
        RuleId.RATIONALE: rationale.mechanism,
    }
)
ALL_RULES: Final = frozenset(RuleId)
_LOWERING: Final = frozenset({RuleId.CERTAINTY})
"""Rules whose violation is put right instead of dropping the claim."""
CLAIM_FIELDS: Final = ("reasons", "statements", "what_would_change")
"""Of an answer, those that hold claims."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Is an answer of which only what the evidence bears is left.

    Attributes:
        answer: Without what was dropped; certainties are lowered where they had to be.
        violations: Everything that was found, in the order of the answer.
        claim_count: Claims and pieces of advice that there were.
        dropped_count: Those that were dropped.
        whole: Whether the answer as a whole may stand: made for this pack, its failed health checks told.
    """

    answer: Answer
    violations: tuple[Violation, ...]
    claim_count: int
    dropped_count: int
    whole: bool


def check(answer: Answer, pack: EvidencePack, *, rules: Collection[RuleId] = ALL_RULES) -> Checked:
    """Returns what is left of an answer, and what was wrong with it; `rules` are the rules that are on."""
    reader, found = Reader(pack), list[Violation]()
    kept: dict[str, tuple[Claim, ...]] = {}
    for field in CLAIM_FIELDS:
        kept[field], violations = check_claims(getattr(answer, field), field, pack, reader=reader, rules=rules)
        found += violations
    steps, step_violations = _check_steps(answer.next_steps, pack, reader, rules)
    advised, advice_violations = _check_advised(answer.recommendation, pack, reader, rules)
    overall = [*_overall(answer, kept, pack, rules)]
    left = replace(answer, recommendation=advised, next_steps=steps, **kept)  # type: ignore[arg-type]
    count, left_count = count_of(answer), count_of(left)
    violations_found = (*found, *step_violations, *advice_violations, *overall)
    return Checked(left, violations_found, count, count - left_count, whole=not overall)


def count_of(answer: Answer) -> int:
    """Returns how many claims and pieces of advice an answer has."""
    claims = sum(len(getattr(answer, field)) for field in CLAIM_FIELDS)
    return claims + len(answer.next_steps) + (answer.recommendation is not None)


def check_claims(
    claims: Sequence[Claim],
    path: str,
    pack: EvidencePack,
    *,
    reader: Reader | None = None,
    rules: Collection[RuleId] = ALL_RULES,
) -> tuple[tuple[Claim, ...], tuple[Violation, ...]]:
    """Returns the claims that the pack bears, lowered where they are too sure, and what is wrong with all of them."""
    reader, kept, found = reader or Reader(pack), list[Claim](), list[Violation]()
    for index, claim in enumerate(claims):
        violations = _placed(_broken_by(claim, pack, reader, rules), f"{path}[{index}]")
        found += violations
        if all(one.rule in _LOWERING for one in violations):
            kept.append(_lowered(claim, pack) if RuleId.CERTAINTY in rules else claim)
    return tuple(kept), tuple(found)


def check_advice(
    advised: Recommendation,
    path: str,
    pack: EvidencePack,
    *,
    reader: Reader | None = None,
    rules: Collection[RuleId] = ALL_RULES,
) -> tuple[Violation, ...]:
    """Returns what is wrong with an advice."""
    reading = (reader or Reader(pack)).read(advised.text)
    on = (rule for rule_id, rule in ADVICE_RULES.items() if rule_id in rules)
    return tuple(_placed((one for rule in on for one in rule(advised, reading, pack)), path))


def _broken_by(claim: Claim, pack: EvidencePack, reader: Reader, rules: Collection[RuleId]) -> Iterator[Violation]:
    reading = reader.read(claim.text)
    for rule_id, rule in CLAIM_RULES.items():
        if rule_id in rules:
            yield from rule(claim, reading, pack)


def _placed(violations: Iterable[Violation], path: str) -> list[Violation]:
    return [replace(one, path=f"{path}.{one.path}") for one in violations]


def _lowered(claim: Claim, pack: EvidencePack) -> Claim:
    return replace(claim, certainty=lowered(claim, pack)) if claim.relation in DIRECTED else claim


def _check_steps(
    steps: Sequence[Recommendation], pack: EvidencePack, reader: Reader, rules: Collection[RuleId]
) -> tuple[tuple[Recommendation, ...], list[Violation]]:
    kept, found = list[Recommendation](), list[Violation]()
    for index, step in enumerate(steps):
        violations = check_advice(step, f"next_steps[{index}]", pack, reader=reader, rules=rules)
        found += violations
        kept += [] if violations else [step]
    return tuple(kept), found


def _check_advised(
    advised: Recommendation | None, pack: EvidencePack, reader: Reader, rules: Collection[RuleId]
) -> tuple[Recommendation | None, tuple[Violation, ...]]:
    if advised is None:
        return None, ()
    violations = check_advice(advised, "recommendation", pack, reader=reader, rules=rules)
    return (None if violations else advised), violations


def _overall(
    answer: Answer, kept: Mapping[str, tuple[Claim, ...]], pack: EvidencePack, rules: Collection[RuleId]
) -> Iterator[Violation]:
    if RuleId.PACK in rules and answer.evidence_sha256 != pack.sha256:
        yield Violation("evidence_sha256", RuleId.PACK, answer.evidence_sha256, (pack.sha256,))
    if RuleId.CAVEAT in rules:
        yield from certainty.caveats([*kept["reasons"], *kept["statements"]], pack)
