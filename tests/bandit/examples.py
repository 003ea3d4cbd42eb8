"""Experiments, statistics and snapshots that the tests of the bandit share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics
from services.bandit.domain.token import TokenKeys, TokenSigner
from shared.definition.model import (
    Algorithm,
    AllocationControls,
    AllocationPolicy,
    Arm,
    ArmWeight,
    CombinationRule,
    Experiment,
    ExperimentState,
    FixedSplit,
    Metric,
    MetricKind,
    MetricRole,
)
from shared.policy.snapshot import RANGE, PolicyArm, PolicySnapshot, Segments

NOW = datetime(2026, 3, 1, 12, 30, 15, 123000, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = timedelta(minutes=1)

CONVERSION = Metric(
    "conversion",
    MetricKind.PROPORTION,
    MetricRole.PRIMARY,
    combination_rule=CombinationRule.ANY,
    min_value=0.0,
    max_value=1.0,
)
REVENUE = Metric("revenue", MetricKind.MEAN, MetricRole.SECONDARY, min_value=-100.0, max_value=1000.0)
SALES = replace(REVENUE, metric_id="sales", role=MetricRole.PRIMARY)

UNCONTROLLED = AllocationControls(
    exploration_floor=0.0, burn_in_unit_count=0, update_interval=timedelta(0), min_weight_change=0.0
)


def arms(*arm_ids: str) -> tuple[Arm, ...]:
    """Returns arms; the first one is the control."""
    return tuple(Arm(arm_id, control=place == 0) for place, arm_id in enumerate(arm_ids))


def policy(algorithm: Algorithm, controls: AllocationControls | None = None, **changes: Any) -> AllocationPolicy:
    """Returns a policy under the controls given, which by default control nothing."""
    return AllocationPolicy(algorithm, replace(controls or UNCONTROLLED, **changes))


def split(*weights: float, arm_ids: tuple[str, ...] = ("control", "blue", "green")) -> AllocationPolicy:
    """Returns a fixed split."""
    pairs = zip(arm_ids, weights, strict=False)
    return AllocationPolicy(FixedSplit(tuple(ArmWeight(arm_id, weight) for arm_id, weight in pairs)))


def experiment(**fields: Any) -> Experiment:
    """Returns a running experiment of control, blue and green, split equally, unless the fields say otherwise."""
    running = Experiment(
        "checkout",
        arms("control", "blue", "green"),
        (CONVERSION, REVENUE),
        state=ExperimentState.RUNNING,
        started_at=NOW,
    )
    return replace(running, **fields)


def counted(arm_id: str, unit_count: int, successes: int = 0) -> ArmStatistics:
    """Returns the statistics of a proportion."""
    mean = successes / unit_count if unit_count else 0.0
    return ArmStatistics(arm_id, unit_count, float(successes), mean, successes * (1 - mean))


def measured(arm_id: str, values: list[float]) -> ArmStatistics:
    """Returns the statistics of values, exact to the last bit as the store's are."""
    exact = [Fraction(value) for value in values]
    mean = sum(exact, Fraction()) / max(len(exact), 1)
    deviations = sum(((value - mean) ** 2 for value in exact), Fraction())
    return ArmStatistics(arm_id, len(values), float(sum(exact)), float(mean), float(deviations))


def by_arm(*statistics: ArmStatistics) -> dict[str, ArmStatistics]:
    """Returns the statistics by arm id."""
    return {arm.arm_id: arm for arm in statistics}


def published(
    definition: Experiment,
    previous: PolicySnapshot | None = None,
    *,
    statistics: dict[str, ArmStatistics] | None = None,
    frozen: bool = False,
) -> PolicySnapshot:
    """Returns the snapshot that is published for a definition; fails where none is due."""
    snapshot = next_snapshot(definition, statistics or {}, previous, frozen=frozen, now=NOW)
    assert snapshot is not None
    return snapshot


def weights(snapshot: PolicySnapshot) -> dict[str, float]:
    """Returns the weights by arm."""
    return {arm.arm_id: arm.weight for arm in snapshot.arms}


def cut(snapshot: PolicySnapshot, *lengths: int) -> PolicySnapshot:
    """Returns the snapshot with other lengths, cut in the order of the arms."""
    starts = tuple(sum(lengths[:place]) for place in range(len(lengths)))
    changed = tuple(
        PolicyArm(arm.arm_id, length / RANGE, arm.control) for arm, length in zip(snapshot.arms, lengths, strict=True)
    )
    return replace(snapshot, arms=changed, segments=Segments(starts, tuple(range(len(lengths)))))


def signer(
    *, secret: bytes = b"0123456789abcdef", key_id: int = 1, days: float = 90, older: dict[int, bytes] | None = None
) -> TokenSigner:
    """Returns a signer."""
    keys = TokenKeys({key_id: secret, **(older or {})}, signing=key_id)
    return TokenSigner(keys, time_to_live=timedelta(days=days))
