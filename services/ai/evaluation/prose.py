"""Mutants of rendered prose, for the rule on numbers in texts that people wrote (R3')."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.raw_prose import check_prose
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.domain.grounding.slots import FORMATS, written
from services.ai.evaluation.case import Case
from services.ai.evaluation.matrix import Row
from services.ai.evaluation.mutations.figures import last_digit, scaled, sign, transposed, unit

_CHANGES: Final[Mapping[str, Callable[[str, Fact], str]]] = {
    "prose: last digit": last_digit,
    "prose: 5 % more": scaled(1.05),
    "prose: 20 % more": scaled(1.2),
    "prose: times 10": scaled(10),
    "prose: half": scaled(0.5),
    "prose: digits transposed": transposed,
    "prose: sign": sign,
    "prose: % for pp": unit,
}
_KINDS: Final = frozenset(
    {FactKind.RELATIVE_LIFT, FactKind.RELATIVE_LIFT_SIZE, FactKind.DIFFERENCE_SIZE, FactKind.MEAN}
)


def prose_rows(clean: Sequence[Case], chance: random.Random, most: int) -> Iterator[Row]:
    """Returns a row for each way to write a number wrongly that no other fact of the same scope would bear."""
    for name, change in _CHANGES.items():
        mutants = [one for case in chance.sample(clean, len(clean)) for one in _mutants(case, change)][:most]
        found = sum(bool(_faults(text, case)) for case, text in mutants)
        yield Row(name, RuleId.NUMBER, len(mutants), found, None)


def prose_alarms(clean: Sequence[Case]) -> tuple[int, int]:
    """Returns how many true texts there were once rendered, and in how many of them a number was found wrong."""
    texts = [(case, text) for case in clean for text in _rendered(case)]
    return len(texts), sum(bool(_faults(text, case)) for case, text in texts)


def _rendered(case: Case) -> Iterator[str]:
    if isinstance(case.claim, Claim) and case.claim.arm and case.pack.control:
        yield from (statement(case.said(text), case.pack).text for text in case.texts)


def _mutants(case: Case, change: Callable[[str, Fact], str]) -> Iterator[tuple[Case, str]]:
    facts = {written(fact): fact for fact in case.pack.facts if fact.kind in _KINDS and fact.metric == "M1"}
    for text in _rendered(case):
        for right, fact in facts.items():
            wrong = change(right, fact)
            if f" {right}" in text and wrong != right and not _borne(wrong, case):
                yield case, text.replace(f" {right}", f" {wrong}", 1)


def _borne(figure: str, case: Case) -> bool:
    """Says whether the wrong figure happens to be how another fact is written: half of 6.2 % may be a bound."""
    return any(
        figure.lstrip("+") == written(fact, style).lstrip("+")
        for fact in case.pack.facts
        for style in FORMATS[fact.unit]
    )


def _faults(text: str, case: Case) -> tuple[object, ...]:
    return check_prose(text, case.pack, metric="M1", arm=case.claim.arm, baseline=case.pack.control)
