"""Counts what becomes of jobs, for Prometheus: each answer once, by the process whose commit stored it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.ai.domain.asking import ProviderName
from services.ai.domain.jobs import Job, JobKind, JobQueue, JobState
from services.ai.domain.provenance import Grounding, Provenance
from services.ai.domain.records import JobResult

ACCEPTED: Final = "accepted"
REPAIRED: Final = "repaired"
DEGRADED: Final = "degraded"
REJECTED: Final = "rejected"
FAILED: Final = "failed"
OUTCOMES: Final = (ACCEPTED, REPAIRED, DEGRADED, REJECTED, FAILED)

_LABELS: Final = ("provider", "outcome")
# From an answer of the engine, some milliseconds, to more than the time that a job is given.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0)
_WAITING: Final = (JobState.QUEUED, JobState.RUNNING)


class JobMetrics:
    """Holds the families; safe for use by many threads.

    An outcome is `accepted` (the words stood the check as they were), `repaired` (after one repair, without claims that
    the check dropped, or with some told in the engine's words), `degraded` (another provider than the configured one
    answered), `rejected` (a design that is stored and not recommended) or `failed` (a job without an answer, which
    counts as one).

    Args:
        registry: Where the numbers are kept.
        provider: The configured one: jobs that fail are counted as its.
    """

    def __init__(self, registry: CollectorRegistry, *, provider: ProviderName) -> None:
        self._provider = provider
        self._answers: Mapping[JobKind, Counter] = {
            kind: Counter(name, text, _LABELS, registry=registry)
            for kind, (name, text) in {
                JobKind.SUGGEST_HYPOTHESES: ("llm_hypotheses_generated", "Hypotheses that this process stored."),
                JobKind.RECOMMEND_DESIGN: ("llm_experiment_designs", "Designs that this process stored."),
                JobKind.ANALYZE_EXPERIMENT: ("llm_result_analyses", "Analyses that this process stored."),
            }.items()
        }
        for family in self._answers.values():
            for name in ProviderName:
                for outcome in OUTCOMES:
                    family.labels(name.lower(), outcome)
        self._jobs = Gauge("llm_jobs", "Jobs that wait or run, of any process.", ("state",), registry=registry)
        self._queued = Histogram(
            "llm_job_queue_seconds",
            "Seconds until a job was taken up first.",
            ("queue",),
            buckets=_SECONDS,
            registry=registry,
        )
        for queue in JobQueue:
            self._queued.labels(queue.value)
        self._duration = Histogram(
            "llm_job_duration_seconds",
            "Seconds from when a job was taken up first to its end, by this process.",
            ("kind", "state"),
            buckets=_SECONDS,
            registry=registry,
        )

    def taken(self, job: Job, *, now: datetime) -> None:
        """Counts a job that is taken up."""
        if job.attempt_count == 1:
            self._queued.labels(job.queue.value).observe(max(0.0, (now - job.created_at).total_seconds()))

    def stored(self, job: Job, result: JobResult, *, now: datetime) -> None:
        """Counts an answer that this process stored."""
        counted = len(result.hypotheses) if job.kind is JobKind.SUGGEST_HYPOTHESES else 1
        self._answers[job.kind].labels(result.provenance.provider.lower(), outcome(result)).inc(counted)
        self._ended(job, JobState.SUCCEEDED, now)

    def failed(self, job: Job, *, now: datetime) -> None:
        """Counts a job that this process ended without an answer."""
        self._answers[job.kind].labels(self._provider.lower(), FAILED).inc()
        self._ended(job, JobState.FAILED, now)

    def cancelled(self, job: Job, *, now: datetime) -> None:
        """Counts a job that this process ended because it was asked to."""
        self._ended(job, JobState.CANCELLED, now)

    def waiting(self, counts: Mapping[str, int]) -> None:
        """Notes how many jobs there are in each state that has not ended."""
        for state in _WAITING:
            self._jobs.labels(state.value).set(counts.get(state.value, 0))

    def _ended(self, job: Job, state: JobState, now: datetime) -> None:
        seconds = (now - (job.started_at or job.created_at)).total_seconds()
        self._duration.labels(job.kind.value, state.value).observe(max(0.0, seconds))


def outcome(result: JobResult) -> str:
    """Returns how an answer that was stored came out."""
    if result.design is not None and not result.design.design.recommended:
        return REJECTED
    return _worded(result.provenance)


def _worded(provenance: Provenance) -> str:
    if provenance.fallback_reason is not None:
        return DEGRADED
    return ACCEPTED if provenance.grounding is Grounding.CLEAN else REPAIRED
