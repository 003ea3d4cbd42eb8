"""A process that does jobs, whose clock stands until it is set and whose tasks do what they are told."""

from collections.abc import Callable
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry

from services.ai.domain.asking import ProviderName
from services.ai.domain.jobs import Job, JobKind, RequestKey
from services.ai.domain.ports import Jobs
from services.ai.domain.records import JobResult
from services.ai.service.attempts import RunLimits
from services.ai.service.job_metrics import JobMetrics
from services.ai.service.running import JobRunner
from services.ai.service.sweeping import JobSweeper
from services.ai.service.task import Progress
from shared.ids import new_id
from tests.ai.job_examples import NOW, hypotheses_answer, hypotheses_job

LIMITS = RunLimits()
RESEND_AFTER = timedelta(seconds=30)
Step = Callable[[Job, Progress], JobResult]


def answers(job: Job, _watch: Progress) -> JobResult:
    """Is a step that goes well."""
    return hypotheses_answer(job)


def raises(error: Exception) -> Step:
    """Returns a step that goes wrong."""

    def step(_job: Job, _watch: Progress) -> JobResult:
        raise error

    return step


class ScriptedTask:
    """Does one step after the other, one each time; the last again and again."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.remaining: list[float] = []
        """The seconds that were left each time."""

    def run(self, job: Job, watch: Progress) -> JobResult:
        self.remaining.append(watch.remaining_seconds())
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return step(job, watch)


class KeptSender:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, job: Job) -> None:
        self.sent.append(job.job_id)


class World:
    """Is one such process on a store."""

    def __init__(self, jobs: Jobs, *steps: Step) -> None:
        self.now = NOW
        self.jobs = jobs
        self.task = ScriptedTask(*(steps or (answers,)))
        self.sender = KeptSender()
        self.registry = CollectorRegistry()
        self.waits: list[float] = []
        metrics = JobMetrics(self.registry, provider=ProviderName.ANTHROPIC)
        self.runner = JobRunner(
            jobs,
            {JobKind.SUGGEST_HYPOTHESES: self.task},
            self.sender,
            metrics,
            limits=LIMITS,
            clock=lambda: self.now,
            new_id=new_id,
            monotonic=self._monotonic,
            wait=self.waits.append,
        )
        self.sweeper = JobSweeper(jobs, self.sender, metrics, resend_after=RESEND_AFTER, clock=lambda: self.now)

    def _monotonic(self) -> float:
        return (self.now - NOW).total_seconds()

    def open(self, job_id: str = "job_1") -> Job:
        return self.jobs.open(hypotheses_job(job_id, created_at=self.now), RequestKey("ada", "", ""), limit=1000)

    def find(self, job_id: str = "job_1") -> Job:
        found = self.jobs.find(job_id)
        assert found is not None
        return found

    def run(self, job_id: str = "job_1") -> Job:
        """Has a message come, and returns the job as it is after that."""
        self.runner.run(job_id)
        return self.find(job_id)

    def go_on(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def counted(self, family: str = "llm_hypotheses_generated_total", **labels: str) -> float | None:
        return self.registry.get_sample_value(family, labels)
