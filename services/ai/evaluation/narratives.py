"""Random experiments and true narratives of them, from templates: the clean side of the mutation matrix."""

import math
import random
from collections.abc import Iterator, Mapping
from typing import Final

from services.ai.domain.grounding.claims import Relation, Valence
from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.grounding.kinds import Unit
from services.ai.evaluation.case import Case
from services.ai.evaluation.experiment_cases import (
    advice_case,
    effect_case,
    health_case,
    power_case,
    relation_of,
    valence_of,
)
from services.ai.evaluation.experiments import Effect
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Status

_METRICS: Final = (
    "day7_retention",
    "revenue_per_user",
    "signup_rate",
    "page_load_ms",
    "refund_rate",
    "clicks_per_visit",
)
_ARMS: Final = ("green-button", "short-form", "new-onboarding", "free-trial-14", "layout_b", "faster-checkout")
_UP_TEXTS: Final = (
    "<a> raised <m> by <lift_size>.",
    "<m> rose from <c.mean> to <mean> in <a>.",
    "<m> is higher in <a> than in <c>, with a lift of <lift>.",
    "Compared with <c>, <a> increased <m> by <diff_size>.",
)
_DOWN_TEXTS: Final = (
    "<a> lowered <m> by <lift_size>.",
    "<m> fell from <c.mean> to <mean> in <a>.",
    "<m> is lower in <a> than in <c>, with a lift of <lift>.",
    "Compared with <c>, <a> reduced <m> by <diff_size>.",
)
_TEXTS: Final[Mapping[tuple[Relation, Valence], tuple[str, ...]]] = {
    (Relation.INCREASE, Valence.BETTER): (*_UP_TEXTS, "<a> improved <m>: it rose by <lift_size>."),
    (Relation.INCREASE, Valence.WORSE): (*_UP_TEXTS, "<m> got worse in <a>: it rose by <lift_size>."),
    (Relation.DECREASE, Valence.BETTER): (*_DOWN_TEXTS, "<a> improved <m>: it fell by <lift_size>."),
    (Relation.DECREASE, Valence.WORSE): (*_DOWN_TEXTS, "<m> got worse in <a>: it fell by <lift_size>."),
    (Relation.NO_DETECTABLE_CHANGE, Valence.NEUTRAL): (
        "No change of <m> was detected in <a>.",
        "The result on <m> is inconclusive: the interval of the lift is from <low> to <high>.",
        "<a> did not change <m> significantly (p-value <p>).",
        "There is no evidence that <a> changes <m>, which is not to say that there is none.",
    ),
    (Relation.INSUFFICIENT_DATA, Valence.NEUTRAL): (
        "There is too little data to judge <m> in <a>.",
        "<n> units are not enough to say anything about <m>.",
    ),
}
_ADVICE: Final[Mapping[Verdict, tuple[str, ...]]] = {
    Verdict.SHIP: ("Ship <a>.", "Roll out <a>."),
    Verdict.CONTINUE: ("Continue the experiment.", "Wait for more data; do not ship <a> yet."),
    Verdict.STOP_INCONCLUSIVE: ("Stop the experiment as inconclusive.", "End the experiment."),
    Verdict.ROLL_BACK: ("Roll back <a>.", "Return to <c>."),
    Verdict.INVESTIGATE: ("Investigate the sample ratio first.", "Do not ship <a>; check the data."),
}


def narratives(chance: random.Random, count: int) -> Iterator[tuple[Case, ...]]:
    """Returns the cases of so many random experiments: effect, health, sample, advice."""
    for number in range(count):
        effect = random_effect(chance)
        reached = effect.units >= effect.required
        yield (
            effect_case(f"effect {number}", effect, *_TEXTS[relation_of(effect), valence_of(effect)]),
            health_case(f"health {number}", effect, *_health_texts(effect)),
            power_case(f"power {number}", effect, *_power_texts(reached=reached)),
            advice_case(f"advice {number}", effect, *_ADVICE[effect.decision]),
        )


def random_effect(chance: random.Random) -> Effect:
    """Returns an experiment with a metric, an effect, a sample and a split that are drawn."""
    unit = chance.choice((Unit.SHARE, Unit.VALUE, Unit.USD))
    mean = chance.uniform(0.02, 0.6) if unit is Unit.SHARE else chance.uniform(2, 900)
    lift, half = chance.gauss(0, 0.05) or 0.01, chance.uniform(0.004, 0.06)
    direction = chance.choice(tuple(MetricDirection))
    units, required = chance.randint(200, 90_000), chance.randint(5_000, 60_000)
    split = Status.FAIL if chance.random() < 0.15 else Status.PASS
    status = _status(lift, half, direction, units)
    return Effect(
        mean,
        mean * (1 + lift),
        lift - half,
        lift + half,
        math.erfc(abs(lift) / (half / 1.96) / math.sqrt(2)),
        status,
        direction,
        chance.choice((MetricRole.PRIMARY, MetricRole.GUARDRAIL)),
        unit,
        units,
        required,
        split,
        _decision(status, split, reached=units >= required),
        chance.choice(_METRICS),
        chance.choice(_ARMS),
    )


def _status(lift: float, half: float, direction: MetricDirection, units: int) -> ComparisonStatus:
    if units < 1000:
        return ComparisonStatus.INSUFFICIENT_DATA
    if abs(lift) <= half:
        return ComparisonStatus.NO_DETECTABLE_CHANGE
    good = (lift > 0) == (direction is MetricDirection.MAXIMIZE)
    return ComparisonStatus.BETTER if good else ComparisonStatus.WORSE


def _decision(status: ComparisonStatus, split: Status, *, reached: bool) -> Verdict:
    if split is Status.FAIL:
        return Verdict.INVESTIGATE
    if status is ComparisonStatus.WORSE:
        return Verdict.ROLL_BACK
    if not reached:
        return Verdict.CONTINUE
    return Verdict.SHIP if status is ComparisonStatus.BETTER else Verdict.STOP_INCONCLUSIVE


def _health_texts(effect: Effect) -> tuple[str, ...]:
    if effect.split is Status.FAIL:
        return "The sample ratio check failed (p-value <srm_p>).", "The split does not match the plan."
    return "The sample ratio check passed (p-value <srm_p>).", "The split is as planned."


def _power_texts(*, reached: bool) -> tuple[str, ...]:
    if reached:
        return "The planned sample of <required> units is reached.", "<a> has enough units: <n>."
    return "The planned sample of <required> units is not reached.", "<missing> more units are needed."
