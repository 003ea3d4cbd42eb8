"""The question what is worth a test, and how answers to it become hypotheses, the engine's own among them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from services.ai.domain.grounding.draft_parsing import parse_hypotheses
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.hypotheses import HypothesisDraft, check_hypotheses
from services.ai.domain.grounding.inquiry import Heard, Inquiry, left_out
from services.ai.domain.grounding.questions import hypotheses_question
from services.ai.domain.grounding.repair import LEAST_KEPT_SHARE, Judgement, Outcome, feedback_of
from services.ai.domain.grounding.rewording import reworded_claims
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.domain.grounding.slots import SLOT
from services.ai.domain.hypotheses.completion import completed
from services.ai.domain.hypotheses.grounded import from_grounding, to_grounding
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.linting.lexicon import CHANGES
from services.ai.domain.hypotheses.model import Draft
from services.ai.domain.hypotheses.suggesting import Suggestion, best, suggestions, suggestions_of
from shared.statistics.design.severity import Severity

MOST_TOLD: Final = 40
"""Hypotheses that are there already are not all told: the newest are the likeliest to be repeated."""
_PLACE: Final = re.compile(r"^hypotheses\[([0-9]+)\]")
Suggestions = tuple[Suggestion, ...]


def hypotheses_inquiry(knowledge: Knowledge) -> Inquiry[Suggestions]:
    """Returns the inquiry; the answers that are read of it are completed, and no more than the brief wants."""
    own = {to_grounding(one.draft): one for one in suggestions(knowledge)}
    notes = notes_of(knowledge)

    def read(document: object, *, repaired: bool) -> Heard[Suggestions]:
        return _heard(document, knowledge, own, repaired=repaired)

    return Inquiry(hypotheses_question(knowledge.pack, tuple(own), notes), knowledge.pack, read, notes)


def notes_of(knowledge: Knowledge) -> dict[str, str]:
    """Returns what people wrote, by what it is: goal, constraints, descriptions, what was tried, what is there."""
    brief = knowledge.brief
    notes = {"goal": brief.goal}
    notes |= {f"constraint {place}": text for place, text in enumerate(brief.constraints, 1)}
    notes |= {f"description of {alias}": one.description for alias, one in knowledge.metric_by_alias.items()}
    notes |= {f"tried in {one.experiment}": one.row.intervention for one in knowledge.trials}
    notes |= {f"listed hypothesis {place}": one.intervention for place, one in enumerate(brief.stored[:MOST_TOLD], 1)}
    notes["wanted count"] = str(brief.max_count)
    return {name: text for name, text in notes.items() if text.strip()}


def _heard(
    document: object, knowledge: Knowledge, own: Mapping[HypothesisDraft, Suggestion], *, repaired: bool
) -> Heard[Suggestions]:
    drafts, shape = parse_hypotheses(document)
    sound, unsound = _sound(drafts, knowledge, own)
    _, broken = check_hypotheses(tuple(sound.values()), knowledge.pack)
    kept, _ = check_hypotheses(_reworded(tuple(sound.values()), own, broken, knowledge.pack), knowledge.pack)
    taken = [own[one].draft if one in own else from_grounding(one, knowledge) for one in kept]
    sorts = [own[one].sort if one in own else "" for one in kept]
    made = suggestions_of(zip(sorts, taken, strict=True), knowledge)
    violations = (*shape, *unsound, *_placed(broken, tuple(sound)), *_refused(taken, knowledge))
    said = best(made, knowledge.brief)
    if (feedback := feedback_of(violations)) and not repaired:
        return Heard(said, Judgement(Outcome.REPAIR, feedback), violations, 0)
    # Where the engine finds something, to say nothing is no better answer.
    enough = len(made) >= LEAST_KEPT_SHARE * (len(drafts) + left_out(shape)) and bool(made or not own)
    dropped = left_out(shape) + _parts(drafts) - _parts(kept) + len(taken) - len(made)
    judgement = Judgement(Outcome.PUBLISH if enough else Outcome.ABSTAIN)
    return Heard(said, judgement, violations, dropped, _reworded_count(drafts, kept), _parts(kept))


def _sound(
    drafts: Sequence[HypothesisDraft], knowledge: Knowledge, own: Mapping[HypothesisDraft, Suggestion]
) -> tuple[dict[int, HypothesisDraft], list[Violation]]:
    """Returns, by place, the drafts that are commands with no slots but names, without rationales that have others."""
    kept, found = dict[int, HypothesisDraft](), list[Violation]()
    for index, draft in enumerate(drafts):
        path = f"hypotheses[{index}]"
        fatal = [*_slots(draft.intervention, f"{path}.intervention", knowledge)]
        fatal += [] if draft in own else _command(draft.intervention, f"{path}.intervention")
        story = [*_slots(draft.rationale, f"{path}.rationale", knowledge)]
        found += (*fatal, *story)
        kept |= {} if fatal else {index: replace(draft, rationale="") if story else draft}
    return kept, found


def _reworded(
    drafts: Sequence[HypothesisDraft], own: Iterable[HypothesisDraft], found: Sequence[Violation], pack: EvidencePack
) -> tuple[HypothesisDraft, ...]:
    """Returns the drafts with the engine's claims in the place of those of which only the words are wrong."""
    said = tuple(dict.fromkeys(claim for draft in own for claim in draft.because))
    parts = (
        reworded_claims(one.because, f"hypotheses[{index}].because", said, pack, found)
        for index, one in enumerate(drafts)
    )
    return tuple(replace(one, because=part.kept) for one, part in zip(drafts, parts, strict=True))


def _reworded_count(drafts: Sequence[HypothesisDraft], kept: Sequence[HypothesisDraft]) -> int:
    texts = {claim.text for draft in drafts for claim in draft.because}
    return sum(claim.text not in texts for draft in kept for claim in draft.because)


def _placed(found: Sequence[Violation], places: Sequence[int]) -> Iterator[Violation]:
    """Yields what was found in drafts by the places that these had before others were left out."""
    for one in found:
        yield replace(one, path=_PLACE.sub(lambda at: f"hypotheses[{places[int(at[1])]}]", one.path))


def _slots(text: str, path: str, knowledge: Knowledge) -> Iterator[Violation]:
    """Yields slots that are no names of the pack."""
    known = knowledge.pack.ref_by_alias
    for slot in SLOT.finditer(text):
        if slot[1] not in known:
            yield Violation(path, RuleId.SLOT, slot[0], tuple(known))


def _command(text: str, path: str) -> Iterator[Violation]:
    """Yields a text that does not begin with a verb that changes something."""
    first = text.split(maxsplit=1)[0].casefold() if text.strip() else ""
    if first not in CHANGES:
        yield Violation(path, RuleId.HYPOTHESIS, first, ("a verb that says what is done",))


def _refused(drafts: Sequence[Draft], knowledge: Knowledge) -> Iterator[Violation]:
    """Yields why drafts make no hypotheses."""
    for index, draft in enumerate(drafts):
        done = completed(draft, knowledge)
        for one in done.findings if done.hypothesis is None else ():
            if one.severity is Severity.ERROR:
                yield Violation(f"kept[{index}].{one.field}", RuleId.HYPOTHESIS, one.message, (one.fix,))


def _parts(drafts: Sequence[HypothesisDraft]) -> int:
    return sum(1 + len(one.because) + bool(one.rationale) for one in drafts)
