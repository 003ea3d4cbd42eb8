"""Analyses of made-up experiments, with what the engine says of each: all sorts of effects, samples and splits."""

import itertools
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums
from services.ai.domain.analysis.engine import analyze
from services.ai.domain.analysis.evidence import evidence_of
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.analysis.words.answer import answer
from services.ai.domain.grounding.claims import Answer
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricDirection, MetricKind, MetricRole

_NOW: Final = datetime(2026, 3, 20, 12, tzinfo=UTC)
_MEAN: Final = 10.0
_DEVIATION: Final = 10.0
_PLAN: Final = AnalysisPlan(sample=PlannedSample(20_000, 0.03))
_UNITS: Final = (20_000, 8_000, 40)
_LIFTS: Final = (0.06, -0.06, 0.001)
_HARM: Final = 0.05
"""To the guardrail, where the split is broken."""
_FEWER: Final = 0.9
"""Of the other arm's units, where the split is broken."""


@cache
def analyses() -> tuple[tuple[EvidencePack, Answer], ...]:
    """Returns the evidence of each, and the engine's answer."""
    made = itertools.product(MetricDirection, _LIFTS, _UNITS, (False, True))
    found = (
        evidence_of(analyze(_data(direction, lift, units, broken=broken), _PLAN, now=_NOW))
        for direction, lift, units, broken in made
    )
    return tuple((evidence.pack, answer(evidence)) for evidence in found)


def _data(direction: MetricDirection, lift: float, units: int, *, broken: bool) -> Aggregates:
    metrics = (
        MetricProfile("order_value", MetricKind.MEAN, direction=direction, role=MetricRole.PRIMARY),
        MetricProfile("latency", MetricKind.MEAN, direction=MetricDirection.MINIMIZE, role=MetricRole.GUARDRAIL),
    )
    others = round(units * _FEWER) if broken else units
    arms = (_arm("control", others, 0.0, 0.0), _arm("short-form", units, lift, _HARM if broken else 0.0))
    return Aggregates(arms, metrics, _NOW, _NOW - timedelta(days=14), multiple_exposure_count=0)


def _arm(arm_id: str, units: int, lift: float, guarded: float) -> ArmAggregate:
    sums = (_sums("order_value", units, lift), _sums("latency", units, guarded))
    return ArmAggregate(arm_id, arm_id == "control", 0.5, units, sums)


def _sums(metric_id: str, units: int, lift: float) -> MetricSums:
    mean = _MEAN * (1 + lift)
    return MetricSums(metric_id, units * mean, units * mean**2 + (units - 1) * _DEVIATION**2)
