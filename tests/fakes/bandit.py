"""What the bandit's use cases need of the world, in memory: see services/bandit/domain/ports.py.

Every store has `away`: while it is true, whoever asks gets Unavailable.
"""

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.decisions import DecisionBlock, Decisions
from services.bandit.domain.events import Durability
from services.bandit.domain.ports import (
    AllocationRow,
    Health,
    OutcomeRow,
    Publication,
    Statistics,
)
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from services.bandit.domain.switches import LearningSwitch, LocalRecord, SwitchKind
from shared.definition.model import Experiment
from shared.errors import AlreadyExists, Reason, ResourceExhausted, Unavailable
from shared.policy.snapshot import PolicySnapshot


class HandClock:
    """Shows the time that it was set to."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    def milliseconds(self) -> int:
        return int(self.instant.timestamp() * 1000)

    def advance(self, span: timedelta) -> None:
        self.instant += span


NO_DECISIONS = Decisions((), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int64), {})


def store_is_away() -> Unavailable:
    """Returns what a store raises while it is away."""
    return Unavailable(Reason.STORE_UNAVAILABLE, "the store is not available, try again")


@dataclass
class InMemoryAllocationLog:
    """Keeps rows; `full` says that there is no room for more."""

    rows: list[AllocationRow] = field(default_factory=list)
    full: bool = False
    away: bool = False

    def append(self, row: AllocationRow) -> bool:
        if not self.full:
            self.rows.append(row)
        return not self.full

    def record(self, rows: Sequence[AllocationRow]) -> Durability:
        durability = _durability(away=self.away, full=self.full)
        self.rows.extend(rows)
        return durability


@dataclass
class InMemoryOutcomeLog:
    """Keeps rows; `full` says that there is no room for more while the store is away."""

    rows: list[OutcomeRow] = field(default_factory=list)
    full: bool = False
    away: bool = False

    def record(self, rows: Sequence[OutcomeRow]) -> Durability:
        durability = _durability(away=self.away, full=self.full)
        self.rows.extend(rows)
        return durability


def _durability(*, away: bool, full: bool) -> Durability:
    if away and full:
        raise ResourceExhausted(Reason.SPOOL_FULL, "no room", retry_after_seconds=0.5)
    return Durability.SPOOLED if away else Durability.COMMITTED


@dataclass
class InMemoryPolicyStore:
    """Holds what was published, in order; `asked` counts the reads of single versions."""

    published: list[Publication] = field(default_factory=list)
    away: bool = False
    asked: int = 0

    def add(self, snapshot: PolicySnapshot) -> None:
        self.published.append(Publication(len(self.published) + 1, snapshot))

    def newest(self) -> Sequence[Publication]:
        return list({entry.snapshot.experiment_id: entry for entry in self._present()}.values())

    def published_after(self, publication: int) -> Sequence[Publication]:
        return [entry for entry in self._present() if entry.publication > publication]

    def version(self, experiment_id: str, policy_version: int) -> PolicySnapshot | None:
        self.asked += 1
        found = (one for one in self._of(experiment_id) if one.policy_version == policy_version)
        return next(found, None)

    def history(self, experiment_id: str, *, below_version: int | None, limit: int) -> Sequence[PolicySnapshot]:
        newest_first = self._of(experiment_id)[::-1]
        return [one for one in newest_first if below_version is None or one.policy_version < below_version][:limit]

    def _of(self, experiment_id: str) -> list[PolicySnapshot]:
        return [entry.snapshot for entry in self._present() if entry.snapshot.experiment_id == experiment_id]

    def _present(self) -> list[Publication]:
        if self.away:
            raise store_is_away()
        return self.published


@dataclass
class InMemorySnapshotFile:
    """Holds what was last written."""

    snapshots: list[PolicySnapshot] = field(default_factory=list)

    def read(self) -> Sequence[PolicySnapshot]:
        return list(self.snapshots)

    def write(self, snapshots: Iterable[PolicySnapshot]) -> None:
        self.snapshots = list(snapshots)


@dataclass
class InMemorySwitchStore:
    """Keeps the record of switches; `lost_answers` of the next additions are made and not told."""

    entries: list[LearningSwitch] = field(default_factory=list)
    away: bool = False
    lost_answers: int = 0
    _by_request: dict[str, LearningSwitch] = field(default_factory=dict)

    def add(self, entry: LearningSwitch, *, request_id: str) -> LearningSwitch:
        if self.away:
            raise store_is_away()
        if request_id and (made := self._by_request.get(request_id)):
            if not made.asks_the_same_as(entry):
                raise AlreadyExists(Reason.REQUEST_ID_REUSED, f"request id {request_id!r} made a different entry")
            return made
        self.entries.append(entry)
        if request_id:
            self._by_request[request_id] = entry
        if self.lost_answers:
            self.lost_answers -= 1
            raise store_is_away()
        return entry

    def serving_control(self) -> Mapping[str, LearningSwitch]:
        if self.away:
            raise store_is_away()
        kinds = (SwitchKind.SERVE_CONTROL, SwitchKind.SERVE_ARMS)
        newest = {entry.experiment_id: entry for entry in self.entries if entry.kind in kinds}
        return {one: entry for one, entry in newest.items() if entry.kind is SwitchKind.SERVE_CONTROL}


@dataclass
class InMemorySwitchFile:
    """Holds what was last written; `full` says that the disk takes nothing more."""

    record: LocalRecord = field(default_factory=LocalRecord)
    full: bool = False
    write_count: int = 0

    def read(self) -> LocalRecord:
        return self.record

    def write(self, record: LocalRecord) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on device")
        self.record = record
        self.write_count += 1


@dataclass
class InMemoryStatisticsStore:
    """Holds statistics and single decisions by experiment and metric."""

    known: dict[tuple[str, str], Statistics] = field(default_factory=dict)
    by_version: dict[tuple[str, str], Sequence[VersionStatistics]] = field(default_factory=dict)
    decided: dict[tuple[str, str], Decisions] = field(default_factory=dict)
    in_analysis: dict[tuple[str, str], Sequence[VersionStatistics]] = field(default_factory=dict)
    away: bool = False

    def statistics(self, experiment_id: str, metric_id: str) -> Statistics:
        if self.away:
            raise store_is_away()
        return self.known.get((experiment_id, metric_id), Statistics({}, Health(0, 0), None))

    def versions(self, experiment_id: str, metric_id: str) -> Sequence[VersionStatistics]:
        if self.away:
            raise store_is_away()
        return self.by_version.get((experiment_id, metric_id), ())

    def decisions(self, experiment_id: str, metric_id: str, *, limit: int) -> Decisions:
        if self.away:
            raise store_is_away()
        return self.decided.get((experiment_id, metric_id), NO_DECISIONS)

    def analysis_versions(self, experiment_id: str, metric_id: str) -> Sequence[VersionStatistics]:
        if self.away:
            raise store_is_away()
        return self.in_analysis.get((experiment_id, metric_id), ())


@dataclass
class InMemoryLearnerSession:
    """Holds all that a learner reads, and what it published.

    Attributes:
        experiments: By id, as of their newest revisions.
        known: Statistics of what policies learn from, by experiment and arm.
        by_version: The same by experiment and policy version.
        guarded: Statistics of guardrail metrics by experiment, metric and policy version.
        trials: What contextual algorithms learn from, by experiment.
        earlier_read_count: How often the trials of an earlier experiment were read.
        decisions: The latest decisions by experiment and metric.
        news: The experiments that the next fold touches.
        batches: What was published, call by call.
        lost: Whether every method fails.
        lost_when_publishing: Whether `publish` alone fails.
    """

    experiments: dict[str, Experiment] = field(default_factory=dict)
    snapshots: dict[str, PolicySnapshot] = field(default_factory=dict)
    known: dict[str, Mapping[str, ArmStatistics]] = field(default_factory=dict)
    by_version: dict[str, Sequence[VersionStatistics]] = field(default_factory=dict)
    guarded: dict[str, Mapping[str, Sequence[VersionStatistics]]] = field(default_factory=dict)
    trials: dict[str, Trials] = field(default_factory=dict)
    decisions: dict[tuple[str, str], DecisionBlock] = field(default_factory=dict)
    earlier_read_count: int = 0
    switched_off: set[str] = field(default_factory=set)
    news: set[str] = field(default_factory=set)
    batches: list[list[PolicySnapshot]] = field(default_factory=list)
    roomy_on: list[datetime] = field(default_factory=list)
    lost: bool = False
    lost_when_publishing: bool = False

    def define(self, experiment: Experiment) -> None:
        self.experiments[experiment.experiment_id] = experiment

    def tell(self, experiment_id: str, *statistics: ArmStatistics) -> None:
        """Says what the next fold finds."""
        self.known[experiment_id] = {arm.arm_id: arm for arm in statistics}
        self.news.add(experiment_id)

    def revisions(self) -> Mapping[str, int]:
        self._check()
        return {one: experiment.revision for one, experiment in self.experiments.items()}

    def definition(self, experiment_id: str) -> Experiment:
        self._check()
        return self.experiments[experiment_id]

    def newest_snapshots(self) -> Mapping[str, PolicySnapshot]:
        self._check()
        return dict(self.snapshots)

    def frozen(self) -> frozenset[str]:
        self._check()
        return frozenset(self.switched_off)

    def fold(self, definitions: Sequence[Experiment], *, now: datetime) -> frozenset[str]:
        self._check()
        touched = self.news & {experiment.experiment_id for experiment in definitions}
        self.news -= touched
        return frozenset(touched)

    def ensure_partitions(self, *, now: datetime) -> None:
        self._check()
        self.roomy_on.append(now)

    def primary_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Mapping[str, ArmStatistics]]:
        self._check()
        asked = {experiment.experiment_id for experiment in definitions}
        return {one: arms for one, arms in self.known.items() if one in asked}

    def version_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Sequence[VersionStatistics]]:
        self._check()
        asked = {experiment.experiment_id for experiment in definitions}
        return {one: versions for one, versions in self.by_version.items() if one in asked}

    def earlier_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Mapping[str, ArmStatistics]]:
        self._check()
        warm = {one.experiment_id: one.allocation_policy.controls.warm_start for one in definitions}
        return {one: self.known.get(start.experiment_id, {}) for one, start in warm.items() if start is not None}

    def contextual_trials(self, definition: Experiment, *, limit: int, newest: datetime) -> Trials:
        self._check()
        known = self.trials[definition.experiment_id]
        if known.exposed_at is None:
            return known
        return known.those(np.flatnonzero(known.exposed_at <= newest.timestamp())[:limit])

    def earlier_trials(self, definition: Experiment, *, limit: int) -> Trials | None:
        self._check()
        self.earlier_read_count += 1
        warm = definition.allocation_policy.controls.warm_start
        return self.trials.get(warm.experiment_id) if warm is not None else None

    def latest_decisions(self, definition: Experiment, metric_id: str, *, block_size: int) -> DecisionBlock:
        self._check()
        return self.decisions[definition.experiment_id, metric_id]

    def guardrail_statistics(
        self, definitions: Sequence[Experiment]
    ) -> Mapping[str, Mapping[str, Sequence[VersionStatistics]]]:
        self._check()
        asked = {experiment.experiment_id for experiment in definitions}
        return {one: metrics for one, metrics in self.guarded.items() if one in asked}

    def publish(self, snapshots: Sequence[PolicySnapshot]) -> None:
        self._check()
        if self.lost_when_publishing:
            raise store_is_away()
        self.batches.append(list(snapshots))
        self.snapshots.update({snapshot.experiment_id: snapshot for snapshot in snapshots})

    def _check(self) -> None:
        if self.lost:
            raise store_is_away()
