"""The results of an experiment as a table: each treatment against the control, by what the metrics are for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from experimentation.v1 import analysis_pb2, common_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts import interval as intervals
from services.gateway.dashboard.charts.interval import IntervalValue
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import has, maybe

METHODS: Final = (("decided", "As decided"), ("fixed", "Fixed"), ("anytime", "Any time"), ("bayesian", "Bayesian"))
SCALES: Final = (("relative", "Relative"), ("absolute", "Absolute"))
_KINDS: Final = {
    "fixed": analysis_pb2.ANSWER_KIND_FIXED,
    "anytime": analysis_pb2.ANSWER_KIND_ANY_TIME,
    "bayesian": analysis_pb2.ANSWER_KIND_BAYESIAN,
}
_ROLES: Final = (
    (common_pb2.METRIC_ROLE_PRIMARY, "Primary metric"),
    (common_pb2.METRIC_ROLE_GUARDRAIL, "Guardrails: must not get worse"),
    (common_pb2.METRIC_ROLE_SECONDARY, "Secondary metrics"),
)
TONES: Final = {
    analysis_pb2.COMPARISON_STATUS_BETTER: "good",
    analysis_pb2.COMPARISON_STATUS_WORSE: "bad",
}


@dataclass(frozen=True, slots=True)
class ResultRow:
    """Is one treatment against the control on one metric."""

    metric: str
    arm: str
    lower_is_better: bool
    unit_count: str
    control_mean: str
    arm_mean: str
    change: str
    between: str
    picture: Markup | None
    certainty: str
    method: str
    status: Badge
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """Is the rows of the metrics of one role."""

    title: str
    rows: tuple[ResultRow, ...]


def answer_of(comparison: analysis_pb2.ArmComparison, method: str) -> analysis_pb2.ComparisonAnswer | None:
    """Returns the answer of a method; None where there is none."""
    if method == "decided":
        return comparison.answer
    answers = (comparison.answer, *comparison.other_answers)
    return next((answer for answer in answers if answer.kind == _KINDS[method]), None)


def interval_of(answer: analysis_pb2.ComparisonAnswer | None, scale: str) -> IntervalValue | None:
    """Returns the effect with its interval; None where it cannot be estimated."""
    field = "relative_lift" if scale == "relative" else "difference"
    if answer is None or not has(answer, field):
        return None
    found: analysis_pb2.Interval = getattr(answer, field)
    return IntervalValue(found.estimate, maybe(found, "low"), maybe(found, "high"))


def effect_words(scale: str, kind: int) -> Callable[[float | None], str]:
    """Returns how effects are written: percent, percentage points, or plain numbers."""
    if scale == "relative":
        return formatting.change
    if kind == common_pb2.METRIC_KIND_PROPORTION:
        return formatting.points
    return lambda value: formatting.change(value, relative=False)


def result_groups(
    analysis: analysis_pb2.ExperimentAnalysis,
    *,
    method: str,
    scale: str,
    arms: Mapping[str, str],
    metrics: Mapping[str, str],
) -> tuple[ResultGroup, ...]:
    """Returns the table, without the groups that are empty.

    Args:
        analysis: Whose results.
        method: One of METHODS.
        scale: One of SCALES.
        arms: Are the names of arms, by id.
        metrics: Are the names of metrics, by id.
    """
    groups = []
    for role, title in _ROLES:
        found = [one for one in analysis.comparisons if one.metric_role == role]
        if found:
            groups.append(ResultGroup(title, tuple(_rows(found, method, scale, arms, metrics))))
    return tuple(groups)


def _rows(
    comparisons: Sequence[analysis_pb2.ArmComparison],
    method: str,
    scale: str,
    arms: Mapping[str, str],
    metrics: Mapping[str, str],
) -> Iterator[ResultRow]:
    effects = [interval_of(answer_of(one, method), scale) for one in comparisons]
    # Differences of metrics in their own units share no scale; relative ones do.
    shared = intervals.ends([effect for effect in effects if effect is not None]) if scale == "relative" else None
    for place, (one, effect) in enumerate(zip(comparisons, effects, strict=True)):
        answer, words = answer_of(one, method), effect_words(scale, one.metric_kind)
        level = formatting.rate if one.metric_kind == common_pb2.METRIC_KIND_PROPORTION else formatting.number
        metric = metrics.get(one.metric_id, one.metric_id)
        arm = arms.get(one.arm_id, one.arm_id)
        yield ResultRow(
            metric=metric,
            arm=arm,
            lower_is_better=one.direction == common_pb2.METRIC_DIRECTION_MINIMIZE,
            unit_count=formatting.count(one.arm_unit_count),
            control_mean=level(maybe(one, "control_mean")),
            arm_mean=level(maybe(one, "arm_mean")),
            change=formatting.NOTHING if effect is None else words(effect.estimate),
            between="" if effect is None else between(effect, words),
            picture=picture(
                effect,
                words,
                name=f"interval-{one.metric_role}-{place}",
                subject=f"{metric}, {arm}",
                tone=TONES.get(one.status, "neutral"),
                shared=shared,
            ),
            certainty=certainty(answer),
            method="" if answer is None else answer.method,
            status=badges.comparison(one.status),
            cautions=tuple(one.cautions),
        )


def between(effect: IntervalValue, words: Callable[[float | None], str]) -> str:
    """Returns the ends of an interval in words."""
    low = "\u2212∞" if effect.low is None else words(effect.low)
    high = "∞" if effect.high is None else words(effect.high)
    return f"{low} to {high}"


def picture(
    effect: IntervalValue | None,
    words: Callable[[float | None], str],
    *,
    name: str,
    subject: str,
    tone: str,
    shared: tuple[float, float] | None,
) -> Markup | None:
    """Returns an effect with its interval drawn; None where it cannot be estimated.

    Args:
        effect: What to draw.
        words: How effects are written.
        name: Makes its ids unique on a page.
        subject: What it is the effect on.
        tone: `good`, `bad` or `neutral`.
        shared: The ends that rows share; None: they share none.
    """
    if effect is None:
        return None
    return intervals.drawn(
        effect,
        name=name,
        words=f"{subject}: {words(effect.estimate)}, {between(effect, words)}",
        within=shared or intervals.ends([effect]),
        tone=tone,
    )


def certainty(answer: analysis_pb2.ComparisonAnswer | None) -> str:
    """Returns how sure an answer is: its p-value, or the chance to beat the control."""
    if answer is None:
        return formatting.NOTHING
    if answer.kind == analysis_pb2.ANSWER_KIND_BAYESIAN:
        return formatting.probability(maybe(answer, "probability_better"))
    value = maybe(answer, "p_value")
    return formatting.NOTHING if value is None else formatting.p_words(value)
