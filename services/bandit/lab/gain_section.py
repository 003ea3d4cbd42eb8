"""The report on gains: what bandits earn during an experiment, and what there is to earn."""

import math
from collections.abc import Sequence
from typing import Final

from services.bandit.lab.charts import Row, rows_chart
from services.bandit.lab.gains import GOAL, Band, Gain, Reach, gain_of, is_reached, reach_of
from services.bandit.lab.markdown import Section, capitalised, number, percent, percents, picture, table
from services.bandit.lab.measures import regret
from services.bandit.lab.playing import Results
from services.bandit.lab.policies import EQUAL, POLICIES
from services.bandit.lab.regret_chart import regret_chart
from services.bandit.lab.studies import Study

DEFAULT: Final = "thompson"
"""The policy that the answer at the top speaks of: the product's default for whoever wants conversions."""

_DRAWN_SERIES: Final = ("thompson", "thompson-bare", "top-two", "epsilon-greedy")
_EDGE: Final = 0.6
_CURVED: Final = ("ten-arms-low", "two-arms-clear", "one-good-of-ten")


def gain_section(studies: Sequence[Study], results: Results) -> Section:
    """Returns the section; studies are those of gains, one or more."""
    found = {study.name: [gain_of(name, results[study.name, name]) for name in study.policies] for study in studies}
    drawn = [study for study in studies if study.problem.drawn]
    fixed = [study for study in studies if not study.problem.drawn]
    reached = {
        study.name: [reach_of(name, results[study.name, name]) for name in study.policies if name != EQUAL.name]
        for study in drawn
    }
    charts = {"gains.svg": _gains_chart(studies, found)}
    parts = ["## Conversions gained over an equal split", _INTRODUCTION, picture("gains.svg", "Gains and ceilings")]
    if drawn:
        parts += ["### Arms drawn from what is known of real tests", _reach_table(drawn, reached), _DRAWN_NOTE]
    parts += ["### All problems and policies", _gain_table(studies, found)]
    for study in fixed:
        if study.name in _CURVED:
            charts[f"regret-{study.name}.svg"] = _regret_chart(study, results)
            parts.append(picture(f"regret-{study.name}.svg", f"Regret: {study.problem.title}"))
    return Section(_answer(drawn, fixed, found, reached), "\n\n".join(parts), charts)


_INTRODUCTION: Final = (
    "The gain is the sum of the metric's true means over the units as they were allocated, against an equal split of "
    "the same units; where less is better, what is saved. The *ceiling* is the gain of an oracle that plays the best "
    "arm from the first unit on: no policy can do better. *Best picked* says how often the arm that looks best at "
    "the end is the best, *worst arm* which share of the units it got. Regret is in the metric's unit (conversions, "
    "say) for a whole run."
)

_DRAWN_NOTE: Final = (
    "Each run is a problem of its own. *Possible* is the share of problems whose ceiling is 20 % or more; the "
    "columns behind it speak of these alone. A ceiling of 21 % leaves no room to learn in, which is why shares rise "
    "with the ceiling."
)


def _answer(
    drawn: Sequence[Study],
    fixed: Sequence[Study],
    found: dict[str, list[Gain]],
    reached: dict[str, list[Reach]],
) -> str:
    lines = []
    for study in drawn:
        reach = next((one for one in reached[study.name] if one.policy == DEFAULT), None)
        if reach is not None:
            best = max(reached[study.name], key=lambda one: one.all_possible.gain.value)
            lines.append(_drawn_answer(study, reach, best, _of(found[study.name], DEFAULT)))
    possible = [study for study in fixed if is_reached(found[study.name][0].ceiling)]
    if possible:
        lines.append(_fixed_answer(possible, len(fixed), found))
    elif fixed:
        lines.append(f"- Problems with fixed arms: none of {len(fixed)} has a ceiling of 20 %.")
    return "\n".join(lines)


def _fixed_answer(possible: Sequence[Study], count: int, found: dict[str, list[Gain]]) -> str:
    """Returns where the mean gain reaches the goal, and where it does not, the best policy beside the default."""
    hit: list[str] = []
    missed: list[str] = []
    for study in possible:
        gain, best = _of(found[study.name], DEFAULT), max(found[study.name], key=lambda one: one.gain.value)
        words = f"{study.name} {percent(gain.gain.value)} of {percent(gain.ceiling)}"
        if best.policy != DEFAULT:
            words += f" ({POLICIES[best.policy].title}: {percent(best.gain.value)})"
        (hit if is_reached(gain.gain.value) else missed).append(words)
    line = (
        f"- Problems with fixed arms: a ceiling of 20 % or more in {len(possible)} of {count}. There Thompson sampling "
        f"with the default controls gains 20 % or more on average in {len(hit)}: {', '.join(hit) or 'none'}"
    )
    if not missed:
        return f"{line}."
    rest = "Where the ceiling is 20 % itself, nobody who has to learn can reach it."
    return f"{line}; it misses that in {len(missed)}: {', '.join(missed)}. {rest}"


def _drawn_answer(study: Study, reach: Reach, best: Reach, gain: Gain) -> str:
    band = reach.all_possible
    possible = f"a ceiling of 20 % or more in {percents(reach.possible)} of problems"
    start = f"- {capitalised(study.problem.title)}: {possible}."
    if band.problem_count == 0:
        reached = f"{percents(gain.gain, digits=2)} of a ceiling of {percent(gain.ceiling, digits=2)}"
        return f"{start} The goal is out of reach for anybody; Thompson sampling gains {reached}."
    return " ".join(
        (
            start,
            f"{_verdict(band)} there: Thompson sampling with the default controls gains {percents(band.gain)}",
            f"(ceiling {percent(band.ceiling)}), and 20 % or more in {percents(band.reached)} of these problems.",
            f"The best policy there is {POLICIES[best.policy].title} with {percents(best.all_possible.gain)}.",
            f"Over all problems Thompson sampling gains {percents(gain.gain)} of {percent(gain.ceiling)}.",
        )
    )


def _verdict(band: Band) -> str:
    if band.gain.low >= GOAL:
        return "The goal is met on average"
    return "The goal is **missed** on average" if band.gain.high < GOAL else "The goal may or may not be met on average"


def _of(gains: Sequence[Gain], policy: str) -> Gain:
    return next(gain for gain in gains if gain.policy == policy)


def _reach_table(drawn: Sequence[Study], reached: dict[str, list[Reach]]) -> str:
    head = ["problem", "policy", "possible", "20 % reached", "mean gain", "ceiling", *map(_band_title, _bands(reached))]
    rows = [
        [
            study.name,
            POLICIES[reach.policy].title,
            percents(reach.possible),
            percents(reach.all_possible.reached),
            percents(reach.all_possible.gain),
            percent(reach.all_possible.ceiling),
            *(f"{percent(band.reached.value, digits=0)} of {band.problem_count}" for band in reach.bands),
        ]
        for study in drawn
        for reach in reached[study.name]
    ]
    return table(head, rows)


def _bands(reached: dict[str, list[Reach]]) -> tuple[Band, ...]:
    return next(iter(reached.values()))[0].bands


def _band_title(band: Band) -> str:
    end = f"to {percent(band.high, digits=0)}" if math.isfinite(band.high) else "or more"
    return f"reached, ceiling {percent(band.low, digits=0)} {end}"


def _gain_table(studies: Sequence[Study], found: dict[str, list[Gain]]) -> str:
    head = ["problem", "policy", "gain", "ceiling", "of it", "best picked", "worst arm", "regret"]
    rows = [
        [
            study.name,
            POLICIES[gain.policy].title,
            percents(gain.gain),
            percent(gain.ceiling),
            percent(gain.captured, digits=0),
            percent(gain.picked_best.value, digits=0),
            percent(gain.worst_share.value),
            number(gain.regret.value, digits=1),
        ]
        for study in studies
        for gain in found[study.name]
    ]
    return table(head, rows)


def _gains_chart(studies: Sequence[Study], found: dict[str, list[Gain]]) -> str:
    def one(study: Study, policy: str) -> Gain | None:
        return next((gain for gain in found[study.name] if gain.policy == policy), None)

    rows = []
    for study in studies:
        gains = [one(study, policy) for policy in _DRAWN_SERIES]
        estimates = tuple(None if gain is None else gain.gain for gain in gains)
        rows.append(Row(study.problem.title, estimates, found[study.name][0].ceiling))
    said = "; ".join(
        f"{study.problem.title}: {percent(gain.gain.value)} of {percent(gain.ceiling)}"
        for study in studies
        if (gain := one(study, DEFAULT)) is not None
    )
    return rows_chart(
        f"Gain over an equal split; thick lines: an oracle; at the right edge: {percent(_EDGE, digits=0)} or more",
        f"Gains with 95 % intervals. Thompson sampling: {said}. A dashed line stands at 20 %.",
        [POLICIES[name].title for name in _DRAWN_SERIES],
        rows,
        reference=GOAL,
        highest=_EDGE,
    )


def _regret_chart(study: Study, results: Results) -> str:
    # The equal split comes last, in grey.
    lost = [(POLICIES[name].title, regret(results[study.name, name])) for name in (*study.policies[1:], EQUAL.name)]
    problem = study.problem
    return regret_chart(problem.title, lost, batch_unit_count=problem.batch_unit_count, lost_what="conversions")
