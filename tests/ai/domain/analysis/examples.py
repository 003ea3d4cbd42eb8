"""Experiments to analyse: short ways to write data down, and random ones."""

from datetime import UTC, datetime, timedelta

import numpy as np

from services.ai.domain.analysis.data import (
    Aggregates,
    ArmAggregate,
    BanditData,
    MetricMoments,
    MetricSums,
    PolicyVersion,
    VersionArm,
)
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricDirection, MetricKind, MetricRole

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
TWO_WEEKS_AGO = NOW - timedelta(days=14)

CONVERSION = MetricProfile("conversion", MetricKind.PROPORTION, role=MetricRole.PRIMARY, relative_mde=0.1)
REVENUE = MetricProfile("revenue", MetricKind.MEAN, role=MetricRole.SECONDARY, revenue=True)
LATENCY = MetricProfile(
    "latency", MetricKind.MEAN, direction=MetricDirection.MINIMIZE, role=MetricRole.GUARDRAIL, relative_mde=0.02
)


def conversions(arm_id: str, units: int, converted: float, *, share: float = 0.0) -> ArmAggregate:
    """Returns an arm with conversions alone; the arm `control` is the control."""
    return ArmAggregate(arm_id, arm_id == "control", share, units, (MetricSums("conversion", converted),))


def values(metric_id: str, units: int, mean: float, deviation: float) -> MetricSums:
    """Returns the sums of so many units with that mean and standard deviation."""
    return MetricSums(metric_id, units * mean, units * mean**2 + (units - 1) * deviation**2)


def experiment(
    *arms: ArmAggregate, metrics: tuple[MetricProfile, ...] = (CONVERSION,), started_at: datetime | None = TWO_WEEKS_AGO
) -> Aggregates:
    """Returns an experiment as of now."""
    return Aggregates(arms, metrics, as_of=NOW, started_at=started_at)


def version(number: int, weights: dict[str, float | None], units: list[int], converted: list[int]) -> PolicyVersion:
    """Returns a policy version with conversions."""
    return PolicyVersion(
        number,
        tuple(
            VersionArm(arm_id, weight, n, (MetricMoments("conversion", hits / n, hits - hits**2 / n),) if n else ())
            for (arm_id, weight), n, hits in zip(weights.items(), units, converted, strict=True)
        ),
    )


def bandit(*versions: PolicyVersion, learning: bool = True) -> BanditData:
    """Returns a bandit of the arms of its last version."""
    return BanditData(
        tuple(arm.arm_id for arm in versions[-1].arms),
        (CONVERSION,),
        versions,
        as_of=NOW,
        started_at=TWO_WEEKS_AGO,
        learning=learning,
        exploration_floor=0.05,
    )


def thompson(rng: np.random.Generator, rates: list[float], *, batches: int = 6, size: int = 2_000) -> BanditData:
    """Returns a bandit that followed its data by chances to be best, with a floor of 5 %."""
    arm_ids = ("control", *(f"arm-{place}" for place in range(1, len(rates))))
    weights, units, hits = np.full(len(rates), 1 / len(rates)), np.zeros(len(rates)), np.zeros(len(rates))
    versions = []
    for number in range(1, batches + 1):
        placed = rng.multinomial(size, weights)
        converted = rng.binomial(placed, rates)
        named = dict(zip(arm_ids, weights.tolist(), strict=True))
        versions.append(version(number, named, placed.tolist(), converted.tolist()))
        units, hits = units + placed, hits + converted
        draws = rng.beta(1 + hits, 1 + units - hits, size=(400, len(rates)))
        best = np.bincount(draws.argmax(axis=1), minlength=len(rates)) / 400
        weights = 0.05 + (1 - 0.05 * len(rates)) * best
    return bandit(*versions)
