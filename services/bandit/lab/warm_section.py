"""The report on warm starts: what an earlier experiment's data save, and what they cost where they mislead."""

from collections.abc import Sequence
from typing import Final

from services.bandit.lab.markdown import Section, capitalised, number, numbers, percent, percents, picture, table
from services.bandit.lab.measures import Estimate, ceilings, gains, mean, regret
from services.bandit.lab.playing import Results
from services.bandit.lab.policies import EQUAL, POLICIES
from services.bandit.lab.regret_chart import regret_chart
from services.bandit.lab.studies import Study

COLD: Final = "thompson"
"""The policy that starts from nothing."""

_INTRODUCTION: Final = (
    "An earlier experiment on arms of the same names gave each of them 1,000 units; with `warm_start` a bandit starts "
    "from these sums, worth `max_unit_count` units an arm at most (1,000 by default, or 100). Regret is in conversions "
    "for a whole run; *over cold* is what the warm start loses more than the same policy without it (below 0: what it "
    "saves), with 95 % intervals over runs."
)


def warm_section(studies: Sequence[Study], results: Results) -> Section:
    """Returns the section; studies are those of warm starts, one or more."""
    charts = {f"regret-{study.name}.svg": _chart(study, results) for study in studies}
    body = [
        "## Warm starts",
        _INTRODUCTION,
        _table(studies, results),
        *(picture(f"regret-{study.name}.svg", f"Regret: {study.problem.title}") for study in studies),
    ]
    answer = "\n".join(_one_answer(study, results) for study in studies)
    return Section(answer, "\n\n".join(body), charts)


def _total_regret(study: Study, policy: str, results: Results) -> Estimate:
    return mean(regret(results[study.name, policy])[:, -1])


def _over_cold(study: Study, policy: str, results: Results) -> Estimate:
    warm, cold = (regret(results[study.name, name])[:, -1] for name in (policy, COLD))
    return mean(warm - cold)


def _one_answer(study: Study, results: Results) -> str:
    cold = _total_regret(study, COLD, results)
    parts = [
        f"{POLICIES[name].title} {numbers(_total_regret(study, name, results))}, "
        f"{number(_total_regret(study, name, results).value / cold.value)} times as much"
        for name in _warm(study)
    ]
    return f"- {capitalised(study.problem.title)}: regret without {numbers(cold)}; {'; '.join(parts)}."


def _warm(study: Study) -> list[str]:
    return [name for name in study.policies if name not in {EQUAL.name, COLD}]


def _table(studies: Sequence[Study], results: Results) -> str:
    head = ["problem", "policy", "gain", "ceiling", "regret", "over cold"]
    rows = [
        [
            study.problem.title,
            POLICIES[name].title,
            percents(mean(gains(results[study.name, name]))),
            percent(float(ceilings(results[study.name, name]).mean())),
            numbers(_total_regret(study, name, results)),
            numbers(_over_cold(study, name, results)) if name in _warm(study) else "-",
        ]
        for study in studies
        for name in study.policies
    ]
    return table(head, rows)


def _chart(study: Study, results: Results) -> str:
    names = [*study.policies[1:], EQUAL.name]
    lost = [(POLICIES[name].title, regret(results[study.name, name])) for name in names]
    problem = study.problem
    return regret_chart(problem.title, lost, batch_unit_count=problem.batch_unit_count, lost_what="conversions")
