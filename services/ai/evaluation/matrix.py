"""Runs the mutation matrix: how many mutants each type has found, false alarms, and the rows with a rule off."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.ai.domain.grounding.checking import ALL_RULES, check
from services.ai.domain.grounding.claims import Answer
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.evaluation.case import Case
from services.ai.evaluation.cases import cases
from services.ai.evaluation.mutations import MUTATIONS, Mutation
from services.ai.evaluation.narratives import narratives

Mutant = tuple[Answer, EvidencePack]


@dataclass(frozen=True, slots=True)
class Row:
    """Is how many of a mutation's mutants were found, with all rules and without the rule that is there for it.

    Attributes:
        found_without_rule_count: None where the rule is the whole check.
    """

    mutation: str
    rule: RuleId
    count: int
    found_count: int
    found_without_rule_count: int | None


def clean_cases(chance: random.Random, experiments: int) -> list[Case]:
    """Returns the fixed cases and those of so many random experiments."""
    return [*cases(), *(case for told in narratives(chance, experiments) for case in told)]


def false_alarms(clean: Sequence[Case]) -> tuple[int, list[tuple[str, Violation]]]:
    """Returns how many true texts there are, and what was found in them."""
    texts = [(case, text) for case in clean for text in case.texts]
    found = [(text, one) for case, text in texts for one in _violations(case.answer(text), case.pack)]
    return len(texts), found


def rows(clean: Sequence[Case], chance: random.Random, most: int) -> Iterator[Row]:
    """Returns a row for each mutation, from `most` mutants at most."""
    for mutation in MUTATIONS:
        mutants = _mutants(mutation, clean, chance, most)
        without = ALL_RULES - {mutation.rule}
        yield Row(
            mutation.name,
            mutation.rule,
            len(mutants),
            sum(is_found(answer, pack, ALL_RULES, mutation.rule) for answer, pack in mutants),
            sum(is_found(answer, pack, without, mutation.rule) for answer, pack in mutants),
        )


def is_found(answer: Answer, pack: EvidencePack, rules: frozenset[RuleId], aim: RuleId) -> bool:
    """Says whether anything is found; that a failed check is not told counts only where that is the mutation."""
    found = check(answer, pack, rules=rules).violations
    return any(one.rule is not RuleId.CAVEAT or aim is RuleId.CAVEAT for one in found)


def _mutants(mutation: Mutation, clean: Sequence[Case], chance: random.Random, most: int) -> list[Mutant]:
    made = list[Mutant]()
    for case in chance.sample(clean, len(clean)):
        for text in case.texts:
            answer = mutation.make(case, case.said(text), chance)
            made += [] if answer is None else [(answer, case.pack)]
        if len(made) >= most:
            break
    return made[:most]


def _violations(answer: Answer, pack: EvidencePack) -> tuple[Violation, ...]:
    found = check(answer, pack).violations
    return tuple(one for one in found if one.rule is not RuleId.CAVEAT)
