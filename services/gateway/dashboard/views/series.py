"""The course of the estimates over the stored analyses of an experiment."""

from collections.abc import Iterable, Mapping

from experimentation.v1 import analysis_pb2, common_pb2
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.estimate_series import EstimateLine, EstimatePoint, estimate_series
from services.gateway.dashboard.views.messages import moment
from services.gateway.dashboard.views.results import answer_of, interval_of


def estimate_chart(
    analyses: Iterable[analysis_pb2.ExperimentAnalysis],
    *,
    scale: str,
    arms: Mapping[str, str],
    metrics: Mapping[str, str],
) -> Chart | None:
    """Returns the course of the primary metric's estimates, by intervals that hold at any time; None without any."""
    points: dict[str, list[EstimatePoint]] = {}
    metric, kind = "", common_pb2.METRIC_KIND_UNSPECIFIED
    for analysis in sorted(analyses, key=lambda one: one.version):
        as_of = moment(analysis, "as_of")
        for one in analysis.comparisons:
            effect = interval_of(answer_of(one, "anytime"), scale)
            if one.metric_role != common_pb2.METRIC_ROLE_PRIMARY or effect is None or as_of is None:
                continue
            metric, kind = one.metric_id, one.metric_kind
            points.setdefault(one.arm_id, []).append(EstimatePoint(as_of, effect.estimate, effect.low, effect.high))
    return estimate_series(
        [EstimateLine(arms.get(arm_id, arm_id), found) for arm_id, found in points.items()],
        metric=metrics.get(metric, metric),
        relative=scale == "relative",
        share_metric=kind == common_pb2.METRIC_KIND_PROPORTION,
    )
