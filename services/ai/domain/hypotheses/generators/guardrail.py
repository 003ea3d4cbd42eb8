"""Repairs a guardrail: a change that won and did harm elsewhere is tried in a gentler variant."""

from collections.abc import Iterator

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.generators.drafting import draft, may_decide
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.model import Draft, Kin, Kinship
from services.ai.domain.metrics import PastOutcome
from shared.definition.model import MetricRole


def repair_guardrail(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields a gentler variant of each winner whose experiment made a guardrail worse."""
    for trial in knowledge.trials:
        if trial.row.outcome is not PastOutcome.WON or not may_decide(knowledge, trial.metric):
            continue
        harms = [one for one in knowledge.trials if one.experiment == trial.experiment and _is_harm(knowledge, one)]
        if harms:
            yield draft(
                knowledge,
                f"Try a gentler variant of {{{{{trial.experiment}}}}}",
                trial.metric,
                (because.result(knowledge, trial), *(because.result(knowledge, one) for one in harms)),
                rationale="A gentler variant may keep what was good and leave out what did harm.",
                segment=trial.segment,
                builds_on=(Kin(trial.experiment, Kinship.VARIATION),),
            )


def _is_harm(knowledge: Knowledge, trial: Trial) -> bool:
    guards = knowledge.metric_by_alias[trial.metric].role is MetricRole.GUARDRAIL
    return guards and trial.row.outcome is PastOutcome.LOST
