"""The data of an experiment, as sums of arms or as what a bandit's policy versions left behind."""

from dataclasses import dataclass
from datetime import datetime

from services.ai.domain.metrics import MetricProfile
from shared.statistics.adaptive.batches import SUM_TOLERANCE


@dataclass(frozen=True, slots=True)
class MetricSums:
    """Is the data of one arm on one metric.

    Attributes:
        value_sum: Of the units' values; for a PROPORTION how many converted.
        value_square_sum: Of their squares; not needed for a PROPORTION.
    """

    metric_id: str
    value_sum: float
    value_square_sum: float | None = None


@dataclass(frozen=True, slots=True)
class ArmAggregate:
    """Is the data of one arm.

    Attributes:
        planned_share: Of units that it was meant to get; 0 in all arms: equal ones.
        unit_count: Units that saw it.
        sums: At most one for each metric; a metric without one was not measured.
    """

    arm_id: str
    control: bool = False
    planned_share: float = 0.0
    unit_count: int = 0
    sums: tuple[MetricSums, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentAggregates:
    """Is the data of a part of the units.

    Attributes:
        segment: Dimension and value, such as `device=mobile`; those of one dimension have no units in common.
        arms: Some of the whole's; one that is missing has no units in it. What marks an arm is that of the whole.
    """

    segment: str
    arms: tuple[ArmAggregate, ...]

    @property
    def dimension(self) -> str:
        """Returns what the units are told apart by."""
        return self.segment.partition("=")[0]


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Is the data of an experiment whose weights never changed.

    Attributes:
        started_at: When the first unit came; None: not known.
        as_of: As of when the sums are.
        multiple_exposure_count: Units that saw more than one arm; None: not known.
        segments: Parts of the units.
        left_out_segments: Names of parts that there was no room for, the largest first.
    """

    arms: tuple[ArmAggregate, ...]
    metrics: tuple[MetricProfile, ...]
    as_of: datetime
    started_at: datetime | None = None
    multiple_exposure_count: int | None = None
    segments: tuple[SegmentAggregates, ...] = ()
    left_out_segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricMoments:
    """Is the data of one arm on one metric: the units' mean, and their squared deviations from it, summed."""

    metric_id: str
    mean: float
    square_deviation_sum: float


@dataclass(frozen=True, slots=True)
class VersionArm:
    """Is the data of one arm from the units that one policy version placed.

    Attributes:
        weight: The chance with which the version gave the arm; None where it followed contexts.
    """

    arm_id: str
    weight: float | None
    unit_count: int = 0
    moments: tuple[MetricMoments, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """Is what one policy version placed; an arm that it did not have is missing."""

    policy_version: int
    arms: tuple[VersionArm, ...]


@dataclass(frozen=True, slots=True)
class BanditData:
    """Is the data of an experiment that the bandit ran.

    Attributes:
        arm_ids: The control first.
        versions: Oldest first.
        learning: Whether weights follow the data.
        exploration_floor: The least weight of an arm.
        threshold_of_caring: What difference between arms is too small to matter, relative to the leading arm's mean.
        running: Whether units still come.
        multiple_exposure_count: Units that saw more than one arm; None: not known.
        moved_share: Of the units, those that changes of the weights had to move to another arm.
    """

    arm_ids: tuple[str, ...]
    metrics: tuple[MetricProfile, ...]
    versions: tuple[PolicyVersion, ...]
    as_of: datetime
    started_at: datetime | None = None
    learning: bool = True
    exploration_floor: float = 0.0
    threshold_of_caring: float = 0.01
    running: bool = True
    multiple_exposure_count: int | None = None
    moved_share: float = 0.0

    @property
    def weights_changed(self) -> bool:
        """Says whether the versions with units had other weights than the first of them, or followed contexts."""
        vectors = [self.weights_of(version) for version in self.versions if any(arm.unit_count for arm in version.arms)]
        if any(vector is None for vector in vectors):
            return True
        return any(
            abs(one - other) > SUM_TOLERANCE
            for vector in vectors
            for one, other in zip(vector or (), vectors[0] or (), strict=True)
        )

    def weights_of(self, version: PolicyVersion) -> tuple[float, ...] | None:
        """Returns the chances of the arms, in order, among units that got one of them; None where they are not known.

        An arm that the version did not have, has 0; all are 0 where it had none of them.
        """
        found = {arm.arm_id: arm.weight for arm in version.arms}
        weights = [found.get(arm_id, 0.0) for arm_id in self.arm_ids]
        known = [weight for weight in weights if weight is not None]
        if len(known) < len(weights):
            return None
        total = sum(known)
        return tuple(weight / total if total > 0 else 0.0 for weight in known)
