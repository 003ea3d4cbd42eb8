"""The question which of the computed designs to take and why, and how answers to it are held to the chosen one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.ai.domain.design.offers import Offer
from services.ai.domain.grounding.claims import Answer, Claim
from services.ai.domain.grounding.designs import DesignChoice, check_choice
from services.ai.domain.grounding.draft_parsing import parse_design
from services.ai.domain.grounding.inquiry import Heard, Inquiry, heard_words
from services.ai.domain.grounding.questions import design_question
from services.ai.domain.grounding.reading import Reader
from services.ai.domain.grounding.repair import Judgement, Outcome, feedback_of
from services.ai.domain.grounding.rules.violation import RuleId, Violation

NATURE: Final = re.compile(
    r"\b(?:looks?|looked|looking|look-ahead|peek\w*|any[ -]?time|interim|single-look|fixed\S*|sequential|bayesian"
    r"|horizon|monitor\w*|once|often|(?:at|by|until|before|after) the (?:very )?end|planned times|stop\w*"
    r"|bandits?|(?:un|re)?weight\w*|mov(?:e|es|ed|ing)|shift\w*|splits?|learn\w*|explor\w*|exploit\w*|polic(?:y|ies)"
    r"|updat\w*|propensit\w*|adapt\w*|adjust\w*|correct\w*|multiplicity|variance|prior|posterior|random\w*"
    r"|(?:un)?biased|bias|equal\w*|same|ramp\w*)\b",
    re.IGNORECASE,
)
"""Words on what a plan is like beyond its figures: no fact bears them, so that the engine alone says them."""


@dataclass(frozen=True, slots=True)
class ChosenDesign:
    """Is the design that was chosen, with words that its own evidence bears: risks are `statements`."""

    offer: Offer
    words: Answer


def design_inquiry(offers: Sequence[Offer], notes: dict[str, str] | None = None) -> Inquiry[ChosenDesign]:
    """Returns the inquiry; the first offer is the engine's choice."""
    first, options = offers[0], [one.option for one in offers]
    choice = DesignChoice(first.option.option_id, first.option.primary_metric, first.option.guardrail_metrics)

    def read(document: object, *, repaired: bool) -> Heard[ChosenDesign]:
        return _heard(document, offers, repaired=repaired)

    pack = first.evidence.pack
    return Inquiry(design_question(pack, options, choice, first.words, notes), pack, read, notes or {})


def _heard(document: object, offers: Sequence[Offer], *, repaired: bool) -> Heard[ChosenDesign]:
    choice, said, shape = parse_design(document, evidence_sha256="")
    wrong = check_choice(choice, [one.option for one in offers]) if choice else ()
    taken = next((one for one in offers if choice and one.option.option_id == choice.option_id), None)
    if taken is None or wrong:
        feedback = () if repaired else feedback_of((*shape, *wrong))
        outcome = Outcome.REPAIR if feedback else Outcome.ABSTAIN
        return Heard(None, Judgement(outcome, feedback), (*shape, *wrong), 0)
    return _heard_of(taken, said, shape, repaired=repaired)


def _heard_of(taken: Offer, said: Answer, shape: Sequence[Violation], *, repaired: bool) -> Heard[ChosenDesign]:
    """Returns the words as far as the chosen design bears them: they were written for all of them."""
    reasons, wrong_reasons = _without_nature(said.reasons, "reasons", taken)
    risks, wrong_risks = _without_nature(said.statements, "risks", taken)
    unborne = (*wrong_reasons, *wrong_risks)
    bound = Answer(taken.evidence.pack.sha256, reasons=reasons, statements=risks)
    heard = heard_words(bound, taken.evidence.pack, taken.words, (*shape, *unborne), repaired=repaired)
    judgement, left = heard.judgement, heard.said.reasons + heard.said.statements if heard.said else ()
    if judgement.outcome is Outcome.PUBLISH and len(unborne) > len(left):
        judgement = Judgement(Outcome.ABSTAIN)
    chosen = ChosenDesign(taken, heard.said) if heard.said else None
    dropped = heard.dropped_count + len(unborne)
    return Heard(chosen, judgement, heard.violations, dropped, heard.reworded_count, heard.told_count)


def _without_nature(
    claims: Sequence[Claim], path: str, taken: Offer
) -> tuple[tuple[Claim, ...], tuple[Violation, ...]]:
    """Returns the claims that leave to the engine what the plan is like."""
    own = {one.text for one in (*taken.words.reasons, *taken.words.statements)}
    reader, kept, found = Reader(taken.evidence.pack), list[Claim](), list[Violation]()
    for index, claim in enumerate(claims):
        named = None if claim.text in own else NATURE.search(reader.read(claim.text).outside_slots)
        found += [Violation(f"{path}[{index}].text", RuleId.CONTEXT, named[0])] if named else []
        kept += [] if named else [claim]
    return tuple(kept), tuple(found)
