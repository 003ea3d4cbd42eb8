"""Sentences on how a bandit stands."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.analysis.evidence import AnalysisEvidence
from services.ai.domain.analysis.words.sample import FEW_ARMS
from services.ai.domain.analysis.words.slots import slot
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.kinds import FactKind

_NEARLY_CERTAIN: Final = 0.999995
"""Chances above it would be written as all there is."""


def bandit(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields weights, the arm most likely to be best, what the choice may cost; nothing for a fixed split."""
    if evidence.analysis.bandit is None:
        return
    yield from _weights(evidence)
    yield from _best(evidence)
    yield from _regret(evidence)


def adaptation(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields how figures are to be read where the weights followed the data."""
    state, versions = evidence.analysis.bandit, evidence.find(FactKind.POLICY_VERSIONS)
    if state is not None and evidence.analysis.progress.adaptive and state.version_count > 1:
        text = (
            f"The weights followed the data over {slot(versions)} versions: plain means are biased, and the intervals "
            "allow for the propensities."
        )
        yield Claim(ClaimKind.CAVEAT, (versions,), text)


def _weights(evidence: AnalysisEvidence) -> Iterator[Claim]:
    floor = evidence.find(FactKind.EXPLORATION_FLOOR)
    yield Claim(ClaimKind.ALLOCATION, (floor,), f"The exploration floor of the bandit is {slot(floor)}.")
    if len(evidence.arms) > FEW_ARMS:
        return
    for arm in evidence.arms.values():
        if weight := evidence.find(FactKind.ALLOCATION, arm=arm):
            yield Claim(ClaimKind.ALLOCATION, (weight,), f"{slot(arm)} has a weight of {slot(weight)} now.", arm=arm)


def _best(evidence: AnalysisEvidence) -> Iterator[Claim]:
    metric = evidence.metrics[evidence.comparisons[0].metric.metric_id]
    chances = {arm: evidence.find(FactKind.PROBABILITY_BEST, metric=metric, arm=arm) for arm in evidence.arms.values()}
    values = {arm: evidence.pack.fact_by_id[one].value for arm, one in chances.items() if one}
    leading = max(values, key=values.__getitem__, default="")
    if not leading or list(values.values()).count(values[leading]) > 1:
        return
    yield from _leader(evidence, metric, leading, chances[leading])
    loss = evidence.find(FactKind.EXPECTED_LOSS, metric=metric, arm=leading)
    text = f"The expected loss of {slot(leading)} on {slot(metric)} is {slot(loss)}."
    yield Claim(ClaimKind.ALLOCATION, (loss,), text, metric=metric, arm=leading)


def _leader(evidence: AnalysisEvidence, metric: str, leading: str, chance: str) -> Iterator[Claim]:
    """Yields which arm is most likely to be best; of the control, with which all are compared, its chance is told."""
    ranks, untold = leading != evidence.pack.control, evidence.pack.fact_by_id[chance].value > _NEARLY_CERTAIN
    if untold and not ranks:
        return
    text = f"{slot(leading)} has {'the highest' if ranks else 'a'} probability of being best on {slot(metric)}"
    text += "" if untold else f", at {slot(chance, 'pct2')}"
    relation = Relation.HIGHEST if ranks else Relation.STATED
    yield Claim(ClaimKind.ALLOCATION, (chance,), f"{text}.", metric=metric, arm=leading, relation=relation)


def _regret(evidence: AnalysisEvidence) -> Iterator[Claim]:
    metric = evidence.metrics[evidence.comparisons[0].metric.metric_id]
    if regret := evidence.find(FactKind.REGRET, metric=metric):
        text = f"The expected regret on {slot(metric)} is {slot(regret)} so far."
        yield Claim(ClaimKind.ALLOCATION, (regret,), text, metric=metric)
