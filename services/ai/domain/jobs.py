"""What is asked of the AI service, and where each such job stands; the stored row is the truth."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from services.ai.domain.analysis.data import Aggregates
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.metrics import MetricProfile, PastExperiment, TrafficProfile
from services.ai.domain.provenance import Provenance

SCHEDULE: Final = "schedule"
"""The creator of the jobs that the service asks of itself."""


class JobKind(StrEnum):
    """Says what a job is to do."""

    SUGGEST_HYPOTHESES = "SUGGEST_HYPOTHESES"
    RECOMMEND_DESIGN = "RECOMMEND_DESIGN"
    ANALYZE_EXPERIMENT = "ANALYZE_EXPERIMENT"


class JobState(StrEnum):
    """Says where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ENDED: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class JobStage(StrEnum):
    """Says what a job is doing."""

    WAITING = "WAITING"
    GATHERING = "GATHERING"
    COMPUTING = "COMPUTING"
    ASKING = "ASKING"
    CHECKING = "CHECKING"
    STORED = "STORED"


class JobQueue(StrEnum):
    """Says who waits: a person, whose job goes first, or nobody in particular. The values name the queues."""

    INTERACTIVE = "ai.interactive"
    BULK = "ai.bulk"


@dataclass(frozen=True, slots=True)
class HypothesesInput:
    """Is what hypotheses are to be made of; what is stored is added when the job runs.

    Attributes:
        max_count: From 1 to 7.
        use_stored_experiments: Whether analysed experiments of the store count as past ones.
    """

    metrics: tuple[MetricProfile, ...]
    past: tuple[PastExperiment, ...] = ()
    goal: str = ""
    constraints: tuple[str, ...] = ()
    max_count: int = 5
    traffic: TrafficProfile | None = None
    use_stored_experiments: bool = True


@dataclass(frozen=True, slots=True)
class DesignInput:
    """Is what a design is asked for; `hypothesis_id` is empty where no stored hypothesis is tested."""

    wishes: DesignWishes
    hypothesis_id: str = ""


@dataclass(frozen=True, slots=True)
class WarehouseTable:
    """Names a table with one row for each unit.

    Attributes:
        connection: Name of a connection of the configuration.
        metric_columns: Pairs of metric id and column.
        time_column: Time of exposure; empty: none.
        metrics: Empty: those of the experiment.
        control_arm_id: Empty: that of the experiment.
        segment_columns: By which the primary metric is told apart.
    """

    connection: str
    table: str
    unit_column: str
    arm_column: str
    metric_columns: tuple[tuple[str, str], ...]
    time_column: str = ""
    metrics: tuple[MetricProfile, ...] = ()
    control_arm_id: str = ""
    segment_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisInput:
    """Is which experiment is to be analysed, on what data, and how.

    Attributes:
        data: None: what the bandit recorded.
        plan: None: that of the design that the experiment was made of, else any-time.
        propose: Whether a decision that changes the experiment opens a change request.
    """

    experiment_id: str
    data: Aggregates | WarehouseTable | None = None
    plan: AnalysisPlan | None = None
    propose: bool = False


JobInput: TypeAlias = HypothesesInput | DesignInput | AnalysisInput


@dataclass(frozen=True, slots=True)
class UnreadableInput:
    """Stands for what another release stored and this one cannot read; `why` is for people."""

    why: str


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Says why a job failed: a name of `Reason`, a message for people, and the fields at fault."""

    reason: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """Is a job.

    Attributes:
        experiment_id: Empty: it is about none.
        creator: Principal id, or SCHEDULE.
        attempt_count: How often it was taken up.
        not_before: When it may be taken up again, after a provider asked to wait; None: at once.
        lease_owner: Who does it; empty: nobody.
        lease_until: Until when that is believed without a sign of life.
        version: Grows with every change.
    """

    job_id: str
    kind: JobKind
    input: JobInput | UnreadableInput
    queue: JobQueue
    creator: str
    created_at: datetime
    experiment_id: str = ""
    state: JobState = JobState.QUEUED
    stage: JobStage = JobStage.WAITING
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempt_count: int = 0
    not_before: datetime | None = None
    lease_owner: str = ""
    lease_until: datetime | None = None
    cancel_requested: bool = False
    provenance: Provenance | None = None
    failure: JobFailure | None = None
    hypothesis_ids: tuple[str, ...] = ()
    design_id: str = ""
    analysis_id: str = ""
    version: int = 1

    @property
    def ended(self) -> bool:
        """Says whether nothing more comes of it."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Says which jobs; None and empty: any."""

    kind: JobKind | None = None
    state: JobState | None = None
    experiment_id: str = ""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Makes a request idempotent: who asked, by which request id (empty: not idempotent), and the request's digest."""

    creator: str
    request_id: str
    digest: str
