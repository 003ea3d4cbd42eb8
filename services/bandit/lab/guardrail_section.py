"""The report on guardrails: units until an arm that does harm is paused, and false pauses."""

import math
from collections.abc import Sequence
from typing import Final

from services.bandit.lab.charts import Row, plain, rows_chart
from services.bandit.lab.markdown import Section, capitalised, number, percents, picture, table
from services.bandit.lab.measures import Estimate
from services.bandit.lab.pauses import Pausing, pausing_of
from services.bandit.lab.playing import Results
from services.bandit.lab.policies import POLICIES
from services.bandit.lab.studies import Study
from shared.definition.model import GuardrailPause

_PROMISE: Final = GuardrailPause().alpha

_INTRODUCTION: Final = (
    "Each unit has a second metric, an error say, that pauses an arm once it is *shown* to err more often than the "
    "control (`guardrail_pause` by default: 5 % in all, tightest at 5,000 units), watched after each of 40 batches of "
    "500 units. The harmful arm converts best, so that a bandit gives it more units until then. *Half* and *most* are "
    "the units of all arms within which 50 and 80 % of the runs paused it (a dash: fewer ever did), *caught* the share "
    "that did by the end, *harmed* the share of all units that got it. *False* is the share of runs that ever paused "
    "an arm without harm (a dash: no arm but the control is without). Intervals: 95 %, Clopper and Pearson's for runs."
)


def guardrail_section(studies: Sequence[Study], results: Results) -> Section:
    """Returns the section; studies are those of guardrails, one or more."""
    found = {
        study.name: [pausing_of(name, results[study.name, name], study.problem.harm_rates) for name in study.policies]
        for study in studies
    }
    body, charts = ["## Guardrails", _INTRODUCTION], {}
    if harmful := _harmful(studies, found):
        body.append(picture("pauses.svg", "Units until a harmful arm is paused"))
        charts["pauses.svg"] = _chart(harmful, found)
    return Section(_answer(studies, found), "\n\n".join([*body, _table(studies, found)]), charts)


def _harmful(studies: Sequence[Study], found: dict[str, list[Pausing]]) -> list[Study]:
    return [study for study in studies if not math.isnan(found[study.name][0].caught.value)]


def _answer(studies: Sequence[Study], found: dict[str, list[Pausing]]) -> str:
    lines = [
        f"- {capitalised(study.problem.title)}: {'; '.join(map(_words, found[study.name]))}."
        for study in _harmful(studies, found)
    ]
    judged = [one for study in studies for one in found[study.name] if not math.isnan(one.falsely.value)]
    if judged:
        lines.append(_promise(judged))
    return "\n".join(lines)


def _promise(judged: Sequence[Pausing]) -> str:
    kept = [one for one in judged if one.falsely.low <= _PROMISE]
    worst = max(judged, key=lambda one: one.falsely.value)
    return (
        f"- Arms without harm are paused as seldom as promised (in 5 % of experiments at most) in {len(kept)} of "
        f"{len(judged)} cases; most often with {POLICIES[worst.policy].title}, in {percents(worst.falsely)} of runs."
    )


def _words(one: Pausing) -> str:
    title = POLICIES[one.policy].title
    if math.isnan(one.median_units):
        return f"{title} pauses it in {percents(one.caught)} of runs"
    soon = f"{title} pauses it within {number(one.median_units, digits=0)} units in half of the runs"
    return soon if one.caught.value == 1 else f"{soon}, in {percents(one.caught)} by the end"


def _table(studies: Sequence[Study], found: dict[str, list[Pausing]]) -> str:
    head = ["problem", "policy", "half", "most", "caught", "harmed", "false"]
    rows = [
        [
            study.problem.title,
            POLICIES[one.policy].title,
            number(one.median_units, digits=0),
            number(one.most_units, digits=0),
            percents(one.caught),
            percents(one.harmful_share),
            percents(one.falsely),
        ]
        for study in studies
        for one in found[study.name]
    ]
    return table(head, rows)


def _chart(studies: Sequence[Study], found: dict[str, list[Pausing]]) -> str:
    policies = list(dict.fromkeys(name for study in studies for name in study.policies))
    rows = []
    for study in studies:
        ways = {one.policy: one for one in found[study.name]}
        rows.append(Row(study.problem.title, tuple(_mark(ways.get(name)) for name in policies)))
    said = "; ".join(
        f"{study.problem.title}: "
        + ", ".join(f"{POLICIES[one.policy].title} {number(one.median_units, digits=0)}" for one in found[study.name])
        for study in studies
    )
    return rows_chart(
        "Units until the harmful arm is paused: half of the runs (mark) to 80 % of them (end of the line)",
        f"{said}. Without a mark: fewer than half of the runs ever pause it.",
        [POLICIES[name].title for name in policies],
        rows,
        words=plain,
    )


def _mark(one: Pausing | None) -> Estimate | None:
    if one is None or math.isnan(one.median_units):
        return None
    start = float("nan") if math.isnan(one.most_units) else one.median_units
    return Estimate(one.median_units, start, one.most_units)
