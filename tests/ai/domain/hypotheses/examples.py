"""A shop's metrics and its experiments of the past, and ways to change them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.ai.domain.hypotheses.brief import Brief
from services.ai.domain.hypotheses.gathering import known
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.model import EffectDirection, HypothesisState, StoredHypothesis
from services.ai.domain.metrics import MetricProfile, PastExperiment, PastOutcome, SegmentBaseline, TrafficProfile
from shared.definition.model import MetricDirection, MetricKind, MetricRole

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TRAFFIC = TrafficProfile(20_000.0, 0.5)

CHECKOUT = MetricProfile("checkout_rate", MetricKind.PROPORTION, "Checkout rate", baseline=0.2, unit_count=100_000)
REVENUE = MetricProfile(
    "revenue_per_visitor",
    MetricKind.MEAN,
    "Revenue per visitor",
    baseline=4.0,
    standard_deviation=20.0,
    unit_count=100_000,
    revenue=True,
)
LATENCY = MetricProfile(
    "page_latency",
    MetricKind.MEAN,
    "Page latency",
    direction=MetricDirection.MINIMIZE,
    role=MetricRole.GUARDRAIL,
    baseline=800.0,
    standard_deviation=300.0,
)
RETURNS = MetricProfile(
    "return_rate", MetricKind.PROPORTION, "Return rate", direction=MetricDirection.MINIMIZE, baseline=0.1
)


def segmented(metric: MetricProfile, **baselines: float) -> MetricProfile:
    """Returns a metric with segments of 50,000 units each."""
    return replace(metric, segments=tuple(SegmentBaseline(name, level, 50_000) for name, level in baselines.items()))


def past(
    experiment_id: str,
    intervention: str,
    lift: float | None,
    outcome: PastOutcome,
    *,
    error: float | None = 0.01,
    metric_id: str = "checkout_rate",
    tags: tuple[str, ...] = (),
) -> PastExperiment:
    """Returns a past experiment, on the checkout rate unless told otherwise."""
    return PastExperiment(experiment_id, intervention, metric_id, lift, error, outcome, tags)


def won(experiment_id: str, intervention: str, lift: float | None = 0.05, **rest: Any) -> PastExperiment:
    """Returns a past experiment that won."""
    return past(experiment_id, intervention, lift, PastOutcome.WON, **rest)


def lost(experiment_id: str, intervention: str, lift: float | None = -0.05, **rest: Any) -> PastExperiment:
    """Returns a past experiment that lost."""
    return past(experiment_id, intervention, lift, PastOutcome.LOST, **rest)


def inconclusive(experiment_id: str, intervention: str, lift: float | None = 0.03, **rest: Any) -> PastExperiment:
    """Returns a past experiment that was not decided."""
    return past(experiment_id, intervention, lift, PastOutcome.INCONCLUSIVE, **{"error": 0.025, **rest})


def stored(
    intervention: str,
    state: HypothesisState = HypothesisState.PROPOSED,
    *,
    metric_id: str = "checkout_rate",
    direction: EffectDirection = EffectDirection.INCREASE,
    confidence: float = 0.5,
) -> StoredHypothesis:
    """Returns a stored hypothesis, that the checkout rate rises unless told otherwise."""
    return StoredHypothesis("h-1", intervention, metric_id, direction, state, confidence, confidence)


def knowing(*rows: PastExperiment, metrics: tuple[MetricProfile, ...] = (CHECKOUT,), **rest: Any) -> Knowledge:
    """Returns what is known from past experiments."""
    return known(Brief(metrics, NOW, past=rows, **rest))
