"""The overview: a row for each experiment, with what its newest analysis says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from experimentation.v1 import analysis_pb2, common_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts import interval as intervals
from services.gateway.dashboard.charts.meter import meter
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.head import running_for
from services.gateway.dashboard.views.messages import algorithm_of, arm_names, maybe, worst
from services.gateway.dashboard.views.results import effect_words, interval_of

_TONES = {analysis_pb2.COMPARISON_STATUS_BETTER: "good", analysis_pb2.COMPARISON_STATUS_WORSE: "bad"}


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """Is one experiment at a glance; what only an analysis tells is None without one."""

    experiment_id: str
    name: str
    about: str
    state: Badge
    decision: Badge | None
    health: Badge | None
    progress: Markup | None
    left: str
    lift: str
    leader: str
    picture: Markup | None


def overview_rows(
    experiments: Sequence[common_pb2.Experiment],
    analyses: Iterable[analysis_pb2.ExperimentAnalysis],
    now: datetime,
) -> tuple[OverviewRow, ...]:
    """Returns the rows, those that serve first."""
    by_version = sorted(analyses, key=lambda one: one.version)
    newest: Mapping[str, analysis_pb2.ExperimentAnalysis] = {one.experiment_id: one for one in by_version}
    order = {common_pb2.EXPERIMENT_STATE_RUNNING: 0, common_pb2.EXPERIMENT_STATE_PAUSED: 1}
    ordered = sorted(experiments, key=lambda one: order.get(one.state, 2))
    return tuple(_row(one, newest.get(one.experiment_id), now, place) for place, one in enumerate(ordered))


def _row(
    experiment: common_pb2.Experiment, analysis: analysis_pb2.ExperimentAnalysis | None, now: datetime, place: int
) -> OverviewRow:
    about = " · ".join(part for part in (algorithm_of(experiment), running_for(experiment, now)) if part)
    name, state = experiment.display_name or experiment.experiment_id, badges.experiment_state(experiment.state)
    if analysis is None:
        return OverviewRow(experiment.experiment_id, name, about, state, None, None, None, "", "", "", None)
    lift, leader, picture = _leader(experiment, analysis, place)
    return OverviewRow(
        experiment.experiment_id,
        name,
        about,
        state,
        badges.decision(analysis.decision.verdict),
        badges.health(worst(analysis)),
        _progress(place, analysis.sample),
        _left(experiment, analysis.sample),
        lift,
        leader,
        picture,
    )


def _progress(place: int, sample: analysis_pb2.SampleState) -> Markup | None:
    required = maybe(sample, "required_unit_count")
    if not required:
        return None
    part = sample.unit_count / required
    words = f"{formatting.share(min(part, 1.0), digits=0)} of {formatting.count(required)} units"
    return meter(part, name=f"progress-{place}", words=words, kind="good" if part >= 1 else "c1")


def _left(experiment: common_pb2.Experiment, sample: analysis_pb2.SampleState) -> str:
    if experiment.state != common_pb2.EXPERIMENT_STATE_RUNNING:
        return ""
    days, required = maybe(sample, "missing_day_count"), maybe(sample, "required_unit_count")
    if days is not None and days > 0:
        return f"about {days:.0f} d left" if days >= 1 else "less than a day left"
    return "sample reached" if required and sample.unit_count >= required else ""


def _leader(
    experiment: common_pb2.Experiment, analysis: analysis_pb2.ExperimentAnalysis, place: int
) -> tuple[str, str, Markup | None]:
    """Returns the effect of the arm that looks best on the primary metric, its name, and a picture."""
    found = [
        (effect, one)
        for one in analysis.comparisons
        if one.metric_role == common_pb2.METRIC_ROLE_PRIMARY
        and (effect := interval_of(one.answer, "relative")) is not None
    ]
    if not found:
        return "", "", None
    sign = -1 if found[0][1].direction == common_pb2.METRIC_DIRECTION_MINIMIZE else 1
    effect, one = max(found, key=lambda each: sign * each[0].estimate)
    words = effect_words("relative", one.metric_kind)(effect.estimate)
    arm = arm_names(experiment).get(one.arm_id, one.arm_id)
    picture = intervals.drawn(
        effect,
        name=f"lift-{place}",
        words=f"{arm}: {words}",
        within=intervals.ends([effect]),
        tone=_TONES.get(one.status, "neutral"),
    )
    return words, arm, picture
