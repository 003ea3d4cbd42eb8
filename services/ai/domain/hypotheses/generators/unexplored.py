"""Explores a metric that no experiment was on, by the change that did most for another one."""

from collections.abc import Iterator

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.generators.drafting import draft, may_decide
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.model import Draft
from services.ai.domain.metrics import PastOutcome


def explore_metric(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields a draft for each metric without past experiments, where a change won on another metric."""
    won = [one for one in knowledge.trials if one.row.outcome is PastOutcome.WON and not one.segment]
    if not won:
        return
    best = max(won, key=lambda trial: _statistic(knowledge, trial))
    for metric, profile in knowledge.metric_by_alias.items():
        if not knowledge.history[profile.metric_id].experiments and may_decide(knowledge, metric):
            yield draft(
                knowledge,
                f"Apply the change of {{{{{best.experiment}}}}} where {{{{{metric}}}}} is decided",
                metric,
                (because.past_count(knowledge, metric), because.result(knowledge, best)),
                rationale="Nobody has tried yet what moves it, and this change is known to move units.",
            )


def _statistic(knowledge: Knowledge, trial: Trial) -> float:
    """Returns the effect over its error; 0: not measured."""
    measured = knowledge.history.kinsman(trial.row, 1.0)
    return measured.lift / measured.standard_error if measured else 0.0
