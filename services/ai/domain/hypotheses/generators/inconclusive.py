"""Resolves what was left open: a promising change that was tested with too few units is tested again with enough."""

from collections.abc import Iterator
from typing import Final

from scipy import special

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.generators.drafting import draft, may_decide, of_the_same_change
from services.ai.domain.hypotheses.knowledge import Knowledge, Trial
from services.ai.domain.hypotheses.model import Draft, Kin, Kinship
from services.ai.domain.hypotheses.planning import PLAN
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, PastOutcome

DETECTABLE: Final = float(special.ndtri(1 - PLAN.alpha / 2) + special.ndtri(PLAN.power))
"""Standard errors that an effect must have to be found with the plan's error rate and power: 2.80."""


def resolve_inconclusive(knowledge: Knowledge) -> Iterator[Draft]:
    """Yields each undecided experiment that leaned to the good side and could not have found what matters."""
    for trial in knowledge.trials:
        if not may_decide(knowledge, trial.metric) or not _is_open(knowledge, trial):
            continue
        correlated = knowledge.metric_by_alias[trial.metric].pre_period_correlation
        yield draft(
            knowledge,
            f"Test the change of {{{{{trial.experiment}}}}} again with a sample that decides",
            trial.metric,
            (because.result(knowledge, trial),),
            rationale=(
                "The earlier sample could not tell an effect that matters from chance; values from before the start are"
                " known to explain some of the spread, and make the sample smaller."
                if correlated
                else "The earlier sample could not tell an effect that matters from chance."
            ),
            segment=trial.segment,
            builds_on=(Kin(trial.experiment, Kinship.SAME),),
        )


def _is_open(knowledge: Knowledge, trial: Trial) -> bool:
    measured = knowledge.history.kinsman(trial.row, 1.0)
    if trial.row.outcome is not PastOutcome.INCONCLUSIVE or measured is None or measured.lift <= 0:
        return False
    mde = knowledge.metric_by_alias[trial.metric].relative_mde or DEFAULT_RELATIVE_MDE
    underpowered = DETECTABLE * measured.standard_error > mde
    others = (one for one in of_the_same_change(knowledge, trial) if one.segment == trial.segment)
    return underpowered and all(one.row.outcome is PastOutcome.INCONCLUSIVE for one in others)
