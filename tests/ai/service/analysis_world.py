"""Everything that the analysis of an experiment takes, in memory, for tests."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from services.ai.domain.analysis.data import Aggregates, BanditData
from services.ai.domain.asking import FallbackReason
from services.ai.domain.jobs import AnalysisInput, Job, JobKind, JobQueue, JobStage, RequestKey, WarehouseTable
from services.ai.domain.ports import AiStore
from services.ai.domain.records import AnalysisRecord, DesignRecord, JobResult
from services.ai.llm.heuristic import HeuristicProvider
from services.ai.service.answering import Answering
from services.ai.service.gathering import Gatherer
from services.ai.service.grounding_metrics import GroundingMetrics
from services.ai.service.tasks.analysis import AnalysisTask
from shared.definition.model import Arm, Experiment, ExperimentState, Metric, MetricDirection, MetricKind, MetricRole

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
STARTED = NOW - timedelta(days=14)
CHECKOUT = Experiment(
    "checkout",
    (Arm("control", control=True), Arm("blue")),
    (
        Metric("conversion", MetricKind.PROPORTION, MetricRole.PRIMARY),
        Metric("latency", MetricKind.MEAN, MetricRole.GUARDRAIL, MetricDirection.MINIMIZE),
    ),
    state=ExperimentState.RUNNING,
    started_at=STARTED,
    revision=3,
)


@dataclass
class Experiments:
    """Has one experiment, and what was recorded of it."""

    definition: Experiment | None = CHECKOUT
    recorded: BanditData | None = None
    waiting: list[str] = field(default_factory=list)

    def find(self, experiment_id: str) -> Experiment | None:
        known = self.definition
        return known if known is not None and known.experiment_id == experiment_id else None

    def data(self, experiment: Experiment, *, now: datetime) -> BanditData | None:
        return self.recorded

    def to_analyze(self, *, now: datetime, older_than: datetime, limit: int) -> list[str]:
        return self.waiting[:limit]


@dataclass
class OneDesign:
    """Has the design that the experiment was made of, or none."""

    design: DesignRecord | None = None

    def of_experiment(self, experiment_id: str) -> DesignRecord | None:
        return self.design


@dataclass
class OneTable:
    """Has the sums of any table."""

    sums: Aggregates
    asked: list[WarehouseTable] = field(default_factory=list)

    def aggregates(self, table: WarehouseTable, experiment: Experiment | None, *, now: datetime) -> Aggregates:
        self.asked.append(table)
        return self.sums


@dataclass
class Watch:
    """Notes the stages, and has time."""

    deadline: float = 1e9
    stages: list[JobStage] = field(default_factory=list)

    def remaining_seconds(self) -> float:
        return 60.0

    def stage(self, stage: JobStage) -> None:
        self.stages.append(stage)


@dataclass
class World:
    """Is what a task stands in."""

    experiments: Experiments = field(default_factory=Experiments)
    designs: OneDesign = field(default_factory=OneDesign)
    warehouse: OneTable | None = None
    watch: Watch = field(default_factory=Watch)
    answering: Answering | None = None

    def task(self) -> AnalysisTask:
        answering = self.answering or Answering(
            None, HeuristicProvider(), GroundingMetrics(CollectorRegistry()), missing=FallbackReason.NO_KEY
        )
        # Each fake does what is asked of it here, and no more.
        gatherer = Gatherer(self.experiments, self.designs, self.warehouse)  # type: ignore[arg-type]
        return AnalysisTask(gatherer, answering, clock=lambda: NOW, new_id=lambda prefix: f"{prefix}_1")

    def run(self, asked: AnalysisInput | None = None) -> JobResult:
        return self.task().run(job_of(asked or AnalysisInput("checkout")), self.watch)

    def analysis(self, asked: AnalysisInput | None = None) -> AnalysisRecord:
        """Returns the record that a job leaves behind."""
        record = self.run(asked).analysis
        assert record is not None
        return record


def job_of(asked: AnalysisInput) -> Job:
    """Returns a job that runs."""
    return Job(
        "job_1",
        JobKind.ANALYZE_EXPERIMENT,
        asked,
        JobQueue.INTERACTIVE,
        "ada",
        NOW - timedelta(seconds=1),
        experiment_id=asked.experiment_id,
    )


@dataclass
class Sent:
    """Notes the jobs that were sent."""

    jobs: list[Job] = field(default_factory=list)

    def send(self, job: Job) -> None:
        self.jobs.append(job)


def stored(
    store: AiStore, asked: AnalysisInput, *, at: datetime = NOW, number: int = 1, world: World | None = None
) -> AnalysisRecord:
    """Stores the analysis of a job, and returns it as it is then."""
    job = replace(job_of(asked), job_id=f"job_{number}", created_at=at)
    store.jobs.open(job, RequestKey("ada", "", ""), limit=100)
    store.jobs.claim(job.job_id, "w", now=at, lease_until=at)
    made = (world or World()).run(asked)
    assert made.analysis is not None
    dated = replace(made.analysis, analysis_id=f"analysis_{number}", job_id=job.job_id, created_at=at)
    assert store.jobs.finish(job.job_id, "w", replace(made, analysis=dated), now=at)
    found = store.analyses.find(dated.analysis_id)
    assert found is not None
    return found
