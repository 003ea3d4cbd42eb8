"""Mutations of what is typed: aliases, evidence, relation, valence, certainty; R0, R2, R4 and R5."""

import random
from dataclasses import replace
from typing import Final

from services.ai.domain.grounding.claims import Answer, Certainty, Claim, ClaimKind, Recommendation, Relation, Valence
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.rules.engine_view import valence_of
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.case import Case
from services.ai.evaluation.mutations.mutation import Mutate, Mutation, Said, answer_of
from shared.statistics.health.finding import Status

_FLIPPED: Final = {
    Relation.INCREASE: Relation.DECREASE,
    Relation.DECREASE: Relation.INCREASE,
    Relation.SUFFICIENT_DATA: Relation.INSUFFICIENT_DATA,
    Relation.HIGHEST: Relation.LOWEST,
}
_WORTH: Final = {Valence.BETTER: Valence.WORSE, Valence.WORSE: Valence.BETTER, Valence.NEUTRAL: Valence.BETTER}
_DIRECTED: Final = (Relation.INCREASE, Relation.DECREASE)


def _field(name: str, value: str) -> Mutate:
    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        if not isinstance(said, Claim) or not getattr(said, name):
            return None
        text = said.text.replace(f"{{{{{getattr(said, name)}}}}}", f"{{{{{value}}}}}")
        return answer_of(case, replace(said, text=text, **{name: value}))  # type: ignore[arg-type]

    return make


def _stale(case: Case, said: Said, _: random.Random) -> Answer:
    older = replace(case.pack, as_of=case.pack.as_of.replace(year=2025))
    return replace(answer_of(case, said), evidence_sha256=older.sha256)


def _evidence(*ids: str) -> Mutate:
    def make(case: Case, said: Said, _: random.Random) -> Answer:
        return answer_of(case, replace(said, evidence_ids=(*said.evidence_ids, *ids) if ids else ()))

    return make


def _cited(kind: FactKind, *, metric: str = "", instead: bool = False) -> Mutate:
    """Cites a fact of another kind or metric, beside the right ones or instead of them."""

    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        found = [one for one in case.pack.facts if one.kind is kind and one.metric == metric]
        slots = any(one in said.text for one in ("{{E",))
        if not isinstance(said, Claim) or said.kind is not ClaimKind.EFFECT or not found or (instead and slots):
            return None
        if said.relation is Relation.INSUFFICIENT_DATA:
            return None
        ids = (found[0].evidence_id,) if instead else (*said.evidence_ids, found[0].evidence_id)
        return answer_of(case, replace(said, evidence_ids=ids))

    return make


def _health_status(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Claim) or said.status is None:
        return None
    return answer_of(case, replace(said, status=Status.PASS if said.status is Status.FAIL else Status.FAIL))


def _relation(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Flips the relation and the words with it: a consistent lie, which the engine alone knows to be one."""
    if not isinstance(said, Claim) or said.relation not in _FLIPPED or said.kind is not ClaimKind.EFFECT:
        return None
    up = said.relation is Relation.DECREASE
    words = "{{%s}} raised {{%s}}." if up else "{{%s}} lowered {{%s}}."
    flipped = replace(said, relation=_FLIPPED[said.relation], valence=_WORTH[said.valence])
    return answer_of(case, replace(flipped, text=words % (said.arm, said.metric)))


def _invented_change(case: Case, said: Said, chance: random.Random) -> Answer | None:
    if not isinstance(said, Claim) or said.relation not in (Relation.NO_DETECTABLE_CHANGE, Relation.INSUFFICIENT_DATA):
        return None
    return _told_as(case, said, chance.choice(_DIRECTED))


def _denied_change(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Claim) or said.relation not in _DIRECTED:
        return None
    text = f"No change of {{{{{said.metric}}}}} was detected in {{{{{said.arm}}}}}."
    none = Relation.NO_DETECTABLE_CHANGE
    return answer_of(case, replace(said, relation=none, valence=Valence.NEUTRAL, text=text))


def _valence(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Takes the wanted direction for the other one, in words that do not judge."""
    if (
        not isinstance(said, Claim)
        or said.relation not in _DIRECTED
        or any(w in said.text for w in ("improve", "worse"))
    ):
        return None
    return answer_of(case, replace(said, valence=_WORTH[said.valence]))


def _certainty(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Claim) or said.relation not in _DIRECTED or said.certainty is Certainty.ESTABLISHED:
        return None
    return answer_of(case, replace(said, certainty=Certainty.ESTABLISHED))


def _dropped_caveat(case: Case, said: Said, _: random.Random) -> Answer | None:
    failed = any(one.status is Status.FAIL for one in case.pack.health)
    told = isinstance(said, Claim) and said.kind is ClaimKind.HEALTH
    return answer_of(case, said) if failed and not told and not isinstance(said, Recommendation) else None


def _told_as(case: Case, said: Claim, relation: Relation) -> Answer:
    verb = "raised" if relation is Relation.INCREASE else "lowered"
    text = f"{{{{{said.arm}}}}} {verb} {{{{{said.metric}}}}}."
    worth = valence_of(relation, said.metric, case.pack)
    return answer_of(case, replace(said, relation=relation, valence=worth, text=text))


TYPED: Final = (
    Mutation("stale evidence", RuleId.PACK, _stale),
    Mutation("invented metric", RuleId.MEMBERSHIP, _field("metric", "M9")),
    Mutation("near-miss alias", RuleId.MEMBERSHIP, _field("metric", "M11")),
    Mutation("invented arm", RuleId.MEMBERSHIP, _field("arm", "V9")),
    Mutation("invented evidence", RuleId.MEMBERSHIP, _evidence("E999")),
    Mutation("omitted evidence", RuleId.MEMBERSHIP, _evidence()),
    Mutation("health status", RuleId.MEMBERSHIP, _health_status),
    Mutation("evidence of another metric", RuleId.CITATION, _cited(FactKind.RELATIVE_LIFT, metric="M2")),
    Mutation("evidence of another kind", RuleId.CITATION, _cited(FactKind.TOTAL_UNITS, instead=True)),
    Mutation("direction, told alike", RuleId.RELATION, _relation),
    Mutation("significance invented", RuleId.RELATION, _invented_change),
    Mutation("significance denied", RuleId.RELATION, _denied_change),
    Mutation("wrong wanted direction", RuleId.VALENCE, _valence),
    Mutation("certainty inflated", RuleId.CERTAINTY, _certainty),
    Mutation("failed check not told", RuleId.CAVEAT, _dropped_caveat),
)
