"""What the use cases need of the world."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.decisions import DecisionBlock, Decisions
from services.bandit.domain.events import Durability
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from services.bandit.domain.switches import LearningSwitch
from shared.definition.model import Experiment
from shared.policy.snapshot import PolicySnapshot


class AllocationRow(NamedTuple):
    """Is a row for the logs of allocations and exposures.

    Attributes:
        at_ms: When, in milliseconds since 1970.
        allocated: Whether it enters the log of allocations.
        exposed: Whether it enters the log of exposures.
        context: What was told of the unit, encoded; empty where the experiment declares no features.
    """

    experiment_id: str
    unit_id: str
    trial_id: str
    arm_id: str
    policy_version: int
    propensity: float
    reason: str
    at_ms: int
    allocated: bool
    exposed: bool
    context: tuple[float, ...] = ()


class OutcomeRow(NamedTuple):
    """Is a row for the log of outcomes."""

    experiment_id: str
    trial_id: str
    metric_id: str
    event_id: str
    value: float
    occurred_at: datetime


class AllocationLog(Protocol):
    """Takes allocations and exposures."""

    def append(self, row: AllocationRow) -> bool:
        """Keeps a row beyond the end of this process, without waiting; returns False where there is no room."""

    def record(self, rows: Sequence[AllocationRow]) -> Durability:
        """Returns when the rows are durable.

        Raises:
            ResourceExhausted: SPOOL_FULL: the store is away and there is no room.
        """


class OutcomeLog(Protocol):
    """Takes outcomes."""

    def record(self, rows: Sequence[OutcomeRow]) -> Durability:
        """Returns when the rows are durable.

        Raises:
            ResourceExhausted: SPOOL_FULL: the store is away and there is no room.
        """


class Publication(NamedTuple):
    """Is a snapshot with its place in the order of all publications."""

    publication: int
    snapshot: PolicySnapshot


class PolicyStore(Protocol):
    """Reads what the learner published. Every method raises Unavailable (STORE_UNAVAILABLE) while the store is away."""

    def newest(self) -> Sequence[Publication]:
        """Returns the newest snapshot of every experiment."""

    def published_after(self, publication: int) -> Sequence[Publication]:
        """Returns what was published after a publication, in order."""

    def version(self, experiment_id: str, policy_version: int) -> PolicySnapshot | None:
        """Returns one snapshot, or None where there is no such version."""

    def history(self, experiment_id: str, *, below_version: int | None, limit: int) -> Sequence[PolicySnapshot]:
        """Returns up to `limit` snapshots of an experiment, newest first, those below a version where one is given."""


class SwitchStore(Protocol):
    """Keeps the record of switches."""

    def add(self, entry: LearningSwitch, *, request_id: str) -> LearningSwitch:
        """Puts an entry on record and tells the learner and the replicas.

        A repeated request id returns the entry it made; an empty one is none.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id made a different entry.
            Unavailable: STORE_UNAVAILABLE.
        """

    def serving_control(self) -> Mapping[str, LearningSwitch]:
        """Returns the entries by which the control is served, by experiment.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """


class Health(NamedTuple):
    """Counts what should be rare."""

    multiple_arm_unit_count: int
    unexposed_unit_count: int


class Statistics(NamedTuple):
    """Is what was folded for one experiment.

    Attributes:
        arms: Of the metric asked for, by arm id, held-out units under HOLDOUT_ARM_ID, those of the analysis split under
            the ids that `analysis_arm_id` gives.
        as_of: Everything committed before this instant is in it; None before the first fold.
    """

    arms: Mapping[str, ArmStatistics]
    health: Health
    as_of: datetime | None


class StatisticsStore(Protocol):
    """Reads what the learner folded."""

    def statistics(self, experiment_id: str, metric_id: str) -> Statistics:
        """Returns the statistics of one metric.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """

    def versions(self, experiment_id: str, metric_id: str) -> Sequence[VersionStatistics]:
        """Returns the statistics of one metric by policy version, oldest first.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """

    def analysis_versions(self, experiment_id: str, metric_id: str) -> Sequence[VersionStatistics]:
        """Returns the same of the units in the analysis split, by the arms that they were shown.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """

    def decisions(self, experiment_id: str, metric_id: str, *, limit: int) -> Decisions:
        """Returns the first decisions, with values of one metric.

        Args:
            experiment_id: The experiment.
            metric_id: The metric.
            limit: How many at most.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """


class LearnerSession(Protocol):
    """Is the right to learn, held by one process at a time; every method fails once the right is lost."""

    def revisions(self) -> Mapping[str, int]:
        """Returns the revision of every experiment that was ever started."""

    def definition(self, experiment_id: str) -> Experiment:
        """Returns an experiment as of its newest revision."""

    def newest_snapshots(self) -> Mapping[str, PolicySnapshot]:
        """Returns the newest snapshot of every experiment."""

    def frozen(self) -> frozenset[str]:
        """Returns the experiments whose weights are kept."""

    def fold(self, definitions: Sequence[Experiment], *, now: datetime) -> frozenset[str]:
        """Folds what was committed since the last fold into the statistics, exactly once; returns whom it touched."""

    def ensure_partitions(self, *, now: datetime) -> None:
        """Makes room for the logs of the months to come."""

    def primary_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Mapping[str, ArmStatistics]]:
        """Returns the statistics of what each policy learns from (`reward_metric`), by experiment and arm."""

    def version_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Sequence[VersionStatistics]]:
        """Returns the statistics of what each policy learns from, by experiment and policy version, oldest first."""

    def earlier_statistics(self, definitions: Sequence[Experiment]) -> Mapping[str, Mapping[str, ArmStatistics]]:
        """Returns the statistics that experiments start from, by experiment and arm; none where there are none."""

    def guardrail_statistics(
        self, definitions: Sequence[Experiment]
    ) -> Mapping[str, Mapping[str, Sequence[VersionStatistics]]]:
        """Returns the statistics of the guardrail metrics by experiment, metric and policy version, oldest first."""

    def contextual_trials(self, definition: Experiment, *, limit: int, newest: datetime) -> Trials:
        """Returns the latest trials whose arm and context are known, with their rewards.

        Args:
            definition: An experiment with features.
            limit: How many at most.
            newest: Trials exposed later are left out.
        """

    def earlier_trials(self, definition: Experiment, *, limit: int) -> Trials | None:
        """Returns the latest trials of the earlier experiment that a definition starts from, with its arms' positions.

        None where that has other features, or has not what this one learns from.

        Args:
            definition: An experiment with features and a warm start.
            limit: How many at most.
        """

    def latest_decisions(self, definition: Experiment, metric_id: str, *, block_size: int) -> DecisionBlock:
        """Returns the latest block of so many decisions, with values of one metric."""

    def publish(self, snapshots: Sequence[PolicySnapshot]) -> None:
        """Publishes new versions, all or none, and tells the replicas."""
