"""The report on false decisions among arms that are alike."""

from collections.abc import Sequence
from typing import Final

from services.bandit.lab.charts import Row, rows_chart
from services.bandit.lab.decisions import DELTA
from services.bandit.lab.markdown import Section, percent, percents, picture, table
from services.bandit.lab.playing import Results
from services.bandit.lab.policies import POLICIES
from services.bandit.lab.studies import Study
from services.bandit.lab.verdicts import ANY_TIME, PEEKING, PLANNED, SERVICE_OPTIMUM, FalseAlarm, false_alarms

_RULES: Final = (ANY_TIME, PLANNED, PEEKING)
_INTRODUCTION: Final = (
    "Arms that are alike, watched after each of 40 batches of 500 units: how often is an arm ever shown to be better "
    "than all others? *Any time* is the rule of the service's stop advice (confidence sequences, tightest at "
    f"{SERVICE_OPTIMUM:,} units), *planned looks* end with the last batch. Both promise {percent(DELTA, digits=0)} at "
    "most. For contrast, Welch's test of every arm against the first one at 5 %, repeated after every batch. "
    "Intervals: Clopper and Pearson, 95 %."
)


def error_section(studies: Sequence[Study], results: Results) -> Section:
    """Returns the section; studies are those of errors, one or more."""
    found = {
        (study.name, policy): false_alarms(policy, results[study.name, policy])
        for study in studies
        for policy in study.policies
    }
    head = ["problem", "policy", "runs", *_RULES]
    rows = [
        [
            study.problem.title,
            POLICIES[policy].title,
            f"{len(results[study.name, policy].counts):,}",
            *(percents(one.alarms) for one in found[study.name, policy]),
        ]
        for study in studies
        for policy in study.policies
    ]
    body = [
        "## False decisions",
        _INTRODUCTION,
        picture("errors.svg", "False decisions among equal arms"),
        table(head, rows),
    ]
    return Section(_answer(list(found.values())), "\n\n".join(body), {"errors.svg": _chart(studies, found)})


def _answer(found: Sequence[tuple[FalseAlarm, ...]]) -> str:
    kept = [one for alarms in found for one in alarms if one.rule != PEEKING]
    beyond = [one for one in kept if not one.within_level]
    worst = max(kept, key=lambda one: one.alarms.value)
    peeking = [one.alarms.value for alarms in found for one in alarms if one.rule == PEEKING]
    start = (
        f"- Of {len(kept)} combinations of policy, rule and problem, {len(kept) - len(beyond)} keep their error rate "
        f"of {percent(DELTA, digits=0)} (the interval reaches down to it or below). The largest is "
        f"{percents(worst.alarms)}, {worst.rule} with {POLICIES[worst.policy].title}."
    )
    return f"{start} Repeated ordinary tests err in {percent(min(peeking))} to {percent(max(peeking))} of runs."


def _chart(studies: Sequence[Study], found: dict[tuple[str, str], tuple[FalseAlarm, ...]]) -> str:
    rows = [
        Row(
            f"{study.problem.title}, {POLICIES[policy].title}",
            tuple(one.alarms for one in found[study.name, policy][:2]),
        )
        for study in studies
        for policy in study.policies
    ]
    said = "; ".join(
        f"{row.label}: {', '.join(percent(one.value) for one in row.estimates if one is not None)}" for row in rows
    )
    return rows_chart(
        "False decisions among equal arms, watched after every batch",
        f"Shares of runs with 95 % intervals, any time and planned looks. {said}. A dashed line stands at 5 %.",
        [ANY_TIME, PLANNED],
        rows,
        reference=DELTA,
    )
