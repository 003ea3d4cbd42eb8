"""Experiments and their parts to and from protobuf.

`experiment_from_proto(experiment_to_proto(x)) == x` for every x; in the other direction, unset fields come back with
their defaults.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import common_pb2 as pb
from shared.definition import model
from shared.definition.allocation_convert import policy_from_proto, policy_to_proto
from shared.definition.feature_convert import feature_to_proto, features_from_proto

_Member = TypeVar("_Member", bound=StrEnum)

PROPORTION_BOUNDS = (0.0, 1.0)
MEAN_BOUNDS = (-model.MAX_ABSOLUTE_VALUE, model.MAX_ABSOLUTE_VALUE)


def timestamp_to_proto(instant: datetime | None) -> Timestamp | None:
    """Returns the instant as a Timestamp; None stays None."""
    if instant is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp


def timestamp_from_proto(timestamp: Timestamp) -> datetime:
    """Returns the Timestamp as an aware instant in UTC, to the microsecond.

    Raises:
        ValueError: It is outside years 1 to 9999.
    """
    return timestamp.ToDatetime(tzinfo=UTC)


def duration_to_proto(duration: timedelta) -> Duration:
    """Returns the time span as a Duration."""
    message = Duration()
    message.FromTimedelta(duration)
    return message


def _enum_from_proto(kind: type[_Member], name: str, default: _Member | None = None) -> _Member:
    """Returns the member whose proto name is `<PREFIX>_<member>`; UNSPECIFIED gives the default.

    Raises:
        ValueError: It is UNSPECIFIED and there is no default.
    """
    for member in kind:
        if name.endswith(f"_{member.value}"):
            return member
    if default is None:
        raise ValueError(f"{name} must be given")
    return default


def arm_to_proto(arm: model.Arm) -> pb.Arm:
    """Returns the arm as a message."""
    return pb.Arm(arm_id=arm.arm_id, display_name=arm.display_name, control=arm.control, cost=arm.cost)


def arm_from_proto(message: pb.Arm) -> model.Arm:
    """Returns the message as an arm."""
    return model.Arm(message.arm_id, message.display_name, message.control, message.cost)


def metric_to_proto(metric: model.Metric) -> pb.Metric:
    """Returns the metric as a message."""
    return pb.Metric(
        metric_id=metric.metric_id,
        display_name=metric.display_name,
        kind=pb.MetricKind.Value(f"METRIC_KIND_{metric.kind}"),
        role=pb.MetricRole.Value(f"METRIC_ROLE_{metric.role}"),
        direction=pb.MetricDirection.Value(f"METRIC_DIRECTION_{metric.direction}"),
        combination_rule=pb.CombinationRule.Value(f"COMBINATION_RULE_{metric.combination_rule}"),
        min_value=metric.min_value,
        max_value=metric.max_value,
        revenue=metric.revenue,
    )


def metric_from_proto(message: pb.Metric) -> model.Metric:
    """Returns the message as a metric, its defaults filled in by kind.

    Raises:
        ValueError: Kind or role is not given.
    """
    kind = _enum_from_proto(model.MetricKind, pb.MetricKind.Name(message.kind))
    proportion = kind is model.MetricKind.PROPORTION
    low, high = PROPORTION_BOUNDS if proportion else MEAN_BOUNDS
    return model.Metric(
        message.metric_id,
        kind,
        _enum_from_proto(model.MetricRole, pb.MetricRole.Name(message.role)),
        _enum_from_proto(
            model.MetricDirection, pb.MetricDirection.Name(message.direction), model.MetricDirection.MAXIMIZE
        ),
        _enum_from_proto(
            model.CombinationRule,
            pb.CombinationRule.Name(message.combination_rule),
            model.CombinationRule.ANY if proportion else model.CombinationRule.SUM,
        ),
        message.min_value if message.HasField("min_value") else low,
        message.max_value if message.HasField("max_value") else high,
        message.display_name,
        message.revenue,
    )


def traffic_to_proto(traffic: model.Traffic) -> pb.Traffic:
    """Returns the traffic shares as a message."""
    return pb.Traffic(share=traffic.share, holdout_share=traffic.holdout_share, analysis_share=traffic.analysis_share)


def traffic_from_proto(message: pb.Traffic) -> model.Traffic:
    """Returns the message as traffic shares."""
    return model.Traffic(message.share, message.holdout_share, message.analysis_share)


def experiment_to_proto(experiment: model.Experiment) -> pb.Experiment:
    """Returns the experiment as a message."""
    return pb.Experiment(
        experiment_id=experiment.experiment_id,
        display_name=experiment.display_name,
        description=experiment.description,
        labels=experiment.labels,
        arms=[arm_to_proto(arm) for arm in experiment.arms],
        metrics=[metric_to_proto(metric) for metric in experiment.metrics],
        allocation_policy=policy_to_proto(experiment.allocation_policy),
        traffic=traffic_to_proto(experiment.traffic),
        analysis_unit=pb.AnalysisUnit.Value(f"ANALYSIS_UNIT_{experiment.analysis_unit}"),
        attribution_window=duration_to_proto(experiment.attribution_window),
        features=[feature_to_proto(feature) for feature in experiment.features],
        state=pb.ExperimentState.Value(f"EXPERIMENT_STATE_{experiment.state}"),
        revision=experiment.revision,
        etag=experiment.etag,
        shipped_arm_id=experiment.shipped_arm_id,
        creator=experiment.creator,
        created_at=timestamp_to_proto(experiment.created_at),
        updated_at=timestamp_to_proto(experiment.updated_at),
        started_at=timestamp_to_proto(experiment.started_at),
        stopped_at=timestamp_to_proto(experiment.stopped_at),
    )


def _optional_instant(timestamp: Timestamp, *, given: bool) -> datetime | None:
    return timestamp_from_proto(timestamp) if given else None


def arms_from_proto(messages: Iterable[pb.Arm]) -> tuple[model.Arm, ...]:
    """Returns the messages as arms."""
    return tuple(arm_from_proto(message) for message in messages)


def metrics_from_proto(messages: Iterable[pb.Metric]) -> tuple[model.Metric, ...]:
    """Returns the messages as metrics, their defaults filled in.

    Raises:
        ValueError: A kind or role is not given.
    """
    return tuple(metric_from_proto(message) for message in messages)


def experiment_from_proto(message: pb.Experiment) -> model.Experiment:
    """Returns the message as an experiment, its defaults filled in.

    Raises:
        ValueError: A metric's kind or role, or a feature's kind, is not given.
    """
    has_window = message.HasField("attribution_window")
    return model.Experiment(
        experiment_id=message.experiment_id,
        arms=arms_from_proto(message.arms),
        metrics=metrics_from_proto(message.metrics),
        allocation_policy=policy_from_proto(message.allocation_policy),
        traffic=traffic_from_proto(message.traffic) if message.HasField("traffic") else model.Traffic(),
        analysis_unit=_enum_from_proto(
            model.AnalysisUnit, pb.AnalysisUnit.Name(message.analysis_unit), model.AnalysisUnit.UNIT
        ),
        attribution_window=message.attribution_window.ToTimedelta() if has_window else timedelta(days=7),
        features=features_from_proto(message.features),
        display_name=message.display_name,
        description=message.description,
        labels=dict(message.labels),
        state=_enum_from_proto(
            model.ExperimentState, pb.ExperimentState.Name(message.state), model.ExperimentState.DRAFT
        ),
        revision=message.revision,
        etag=message.etag,
        shipped_arm_id=message.shipped_arm_id,
        creator=message.creator,
        created_at=_optional_instant(message.created_at, given=message.HasField("created_at")),
        updated_at=_optional_instant(message.updated_at, given=message.HasField("updated_at")),
        started_at=_optional_instant(message.started_at, given=message.HasField("started_at")),
        stopped_at=_optional_instant(message.stopped_at, given=message.HasField("stopped_at")),
    )
