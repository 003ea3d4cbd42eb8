"""Random experiments of every sort: sound, broken, empty, early, ended, adaptive; most of them cheap to analyse."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, BanditData, MetricSums, SegmentAggregates
from services.ai.domain.analysis.engine import ExperimentAnalysis, analyze, analyze_bandit
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.looking import LookingPolicy
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricDirection, MetricKind, MetricRole
from tests.ai.domain.analysis.examples import NOW, bandit, version

NAMES = (
    "",
    "Checkout rate",
    "better than the control",
    "revenue_7d",
    "Latency p95",
    "won 100 %",
    "{{E1}}",
    "no effect",
)
ARM_NAMES = ("blue", "variant-1", "winner", "the best", "b2", "Ship it", "green", "old-page")
SEGMENT_VALUES = ("mobile", "desktop", "better than the rest", "1.2", "日本", "{{E1}}", "only", "no effect")
SIZES = (0, 1, 2, 60, 150, 3_000, 20_000, 400_000)


def random_analysis(rng: np.random.Generator) -> ExperimentAnalysis:
    """Returns the analysis of a random experiment; a quarter were run by a bandit."""
    plan = _plan(rng)
    now = NOW + timedelta(hours=float(rng.choice([0, 0, 0, 30, 100])))
    if rng.random() < 0.25:
        return analyze_bandit(_bandit(rng), replace(plan, looking=LookingPolicy.ANY_TIME), now=now)
    return analyze(_aggregates(rng, plan), plan, now=now)


def _plan(rng: np.random.Generator) -> AnalysisPlan:
    mde = None if rng.random() < 0.3 else float(rng.choice([0.02, 0.1, 0.3]))
    sample = None if rng.random() < 0.1 else PlannedSample(int(rng.choice([100, 1_000, 10_000])), mde)
    return AnalysisPlan(
        alpha=float(rng.choice([0.01, 0.05, 0.1])),
        sample=sample,
        looking=LookingPolicy.AT_END if rng.random() < 0.85 else LookingPolicy.ANY_TIME,
        maximum_day_count=None if rng.random() < 0.5 else 28,
    )


def _aggregates(rng: np.random.Generator, plan: AnalysisPlan) -> Aggregates:
    arm_count = int(rng.choice([2, 2, 2, 3, 4, 8]))
    planned = plan.sample.units_per_arm if plan.sample else 0
    size = int(1.1 * planned) if planned and rng.random() < 0.5 else int(rng.choice(SIZES))
    days = None if rng.random() < 0.15 else float(rng.choice([0.5, 3, 14, 14, 30, 400]))
    ended = planned <= size <= 1.2 * planned and days is not None and days >= 7
    # Sequences of rates take much longer to compute than all the rest.
    metrics = _metrics(rng, rate_share=0.6 if ended and plan.ends_by_one_look else 0.002)
    names = rng.permutation(ARM_NAMES)[:arm_count]
    shares = rng.dirichlet(np.full(arm_count, 20.0)) if rng.random() < 0.3 else np.full(arm_count, 1 / arm_count)
    units = rng.multinomial(size * arm_count, shares if rng.random() < 0.9 else rng.dirichlet(np.full(arm_count, 20.0)))
    levels = [float(rng.choice([-3.0, 0.02, 0.1, 0.4, 50.0])) for _ in metrics]
    arms = [
        ArmAggregate(str(name), place == 0, float(share), int(count), _sums(rng, metrics, levels, int(count)))
        for place, (name, share, count) in enumerate(zip(names, shares, units, strict=True))
    ]
    several = None if rng.random() < 0.5 else int(rng.choice([0, 0.0005, 0.002, 0.1]) * size * arm_count)
    started_at = None if days is None else NOW - timedelta(days=days)
    segments = _segments(rng, arms, metrics[0]) if rng.random() < 0.3 else ()
    return Aggregates(tuple(arms), metrics, NOW, started_at, several, segments)


def _segments(
    rng: np.random.Generator, arms: list[ArmAggregate], metric: MetricProfile
) -> tuple[SegmentAggregates, ...]:
    """Returns parts of the arms that sum to them, in one dimension or two; effects may differ between them."""
    found: list[SegmentAggregates] = []
    for dimension in ("device", "plan")[: int(rng.choice([1, 2]))]:
        values = rng.permutation(SEGMENT_VALUES)[: int(rng.choice([2, 3, 6]))]
        parts = [_parted(rng, arm, metric, len(values)) for arm in arms]
        found += [
            SegmentAggregates(f"{dimension}={value}", tuple(of_arm[place] for of_arm in parts))
            for place, value in enumerate(values)
        ]
    return tuple(found)


def _parted(rng: np.random.Generator, arm: ArmAggregate, metric: MetricProfile, count: int) -> list[ArmAggregate]:
    """Returns an arm in parts: of a rate, of which some take more converters; of values, which are alike in all."""
    units = rng.multinomial(arm.unit_count, rng.dirichlet(np.full(count, 5.0)))
    whole = next((one for one in arm.sums if one.metric_id == metric.metric_id), None)
    if whole is None:
        return [ArmAggregate(arm.arm_id, unit_count=int(each)) for each in units]
    if metric.kind is MetricKind.PROPORTION:
        hits = rng.multivariate_hypergeometric(units, int(whole.value_sum), method="marginals")
        sums = [MetricSums(metric.metric_id, float(each)) for each in hits]
    else:
        sums = _parts_of_values(rng, whole, units)
    return [
        ArmAggregate(arm.arm_id, unit_count=int(each), sums=(of_part,))
        for each, of_part in zip(units, sums, strict=True)
    ]


def _parts_of_values(rng: np.random.Generator, whole: MetricSums, units: NDArray[np.int64]) -> list[MetricSums]:
    """Returns sums of parts with means of their own: a share of all deviation is between them."""
    count = max(int(units.sum()), 1)
    mean, deviation = whole.value_sum / count, max((whole.value_square_sum or 0.0) - whole.value_sum**2 / count, 0.0)
    away = rng.normal(0, float(rng.choice([0.0, 0.05, 0.3])), len(units)) * (deviation / count) ** 0.5
    away -= (units * away).sum() / count
    within = max(deviation - float((units * away**2).sum()), 0.0) / count
    return [
        MetricSums(whole.metric_id, float(each * (mean + step)), float(each * (within + (mean + step) ** 2)))
        for each, step in zip(units, away, strict=True)
    ]


def _metrics(rng: np.random.Generator, *, rate_share: float) -> tuple[MetricProfile, ...]:
    roles = [MetricRole.PRIMARY, *rng.choice([MetricRole.GUARDRAIL, MetricRole.SECONDARY], size=rng.integers(0, 4))]
    return tuple(
        MetricProfile(
            f"metric-{place}",
            MetricKind.PROPORTION if rng.random() < rate_share else MetricKind.MEAN,
            display_name=str(rng.choice(NAMES)),
            direction=rng.choice([MetricDirection.MAXIMIZE, MetricDirection.MINIMIZE]),
            role=role,
            relative_mde=None if rng.random() < 0.5 else float(rng.choice([0.005, 0.05, 0.5])),
        )
        for place, role in enumerate(roles)
    )


def _sums(
    rng: np.random.Generator, metrics: tuple[MetricProfile, ...], levels: list[float], count: int
) -> tuple[MetricSums, ...]:
    found = []
    for metric, level in zip(metrics, levels, strict=True):
        if rng.random() < 0.03:
            continue
        moved = level * (1 + float(rng.choice([0, 0, 0.01, 0.1, -0.1, 0.6])))
        if metric.kind is MetricKind.PROPORTION:
            found.append(MetricSums(metric.metric_id, float(rng.binomial(count, min(abs(moved), 1.0)))))
        elif count:
            spread = float(rng.choice([0.0, 1.0, 10.0]))
            mean = moved + (rng.normal(0, spread / count**0.5) if spread else 0.0)
            squares = count * mean**2 + (count - 1) * spread**2
            found.append(MetricSums(metric.metric_id, count * mean, squares))
    return tuple(found)


def _bandit(rng: np.random.Generator) -> BanditData:
    arm_count, versions = int(rng.choice([2, 3, 5])), []
    arm_ids = ("control", *(str(name) for name in rng.permutation(ARM_NAMES)[: arm_count - 1]))
    rates = rng.choice([0.05, 0.1, 0.12, 0.3], size=arm_count)
    size, contextual = int(rng.choice([0, 40, 500, 5_000], p=[0.05, 0.15, 0.4, 0.4])), rng.random() < 0.1
    for number in range(1, int(rng.choice([2, 3, 4, 5], p=[0.02, 0.43, 0.4, 0.15]))):
        weights = np.full(arm_count, 1 / arm_count) if number == 1 else rng.dirichlet(np.ones(arm_count))
        placed = rng.multinomial(size, weights)
        named = {arm_id: None if contextual else float(weight) for arm_id, weight in zip(arm_ids, weights, strict=True)}
        versions.append(version(number, named, placed.tolist(), rng.binomial(placed, rates).tolist()))
    direction = rng.choice([MetricDirection.MAXIMIZE, MetricDirection.MINIMIZE])
    found = bandit(*versions, learning=bool(rng.random() < 0.8))
    primary = replace(found.metrics[0], direction=direction, display_name=str(rng.choice(NAMES)))
    return replace(found, metrics=(primary,), running=bool(rng.random() < 0.9))
