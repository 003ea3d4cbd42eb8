"""What a mutation is: a name, the rule that should find it, and how it is made."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from services.ai.domain.grounding.claims import Answer, Claim, Recommendation
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.case import Case

Said = Claim | Recommendation
Mutate = Callable[[Case, Said, random.Random], Answer | None]


@dataclass(frozen=True, slots=True)
class Mutation:
    """Is one way to make an answer false; `make` returns None where it does not apply."""

    name: str
    rule: RuleId
    make: Mutate


def answer_of(case: Case, said: Said) -> Answer:
    """Returns an answer of one claim or advice."""
    if isinstance(said, Recommendation):
        return Answer(case.pack.sha256, recommendation=said)
    return Answer(case.pack.sha256, statements=(said,))


def reworded(case: Case, said: Said, text: str) -> Answer | None:
    """Returns the answer in other words; None: they are the same."""
    return None if text == said.text else answer_of(case, replace(said, text=text))
