"""Where the data of an analysis come from, and by which plan they are judged."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.ai.domain.analysis.data import Aggregates, BanditData
from services.ai.domain.analysis.defined import arm_ids_of, profiles_of
from services.ai.domain.analysis.engine import ExperimentAnalysis, analyze, analyze_bandit
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.planned import UNPLANNED, plan_of, with_margins
from services.ai.domain.analysis.supplied import contradictions
from services.ai.domain.jobs import AnalysisInput, WarehouseTable
from services.ai.domain.ports import Designs, Experiments, Warehouse
from services.ai.domain.records import DataSource, DesignRecord
from shared.definition.model import Experiment, ExperimentState, FixedSplit
from shared.errors import FailedPrecondition, Reason, experiment_not_found, invalid_field


@dataclass(frozen=True, slots=True)
class Gathered:
    """Is everything that an analysis is made of.

    Attributes:
        experiment: None: it is not one of this store.
        doubts: Why data that somebody gave may not be the experiment's, a sentence each.
    """

    experiment: Experiment | None
    source: DataSource
    data: Aggregates | BanditData
    plan: AnalysisPlan
    doubts: tuple[str, ...] = ()

    def analysis(self, now: datetime) -> ExperimentAnalysis:
        """Returns what the data say.

        Raises:
            InvalidArgument: INVALID_FIELD: the data contradict themselves, or are of the future.
        """
        if isinstance(self.data, BanditData):
            return analyze_bandit(self.data, self.plan, now=now)
        return analyze(self.data, self.plan, now=now)


class Gatherer:
    """Gathers; safe for use by many threads."""

    def __init__(self, experiments: Experiments, designs: Designs, warehouse: Warehouse | None) -> None:
        self._experiments = experiments
        self._designs = designs
        self._warehouse = warehouse

    def gather(self, asked: AnalysisInput, *, now: datetime) -> Gathered:
        """Returns data and plan.

        An experiment without any data yet has no units: it is analysed all the same, and the answer says what is
        missing.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND: and no data are supplied.
            FailedPrecondition: INVALID_STATE: it has not been started, or its weights follow the data, while sums of
                its arms are supplied.
            InvalidArgument: INVALID_FIELD: of a warehouse's table.
            Unavailable: STORE_UNAVAILABLE, or the warehouse cannot be reached.
        """
        experiment = self._experiments.find(asked.experiment_id)
        design = self._designs.of_experiment(asked.experiment_id) if experiment else None
        plan = asked.plan or (plan_of(design.design) if design else UNPLANNED)
        if experiment is not None and asked.data is not None:
            _require_fixed_weights(experiment)
        if isinstance(asked.data, Aggregates):
            doubts = self._doubts(asked.data, experiment, now)
            return Gathered(experiment, DataSource.AGGREGATES, _with_margins(asked.data, design), plan, doubts)
        if isinstance(asked.data, WarehouseTable):
            data = self._in_warehouse(asked.data, experiment, now)
            doubts = self._doubts(data, experiment, now)
            return Gathered(experiment, DataSource.WAREHOUSE, _with_margins(data, design), plan, doubts)
        if experiment is None:
            raise experiment_not_found(asked.experiment_id)
        recorded = self._recorded(experiment, now)
        if recorded is None:
            # Nothing was folded, so that nothing tells how old the data are.
            plan = replace(plan, expected_delay=None)
            recorded = _nothing_recorded(experiment, now)
        return Gathered(experiment, DataSource.STORE, _with_margins(recorded, design), plan)

    def _recorded(self, experiment: Experiment, now: datetime) -> BanditData | None:
        if experiment.state is ExperimentState.DRAFT:
            raise FailedPrecondition(
                Reason.INVALID_STATE,
                f"experiment {experiment.experiment_id!r} has not been started: there is nothing to analyse yet",
                metadata={"experiment_id": experiment.experiment_id, "state": experiment.state.value},
            )
        return self._experiments.data(experiment, now=now)

    def _doubts(self, data: Aggregates, experiment: Experiment | None, now: datetime) -> tuple[str, ...]:
        if experiment is None:
            return ()
        return tuple(contradictions(data, experiment, self._experiments.data(experiment, now=now)))

    def _in_warehouse(self, table: WarehouseTable, experiment: Experiment | None, now: datetime) -> Aggregates:
        if self._warehouse is None:
            raise invalid_field(
                "warehouse_table.connection", f"{table.connection}, the service is configured with no connection"
            )
        return self._warehouse.aggregates(table, experiment, now=now)


def _require_fixed_weights(experiment: Experiment) -> None:
    """Returns if sums of the arms can be compared: weights never follow the data, or a part of the units is exempt.

    Raises:
        FailedPrecondition: INVALID_STATE: means of the arms would be biased.
    """
    if experiment.traffic.analysis_share or isinstance(experiment.allocation_policy.algorithm, FixedSplit):
        return
    raise FailedPrecondition(
        Reason.INVALID_STATE,
        f"the weights of experiment {experiment.experiment_id!r} follow its data: means of its arms are biased; "
        "analyse what the bandit recorded, which knows the weights of each time",
        metadata={"experiment_id": experiment.experiment_id},
    )


def _nothing_recorded(experiment: Experiment, now: datetime) -> BanditData:
    policy = experiment.allocation_policy
    return BanditData(
        arm_ids=arm_ids_of(experiment),
        metrics=profiles_of(experiment),
        versions=(),
        as_of=now,
        started_at=experiment.started_at,
        learning=not isinstance(policy.algorithm, FixedSplit),
        exploration_floor=policy.controls.exploration_floor,
        running=experiment.state is ExperimentState.RUNNING,
    )


def _with_margins(data: Aggregates | BanditData, design: DesignRecord | None) -> Aggregates | BanditData:
    return data if design is None else replace(data, metrics=with_margins(data.metrics, design.design))
