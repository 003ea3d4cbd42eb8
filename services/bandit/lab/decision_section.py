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
    "the fixed test's units; *decided* is then the share that does. All work on adaptively weighted AIPW differences."
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
    lines = []
    for study in studies:
        equal, top_two, thompson = (
            _of(found[study.name], policy, PLANNED) for policy in (EQUAL.name, "top-two", "thompson")
        )
        lines.append(
            f"- {capitalised(study.problem.title)}: planned looks take {_words(top_two)} with top-two Thompson, "
            f"{_words(equal)} with an equal split, {_words(thompson)} with Thompson sampling; any time, top-two "
            f"{_words(_of(found[study.name], 'top-two', ANY_TIME))}."
        )
    return "\n".join(lines)


def _words(decision: Decision) -> str:
    if math.isnan(decision.expected):
        return f"more than 3 times as many units ({percents(decision.decided)} decide by then)"
    return f"{number(decision.expected)} of the fixed test's units on average (at most {number(decision.most)})"


def _of(decisions: Sequence[Decision], policy: str, rule: str) -> Decision:
    return next(one for one in decisions if (one.policy, one.rule) == (policy, rule))


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
        decisions = [_of(found[study.name], policy, rule) for policy, rule in series]
        rows.append(Row(study.problem.title, tuple(_mark(one) for one in decisions)))
    expected = {study.problem.title: _of(found[study.name], "top-two", PLANNED).expected for study in studies}
    said = "; ".join(f"{title}: top-two with planned looks {number(value)}" for title, value in expected.items())
    return rows_chart(
        "Units to a decision over those of the fixed test: expected (mark) to most (end of the line)",
        f"{said}. A dashed line stands at 1, the fixed-horizon test. Without a mark: more than 3.",
        [f"{POLICIES[policy].title.replace(' Thompson', '')}, {rule}" for policy, rule in series],
        rows,
        reference=1.0,
        words=plain,
    )


def _mark(decision: Decision) -> Estimate | None:
    if math.isnan(decision.expected):
        return None
    return Estimate(decision.expected, decision.expected, decision.most)
