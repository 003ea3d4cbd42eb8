"""What jobs are asked for, from protobuf, defaults filled in."""

from datetime import datetime, timedelta

from experimentation.v1 import analysis_pb2, hypothesis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import aggregates, enums, plans, requests
from services.ai.convert.metrics import metrics_from_proto, past_from_proto, traffic_from_proto
from services.ai.domain.analysis.data import Aggregates
from services.ai.domain.design.wishes import DesignAim, DesignWishes
from services.ai.domain.hypotheses.brief import DEFAULT_COUNT
from services.ai.domain.jobs import AnalysisInput, DesignInput, HypothesesInput, WarehouseTable
from shared.errors import FieldViolation, invalid_fields

DEFAULT_MAX_DURATION = timedelta(weeks=8)
DEFAULT_ALPHA = 0.05
DEFAULT_POWER = 0.8


def hypotheses(request: pb.SuggestHypothesesRequest) -> HypothesesInput:
    """Returns what hypotheses are to be made of.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return HypothesesInput(
        metrics_from_proto(request.metrics, "metrics"),
        tuple(map(past_from_proto, request.past_experiments)),
        request.goal,
        tuple(request.constraints),
        request.max_count or DEFAULT_COUNT,
        traffic_from_proto(request.traffic) if request.HasField("traffic") else None,
        use_stored_experiments=not request.ignore_stored_experiments,
    )


def design(request: pb.RecommendDesignRequest) -> DesignInput:
    """Returns what a design is asked for.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    wishes = DesignWishes(
        request.description,
        metrics_from_proto(request.metrics, "metrics"),
        traffic_from_proto(request.traffic),
        request.primary_metric_id,
        request.relative_mde if request.HasField("relative_mde") else None,
        request.arm_count or 2,
        aim_from_proto(request.aim),
        request.max_duration.ToTimedelta() if request.HasField("max_duration") else DEFAULT_MAX_DURATION,
        request.alpha or DEFAULT_ALPHA,
        request.power or DEFAULT_POWER,
        tuple(request.past_lifts),
    )
    return DesignInput(wishes, request.hypothesis_id)


def aim_from_proto(number: hypothesis_pb2.DesignAim.ValueType) -> DesignAim:
    """Returns what matters most."""
    return enums.member(DesignAim, hypothesis_pb2.DesignAim, "DESIGN_AIM", number) or DesignAim.LEARN


def analysis(request: pb.AnalyzeExperimentRequest, *, now: datetime) -> AnalysisInput:
    """Returns which experiment is to be analysed, on what data, and how.

    Args:
        request: As it came.
        now: As of when sums are where the request does not say.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return AnalysisInput(
        request.experiment_id,
        _data(request, now),
        plans.from_proto(request.plan) if request.HasField("plan") else None,
        request.propose,
    )


def _data(request: pb.AnalyzeExperimentRequest, now: datetime) -> Aggregates | WarehouseTable | None:
    match request.WhichOneof("data"):
        case "aggregates":
            return aggregates.from_proto(request.aggregates, now=now)
        case "warehouse_table":
            return _table(request.warehouse_table)
    return None


def _table(message: analysis_pb2.WarehouseTable) -> WarehouseTable:
    ids = [one.metric_id for one in message.metric_columns]
    twice = [
        FieldViolation(f"warehouse_table.metric_columns[{place}].metric_id", f"{metric_id} is there twice")
        for place, metric_id in enumerate(ids)
        if metric_id in ids[:place]
    ]
    if twice:
        raise invalid_fields(twice)
    return WarehouseTable(
        message.connection,
        message.table,
        message.unit_column,
        message.arm_column,
        tuple((one.metric_id, one.column) for one in message.metric_columns),
        message.time_column,
        metrics_from_proto(message.metrics, "warehouse_table.metrics"),
        message.control_arm_id,
        tuple(message.segment_columns),
    )
