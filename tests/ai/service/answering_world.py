"""A provider that follows a script, and what it takes to answer with it, in memory."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderFailure, ProviderName, Question, Reply
from services.ai.domain.calls import Asker
from services.ai.domain.hypotheses.model import StoredHypothesis
from services.ai.domain.jobs import (
    DesignInput,
    HypothesesInput,
    Job,
    JobInput,
    JobKind,
    JobQueue,
    JobStage,
    RequestKey,
)
from services.ai.domain.metrics import PastExperiment
from services.ai.domain.ports import Calls
from services.ai.domain.records import JobResult
from services.ai.llm.free import FreeProvider
from services.ai.llm.heuristic import HeuristicProvider
from services.ai.llm.metrics import LlmMetrics
from services.ai.service.answering import Answering
from services.ai.service.asking import Asking, AskingLimits
from services.ai.service.grounding_metrics import GroundingMetrics
from services.ai.service.task import Ended
from services.ai.service.tasks.design import RecommendDesign
from services.ai.service.tasks.hypotheses import SuggestHypotheses
from tests.fakes.ai_answers import InMemoryAnalyses, InMemoryHypotheses
from tests.fakes.ai_state import AiState
from tests.fakes.ai_store import InMemoryAiStore

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
MODEL = "claude-sonnet-5-5"
Step = Callable[[Question], str] | str | Exception


def plain(question: Question) -> str:
    """Answers what the engine says."""
    return question.plain_answer


def failing(
    reason: FallbackReason = FallbackReason.PROVIDER_UNAVAILABLE,
    *,
    retryable: bool = False,
    after: float | None = None,
    status: CallStatus = CallStatus.OVERLOADED,
) -> ProviderFailure:
    """Returns a failure of the provider."""
    return ProviderFailure(
        reason, "it does not answer", retryable=retryable, retry_after_seconds=after, status=status, model=MODEL
    )


class ScriptedProvider:
    """Does one step of its script for each question, the last one again and again."""

    name = ProviderName.ANTHROPIC
    model = MODEL

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.asked: list[Question] = []
        self.timeouts: list[float] = []

    def ask(self, question: Question, *, timeout_seconds: float) -> Reply:
        self.asked.append(question)
        self.timeouts.append(timeout_seconds)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, Exception):
            raise step
        return Reply(step if isinstance(step, str) else step(question), MODEL, stop_reason="end_turn")


@dataclass
class Watch:
    """Notes the stages; has as much time as it is given, and ends a job at one of its stages."""

    remaining: float = 100.0
    ends_at: JobStage | None = None
    stages: list[JobStage] = field(default_factory=list)

    @property
    def deadline(self) -> float:
        return self.remaining

    def remaining_seconds(self) -> float:
        return max(self.remaining, 0.0)

    def stage(self, stage: JobStage) -> None:
        if stage is self.ends_at:
            raise Ended
        self.stages.append(stage)


class KnownPast(InMemoryAnalyses):
    """Has the past experiments that it is given."""

    def __init__(self) -> None:
        super().__init__(AiState())
        self.rows: list[PastExperiment] = []

    def past_experiments(self, *, limit: int) -> list[PastExperiment]:
        return self.rows[:limit]


class KnownHypotheses(InMemoryHypotheses):
    """Has other hypotheses besides those of the store."""

    def __init__(self, store: InMemoryHypotheses, rows: list[StoredHypothesis]) -> None:
        super().__init__(AiState())
        self._store = store
        self._rows = rows

    def stored(self, *, limit: int) -> list[StoredHypothesis]:
        return [*self._rows, *self._store.stored(limit=limit)][:limit]


class World:
    """Is what the tasks stand in: a script that the provider follows, or another provider, or none.

    Args:
        steps: Of the script.
        asking: Makes another provider, given where calls are on record.
        question_count: How often a job may ask.
    """

    def __init__(
        self, *steps: Step, asking: Callable[[Calls, LlmMetrics], Asker] | None = None, question_count: int = 3
    ) -> None:
        self.provider = ScriptedProvider(*(steps or (plain,)))
        self.store = InMemoryAiStore()
        self.analyses = KnownPast()
        self.known: list[StoredHypothesis] = []
        self.registry = CollectorRegistry()
        self.watch = Watch()
        ids = itertools.count(1)
        self.new_id = lambda prefix: f"{prefix}_{next(ids)}"
        metrics = LlmMetrics(self.registry)
        scripted = FreeProvider(self.provider, metrics=metrics, now=lambda: NOW, monotonic=lambda: 0.0)
        asker = asking(self.store.calls, metrics) if asking else scripted
        self.asking = Asking(
            asker,
            self.store.calls,
            limits=AskingLimits(question_count=question_count),
            new_id=self.new_id,
            retried=metrics.retried,
        )
        self.answering = Answering(
            self.asking if steps or asking else None,
            HeuristicProvider(),
            GroundingMetrics(self.registry),
            missing=None if steps or asking else FallbackReason.NO_KEY,
        )

    @property
    def hypotheses(self) -> SuggestHypotheses:
        """The task that makes hypotheses."""
        known = KnownHypotheses(self.store.hypotheses, self.known)
        return SuggestHypotheses(self.answering, known, self.analyses, clock=lambda: NOW, new_id=self.new_id)

    @property
    def designs(self) -> RecommendDesign:
        """The task that makes designs."""
        return RecommendDesign(
            self.answering, self.store.hypotheses, self.analyses, clock=lambda: NOW, new_id=self.new_id
        )

    def keep(self, result: JobResult) -> None:
        """Stores what a job leaves behind."""
        job = job_of(HypothesesInput(()))
        self.store.jobs.open(job, RequestKey("ada", "", ""), limit=9)
        self.store.jobs.claim(job.job_id, "me", now=NOW, lease_until=NOW + timedelta(minutes=1))
        assert self.store.jobs.finish(job.job_id, "me", result, now=NOW)

    def count(self, name: str, **labels: str) -> float:
        """Returns a counter; one that was never moved is 0."""
        return self.registry.get_sample_value(f"{name}_total", labels) or 0.0


def job_of(asked: JobInput) -> Job:
    """Returns a job that runs."""
    kind = {HypothesesInput: JobKind.SUGGEST_HYPOTHESES, DesignInput: JobKind.RECOMMEND_DESIGN}[type(asked)]
    return Job("job_1", kind, asked, JobQueue.INTERACTIVE, "ada", NOW)


def edited(question: Question, **changes: object) -> str:
    """Returns the engine's answer with other fields."""
    return json.dumps(json.loads(question.plain_answer) | changes)
