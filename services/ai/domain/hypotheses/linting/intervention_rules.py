"""The rules on the intervention: one change, a definite one, and a change at all."""

import re
from collections.abc import Iterator
from typing import Final

from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.linting.findings import Flaw, LintFinding
from services.ai.domain.hypotheses.linting.lexicon import CHANGES, JOINTS, SAMENESS, VAGUE
from services.ai.domain.hypotheses.model import Draft
from services.ai.domain.hypotheses.naming import name_tokens
from services.ai.domain.hypotheses.similarity import tokens
from shared.statistics.design.severity import Severity

_METRIC_SLOT: Final = re.compile(r"\{\{M[0-9]+\}\}")
_FIRST: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_ADVERBS: Final = frozenset({"also", "then", "again", "finally", "we", "should", "to", "please", "additionally"})


def vagueness(draft: Draft, knowledge: Knowledge) -> Iterator[LintFinding]:
    """Yields an intervention of which nobody could say what is built."""
    text = _METRIC_SLOT.sub(" ", draft.intervention)
    metrics = {word for ref in knowledge.pack.metrics for word in name_tokens(ref)}
    words = tokens(text)
    definite = set(words[1:] if words and words[0] in CHANGES else words) - VAGUE - metrics
    if not definite:
        yield LintFinding(
            Flaw.VAGUE_INTERVENTION,
            "intervention",
            Severity.ERROR,
            "it does not say what is changed" if text.strip() else "there is none",
            "name the one thing that is changed, and how",
        )


def singleness(draft: Draft, _: Knowledge) -> Iterator[LintFinding]:
    """Yields a second command to change something: with two changes nobody learns which one worked."""
    clauses = JOINTS.split(draft.intervention)
    commands = [verb for clause in clauses if (verb := _command(clause))]
    if len(commands) > 1:
        yield LintFinding(
            Flaw.SEVERAL_INTERVENTIONS,
            "intervention",
            Severity.ERROR,
            f"it changes several things: {', '.join(commands)}",
            "keep one change, and make the others hypotheses of their own",
        )


def sameness(draft: Draft, _: Knowledge) -> Iterator[LintFinding]:
    """Yields a test of a thing against itself."""
    if found := SAMENESS.search(draft.intervention):
        yield LintFinding(
            Flaw.SAME_ARMS,
            "intervention",
            Severity.ERROR,
            f"{found[0]!r}: arms that are alike foretell nothing",
            "run an A/A test as a check of the platform, without a hypothesis",
        )


def _command(clause: str) -> str:
    """Returns the verb that a clause begins with; empty: it is no command."""
    for word in _FIRST.findall(clause.casefold()):
        if word not in _ADVERBS:
            return word if word in CHANGES else ""
    return ""
