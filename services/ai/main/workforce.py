"""Builds what does jobs: the tasks of each kind, who runs them, and on which threads."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry

from services.ai.actors.lanes import Lanes
from services.ai.actors.workforce import Workforce
from services.ai.config import Config
from services.ai.domain.jobs import JobKind, JobQueue
from services.ai.llm.heuristic import HeuristicProvider
from services.ai.main.parts import Parts, run_limits
from services.ai.main.warehouse import build_warehouse
from services.ai.service.answering import Answering
from services.ai.service.asking import Asking, AskingLimits
from services.ai.service.gathering import Gatherer
from services.ai.service.grounding_metrics import GroundingMetrics
from services.ai.service.job_metrics import JobMetrics
from services.ai.service.running import JobRunner
from services.ai.service.sweeping import JobSweeper
from services.ai.service.task import Task
from services.ai.service.tasks.analysis import AnalysisTask
from services.ai.service.tasks.design import RecommendDesign
from services.ai.service.tasks.hypotheses import SuggestHypotheses
from shared import clock, ids


def build_workforce(options: Config, parts: Parts, registry: CollectorRegistry) -> Workforce:
    """Returns what does jobs in this process, with as many threads as are configured; not yet started."""
    metrics = JobMetrics(registry, provider=parts.provider.asker.name)
    runner = build_runner(options, parts, build_tasks(options, parts, registry), metrics)
    job = options.job
    lanes = Lanes(
        parts.brokers,
        runner.run,
        thread_counts={
            JobQueue.INTERACTIVE: job.interactive_thread_count,
            JobQueue.BULK: job.bulk_thread_count,
        },
    )
    return Workforce(
        parts.brokers,
        parts.sender,
        runner,
        lanes,
        _sweeps(options, parts, metrics),
        sweep_interval=job.sweep_interval,
        grace=options.drain_grace,
    )


def build_runner(options: Config, parts: Parts, tasks: Mapping[JobKind, Task], metrics: JobMetrics) -> JobRunner:
    """Returns who runs the tasks."""
    return JobRunner(
        parts.store.jobs,
        tasks,
        parts.sender,
        metrics,
        limits=run_limits(options.job),
        clock=clock.now,
        new_id=ids.new_id,
    )


def build_tasks(options: Config, parts: Parts, registry: CollectorRegistry) -> Mapping[JobKind, Task]:
    """Returns the work of each kind of job."""
    store, answering = parts.store, _answering(options, parts, registry)
    gatherer = Gatherer(parts.experiments, store.designs, build_warehouse(options.warehouses_file))
    return {
        JobKind.SUGGEST_HYPOTHESES: SuggestHypotheses(
            answering, store.hypotheses, store.analyses, clock=clock.now, new_id=ids.new_id
        ),
        JobKind.RECOMMEND_DESIGN: RecommendDesign(
            answering, store.hypotheses, store.analyses, clock=clock.now, new_id=ids.new_id
        ),
        JobKind.ANALYZE_EXPERIMENT: AnalysisTask(gatherer, answering, clock=clock.now, new_id=ids.new_id),
    }


def _answering(options: Config, parts: Parts, registry: CollectorRegistry) -> Answering:
    provider = parts.provider
    asking = Asking(
        provider.asker,
        parts.store.calls,
        limits=AskingLimits(options.llm.timeout.total_seconds(), options.job.question_count),
        new_id=ids.new_id,
        retried=provider.metrics.retried,
    )
    return Answering(
        None if provider.missing else asking,
        HeuristicProvider(),
        GroundingMetrics(registry),
        missing=provider.missing,
    )


def _sweeps(options: Config, parts: Parts, metrics: JobMetrics) -> Mapping[str, Callable[[], object]]:
    """Returns what is done again and again, by what it is called."""
    sweeper = JobSweeper(
        parts.store.jobs, parts.sender, metrics, resend_after=options.job.resend_after, clock=clock.now
    )
    return {"jobs": sweeper.sweep}
