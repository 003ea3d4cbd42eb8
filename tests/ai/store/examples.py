"""Jobs and what they leave behind, as the tests of stores need them, and ways to change them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.sample_size import SampleSource, SampleState
from services.ai.domain.asking import FallbackReason, ProviderName
from services.ai.domain.design.engine import recommend
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.grounding.claims import Certainty, Claim, ClaimKind, Relation, Valence
from services.ai.domain.grounding.evidence import ComparisonStatus, EvidencePack, MetricRef
from services.ai.domain.grounding.rendering import Statement, StatementKind
from services.ai.domain.hypotheses.model import (
    Confidence,
    ConfidencePart,
    EffectDirection,
    Hypothesis,
    HypothesisState,
    LiftRange,
    RequiredTest,
)
from services.ai.domain.jobs import AnalysisInput, Job, JobKind, JobQueue, RequestKey
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from services.ai.domain.provenance import Grounding, Provenance
from services.ai.domain.records import (
    AnalysisRecord,
    AnswerKind,
    AnswerRecord,
    ArmRecord,
    ComparisonRecord,
    DataSource,
    DecisionRecord,
    DesignRecord,
    EstimateRecord,
    HealthRecord,
    HypothesisRecord,
    JobResult,
)
from shared.definition.model import MetricDirection, MetricKind, MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Status

NOW: Final = datetime(2026, 11, 27, 12, 0, 0, 7, tzinfo=UTC)
LATER: Final = NOW + timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)
NO_KEY: Final = RequestKey("ann", "", "")

PACK: Final = EvidencePack(NOW, metrics=(MetricRef("M1", "rate", MetricDirection.MAXIMIZE, MetricRole.PRIMARY),))
PROVENANCE: Final = Provenance(
    ProviderName.HEURISTIC, "engine", Grounding.CLEAN, PACK.sha256, "p1", fallback_reason=FallbackReason.NO_KEY
)
RATE: Final = MetricProfile("rate", MetricKind.PROPORTION, baseline=0.1, relative_mde=0.1)
SAID: Final = Statement("The rate rises.", ("E1",), StatementKind.EFFECT)

_CLAIM: Final = Claim(
    ClaimKind.HISTORY,
    ("E1",),
    "{{X1}} raised {{M1}}.",
    metric="M1",
    subject="X1",
    relation=Relation.INCREASE,
    valence=Valence.BETTER,
    certainty=Certainty.ESTABLISHED,
)
_HYPOTHESIS: Final = Hypothesis(
    intervention="Shorten the form",
    statement="If the form is shorter, the rate rises.",
    because=(_CLAIM,),
    rationale="Less to fill in.",
    primary_metric_id="rate",
    expected_direction=EffectDirection.INCREASE,
    expected_lift=LiftRange(0.01, 0.05),
    falsifier="The rate does not rise by 1 %.",
    test=RequiredTest(0.05, 31_231, 4),
    confidence=Confidence(0.62, 0.6, (ConfidencePart("evidence_strength", 0.6, 0.5, "one past experiment"),)),
    duplicate_of="",
    ungrounded=False,
    score=0.5,
    evidence_sha256=PACK.sha256,
)
_DESIGN: Final = recommend(DesignWishes("a shorter form", (RATE,), TrafficProfile(20_000)))


def job(job_id: str = "job_1", **changes: Any) -> Job:
    """Returns a job that waits, asked for by Ann."""
    waiting = Job(
        job_id=job_id,
        kind=JobKind.ANALYZE_EXPERIMENT,
        input=AnalysisInput("checkout"),
        queue=JobQueue.INTERACTIVE,
        creator="ann",
        created_at=NOW,
        experiment_id="checkout",
    )
    return replace(waiting, **changes)


def hypothesis(hypothesis_id: str, job_id: str = "job_1", *, score: float = 0.5, **changes: Any) -> HypothesisRecord:
    """Returns a hypothesis on the rate; `duplicate_of` and `metric_id` change the hypothesis itself."""
    inner = replace(
        _HYPOTHESIS,
        score=score,
        duplicate_of=changes.pop("duplicate_of", ""),
        primary_metric_id=changes.pop("metric_id", "rate"),
    )
    record = HypothesisRecord(
        hypothesis_id=hypothesis_id,
        job_id=job_id,
        state=HypothesisState.PROPOSED,
        hypothesis=inner,
        because=(SAID,),
        metrics=(RATE,),
        provenance=PROVENANCE,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(record, **changes)


def design(design_id: str, job_id: str = "job_1", *, recommended: bool = True, **changes: Any) -> DesignRecord:
    """Returns a design."""
    record = DesignRecord(
        design_id=design_id,
        job_id=job_id,
        design=replace(_DESIGN, judged=replace(_DESIGN.judged, acceptable=recommended)),
        reasons=(SAID,),
        risks=(),
        provenance=PROVENANCE,
        created_at=LATER,
        requested_at=NOW,
    )
    return replace(record, **changes)


def comparison(arm_id: str, lift: float | None, *, status: ComparisonStatus, **changes: Any) -> ComparisonRecord:
    """Returns a comparison of an arm on the primary metric, with an interval of 95 % of 0.02 on either side."""
    told = None if lift is None else EstimateRecord(lift, lift - 0.02, lift + 0.02)
    record = ComparisonRecord(
        metric_id="rate",
        metric_role=MetricRole.PRIMARY,
        metric_kind=MetricKind.PROPORTION,
        direction=MetricDirection.MAXIMIZE,
        arm_id=arm_id,
        arm_mean=0.11,
        control_mean=0.1,
        arm_unit_count=1000,
        control_unit_count=1000,
        status=status,
        answer=AnswerRecord(AnswerKind.FIXED, "score test", 0.95, relative_lift=told),
    )
    return replace(record, **changes)


def analysis(
    analysis_id: str, job_id: str = "job_1", *, verdict: Verdict = Verdict.CONTINUE, arm_id: str = "", **changes: Any
) -> AnalysisRecord:
    """Returns an analysis of the checkout experiment."""
    record = AnalysisRecord(
        analysis_id=analysis_id,
        job_id=job_id,
        experiment_id="checkout",
        revision=2,
        created_at=LATER,
        as_of=NOW,
        started_at=NOW - timedelta(days=8),
        data_source=DataSource.STORE,
        plan=AnalysisPlan(),
        decision=DecisionRecord(verdict, arm_id, SAID, (SAID,)),
        arms=(ArmRecord("control", True, 1000, 0.5), ArmRecord("short", False, 1000, 0.5)),
        comparisons=(comparison("short", 0.1, status=ComparisonStatus.BETTER),),
        health=(HealthRecord("SAMPLE_RATIO", Status.PASS, "as planned", "chi-square"),),
        sample=SampleState(2000, None, SampleSource.COMPUTED, 0.05, None),
        bandit=None,
        statements=(SAID,),
        next_steps=(),
        what_would_change=(),
        provenance=PROVENANCE,
        day_count=8.25,
    )
    return replace(record, **changes)


def result(
    *hypotheses: HypothesisRecord,
    design: DesignRecord | None = None,
    analysis: AnalysisRecord | None = None,
    pack: EvidencePack = PACK,
) -> JobResult:
    """Returns what a job leaves behind."""
    return JobResult(PROVENANCE, pack, hypotheses, design, analysis)
