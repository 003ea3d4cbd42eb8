"""The primary metric in parts of the units as a table: for learning, as nothing is decided by it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from experimentation.v1 import analysis_pb2, common_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts import interval as intervals
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import maybe
from services.gateway.dashboard.views.results import TONES, between, certainty, effect_words, interval_of, picture


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """Is one treatment against the control in one segment."""

    segment: str
    arm: str
    unit_count: str
    control_mean: str
    arm_mean: str
    change: str
    between: str
    picture: Markup | None
    certainty: str
    differs: str
    status: Badge
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """Is the rows of all segments.

    Attributes:
        metric: The name of the primary one.
        lower_is_better: Of that.
        compared: Says how many comparisons the intervals allow for.
        left_out: Names of segments that there was no room for.
    """

    metric: str
    lower_is_better: bool
    compared: str
    rows: tuple[SegmentRow, ...]
    left_out: tuple[str, ...]


def segment_table(
    analysis: analysis_pb2.ExperimentAnalysis, *, scale: str, arms: Mapping[str, str], metrics: Mapping[str, str]
) -> SegmentTable | None:
    """Returns the table; None without segments.

    Args:
        analysis: Whose segments.
        scale: One of results.SCALES.
        arms: Are the names of arms, by id.
        metrics: Are the names of metrics, by id.
    """
    if not analysis.segments:
        return None
    metric_id = analysis.segments[0].metric_id
    primary = next((one for one in analysis.comparisons if one.metric_id == metric_id), analysis_pb2.ArmComparison())
    return SegmentTable(
        metric=metrics.get(metric_id, metric_id),
        lower_is_better=primary.direction == common_pb2.METRIC_DIRECTION_MINIMIZE,
        compared=formatting.plural(len(analysis.segments), "comparison"),
        rows=tuple(_rows(analysis.segments, primary.metric_kind, scale, arms)),
        left_out=tuple(analysis.left_out_segments),
    )


def _rows(
    segments: Sequence[analysis_pb2.SegmentComparison], kind: int, scale: str, arms: Mapping[str, str]
) -> Iterator[SegmentRow]:
    effects = [interval_of(one.answer, scale) for one in segments]
    shared = intervals.ends([effect for effect in effects if effect is not None])
    words = effect_words(scale, kind)
    level = formatting.rate if kind == common_pb2.METRIC_KIND_PROPORTION else formatting.number
    for place, (one, effect) in enumerate(zip(segments, effects, strict=True)):
        arm = arms.get(one.arm_id, one.arm_id)
        yield SegmentRow(
            segment=one.segment,
            arm=arm,
            unit_count=formatting.count(one.arm_unit_count),
            control_mean=level(maybe(one, "control_mean")),
            arm_mean=level(maybe(one, "arm_mean")),
            change=formatting.NOTHING if effect is None else words(effect.estimate),
            between="" if effect is None else between(effect, words),
            picture=picture(
                effect,
                words,
                name=f"segment-{place}",
                subject=f"{one.segment}, {arm}",
                tone=TONES.get(one.status, "neutral"),
                shared=shared,
            ),
            certainty=certainty(one.answer),
            differs=_differs(maybe(one, "interaction_p_value")),
            status=badges.comparison(one.status),
            cautions=tuple(one.cautions),
        )


def _differs(p_value: float | None) -> str:
    return formatting.NOTHING if p_value is None else formatting.p_words(p_value)
