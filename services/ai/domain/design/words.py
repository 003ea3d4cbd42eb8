"""A design put into words by code: why it is as it is, and what might go wrong, as typed claims."""

from collections.abc import Iterator
from typing import Final

from services.ai.domain.design.evidence import DesignEvidence
from services.ai.domain.grounding.claims import Answer, Claim, ClaimKind
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.looking import LookingPolicy

FEW_ARMS: Final = 6
"""The shares of more arms than these are not told one by one."""


def answer(evidence: DesignEvidence) -> Answer:
    """Returns the design in words: reasons for it as `reasons`, risks as `statements`."""
    return Answer(
        evidence_sha256=evidence.pack.sha256, reasons=tuple(_reasons(evidence)), statements=tuple(_risks(evidence))
    )


def _reasons(evidence: DesignEvidence) -> Iterator[Claim]:
    yield from _goal(evidence)
    yield from _size(evidence)
    yield from _split(evidence)
    yield from _guardrails(evidence)
    yield from _looks(evidence)


def _goal(evidence: DesignEvidence) -> Iterator[Claim]:
    lift, level = evidence.find(FactKind.MDE, metric="M1"), evidence.find(FactKind.BASELINE, metric="M1")
    yield _power(f"The plan is to detect a lift of {_slot(lift)} on {{{{M1}}}}.", lift, metric="M1")
    yield _power(f"The present mean of {{{{M1}}}} is {_slot(level)}.", level, metric="M1")


def _size(evidence: DesignEvidence) -> Iterator[Claim]:
    units, power, alpha = (evidence.find(kind) for kind in (FactKind.REQUIRED_UNITS, FactKind.POWER, FactKind.ALPHA))
    text = (
        f"The experiment takes {_slot(units)} units in total at a power of {_slot(power)} and an error rate of "
        f"{_slot(alpha)}."
    )
    yield _power(text, units, power, alpha)
    weeks, daily = evidence.find(FactKind.PLANNED_WEEKS), evidence.find(FactKind.UNITS_PER_DAY)
    yield _power(f"The experiment takes {_slot(weeks)} at {_slot(daily)} units a day.", weeks, daily)
    if count := evidence.find(FactKind.COMPARISON_COUNT):
        yield _power(f"{_slot(count)} comparisons share the error rate.", count)


def _split(evidence: DesignEvidence) -> Iterator[Claim]:
    count, floor = evidence.find(FactKind.ARM_COUNT), evidence.find(FactKind.EXPLORATION_FLOOR)
    if floor:
        yield _allocation(f"There are {_slot(count)} arms, and a bandit moves their weights.", count)
        yield _allocation(f"The exploration floor of the bandit is {_slot(floor)}.", floor)
        return
    yield _allocation(f"There are {_slot(count)} arms in a fixed split.", count)
    if len(evidence.pack.arms) <= FEW_ARMS:
        for arm in evidence.pack.arms:
            share = evidence.find(FactKind.PLANNED_SHARE, arm=arm.alias)
            yield _allocation(f"The planned share of {_slot(arm.alias)} is {_slot(share)}.", share, arm=arm.alias)


def _guardrails(evidence: DesignEvidence) -> Iterator[Claim]:
    for one in evidence.design.chosen.guardrails:
        metric = evidence.metrics[one.metric_id]
        margin = evidence.find(FactKind.MARGIN, metric=metric)
        yield _power(f"The guardrail {_slot(metric)} has a margin of {_slot(margin)}.", margin, metric=metric)


def _looks(evidence: DesignEvidence) -> Iterator[Claim]:
    alpha = evidence.find(FactKind.ALPHA)
    when = {
        LookingPolicy.AT_END: "has its look at the end of the run",
        LookingPolicy.ANY_TIME: "allows for looks at any time",
        LookingPolicy.PLANNED_LOOKS: "has its looks at planned times",
    }[evidence.design.plan.looking_policy]
    yield _power(f"The plan {when}, at an error rate of {_slot(alpha)}.", alpha)


def _risks(evidence: DesignEvidence) -> Iterator[Claim]:
    missing, weeks = evidence.find(FactKind.MISSING_UNITS), evidence.find(FactKind.PLANNED_WEEKS)
    if missing:
        text = f"The plan needs {_slot(missing)} more units in its duration of {_slot(weeks)}."
        yield _power(text, missing, weeks)
        if lift := evidence.longest_lift:
            text = f"In the planned duration, the smallest detectable lift on {{{{M1}}}} is {_slot(lift)}."
            yield _power(text, lift, metric="M1")
    if units := evidence.find(FactKind.REQUIRED_UNITS, metric="M1"):
        text = f"On plain values of {{{{M1}}}}, the experiment takes {_slot(units)} units in total."
        yield _power(text, units, metric="M1")
    if floor := evidence.find(FactKind.EXPLORATION_FLOOR):
        text = f"The weights of the arms move, with a floor of {_slot(floor)}, and plain means are biased."
        yield Claim(ClaimKind.CAVEAT, (floor,), text)


def _power(text: str, *evidence_ids: str, metric: str = "") -> Claim:
    return Claim(ClaimKind.POWER, evidence_ids, text, metric=metric)


def _allocation(text: str, *evidence_ids: str, arm: str = "") -> Claim:
    return Claim(ClaimKind.ALLOCATION, evidence_ids, text, arm=arm)


def _slot(alias: str) -> str:
    return f"{{{{{alias}}}}}"
