"""Mutations of figures: digits that are written, slots that are wrong, numbers in each other's place; R3."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from services.ai.domain.grounding.claims import Answer, Claim, ClaimKind, Relation
from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.domain.grounding.slots import written
from services.ai.evaluation.case import Case
from services.ai.evaluation.mutations.mutation import Mutate, Mutation, Said, answer_of, reworded

_SLOT: Final = re.compile(r"\{\{(E\d+)\}\}")


def _digits(change: Callable[[str, Fact], str]) -> Mutate:
    """Writes the first figure instead of its slot, and writes it wrongly."""

    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        slot = _SLOT.search(said.text)
        if slot is None:
            return None
        fact = case.pack.fact_by_id[slot[1]]
        right = written(fact)
        wrong = change(right, fact)
        return None if wrong == right else reworded(case, said, said.text.replace(slot[0], wrong, 1))

    return make


def scaled(factor: float) -> Callable[[str, Fact], str]:
    """Returns the change of a figure by a factor."""
    return lambda _, fact: written(replace(fact, value=fact.value * factor))


def last_digit(text: str, _: Fact) -> str:
    """Returns a figure whose last digit is one more."""
    at = max(index for index, one in enumerate(text) if one.isdigit())
    return f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}"


def transposed(text: str, _: Fact) -> str:
    """Returns a figure with its first two neighbouring digits in each other's place."""
    return re.sub(r"(\d)(\d)", r"\2\1", text, count=1)


def sign(text: str, _: Fact) -> str:
    """Returns a figure with the other sign."""
    return text.replace("\u2212", "") if "\u2212" in text else f"\u2212{text.lstrip('+')}"


def unit(text: str, _: Fact) -> str:
    """Returns a figure with % for pp, or the other way round."""
    return text.replace("%", "pp") if "%" in text else text.replace("pp", "%")


def _word(text: str, _: Fact) -> str:
    return "seven percent" if "%" in text else "several dozen"


def _slot_style(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Asks for the format of another unit: a share as points, a count as a share."""
    slot = _SLOT.search(said.text)
    if slot is None:
        return None
    style = "pp1" if case.pack.fact_by_id[slot[1]].unit is Unit.SHARE else "pct1"
    return reworded(case, said, said.text.replace(slot[0], f"{{{{{slot[1]}|{style}}}}}", 1))


def _broken_slot(case: Case, said: Said, _: random.Random) -> Answer | None:
    slot = _SLOT.search(said.text)
    return reworded(case, said, said.text.replace(slot[0], f"{{{slot[0]}", 1)) if slot else None


def _uncited(case: Case, said: Said, _: random.Random) -> Answer | None:
    slot = _SLOT.search(said.text)
    rest = tuple(one for one in said.evidence_ids if slot is None or one != slot[1])
    return answer_of(case, replace(said, evidence_ids=rest)) if slot and rest else None


def _swapped(kind: FactKind, other: FactKind) -> Mutate:
    """Puts a figure of another kind, of the same metric and arm, where one belongs, and cites it."""

    def make(case: Case, said: Said, _: random.Random) -> Answer | None:
        for slot in _SLOT.finditer(said.text):
            fact = case.pack.fact_by_id[slot[1]]
            rivals = [one for one in case.pack.facts if one.kind is other and one.arm in ("", fact.arm)]
            rivals = [one for one in rivals if one.metric in ("", fact.metric) and one.value != fact.value]
            if fact.kind is kind and rivals:
                text = said.text.replace(slot[0], f"{{{{{rivals[0].evidence_id}}}}}", 1)
                ids = (*said.evidence_ids, rivals[0].evidence_id)
                return answer_of(case, replace(said, text=text, evidence_ids=tuple(dict.fromkeys(ids))))
        return None

    return make


def _from_to(case: Case, said: Said, _: random.Random) -> Answer | None:
    found = re.search(r"from (\{\{E\d+\}\}) to (\{\{E\d+\}\})", said.text)
    if found is None:
        return None
    return reworded(case, said, said.text.replace(found[0], f"from {found[2]} to {found[1]}"))


def _total(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Tells the units of all arms as those of one."""
    arm_units = [one for one in case.pack.facts if one.kind is FactKind.UNITS]
    total = [one for one in case.pack.facts if one.kind is FactKind.TOTAL_UNITS]
    slots = {one.evidence_id for one in arm_units} & set(_SLOT.findall(said.text))
    if not slots or not total or not isinstance(said, Claim):
        return None
    text, ids = said.text, said.evidence_ids
    for one in slots:
        text = text.replace(f"{{{{{one}}}}}", f"{{{{{total[0].evidence_id}}}}}")
        ids = (*ids, total[0].evidence_id)
    return answer_of(case, replace(said, text=text, evidence_ids=ids))


def _negated(case: Case, said: Said, _: random.Random) -> Answer | None:
    """Puts a negative change after `fell by`, so that it reads as a rise."""
    is_fall = isinstance(said, Claim) and said.relation is Relation.DECREASE and said.kind is ClaimKind.EFFECT
    return _swapped(FactKind.RELATIVE_LIFT_SIZE, FactKind.RELATIVE_LIFT)(case, said, _) if is_fall else None


FIGURES: Final = (
    Mutation("last digit", RuleId.NUMBER, _digits(last_digit)),
    Mutation("5 % more", RuleId.NUMBER, _digits(scaled(1.05))),
    Mutation("20 % more", RuleId.NUMBER, _digits(scaled(1.2))),
    Mutation("times 10", RuleId.NUMBER, _digits(scaled(10))),
    Mutation("half", RuleId.NUMBER, _digits(scaled(0.5))),
    Mutation("digits transposed", RuleId.NUMBER, _digits(transposed)),
    Mutation("sign", RuleId.NUMBER, _digits(sign)),
    Mutation("% for pp", RuleId.NUMBER, _digits(unit)),
    Mutation("number word", RuleId.NUMBER, _digits(_word)),
    Mutation("format of another unit", RuleId.SLOT, _slot_style),
    Mutation("malformed slot", RuleId.SLOT, _broken_slot),
    Mutation("slot not cited", RuleId.SLOT, _uncited),
    Mutation("mean for lift", RuleId.ROLE, _swapped(FactKind.RELATIVE_LIFT, FactKind.MEAN)),
    Mutation("lift for mean", RuleId.ROLE, _swapped(FactKind.MEAN, FactKind.RELATIVE_LIFT)),
    Mutation("p-value for lift", RuleId.ROLE, _swapped(FactKind.RELATIVE_LIFT_SIZE, FactKind.P_VALUE)),
    Mutation("required for reached", RuleId.ROLE, _swapped(FactKind.UNITS, FactKind.REQUIRED_UNITS)),
    Mutation("missing for required", RuleId.ROLE, _swapped(FactKind.REQUIRED_UNITS, FactKind.MISSING_UNITS)),
    Mutation("from and to", RuleId.ROLE, _from_to),
    Mutation("total for one arm", RuleId.ROLE, _total),
    Mutation("negated value", RuleId.ROLE, _negated),
)
