"""Sentences on units, days, and what they suffice for."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.analysis.evidence import AnalysisEvidence
from services.ai.domain.analysis.words.slots import slot
from services.ai.domain.grounding.claims import Claim, ClaimKind, Relation
from services.ai.domain.grounding.kinds import FactKind

FEW_ARMS: Final = 6
"""More than so many arms are not counted one by one."""


def header(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields as of when the data are, how many units and days there are, and the units of each of few arms."""
    as_of, days = evidence.find(FactKind.AS_OF), evidence.find(FactKind.DAYS)
    text = f"As of {slot(as_of)}, there are {slot(evidence.total)} units in total"
    text += f" after {slot(days)}" if days else ""
    yield Claim(ClaimKind.POWER, tuple(filter(None, (as_of, evidence.total, days))), f"{text}.")
    if len(evidence.arms) <= FEW_ARMS:
        for arm in evidence.arms.values():
            units = evidence.find(FactKind.UNITS, arm=arm)
            yield Claim(ClaimKind.POWER, (units,), f"{slot(arm)} has {slot(units)} units.", arm=arm)


def power(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields whether the sample is there; nothing where it is not known how much it takes."""
    required, reached = evidence.find(FactKind.REQUIRED_UNITS), evidence.analysis.sample.reached
    if required:
        said = "is reached" if reached else "is not reached"
        yield Claim(
            ClaimKind.POWER,
            (evidence.total, required),
            f"The required sample {said}: there are {slot(evidence.total)} units in total, and {slot(required)} are "
            "required.",
            relation=Relation.SUFFICIENT_DATA if reached else Relation.INSUFFICIENT_DATA,
        )


def detectable(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields what the present units could show of the primary metric."""
    metric = evidence.metrics[evidence.comparisons[0].metric.metric_id]
    if found := evidence.find(FactKind.MDE, metric=metric):
        text = f"With these units, the smallest detectable lift on {slot(metric)} is {slot(found)}."
        yield Claim(ClaimKind.POWER, (found,), text, metric=metric)


def missing(evidence: AnalysisEvidence) -> Iterator[Claim]:
    """Yields what the experiment still takes to its planned end."""
    units, days = evidence.find(FactKind.MISSING_UNITS), evidence.find(FactKind.MISSING_DAYS)
    if units and days:
        text = f"The experiment needs {slot(units)} more units, which takes {slot(days)} more."
        yield Claim(ClaimKind.POWER, (units, days), text)
    elif units:
        yield Claim(ClaimKind.POWER, (units,), f"The experiment needs {slot(units)} more units.")
    elif days:
        yield Claim(ClaimKind.POWER, (days,), f"The experiment needs {slot(days)} more.")
