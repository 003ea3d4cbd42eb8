"""The report on decisions: how soon the best arm is shown at equal error rates and power."""

import math
from collections.abc import Sequence
from typing import Final

from services.bandit.lab.charts import Row, plain, rows_chart
from services.bandit.lab.markdown import Section, capitalised, number, percents, picture, table
from services.bandit.lab.measures import Estimate
from services.bandit.lab.playing import Results
from services.bandit.lab.policies import EQUAL, POLICIES
from services.bandit.lab.studies import Study
from services.bandit.lab.verdicts import (
    ANY_TIME,
    PLANNED,
    Decision,
    any_time_decision,
    fixed_decision,
    planned_decision,
)

_INTRODUCTION: Final = (
    "The claim is *this arm is better than all others*, wrong with a probability of 5 % at most; the power is 80 %. "
    "The fixed-horizon test makes it at one look after an equal split, with the units planned for that power. Rules "
    "that look after every batch: *any time* (confidence sequences, tightest at the fixed test's units) and *planned "
    "looks* (an O'Brien-Fleming-type spending function up to a last look, set as early as the power of 80 % allows, "
    "in steps of a 20th of the fixed test). *Most* is the plan's last look and *expected* its mean number of units, "
    "both over those of the fixed test: below 1 is sooner. A dash: fewer than 80 % of runs decide within three times "
    "the fixed test's units; *decided* is then the share that does. All work on adaptively weighted AIPW "
    "differences. Between two arms top-two Thompson is the equal split."
)


def decision_section(studies: Sequence[Study], results: Results) -> Section:
    """Returns the section; studies are those of decisions, one or more."""
    found = {study.name: _decisions(study, results) for study in studies}
    body = [
        "## Time to a decision",
        _INTRODUCTION,
        picture("decisions.svg", "Expected units to a decision, over those of the fixed-horizon test"),
        _table(studies, found),
    ]
    return Section(_answer(studies, found), "\n\n".join(body), {"decisions.svg": _chart(studies, found)})


def _decisions(study: Study, results: Results) -> list[Decision]:
    rows = [fixed_decision(study, results[study.name, EQUAL.name])]
    for policy in study.policies:
        runs = results[study.name, policy]
        rows += [any_time_decision(study, policy, runs), planned_decision(study, policy, runs)]
    return rows


def _answer(studies: Sequence[Study], found: dict[str, list[Decision]]) -> str:
    return "\n".join(_one_answer(study, found[study.name]) for study in studies)


def _one_answer(study: Study, decisions: Sequence[Decision]) -> str:
    ways = [(policy, _of(decisions, policy, PLANNED)) for policy in study.policies]
    planned = "; ".join(f"{POLICIES[policy].title} {_words(decision)}" for policy, decision in ways)
    best = min((one for one in decisions if one.rule == ANY_TIME), key=lambda one: (math.isnan(one.most), one.most))
    line = f"- {capitalised(study.problem.title)}, with planned looks: {planned}."
    return f"{line} At any time, soonest with {POLICIES[best.policy].title}: {_words(best)}."


def _words(decision: Decision) -> str:
    if math.isnan(decision.expected):
        return f"more than 3 times the fixed test's units ({percents(decision.decided)} decide by then)"
    return f"{number(decision.expected)} of the fixed test's units on average, {number(decision.most)} at most"


def _of(decisions: Sequence[Decision], policy: str, rule: str) -> Decision:
    return next(one for one in decisions if (one.policy, one.rule) == (policy, rule))


def _if_played(decisions: Sequence[Decision], policy: str, rule: str) -> Decision | None:
    return next((one for one in decisions if (one.policy, one.rule) == (policy, rule)), None)


def _table(studies: Sequence[Study], found: dict[str, list[Decision]]) -> str:
    head = ["problem", "fixed test, units", "policy", "rule", "expected", "most", "decided", "wrong"]
    rows = [
        [
            study.problem.title,
            f"{study.fixed_unit_count:,}",
            POLICIES[one.policy].title,
            one.rule,
            number(one.expected),
            number(one.most),
            percents(one.decided),
            percents(one.wrong),
        ]
        for study in studies
        for one in found[study.name]
    ]
    return table(head, rows)


def _chart(studies: Sequence[Study], found: dict[str, list[Decision]]) -> str:
    series = [(policy, rule) for policy in (EQUAL.name, "top-two", "thompson") for rule in (PLANNED, ANY_TIME)]
    rows = []
    for study in studies:
        decisions = [_if_played(found[study.name], policy, rule) for policy, rule in series]
        rows.append(Row(study.problem.title, tuple(_mark(one) for one in decisions)))
    said = "; ".join(
        f"{study.problem.title}, planned looks: "
        + ", ".join(
            f"{POLICIES[policy].title} {number(_of(found[study.name], policy, PLANNED).expected)}"
            for policy in study.policies
        )
        for study in studies
    )
    return rows_chart(
        "Units to a decision over those of the fixed test: expected (mark) to most (end of the line)",
        f"{said}. A dashed line stands at 1, the fixed-horizon test. Without a mark: more than 3.",
        [f"{POLICIES[policy].title.replace(' Thompson', '')}, {rule}" for policy, rule in series],
        rows,
        reference=1.0,
        words=plain,
    )


def _mark(decision: Decision | None) -> Estimate | None:
    if decision is None or math.isnan(decision.expected):
        return None
    return Estimate(decision.expected, decision.expected, decision.most)
