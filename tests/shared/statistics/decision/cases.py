"""Small evidence for the judge, and every combination of it."""

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from shared.statistics.decision.evidence import Guardrail, Primary, Standing, Treatment
from shared.statistics.decision.rule import DecisionRule, GuardrailNeed, Progress
from shared.statistics.health.finding import Check, Finding, Status
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable

GOOD: Final = Interval(0.05, 0.02, 0.08)
FLAT: Final = Interval(0.0, -0.03, 0.03)
TINY: Final = Interval(0.0, -0.001, 0.001)
BAD: Final = Interval(-0.05, -0.08, -0.02)
UNKNOWN: Final = NotEstimable(Obstacle.NO_UNITS)

EARLY: Final = Progress(3, 300, 100.0)
MIDWAY: Final = Progress(10, 500, 100.0)
DONE: Final = Progress(14, 1000, 100.0)


def finding(status: Status, check: Check = Check.SAMPLE_RATIO) -> Finding:
    obstacle = Obstacle.NO_UNITS if status is Status.NOT_ESTIMABLE else Obstacle.NONE
    return Finding(check, status, f"{check} {status}", {"p_value": 0.5}, "source", obstacle)


def rule(
    *, early_stop: bool = True, guardrails: GuardrailNeed = GuardrailNeed.SHOWN, indifference: float | None = 0.005
) -> DecisionRule:
    return DecisionRule(
        1000, 28, minimum_day_count=7, early_stop=early_stop, guardrails=guardrails, indifference=indifference
    )


def guardrail(
    standing: Standing = Standing.SHOWN, *, harm_shown: bool = False, validity: Validity = Validity.ANY_TIME
) -> Guardrail:
    return Guardrail("latency_ms", standing, validity, harm_shown)


def treatment(
    effect: Interval | NotEstimable = GOOD,
    validity: Validity = Validity.ANY_TIME,
    *guardrails: Guardrail,
    caution: Caution = Caution.NONE,
) -> Treatment:
    return Treatment("new", Primary(effect, validity, caution), guardrails)


class Setting(NamedTuple):
    """Is one combination of evidence."""

    treatment: Treatment
    health: tuple[Finding, ...]
    rule: DecisionRule
    progress: Progress


def settings() -> Iterator[Setting]:
    """Yields every combination, 95,040."""
    guards = [
        (),
        *[
            (guardrail(standing, harm_shown=harm, validity=validity),)
            for standing, harm in [
                (Standing.SHOWN, False),
                (Standing.SHOWN, True),
                (Standing.NOT_SHOWN, False),
                (Standing.NOT_SHOWN, True),
                (Standing.VIOLATED, True),
            ]
            for validity in (Validity.FIXED_LOOK, Validity.ADAPTIVE_ANY_TIME)
        ],
    ]
    health = [
        (),
        *[(finding(status),) for status in Status],
        (finding(Status.PASS), finding(Status.FAIL, Check.FRESHNESS)),
    ]
    rules = [rule(early_stop=early, guardrails=need) for early in (True, False) for need in GuardrailNeed]
    progresses = [
        Progress(day_count, unit_count, 100.0, at_planned_look=look, adaptive=adaptive)
        for (day_count, unit_count) in [(3, 300), (10, 500), (14, 1000)]
        for look in (False, True)
        for adaptive in (False, True)
    ]
    effects: tuple[Interval | NotEstimable, ...] = (GOOD, FLAT, TINY, BAD, UNKNOWN)
    for effect, validity, guard, checks, declared, progress in itertools.product(
        effects, Validity, guards, health, rules, progresses
    ):
        yield Setting(treatment(effect, validity, *guard), checks, declared, progress)
