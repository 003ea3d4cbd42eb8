"""Mutations of advice: bolder than the engine's, for another arm, or said otherwise than typed; R6."""

import random
from dataclasses import replace
from typing import Final

from services.ai.domain.grounding.claims import Answer, Recommendation
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.case import Case
from services.ai.evaluation.mutations.mutation import Mutate, Mutation, Said, answer_of
from shared.statistics.decision.verdict import Verdict

_WORDS: Final = {
    Verdict.SHIP: "Ship {{V2}}.",
    Verdict.CONTINUE: "Continue the experiment.",
    Verdict.STOP_INCONCLUSIVE: "Stop the experiment.",
    Verdict.ROLL_BACK: "Roll back {{V2}}.",
    Verdict.INVESTIGATE: "Check the data.",
}
_BOLDER: Final = {
    Verdict.SHIP: Verdict.ROLL_BACK,
    Verdict.CONTINUE: Verdict.STOP_INCONCLUSIVE,
    Verdict.STOP_INCONCLUSIVE: Verdict.CONTINUE,
    Verdict.ROLL_BACK: Verdict.CONTINUE,
    Verdict.INVESTIGATE: Verdict.CONTINUE,
}


def _shipped(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Ships against the engine, against a guardrail, against a failed check: in type and in words."""
    if not isinstance(said, Recommendation) or said.verdict is Verdict.SHIP:
        return None
    return answer_of(case, replace(said, verdict=Verdict.SHIP, arm="V2", text=_WORDS[Verdict.SHIP]))


def _bolder(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Recommendation):
        return None
    verdict = _BOLDER[said.verdict]
    return answer_of(case, replace(said, verdict=verdict, arm="", text=_WORDS[verdict]))


def _other_arm(case: Case, said: Said, _: random.Random) -> Answer | None:
    if not isinstance(said, Recommendation) or said.verdict is not Verdict.SHIP:
        return None
    return answer_of(case, replace(said, arm=case.pack.control, text="Ship it."))


def _says(text: str, *verdicts: Verdict) -> Mutate:
    """Says something else than what is typed."""

    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        if not isinstance(said, Recommendation) or said.verdict not in verdicts:
            return None
        return answer_of(case, replace(said, text=text))

    return make


_ALL_BUT_SHIP: Final = tuple(verdict for verdict in Verdict if verdict is not Verdict.SHIP)

ADVISED: Final = (
    Mutation("ships what is not to ship", RuleId.VERDICT, _shipped),
    Mutation("another verdict", RuleId.VERDICT, _bolder),
    Mutation("ships another arm", RuleId.VERDICT, _other_arm),
    Mutation("words that ship", RuleId.ACTION, _says("Ship {{V2}}.", *_ALL_BUT_SHIP)),
    Mutation("words that do not ship", RuleId.ACTION, _says("Do not ship {{V2}}.", Verdict.SHIP)),
    Mutation("words that go on", RuleId.ACTION, _says("Continue.", Verdict.STOP_INCONCLUSIVE, Verdict.ROLL_BACK)),
    Mutation("result in an advice", RuleId.ACTION, _says("Continue, as {{V2}} is better.", Verdict.CONTINUE)),
)
