"""What is read off messages everywhere: instants, names, the worst of health findings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import analysis_pb2, common_pb2

ALGORITHMS: Final = {
    "fixed_split": "fixed split",
    "beta_thompson": "Thompson sampling",
    "gaussian_thompson": "Thompson sampling (Gaussian)",
    "gamma_thompson": "Thompson sampling (Gamma)",
    "top_two_thompson": "top-two Thompson",
    "ucb1": "UCB1",
    "kl_ucb": "KL-UCB",
    "epsilon_greedy": "epsilon-greedy",
    "exp3": "EXP3",
    "linear_thompson": "linear Thompson",
    "lin_ucb": "LinUCB",
    "logistic_thompson": "logistic Thompson",
    "inverse_gap": "inverse-gap weighting",
}
_WORST_FIRST: Final = (
    analysis_pb2.HEALTH_STATUS_FAIL,
    analysis_pb2.HEALTH_STATUS_WARN,
    analysis_pb2.HEALTH_STATUS_PASS,
    analysis_pb2.HEALTH_STATUS_NOT_ESTIMABLE,
)


def has(message: Message, field: str) -> bool:
    """Says whether a field of a message is set."""
    return bool(message.HasField(field))


def moment(message: Message, field: str) -> datetime | None:
    """Returns a timestamp of a message; None where it is not set."""
    value: Timestamp = getattr(message, field)
    return value.ToDatetime(tzinfo=UTC) if message.HasField(field) else None


def maybe(message: Message, field: str) -> float | None:
    """Returns an optional number of a message; None where it is not set."""
    return float(getattr(message, field)) if message.HasField(field) else None


def name_of(thing: common_pb2.Arm | common_pb2.Metric, thing_id: str) -> str:
    """Returns how something is called."""
    return thing.display_name or thing_id


def arm_names(experiment: common_pb2.Experiment) -> dict[str, str]:
    """Returns how arms are called, by id."""
    return {arm.arm_id: name_of(arm, arm.arm_id) for arm in experiment.arms}


def metric_names(experiment: common_pb2.Experiment) -> dict[str, str]:
    """Returns how metrics are called, by id."""
    return {metric.metric_id: name_of(metric, metric.metric_id) for metric in experiment.metrics}


def primary_metric(experiment: common_pb2.Experiment) -> common_pb2.Metric:
    """Returns the metric that decides; an empty one where there is none."""
    primary = (one for one in experiment.metrics if one.role == common_pb2.METRIC_ROLE_PRIMARY)
    return next(primary, common_pb2.Metric())


def algorithm_of(experiment: common_pb2.Experiment) -> str:
    """Returns the name of the allocation's algorithm in words."""
    chosen = experiment.allocation_policy.WhichOneof("algorithm") or "fixed_split"
    return ALGORITHMS.get(str(chosen), str(chosen).replace("_", " "))


def worst(analysis: analysis_pb2.ExperimentAnalysis) -> int:
    """Returns the worst status that was found; without units nothing passes, and without findings: NOT_ESTIMABLE."""
    found = {finding.status for finding in analysis.health}
    if not analysis.unit_count:
        found.discard(analysis_pb2.HEALTH_STATUS_PASS)
    return next((status for status in _WORST_FIRST if status in found), analysis_pb2.HEALTH_STATUS_NOT_ESTIMABLE)


def enum_words(kind: EnumDescriptor, number: int) -> str:
    """Returns an enum's value in words, without what all its names begin with; the service may be newer."""
    value = kind.values_by_number.get(number)
    if value is None:
        return str(number)
    return value.name.removeprefix(kind.values[0].name.removesuffix("UNSPECIFIED")).replace("_", " ").lower()


def newest_first(analyses: Sequence[analysis_pb2.ExperimentAnalysis]) -> list[analysis_pb2.ExperimentAnalysis]:
    """Returns the analyses by their versions, the newest first."""
    return sorted(analyses, key=lambda analysis: analysis.version, reverse=True)
