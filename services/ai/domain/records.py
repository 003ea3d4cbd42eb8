"""What the AI service stores: hypotheses, designs and analyses with their words, and what a job leaves behind."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.ai.domain.analysis.bandit_state import BanditState
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.sample_size import SampleState
from services.ai.domain.design.engine import RecommendedDesign
from services.ai.domain.grounding.evidence import ComparisonStatus, EvidencePack
from services.ai.domain.grounding.rendering import Statement
from services.ai.domain.hypotheses.model import Hypothesis, HypothesisState
from services.ai.domain.metrics import MetricProfile
from services.ai.domain.provenance import Provenance
from shared.definition.model import MetricDirection, MetricKind, MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Status


@dataclass(frozen=True, slots=True)
class HypothesisRecord:
    """Is a stored hypothesis.

    Attributes:
        because: The claims that bear it, in words.
        metrics: That it was made with: what a design starts from.
        experiment_id: Of the experiment that tests it; empty: none yet.
        version: Grows with every change; its etag.
    """

    hypothesis_id: str
    job_id: str
    state: HypothesisState
    hypothesis: Hypothesis
    because: tuple[Statement, ...]
    metrics: tuple[MetricProfile, ...]
    provenance: Provenance
    created_at: datetime
    updated_at: datetime
    experiment_id: str = ""
    reviewer: str = ""
    review_reason: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class DesignRecord:
    """Is a stored design.

    Attributes:
        hypothesis_id: Empty: it tests no stored one.
        reasons, risks: In words.
        experiment_id: Of the experiment that was made of it; empty: none yet.
        change_request_id: That is to start that; empty: none.
        requested_at: When its job was asked for.
        adopted_at: When the experiment was made of it.
    """

    design_id: str
    job_id: str
    design: RecommendedDesign
    reasons: tuple[Statement, ...]
    risks: tuple[Statement, ...]
    provenance: Provenance
    created_at: datetime
    requested_at: datetime
    hypothesis_id: str = ""
    experiment_id: str = ""
    change_request_id: str = ""
    adopted_at: datetime | None = None


class DataSource(StrEnum):
    """Says where the data of an analysis came from."""

    STORE = "STORE"
    AGGREGATES = "AGGREGATES"
    WAREHOUSE = "WAREHOUSE"


class AnswerKind(StrEnum):
    """Says when an answer holds: at one planned look, at any look, or as a degree of belief."""

    FIXED = "FIXED"
    ANY_TIME = "ANY_TIME"
    BAYESIAN = "BAYESIAN"


@dataclass(frozen=True, slots=True)
class EstimateRecord:
    """Is an estimate with its interval; None where nothing bounds it."""

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """Is a comparison by one method; None: not estimable, or not of that family."""

    kind: AnswerKind
    method: str
    confidence_level: float
    difference: EstimateRecord | None = None
    relative_lift: EstimateRecord | None = None
    p_value: float | None = None
    probability_better: float | None = None


@dataclass(frozen=True, slots=True)
class ComparisonRecord:
    """Is one treatment against the control on one metric; `answer` is the one that the decision rests on."""

    metric_id: str
    metric_role: MetricRole
    metric_kind: MetricKind
    direction: MetricDirection
    arm_id: str
    arm_mean: float | None
    control_mean: float | None
    arm_unit_count: int
    control_unit_count: int
    status: ComparisonStatus
    answer: AnswerRecord
    demoted: bool = False
    cautions: tuple[str, ...] = ()
    other_answers: tuple[AnswerRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """Is one treatment against the control on the primary metric, in one segment; nothing is decided by it.

    Attributes:
        comparison: Its answer allows for all segments and treatments.
        interaction_p_value: Of equal effects in the segment and in the rest; None: nothing is known of that.
    """

    segment: str
    comparison: ComparisonRecord
    interaction_p_value: float | None = None


@dataclass(frozen=True, slots=True)
class HealthRecord:
    """Is what a health check found; `arm_id` is empty where it is about the whole experiment."""

    check: str
    status: Status
    message: str
    source: str
    arm_id: str = ""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Is what to do; `arm_id` is the arm to ship, empty unless SHIP."""

    verdict: Verdict
    arm_id: str
    text: Statement
    reasons: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmRecord:
    """Is one arm's part in an analysis."""

    arm_id: str
    control: bool
    unit_count: int
    planned_share: float


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """Is a stored analysis.

    Attributes:
        version: Counts the experiment's analyses, from 1; 0 until it is stored.
        revision: Of the experiment; 0: it is not one of this store.
        arms: The control first.
        comparisons: The primary metric first, then guardrails, then secondary metrics.
        health: The worst first.
        day_count: Days since the start; None: not known.
        missing_day_count: Days to the planned end at the present traffic; None: none, or not known.
        decision_changed: Whether the decision is another than that of the analysis before.
        change_request_id: That it opened; empty: none.
        segments: Parts of the units, for learning.
        left_out_segments: Names of those that there was no room for.
        asked_by: The principal who asked for it; empty: the service itself.
    """

    analysis_id: str
    job_id: str
    experiment_id: str
    revision: int
    created_at: datetime
    as_of: datetime
    started_at: datetime | None
    data_source: DataSource
    plan: AnalysisPlan
    decision: DecisionRecord
    arms: tuple[ArmRecord, ...]
    comparisons: tuple[ComparisonRecord, ...]
    health: tuple[HealthRecord, ...]
    sample: SampleState
    bandit: BanditState | None
    statements: tuple[Statement, ...]
    next_steps: tuple[Statement, ...]
    what_would_change: tuple[Statement, ...]
    provenance: Provenance
    day_count: float | None = None
    missing_day_count: float | None = None
    version: int = 0
    decision_changed: bool = False
    change_request_id: str = ""
    segments: tuple[SegmentRecord, ...] = ()
    left_out_segments: tuple[str, ...] = ()
    asked_by: str = ""

    @property
    def unit_count(self) -> int:
        """Returns the units of all arms."""
        return sum(arm.unit_count for arm in self.arms)


@dataclass(frozen=True, slots=True)
class JobResult:
    """Is everything that a job leaves behind; it is stored in one transaction with the job's end, or not at all."""

    provenance: Provenance
    evidence: EvidencePack
    hypotheses: tuple[HypothesisRecord, ...] = ()
    design: DesignRecord | None = None
    analysis: AnalysisRecord | None = None
