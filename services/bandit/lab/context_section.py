"""The report on contexts: what it gains, or costs, to go by what is told of each unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.bandit.lab.charts import Row, rows_chart
from services.bandit.lab.context_simulation import ContextRuns
from services.bandit.lab.markdown import Section, capitalised, number, percent, percents, picture, table
from services.bandit.lab.measures import Estimate, ceilings, gains, mean, over_equal, regret, share
from services.bandit.lab.playing import ContextResults
from services.bandit.lab.policies import EQUAL, POLICIES
from services.bandit.lab.regret_chart import regret_chart
from services.bandit.lab.studies import ContextStudy

PLAIN: Final = "thompson"
"""The policy that does not go by contexts, which those that do are compared with."""

_INTRODUCTION: Final = (
    "Every run has arms and units of its own, the same for all policies. The gain is that of true means over an equal "
    "split, as above; the *oracle* gives each unit the arm that is best for it, the *best single arm* is given to all "
    "units of a run and so is the oracle of whoever does not go by contexts. *Over Thompson* is the gain less that of "
    "Thompson sampling without contexts in the same run, in percentage points, and *better* the share of runs in which "
    "it is above 0. Features are declared, encoded, learned from and served as in the service, with default controls."
)


@dataclass(frozen=True, slots=True)
class ContextGain:
    """Says what a policy did on a problem, and beside Thompson sampling without contexts.

    Attributes:
        gain: Over an equal split, as a share.
        over_plain: The gain less that of Thompson sampling without contexts, run by run.
        better: Share of runs in which that is above 0.
        regret: Lost against the oracle over all units of a run, in the metric's unit.
    """

    policy: str
    gain: Estimate
    over_plain: Estimate
    better: Estimate
    regret: Estimate

    @property
    def pays(self) -> bool:
        """Returns whether going by contexts is shown to gain on average."""
        return self.over_plain.low > 0

    @property
    def costs(self) -> bool:
        """Returns whether going by contexts is shown to lose on average."""
        return self.over_plain.high < 0


def context_gain(policy: str, runs: ContextRuns, plain: ContextRuns) -> ContextGain:
    """Returns what a policy did in these runs, beside the same runs of the policy without contexts."""
    over = gains(runs) - gains(plain)
    return ContextGain(policy, mean(gains(runs)), mean(over), share(over > 0), mean(regret(runs)[:, -1]))


def context_section(studies: Sequence[ContextStudy], results: ContextResults) -> Section:
    """Returns the section; one or more studies."""
    found = {
        study.name: [
            context_gain(name, results[study.name, name], results[study.name, PLAIN]) for name in study.policies
        ]
        for study in studies
    }
    charts = {"contexts.svg": _chart(studies, found, results)}
    charts |= {f"regret-{study.name}.svg": _regret_chart(study, results) for study in studies}
    body = [
        "## Contexts",
        _INTRODUCTION,
        picture("contexts.svg", "Gains with and without contexts"),
        _table(studies, found, results),
        *(picture(f"regret-{study.name}.svg", f"Regret: {study.problem.title}") for study in studies),
    ]
    return Section(_answer(studies, found, results), "\n\n".join(body), charts)


def _in_context(gained: Sequence[ContextGain]) -> list[ContextGain]:
    return [one for one in gained if one.policy not in {EQUAL.name, PLAIN}]


def _answer(studies: Sequence[ContextStudy], found: dict[str, list[ContextGain]], results: ContextResults) -> str:
    lines = [_one_answer(study, found[study.name], results[study.name, PLAIN]) for study in studies]
    judged = [one for study in studies for one in _in_context(found[study.name])]
    pays, costs = sum(one.pays for one in judged), sum(one.costs for one in judged)
    lines.append(
        f"- Of {len(judged)} combinations of algorithm and problem, going by contexts pays in {pays} and costs in "
        f"{costs} (the interval over runs is above, or below, 0); {len(judged) - pays - costs} cannot be told apart "
        "from Thompson sampling without contexts. The prior of *tight* was chosen after a trial on these problems: "
        "read its three rows as what tuning can gain."
    )
    return "\n".join(lines)


def _one_answer(study: ContextStudy, gained: Sequence[ContextGain], plain: ContextRuns) -> str:
    without = next(one for one in gained if one.policy == PLAIN)
    single, ceiling = float(over_equal(plain, plain.best_single).mean()), float(ceilings(plain).mean())
    ways = sorted(_in_context(gained), key=lambda one: -one.gain.value)
    return " ".join(
        (
            f"- {capitalised(study.problem.title)}: an oracle gains {percent(ceiling)}, the best single arm",
            f"{percent(single)}, Thompson sampling without contexts {percents(without.gain)}.",
            f"More than that, in points: {', '.join(map(_words, ways))}.",
        )
    )


def _words(one: ContextGain) -> str:
    return f"{POLICIES[one.policy].title} {_points(one.over_plain)} (better in {percent(one.better.value, digits=0)})"


def _points(estimate: Estimate) -> str:
    """Returns a difference of shares in percentage points, with its interval."""
    return percents(estimate).replace(" %", "")


def _table(studies: Sequence[ContextStudy], found: dict[str, list[ContextGain]], results: ContextResults) -> str:
    head = ["problem", "policy", "gain", "best single arm", "oracle", "over Thompson", "better", "regret"]
    rows = []
    for study in studies:
        for one in found[study.name]:
            runs, beside = results[study.name, one.policy], one.policy not in {EQUAL.name, PLAIN}
            rows.append(
                [
                    study.name,
                    POLICIES[one.policy].title,
                    percents(one.gain),
                    percent(float(over_equal(runs, runs.best_single).mean())),
                    percent(float(ceilings(runs).mean())),
                    _points(one.over_plain) if beside else "-",
                    percents(one.better, digits=0) if beside else "-",
                    number(one.regret.value, digits=1),
                ]
            )
    return table(head, rows)


def _chart(studies: Sequence[ContextStudy], found: dict[str, list[ContextGain]], results: ContextResults) -> str:
    names = list(dict.fromkeys(name for study in studies for name in study.policies if name != EQUAL.name))
    rows = []
    for study in studies:
        ways = {one.policy: one.gain for one in found[study.name]}
        ceiling = float(ceilings(results[study.name, PLAIN]).mean())
        rows.append(Row(study.problem.title, tuple(ways.get(name) for name in names), ceiling))
    said = "; ".join(
        f"{study.problem.title}: "
        + ", ".join(f"{POLICIES[one.policy].title} {percent(one.gain.value)}" for one in found[study.name])
        for study in studies
    )
    return rows_chart(
        "Gain over an equal split with and without contexts; thick lines: an oracle that knows each unit",
        f"Gains with 95 % intervals. {said}.",
        [POLICIES[name].title for name in names],
        rows,
    )


def _regret_chart(study: ContextStudy, results: ContextResults) -> str:
    names = [*study.policies[1:], EQUAL.name]
    lost = [(POLICIES[name].title, regret(results[study.name, name])) for name in names]
    problem = study.problem
    return regret_chart(problem.title, lost, batch_unit_count=problem.batch_unit_count, lost_what=problem.valued)
