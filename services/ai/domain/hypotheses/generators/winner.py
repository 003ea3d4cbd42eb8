"""Extends a winner: to a segment or a surface where its change was not tried, or else by a stronger variant."""

import re
from collections.abc import Iterator
from typing import Final

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.generators.drafting import draft, may_decide, may_stand, of_the_same_change
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.linting.lexicon import JOINTS
from services.ai.domain.hypotheses.model import Draft, Kin, Kinship
from services.ai.domain.metrics import PastOutcome

_WORDS: Final = re.compile(r"[A-Za-z]+(?:[ -][A-Za-z]+){0,3}")


def extend_winner(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields a draft for each past experiment that won, where something is left to try."""
    for trial in knowledge.trials:
        if trial.row.outcome is not PastOutcome.WON or not may_decide(knowledge, trial.metric):
            continue
        intervention, segment = _extension(knowledge, trial)
        extended = draft(
            knowledge,
            intervention,
            trial.metric,
            (because.result(knowledge, trial),),
            rationale="What moved these units may move others by the same means.",
            segment=segment,
            builds_on=(Kin(trial.experiment, Kinship.VARIATION),),
        )
        if intervention and may_stand(extended, knowledge):
            yield extended


def _extension(knowledge: Knowledge, trial: Trial) -> tuple[str, str]:
    """Returns what to try and in which segment; an empty text: nothing is left."""
    change, tried = f"the change of {{{{{trial.experiment}}}}}", list(of_the_same_change(knowledge, trial))
    if trial.segment:
        if segment := _untried_segment(knowledge, trial, {one.segment for one in tried}):
            return f"Apply {change} to {{{{{segment}}}}}", segment
        return "", ""
    if trial.row.tags:
        surface = _untried_surface(knowledge, {tag for one in tried for tag in one.row.tags})
        return (f"Apply {change} at {surface}", "") if surface else ("", "")
    return (f"Try a stronger variant of {change}", "") if len(tried) == 1 else ("", "")


def _untried_segment(knowledge: Knowledge, trial: Trial, tried: set[str]) -> str:
    """Returns the largest segment in which the change was not tried; empty: there is none, or all units had it."""
    if "" in tried:
        return ""
    left = [
        one for one in knowledge.metric_by_alias[trial.metric].segments if _alias(knowledge, one.segment) not in tried
    ]
    return _alias(knowledge, max(left, key=lambda one: one.unit_count).segment) if left else ""


def _untried_surface(knowledge: Knowledge, tried: set[str]) -> str:
    """Returns the first tag of other experiments that this change never had; empty: there is none."""
    known = (tag for one in knowledge.trials for tag in one.row.tags if tag not in knowledge.alias_of_segment)
    return next((tag for tag in known if tag not in tried and _is_sayable(tag)), "")


def _is_sayable(tag: str) -> bool:
    """Says whether a tag names a place in words: what is more than that is no surface."""
    return bool(_WORDS.fullmatch(tag)) and not JOINTS.search(tag)


def _alias(knowledge: Knowledge, segment: str) -> str:
    return knowledge.alias_of_segment[segment]
