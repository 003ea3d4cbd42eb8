"""The use cases that ask for jobs: what can be said of the input at once is said, the rest is the job's."""

from dataclasses import replace
from datetime import datetime

from services.ai.domain.analysis import contradictions
from services.ai.domain.analysis.data import Aggregates
from services.ai.domain.design import bounds
from services.ai.domain.design import wishes as wished
from services.ai.domain.design.choosing import choose
from services.ai.domain.design.sizing import Judging
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.hypotheses.brief import Brief
from services.ai.domain.jobs import (
    AnalysisInput,
    DesignInput,
    HypothesesInput,
    Job,
    JobInput,
    JobKind,
    JobQueue,
    RequestKey,
    WarehouseTable,
)
from services.ai.domain.ports import Experiments, Hypotheses, Jobs, Sender
from services.ai.service import refusals
from shared.clock import Clock
from shared.definition.model import Experiment
from shared.errors import FieldViolation, experiment_not_found, invalid_field, invalid_fields
from shared.ids import NewId


class JobRequests:
    """Opens jobs; safe for use by many threads.

    Each returns the job, or the one that the same request opened before, and raises InvalidArgument INVALID_FIELD,
    AlreadyExists REQUEST_ID_REUSED, ResourceExhausted LIMIT_EXCEEDED and Unavailable STORE_UNAVAILABLE.
    """

    def __init__(
        self,
        jobs: Jobs,
        hypotheses: Hypotheses,
        experiments: Experiments,
        sender: Sender,
        *,
        clock: Clock,
        new_id: NewId,
        queue_limit: int,
    ) -> None:
        self._jobs = jobs
        self._hypotheses = hypotheses
        self._experiments = experiments
        self._sender = sender
        self._clock = clock
        self._new_id = new_id
        self._queue_limit = queue_limit

    def suggest_hypotheses(self, asked: HypothesesInput, *, queue: JobQueue, key: RequestKey) -> Job:
        """Opens a job that makes hypotheses."""
        Brief(
            asked.metrics,
            self._clock(),
            asked.past,
            asked.goal,
            asked.constraints,
            asked.max_count,
            asked.traffic,
        )
        return self._open(JobKind.SUGGEST_HYPOTHESES, asked, queue, key)

    def recommend_design(self, asked: DesignInput, *, queue: JobQueue, key: RequestKey) -> Job:
        """Opens a job that makes a design; what the request leaves open is the hypothesis's.

        Raises:
            NotFound: HYPOTHESIS_NOT_FOUND.
        """
        complete = self._of_hypothesis(asked) if asked.hypothesis_id else asked
        wishes = complete.wishes
        if not wishes.description.strip():
            raise invalid_field("description", "must say what is tried, as no hypothesis does")
        _check_bounds(wishes)
        wished.check(wishes)
        choose(wishes, Judging((1 / wishes.arm_count,) * wishes.arm_count, wishes.alpha, wishes.power))
        return self._open(JobKind.RECOMMEND_DESIGN, complete, queue, key)

    def analyze_experiment(self, asked: AnalysisInput, *, queue: JobQueue, key: RequestKey) -> Job:
        """Opens a job that makes an analysis.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND: neither is the experiment here, nor are data supplied.
        """
        experiment = self._experiments.find(asked.experiment_id)
        if experiment is None and (asked.data is None or asked.propose):
            raise experiment_not_found(asked.experiment_id)
        if isinstance(asked.data, Aggregates):
            _check_sums(asked.data, self._clock())
        elif isinstance(asked.data, WarehouseTable):
            _check_table(asked.data, experiment)
        return self._open(JobKind.ANALYZE_EXPERIMENT, asked, queue, key, experiment_id=asked.experiment_id)

    def _of_hypothesis(self, asked: DesignInput) -> DesignInput:
        record = self._hypotheses.find(asked.hypothesis_id)
        if record is None:
            raise refusals.hypothesis_not_found(asked.hypothesis_id)
        wishes = asked.wishes
        return replace(
            asked,
            wishes=replace(
                wishes,
                description=wishes.description or record.hypothesis.statement,
                metrics=wishes.metrics or record.metrics,
                primary_metric_id=wishes.primary_metric_id or record.hypothesis.primary_metric_id,
            ),
        )

    def _open(
        self, kind: JobKind, asked: JobInput, queue: JobQueue, key: RequestKey, *, experiment_id: str = ""
    ) -> Job:
        job_id = self._new_id("job")
        made = Job(job_id, kind, asked, queue, key.creator, self._clock(), experiment_id=experiment_id)
        job = self._jobs.open(made, key, limit=self._queue_limit)
        if job.job_id == job_id:
            self._sender.send(job)
        return job


def _check_bounds(wishes: DesignWishes) -> None:
    lift, lifts = wishes.relative_mde, wishes.past_lifts
    violations = [
        *bounds.of_metrics(wishes.metrics, "metrics"),
        *bounds.of_numbers("", relative_mde=lift, alpha=wishes.alpha, past_lifts=lifts),
    ]
    if violations:
        raise invalid_fields(violations)


def _check_sums(data: Aggregates, now: datetime) -> None:
    contradictions.check(data)
    if data.as_of > now:
        raise invalid_field("aggregates.as_of", "is in the future")


def _check_table(table: WarehouseTable, experiment: Experiment | None) -> None:
    """Raises unless it is known what the columns hold, and which arm is the control."""
    known = {metric.metric_id for metric in table.metrics or (experiment.metrics if experiment else ())}
    if not known:
        raise invalid_field("warehouse_table.metrics", "must be given, as there is no such experiment here")
    if not table.control_arm_id and experiment is None:
        raise invalid_field("warehouse_table.control_arm_id", "must be given, as there is no such experiment here")
    unknown = [
        FieldViolation(f"warehouse_table.metric_columns[{place}].metric_id", f"{metric_id} is not one of the metrics")
        for place, (metric_id, _) in enumerate(table.metric_columns)
        if metric_id not in known
    ]
    if unknown:
        raise invalid_fields(unknown)
