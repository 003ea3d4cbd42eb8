"""The report on precision: how much wider intervals of the effect become."""

from collections.abc import Sequence
from typing import Final

from services.bandit.lab.charts import Row, plain, rows_chart
from services.bandit.lab.markdown import Section, capitalised, number, percents, picture, table
from services.bandit.lab.measures import Estimate
from services.bandit.lab.playing import Results
from services.bandit.lab.policies import EQUAL, POLICIES
from services.bandit.lab.precision import Precision, precision_of
from services.bandit.lab.studies import Study

_INTRODUCTION: Final = (
    "Intervals of 95 % of the difference between the last arm (the best, if any is) and the control after 40 batches "
    "of 500 units: adaptively weighted AIPW on bandit data, Welch's on the equal split. *Units* is the square of the "
    "widths' ratio: how many times fewer units of an equal split give an interval as wide. *Plain* is the coverage "
    "of Welch's interval on bandit data, for which it was not made."
)


def precision_section(studies: Sequence[Study], results: Results) -> Section:
    """Returns the section; studies are those of precision, one or more."""
    found = {
        study.name: [
            precision_of(policy, results[study.name, policy], results[study.name, EQUAL.name])
            for policy in study.policies
        ]
        for study in studies
    }
    head = ["problem", "policy", "width", "ratio", "units", "coverage", "plain"]
    rows = [
        [
            study.problem.title,
            POLICIES[one.policy].title,
            number(one.width.value, digits=4),
            number(one.ratio),
            number(one.units_factor, digits=1),
            percents(one.coverage),
            percents(one.plain_coverage),
        ]
        for study in studies
        for one in found[study.name]
    ]
    body = ["## Cost in precision", _INTRODUCTION, picture("precision.svg", "Width of intervals"), table(head, rows)]
    return Section(_answer(studies, found), "\n\n".join(body), {"precision.svg": _chart(studies, found)})


def _answer(studies: Sequence[Study], found: dict[str, list[Precision]]) -> str:
    lines = []
    for study in studies:
        ratios = ", ".join(_words(one) for one in found[study.name] if one.policy != EQUAL.name)
        lines.append(f"- {capitalised(study.problem.title)}: {ratios}.")
    bandits = [one for rows in found.values() for one in rows if one.policy != EQUAL.name]
    short = [one for one in bandits if one.coverage.high < 0.95]
    least = min(bandits, key=lambda one: one.coverage.value)
    plain_least = min(bandits, key=lambda one: one.plain_coverage.value)
    lines.append(
        f"- Adaptive intervals hold the truth as often as they say in {len(bandits) - len(short)} of {len(bandits)} "
        f"cases (least: {percents(least.coverage)}); plain intervals of the same data only "
        f"{percents(plain_least.plain_coverage)} at the least."
    )
    return "\n".join(lines)


def _words(one: Precision) -> str:
    units = number(one.units_factor, digits=1)
    return f"{POLICIES[one.policy].title} {number(one.ratio)} ({units} times the units)"


def _chart(studies: Sequence[Study], found: dict[str, list[Precision]]) -> str:
    played = {policy for study in studies for policy in study.policies if policy != EQUAL.name}
    policies = [name for name in POLICIES if name in played]
    rows, said = [], []
    for study in studies:
        ratios = {one.policy: one.ratio for one in found[study.name] if one.policy != EQUAL.name}
        rows.append(Row(study.problem.title, tuple(_mark(ratios.get(name)) for name in policies)))
        said.append(
            ", ".join([study.problem.title, *(f"{POLICIES[name].title} {number(ratios[name])}" for name in ratios)])
        )
    return rows_chart(
        "Width of intervals of the effect, over the equal split's",
        f"{'; '.join(said)}. A dashed line stands at 1.",
        [POLICIES[name].title for name in policies],
        rows,
        reference=1.0,
        words=plain,
    )


def _mark(ratio: float | None) -> Estimate | None:
    return None if ratio is None else Estimate(ratio, float("nan"), float("nan"))
