"""Mutants of drafts: answers without their shape (R1), hypotheses (R7), designs (R8); each is to be found."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from services.ai.domain.grounding.claims import Claim, Relation
from services.ai.domain.grounding.designs import DesignChoice, DesignOption, check_choice, check_option
from services.ai.domain.grounding.evidence import EvidencePack, MetricRef
from services.ai.domain.grounding.hypotheses import HypothesisDraft, check_hypotheses
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.grounding.parsing import parse_answer
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.case import Case
from services.ai.evaluation.cases import cases
from services.ai.evaluation.matrix import Row
from shared.definition.model import MetricDirection, MetricRole

Document = dict[str, object]
_LEAST_SHARE: Final = 0.05
_MOST_DAYS: Final = 28


def draft_rows(clean: list[Case], chance: random.Random, most: int) -> Iterator[Row]:
    """Returns a row for each mutation of a draft; a rule that is the whole check has no row without it."""
    yield from _shape_rows(clean, chance, most)
    yield from _hypothesis_rows(chance, most)
    yield from _design_rows(chance, most)


def clean_draft_alarms(clean: list[Case], chance: random.Random, count: int) -> tuple[int, int]:
    """Returns how many drafts that are right there were, and how many of them were found fault with."""
    documents = [_document(case) for case in clean if isinstance(case.claim, Claim)][:count]
    wrong = sum(bool(parse_answer(one, evidence_sha256="")[1]) for one in documents)
    pack = planning_pack()
    wrong += sum(bool(check_hypotheses([_hypothesis(chance)], pack)[1]) for _ in range(count))
    wrong += sum(bool(_option_faults(_option(chance), pack)) for _ in range(count))
    return len(documents) + 2 * count, wrong


def _document(case: Case) -> Document:
    said = case.said(case.texts[0])
    assert isinstance(said, Claim)
    row: Document = {
        name: getattr(said, name) or ""
        for name in ("kind", "text", "metric", "arm", "baseline", "subject", "relation", "valence", "certainty")
    }
    row |= {"check": said.check or "", "status": said.status or "", "evidence_ids": list(said.evidence_ids)}
    rest = dict.fromkeys(("reasons", "next_steps", "what_would_change"), ())
    return {"recommendation": None, "statements": [row], **rest}


def _in_row(change: Callable[[Document], Mapping[str, object]]) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        rows = document["statements"]
        assert isinstance(rows, list)
        return document | {"statements": [rows[0] | change(rows[0])]}

    return changed


_SHAPES: Final[Mapping[str, Callable[[Document], Document]]] = {
    "unknown relation": _in_row(lambda _: {"relation": "skyrockets"}),
    "unknown certainty": _in_row(lambda _: {"certainty": "absolutely sure"}),
    "self-rated confidence": _in_row(lambda _: {"confidence": 0.99}),
    "no evidence": _in_row(lambda _: {"evidence_ids": []}),
    "evidence in words": _in_row(lambda _: {"evidence_ids": "E1 and others"}),
    "no text": _in_row(lambda _: {"text": ""}),
    "endless text": _in_row(lambda row: {"text": f"{row['text']}" * 500}),
    "prose instead of claims": lambda document: document | {"statements": "All is well."},
    "unknown section": lambda document: document | {"executive_summary": "All is well."},
}


def _shape_rows(clean: list[Case], chance: random.Random, most: int) -> Iterator[Row]:
    claims = [case for case in clean if isinstance(case.claim, Claim)]
    for name, change in _SHAPES.items():
        documents = [change(_document(case)) for case in chance.sample(claims, min(most, len(claims)))]
        found = sum(bool(parse_answer(one, evidence_sha256="")[1]) for one in documents)
        yield Row(name, RuleId.SHAPE, len(documents), found, None)


def planning_pack() -> EvidencePack:
    """Returns the pack of past experiments, with a historical band and a second metric to guard."""
    pack = next(case.pack for case in cases() if case.name == "past")
    band = replace(pack.facts[0], evidence_id="E90", kind=FactKind.BAND_HIGH, value=0.06, unit=Unit.SHARE)
    guard = MetricRef("M2", "refund_rate", MetricDirection.MINIMIZE, MetricRole.GUARDRAIL)
    return replace(pack, facts=(*pack.facts, band), metrics=(*pack.metrics, guard))


def _hypothesis(chance: random.Random) -> HypothesisDraft:
    case = next(case for case in cases() if case.name == "past")
    because = case.said(case.texts[0])
    done = ("Show the delivery date on the product page", "Shorten the form", "Move the button above the fold")
    low = chance.uniform(0, 0.03)
    return HypothesisDraft(
        chance.choice(done),
        "M1",
        chance.choice((Relation.INCREASE, Relation.DECREASE)),
        ("E1",),
        (because,) if isinstance(because, Claim) else (),
        "Visitors may find the date sooner.",
        low,
        chance.uniform(low, 0.06),
    )


_HYPOTHESES: Final[Mapping[str, Callable[[HypothesisDraft], HypothesisDraft]]] = {
    "hypothesis: invented metric": lambda draft: replace(draft, metric="M9"),
    "hypothesis: no direction": lambda draft: replace(draft, direction=Relation.NO_DETECTABLE_CHANGE),
    "hypothesis: beyond the band": lambda draft: replace(draft, expected_high=0.061),
    "hypothesis: half a range": lambda draft: replace(draft, expected_low=None),
    "hypothesis: no band": lambda draft: replace(draft, metric="M2"),
    "hypothesis: two interventions": lambda draft: replace(draft, intervention=f"{draft.intervention} and add a badge"),
    "hypothesis: nothing cited": lambda draft: replace(draft, evidence_ids=()),
    "hypothesis: invented evidence": lambda draft: replace(draft, evidence_ids=("E77",)),
    "hypothesis: promised size": lambda draft: replace(draft, intervention=f"{draft.intervention} for a 20 % lift"),
    "hypothesis: markup": lambda draft: replace(draft, intervention=f"<b>{draft.intervention}</b>"),
}


def _hypothesis_rows(chance: random.Random, most: int) -> Iterator[Row]:
    pack = planning_pack()
    for name, change in _HYPOTHESES.items():
        drafts = [change(_hypothesis(chance)) for _ in range(most)]
        yield Row(name, RuleId.HYPOTHESIS, most, *(_found(drafts, pack, off=off) for off in (None, RuleId.HYPOTHESIS)))
    stories = [replace(_hypothesis(chance), rationale="{{M1}} is proven to rise.") for _ in range(most)]
    found = (_found(stories, pack, off=off) for off in (None, RuleId.RATIONALE))
    yield Row("hypothesis: result as rationale", RuleId.RATIONALE, most, *found)


def _found(drafts: list[HypothesisDraft], pack: EvidencePack, *, off: RuleId | None) -> int:
    rules = frozenset(RuleId) - {off}
    return sum(bool(check_hypotheses([draft], pack, rules=rules)[1]) for draft in drafts)


def _option(chance: random.Random) -> DesignOption:
    share = chance.uniform(0.3, 0.7)
    return DesignOption("D1", "M1", ("M2",), (share, 1 - share), 7 * chance.randint(1, 4))


_OPTIONS: Final[Mapping[str, Callable[[DesignOption], DesignOption]]] = {
    "design: shares do not sum to 1": lambda option: replace(option, arm_shares=(*option.arm_shares, 0.1)),
    "design: share below the floor": lambda option: replace(option, arm_shares=(0.97, 0.03)),
    "design: no guardrail": lambda option: replace(option, guardrail_metrics=()),
    "design: primary as guardrail": lambda option: replace(option, guardrail_metrics=("M1",)),
    "design: invented metric": lambda option: replace(option, secondary_metrics=("M7",)),
    "design: parts of weeks": lambda option: replace(option, duration_days=option.duration_days - 3),
    "design: too long": lambda option: replace(option, duration_days=70),
}
_CHOICES: Final[Mapping[str, DesignChoice]] = {
    "design: none of the options": DesignChoice("D2"),
    "design: another primary": DesignChoice("D1", primary_metric="M2"),
    "design: guardrail left out": DesignChoice("D1", guardrail_metrics=()),
}


def _design_rows(chance: random.Random, most: int) -> Iterator[Row]:
    pack = planning_pack()
    for name, change in _OPTIONS.items():
        found = sum(bool(_option_faults(change(_option(chance)), pack)) for _ in range(most))
        yield Row(name, RuleId.DESIGN, most, found, None)
    for name, choice in _CHOICES.items():
        found = sum(bool(check_choice(choice, [_option(chance)])) for _ in range(most))
        yield Row(name, RuleId.DESIGN, most, found, None)


def _option_faults(option: DesignOption, pack: EvidencePack) -> tuple[object, ...]:
    return check_option(option, pack, least_share=_LEAST_SHARE, most_days=_MOST_DAYS)
