"""What the bandit recorded of an experiment, as rows, and the data of an analysis that they make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from services.ai.domain.analysis.data import BanditData, MetricMoments, PolicyVersion, VersionArm
from services.ai.domain.analysis.defined import arm_ids_of, profiles_of
from services.ai.domain.analysis.moving import Placed, moved_share
from shared.definition.model import Experiment, ExperimentState, FixedSplit, StopRule
from shared.policy.snapshot import RANGE

ANALYSIS_PREFIX: Final = "~analysis:"
"""Stands before the arm of units in the analysis split, as the bandit logs them."""

_DIGITS: Final = 60
"""Enough that the difference of two sums of squares keeps a double's digits."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Is what is folded of one arm under one policy version on one metric."""

    policy_version: int
    logged_arm_id: str
    metric_id: str
    unit_count: int
    value_sum: Decimal
    value_square_sum: Decimal


@dataclass(frozen=True, slots=True)
class Version:
    """Is one policy version as it was published.

    Attributes:
        arms: Documents of its arms, in the order that the segments count in.
        follows_contexts: Whether weights differed from unit to unit.
    """

    policy_version: int
    arms: Sequence[Mapping[str, Any]]
    segment_starts: Sequence[int]
    segment_arms: Sequence[int]
    follows_contexts: bool

    @property
    def cut(self) -> tuple[tuple[int, str], ...]:
        """Returns which positions get which arm."""
        return tuple(
            (start, self.arms[arm]["arm_id"]) for start, arm in zip(self.segment_starts, self.segment_arms, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """Is everything that the bandit recorded of an experiment.

    Attributes:
        versions: Those with units and the newest, oldest first.
        multiple_exposure_count: Units that saw more than one arm.
        as_of: When it was last folded.
    """

    versions: Sequence[Version]
    sums: Sequence[Sums]
    multiple_exposure_count: int
    as_of: datetime


def bandit_data(experiment: Experiment, recorded: Recorded, *, now: datetime) -> BanditData:
    """Returns the data of an analysis.

    Units in the analysis split and those that the policy learns from are batches of their own: each got its arm with a
    chance that is known, and was fixed before it came (docs/adr/0011). Where weights follow contexts that chance
    differs from unit to unit, and sums say nothing of it: there the split stands for all units, if there is one.
    """
    book = _Book(experiment, recorded)
    policy = experiment.allocation_policy
    split_alone = book.units_followed_contexts and book.has_split
    return BanditData(
        arm_ids=book.arm_ids,
        metrics=profiles_of(experiment),
        versions=tuple(book.split() if split_alone else book.both_sides()),
        as_of=_as_of(experiment, recorded.as_of, now),
        started_at=experiment.started_at,
        learning=not split_alone and not isinstance(policy.algorithm, FixedSplit),
        exploration_floor=policy.controls.exploration_floor,
        threshold_of_caring=(policy.controls.stop_rule or StopRule()).threshold_of_caring,
        running=experiment.state is ExperimentState.RUNNING,
        multiple_exposure_count=book.multiple_exposure_count,
        moved_share=book.moved_share,
    )


class _Book:
    """Finds the sums of each version and side."""

    def __init__(self, experiment: Experiment, recorded: Recorded) -> None:
        self.arm_ids = arm_ids_of(experiment)
        self._recorded = recorded
        self._sums: dict[tuple[int, str], list[Sums]] = {}
        for one in recorded.sums:
            self._sums.setdefault((one.policy_version, one.logged_arm_id), []).append(one)

    @property
    def units_followed_contexts(self) -> bool:
        return any(version.follows_contexts and self._units(version) for version in self._recorded.versions)

    @property
    def has_split(self) -> bool:
        return any(self._units(version, ANALYSIS_PREFIX) for version in self._recorded.versions)

    @property
    def multiple_exposure_count(self) -> int | None:
        """Returns None where units change their arm with their context: that is no defect."""
        if self.units_followed_contexts:
            return None
        counted = sum(self._units(version) + self._units(version, ANALYSIS_PREFIX) for version in self._versions)
        # Units that came to an arm from the holdout are no units of an arm where that was seen first.
        return min(self._recorded.multiple_exposure_count, counted)

    @property
    def moved_share(self) -> float:
        if self.units_followed_contexts:
            return 0.0
        placed = [Placed(version.cut, self._units(version)) for version in self._versions]
        return moved_share(placed, positions=RANGE)

    @property
    def _versions(self) -> Sequence[Version]:
        return self._recorded.versions

    def split(self) -> Iterator[PolicyVersion]:
        for version in self._versions:
            if self._units(version, ANALYSIS_PREFIX):
                yield self._side(version, ANALYSIS_PREFIX)

    def both_sides(self) -> Iterator[PolicyVersion]:
        """Yields the split's side first: the last batch is then the policy's own, with the weights that it has now."""
        for version in self._versions:
            if self._units(version, ANALYSIS_PREFIX):
                yield self._side(version, ANALYSIS_PREFIX)
            yield self._side(version)

    def _side(self, version: Version, prefix: str = "") -> PolicyVersion:
        return PolicyVersion(
            version.policy_version,
            tuple(
                _arm(arm["arm_id"], _weight(version, arm, prefix), self._of(version, prefix, arm["arm_id"]))
                for arm in version.arms
            ),
        )

    def _units(self, version: Version, prefix: str = "") -> int:
        """Returns the units of arms that the experiment still has."""
        return sum(_unit_count(self._of(version, prefix, arm_id)) for arm_id in self.arm_ids)

    def _of(self, version: Version, prefix: str, arm_id: str) -> Sequence[Sums]:
        return self._sums.get((version.policy_version, prefix + arm_id), ())


def _weight(version: Version, arm: Mapping[str, Any], prefix: str) -> float | None:
    if prefix:
        return float(arm.get("analysis_weight", 0.0))
    return None if version.follows_contexts else float(arm.get("weight", 0.0))


def _unit_count(sums: Sequence[Sums]) -> int:
    """Returns the units: each counts in every metric, with 0 where nothing came of it."""
    return max((one.unit_count for one in sums), default=0)


def _arm(arm_id: str, weight: float | None, sums: Sequence[Sums]) -> VersionArm:
    return VersionArm(arm_id, weight, _unit_count(sums), tuple(_moments(one) for one in sums if one.unit_count))


def _moments(sums: Sums) -> MetricMoments:
    with localcontext(prec=_DIGITS):
        mean = sums.value_sum / sums.unit_count
        deviation = sums.value_square_sum - sums.value_sum * mean
    return MetricMoments(sums.metric_id, float(mean), max(float(deviation), 0.0))


def _as_of(experiment: Experiment, folded_at: datetime, now: datetime) -> datetime:
    """Returns when the data are from: not after the last outcome that can count, nor ahead of our clock."""
    if experiment.stopped_at is None or experiment.state is not ExperimentState.STOPPED:
        return min(folded_at, now)
    return min(folded_at, now, experiment.stopped_at + experiment.attribution_window)
