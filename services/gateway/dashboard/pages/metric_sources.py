"""The metrics that the AI is asked about: those of earlier hypotheses, of an experiment, or told in a form."""

from collections.abc import Iterable
from typing import Final

from experimentation.v1 import analysis_pb2, common_pb2, hypothesis_pb2
from experimentation.v1.metrics_pb2 import MetricProfile, SegmentBaseline, TrafficProfile
from services.gateway.dashboard.pages import reading
from services.gateway.dashboard.visit import Visit
from shared.errors import invalid_field

EARLIER: Final = "earlier"
NEW: Final = "new"
_INT64: Final = 2**63 - 1
_EXPERIMENT: Final = "experiment:"
_KINDS: Final = {
    "proportion": common_pb2.METRIC_KIND_PROPORTION,
    "mean": common_pb2.METRIC_KIND_MEAN,
}


def choices(
    hypotheses: Iterable[hypothesis_pb2.Hypothesis], experiments: Iterable[common_pb2.Experiment]
) -> list[tuple[str, str]]:
    """Returns what the form offers: the value and the words."""
    offered = [(EARLIER, "those of the earlier hypotheses")] if earlier(hypotheses) else []
    offered += [
        (f"{_EXPERIMENT}{one.experiment_id}", f"those of {one.display_name or one.experiment_id}")
        for one in experiments
    ]
    return [*offered, (NEW, "a metric told below")]


def earlier(hypotheses: Iterable[hypothesis_pb2.Hypothesis]) -> list[MetricProfile]:
    """Returns the metrics of hypotheses, each once, as the first of them has it."""
    found: dict[str, MetricProfile] = {}
    for one in hypotheses:
        for metric in one.metrics:
            found.setdefault(metric.metric_id, metric)
    return list(found.values())[:32]


async def chosen(visit: Visit, hypotheses: Iterable[hypothesis_pb2.Hypothesis]) -> list[MetricProfile]:
    """Returns the metrics that a form asks for.

    Raises:
        PlatformError: The form is not complete, or the metrics cannot be read.
    """
    source = visit.sent("metrics")
    if source == EARLIER:
        return earlier(hypotheses)
    if source.startswith(_EXPERIMENT):
        return await _of_experiment(visit, source.removeprefix(_EXPERIMENT))
    return [_told(visit)]


def traffic(visit: Visit) -> TrafficProfile | None:
    """Returns the traffic that a form tells; None where it tells none.

    Raises:
        InvalidArgument: It is no number.
    """
    units = visit.sent_number("units_per_day")
    return None if units is None else TrafficProfile(units_per_day=units)


async def _of_experiment(visit: Visit, experiment_id: str) -> list[MetricProfile]:
    experiment = await reading.experiment(visit, experiment_id)
    analyses = await reading.analyses(visit, experiment_id)
    newest = analyses[0] if analyses else analysis_pb2.ExperimentAnalysis()
    known = {one.metric_id: one for one in newest.comparisons if one.HasField("control_mean")}
    return [_profile(metric, known.get(metric.metric_id)) for metric in experiment.metrics]


def _profile(metric: common_pb2.Metric, known: analysis_pb2.ArmComparison | None) -> MetricProfile:
    profile = MetricProfile(
        metric_id=metric.metric_id,
        kind=metric.kind,
        display_name=metric.display_name,
        direction=metric.direction,
        role=metric.role,
        revenue=metric.revenue,
    )
    if known is not None:
        profile.baseline, profile.unit_count = known.control_mean, known.control_unit_count
    return profile


def _told(visit: Visit) -> MetricProfile:
    kind = _KINDS.get(visit.sent("metric_kind"))
    if not visit.sent("metric_id") or kind is None:
        raise invalid_field("metric_id", "choose metrics, or tell the id and the kind of one")
    scale = 100.0 if kind == common_pb2.METRIC_KIND_PROPORTION else 1.0
    return MetricProfile(
        metric_id=visit.sent("metric_id"),
        display_name=visit.sent("metric_name")[:200],
        kind=kind,
        direction=common_pb2.METRIC_DIRECTION_MINIMIZE
        if visit.sent("metric_direction") == "down"
        else common_pb2.METRIC_DIRECTION_MAXIMIZE,
        baseline=visit.sent_number("metric_baseline", scale=scale),
        standard_deviation=visit.sent_number("metric_deviation"),
        unit_count=visit.sent_count("metric_units", most=_INT64),
        segments=[_segment(line, scale) for line in visit.sent("metric_segments").splitlines() if line.strip()],
    )


def _segment(line: str, scale: float) -> SegmentBaseline:
    """Returns a part of the units, told as `device=mobile, 8.2, 20000`: its name, its mean, its units."""
    parts = [part.strip() for part in line.rsplit(",", 2)]
    try:
        return SegmentBaseline(segment=parts[0], baseline=float(parts[1]) / scale, unit_count=int(parts[2]))
    except (IndexError, ValueError) as error:
        raise invalid_field("metric_segments", "each line must be a name, a number and how many units") from error
