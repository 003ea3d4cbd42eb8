"""What generators share: which metrics may decide, which trials tried the same, and how a draft is begun."""

from collections.abc import Iterator

from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.hypotheses import check_hypotheses
from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.grounded import to_grounding
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.linting.lint import is_acceptable, lint
from services.ai.domain.hypotheses.model import Draft, Kin
from services.ai.domain.hypotheses.wanted import wanted_direction
from shared.definition.model import MetricRole


def may_decide(knowledge: Knowledge, metric: str) -> bool:
    """Says whether a metric can be the one that a hypothesis is about."""
    return knowledge.metric_by_alias[metric].role is not MetricRole.GUARDRAIL


def of_the_same_change(knowledge: Knowledge, trial: Trial) -> Iterator[Trial]:
    """Yields the trials of a trial's change on its metric, itself among them, in whatever segment."""
    for other in knowledge.trials:
        alike = other is trial or knowledge.are_alike(other.row.intervention, trial.row.intervention)
        if other.metric == trial.metric and alike:
            yield other


def may_stand(draft: Draft, knowledge: Knowledge) -> bool:
    """Says whether neither the linter nor the validator minds a draft that has words of the caller's in it."""
    return is_acceptable(lint(draft, knowledge)) and not check_hypotheses([to_grounding(draft)], knowledge.pack)[1]


def draft(
    knowledge: Knowledge,
    intervention: str,
    metric: str,
    claims: tuple[Claim, ...],
    *,
    rationale: str,
    segment: str = "",
    builds_on: tuple[Kin, ...] = (),
) -> Draft:
    """Returns a draft that wants what is good for the metric, and tells if the metric goes the other way by itself."""
    trend = because.trend(knowledge, metric)
    return Draft(
        intervention=intervention,
        metric=metric,
        direction=wanted_direction(knowledge.metric_by_alias[metric]),
        because=(*claims, *((trend,) if trend and trend not in claims else ())),
        rationale=rationale,
        segment=segment,
        builds_on=builds_on,
    )
