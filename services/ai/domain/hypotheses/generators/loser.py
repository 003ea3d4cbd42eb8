"""Inverts a loser: what a change made worse, its opposite may make better."""

import re
from collections.abc import Iterator
from typing import Final

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.generators.drafting import draft, may_decide, may_stand
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.linting.lexicon import JOINTS
from services.ai.domain.hypotheses.model import Draft, Kin, Kinship
from services.ai.domain.hypotheses.opposites import opposite_of
from services.ai.domain.metrics import PastOutcome

_SAYABLE: Final = re.compile(r"[A-Za-z ,'()\-]{1,200}\.?")


def invert_loser(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields the opposite of each past experiment that lost, unless that was tried on the metric as well."""
    for trial in knowledge.trials:
        if trial.row.outcome is not PastOutcome.LOST or not may_decide(knowledge, trial.metric) or trial.segment:
            continue
        opposite = "" if JOINTS.search(trial.row.intervention) else opposite_of(trial.row.intervention)
        if opposite and not _was_tried(knowledge, trial, opposite):
            worded = _draft(knowledge, trial, opposite)
            sayable = bool(_SAYABLE.fullmatch(opposite)) and may_stand(worded, knowledge)
            # Words of the caller's that may not stand by themselves are shown in quotation marks alone.
            named = _draft(knowledge, trial, f"Do the opposite of {{{{{trial.experiment}}}}}")
            yield worded if sayable else named


def _draft(knowledge: Knowledge, trial: Trial, intervention: str) -> Draft:
    return draft(
        knowledge,
        intervention,
        trial.metric,
        (because.result(knowledge, trial),),
        rationale="What a change takes away by going one way, going the other way may give.",
        builds_on=(Kin(trial.experiment, Kinship.OPPOSITE),),
    )


def _was_tried(knowledge: Knowledge, trial: Trial, opposite: str) -> bool:
    rivals = (one for one in knowledge.trials if one.metric == trial.metric and one is not trial)
    return any(knowledge.are_alike(one.row.intervention, opposite) for one in rivals)
