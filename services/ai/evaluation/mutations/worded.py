"""Mutations of the words alone, beside a typed claim that is right; R3 markup, R4, R5 and R10."""

import random
import re
from collections.abc import Callable, Mapping
from typing import Final

from services.ai.domain.grounding.claims import Answer, Certainty, Claim, ClaimKind, Relation
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.case import Case
from services.ai.evaluation.mutations.mutation import Mutate, Mutation, Said, answer_of, reworded

_OPPOSITES: Final[Mapping[str, str]] = {
    "raised": "lowered",
    "lowered": "raised",
    "increased": "decreased",
    "decreased": "increased",
    "rose": "fell",
    "fell": "rose",
    "higher": "lower",
    "lower": "higher",
    "reduced": "increased",
    "improved": "worsened",
    "worse": "better",
    "passed": "failed",
    "failed": "passed",
}
_NEGATED: Final = {
    "raised": "did not raise",
    "lowered": "did not lower",
    "rose": "never rose",
    "fell": "never fell",
    "improved": "failed to improve",
    "increased": "did not increase",
    "reduced": "did not reduce",
    "higher": "no higher",
    "lower": "not lower",
    "is reached": "is not reached",
    "is not reached": "is reached",
    "as planned": "not as planned",
}
_DIRECTED: Final = (Relation.INCREASE, Relation.DECREASE)


def _replaced(words: Mapping[str, str]) -> Mutate:
    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        found = re.search(rf"\b({'|'.join(map(re.escape, words))})\b", said.text)
        if found is None or not isinstance(said, Claim):
            return None
        return reworded(case, said, said.text.replace(found[0], words[found[0]], 1))

    return make


def _said_instead(text: str, *relations: Relation) -> Mutate:
    """Says something else of the same metric and arm."""

    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        if not isinstance(said, Claim) or said.kind is not ClaimKind.EFFECT or said.relation not in relations:
            return None
        slots = {"<a>": said.arm, "<m>": said.metric, "<c>": case.pack.control}
        return reworded(case, said, re.sub("<[amc]>", lambda found: f"{{{{{slots[found[0]]}}}}}", text))

    return make


def _appended(tail: str, applies: Callable[[Claim], bool] = lambda _: True) -> Mutate:
    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        if not isinstance(said, Claim) or not applies(said):
            return None
        return reworded(case, said, f"{said.text.rstrip('.')}{tail}")

    return make


def _is_effect(claim: Claim) -> bool:
    return claim.kind is ClaimKind.EFFECT


def _is_unsure(claim: Claim) -> bool:
    return _is_effect(claim) and claim.certainty is not Certainty.ESTABLISHED and "not" not in claim.text.split()


def _is_sure(claim: Claim) -> bool:
    return claim.certainty is Certainty.ESTABLISHED


def _is_judged(claim: Claim) -> bool:
    return _is_effect(claim) and claim.relation is not Relation.INSUFFICIENT_DATA


def _each_day(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Makes a change one of each unit."""
    slot = re.search(r"by \{\{E\d+\}\}", said.text)
    return reworded(case, said, said.text.replace(slot[0], f"{slot[0]} per unit")) if slot else None


def _of_variance(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Says of the metric's variance what is true of its mean."""
    if not isinstance(said, Claim) or not _is_judged(said):
        return None
    metric = f"{{{{{said.metric}}}}}"
    return reworded(case, said, said.text.replace(metric, f"the variance of {metric}", 1))


def _other_metric(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Claim) or not said.metric:
        return None
    return reworded(case, said, said.text.replace(f"{{{{{said.metric}}}}}", "{{M2}}"))


def _arms_swapped(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Claim) or said.relation not in _DIRECTED:
        return None
    arm, control = f"{{{{{said.arm}}}}}", f"{{{{{case.pack.control}}}}}"
    swapped = said.text.replace(arm, "<>").replace(control, arm).replace("<>", control)
    return reworded(case, said, swapped)


def _unnamed_metric(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Claim) or not said.metric:
        return None
    return answer_of(case, said) and reworded(case, said, said.text.replace(f"{{{{{said.metric}}}}}", "it"))


WORDED: Final = (
    Mutation("bold", RuleId.MARKUP, _appended(" **now**.")),
    Mutation("link", RuleId.MARKUP, _appended(" (see here.there).")),
    Mutation("image", RuleId.MARKUP, _appended(" ![](there).")),
    Mutation("zero-width character", RuleId.MARKUP, _appended("\u200b.")),
    Mutation("bidirectional override", RuleId.MARKUP, _appended(" \u202enow.")),
    Mutation("second sentence", RuleId.MARKUP, _appended(". This is so.")),
    Mutation("metric swapped in text", RuleId.SCOPE, _other_metric),
    Mutation("arms swapped in text", RuleId.SCOPE, _arms_swapped),
    Mutation("metric not named", RuleId.SCOPE, _unnamed_metric),
    Mutation("opposite word", RuleId.WORDING, _replaced(_OPPOSITES)),
    Mutation("negated word", RuleId.WORDING, _replaced(_NEGATED)),
    Mutation("no effect", RuleId.WORDING, _said_instead("<a> has no effect on <m>.", Relation.NO_DETECTABLE_CHANGE)),
    Mutation("equal", RuleId.WORDING, _said_instead("<m> is the same in <a> and <c>.", Relation.NO_DETECTABLE_CHANGE)),
    Mutation("unchanged", RuleId.WORDING, _said_instead("<m> is unchanged in <a>.", *_DIRECTED)),
    Mutation("change of a change", RuleId.WORDING, _said_instead("<a> reduced the increase of <m>.", *_DIRECTED)),
    Mutation(
        "told as a trend", RuleId.WORDING, _said_instead("<a> seems to improve <m>.", Relation.NO_DETECTABLE_CHANGE)
    ),
    Mutation("forecast", RuleId.WORDING, _appended(" and always will.", _is_effect)),
    Mutation("figure of each day", RuleId.CONTEXT, _each_day),
    Mutation("part of the units", RuleId.CONTEXT, _appended(" in a group.", _is_judged)),
    Mutation("before the start", RuleId.CONTEXT, _appended(" before the start.", _is_judged)),
    Mutation("another quantity", RuleId.CONTEXT, _of_variance),
    Mutation("invented size", RuleId.VOCABULARY, _appended(" tremendously.", _is_effect)),
    Mutation("foreign matter", RuleId.VOCABULARY, _appended(", said the astronaut.")),
    Mutation("significant", RuleId.ASSURANCE, _appended(", which is conclusive.", _is_unsure)),
    Mutation("not significant", RuleId.ASSURANCE, _appended(", which is open.", _is_sure)),
    Mutation("causal story", RuleId.RATIONALE, _appended(", due to the version.", _is_effect)),
    Mutation("feelings", RuleId.RATIONALE, _appended(", as users prefer it.", _is_effect)),
    Mutation(
        "advice in a claim", RuleId.ACTION, _appended(": ship it.", lambda claim: claim.kind is not ClaimKind.HEALTH)
    ),
)
