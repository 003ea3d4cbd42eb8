"""A bandit: its weights and beliefs, what it gained, what comes next, and its switches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.density import Belief, densities
from services.gateway.dashboard.charts.meter import meter
from services.gateway.dashboard.charts.weights import WeightVector, weights_over_time
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import arm_names, maybe, moment, primary_metric

DEFAULT_INTERVAL: Final = timedelta(seconds=60)
DEFAULT_MOVE: Final = 0.01
_FIXED: Final = (None, "fixed_split")
_ADVICE: Final = {
    pb.STOP_VERDICT_KEEP_GOING: Badge("Keep going", "accent", "▸"),
    pb.STOP_VERDICT_SUPERIORITY_SHOWN: Badge("Stop: one arm is shown to be the best", "good", "▲"),
    pb.STOP_VERDICT_INDIFFERENT: Badge("Stop: the choice hardly matters", "warn", "■"),
}


@dataclass(frozen=True, slots=True)
class ArmRow:
    """Is one arm."""

    arm: str
    control: bool
    paused: bool
    weight: str
    weight_picture: Markup
    unit_count: str
    mean: str
    posterior: str
    between: str
    best: str
    best_picture: Markup | None
    loss: str


@dataclass(frozen=True, slots=True)
class BanditView:
    """Is a bandit."""

    arms: tuple[ArmRow, ...]
    stage: Badge
    figures: tuple[tuple[str, str, str], ...]
    advice: Badge | None
    advice_text: str
    next_update: str
    frozen: bool
    control_served: bool
    switch: pb.LearningSwitch | None
    statistics_as_of: datetime | None
    published_at: datetime | None
    policy_version: int
    contextual: bool
    weights: Chart | None
    beliefs: Chart | None


def bandit_view(bandit: pb.Bandit, experiment: common_pb2.Experiment | None, now: datetime) -> BanditView:
    """Returns a bandit; without the experiment its arms have no names but their ids."""
    names = arm_names(experiment) if experiment else {}
    snapshot = bandit.snapshot
    metric = primary_metric(experiment) if experiment else _primary(snapshot)
    proportion = _learns_proportion(snapshot, metric)
    published = moment(snapshot, "published_at")
    stopped = snapshot.state == common_pb2.EXPERIMENT_STATE_STOPPED
    ended = (moment(experiment, "stopped_at") if experiment else None) or published or now
    advice = None if stopped or not bandit.HasField("stop_advice") else bandit.stop_advice
    return BanditView(
        arms=tuple(_arms(bandit, names, proportion=proportion)),
        stage=_stage(bandit),
        figures=tuple(_figures(bandit)),
        advice=_ADVICE.get(advice.verdict) if advice else None,
        advice_text=_advice_text(advice, names) if advice else "",
        next_update=_next_update(snapshot, published, now),
        frozen=snapshot.frozen,
        control_served=bandit.HasField("control_switch"),
        switch=bandit.control_switch if bandit.HasField("control_switch") else None,
        statistics_as_of=moment(bandit, "statistics_as_of"),
        published_at=published,
        policy_version=snapshot.policy_version,
        contextual=snapshot.HasField("contextual_model"),
        weights=_weights(bandit, names, ended if stopped else now),
        beliefs=densities(
            _beliefs(bandit.arms, names),
            metric=metric.display_name or metric.metric_id,
            proportion=proportion,
            bounds=_bounds(metric) if _learns_metric(snapshot) else (-math.inf, math.inf),
        ),
    )


def _primary(snapshot: pb.PolicySnapshot) -> common_pb2.Metric:
    primary = (one for one in snapshot.metrics if one.role == common_pb2.METRIC_ROLE_PRIMARY)
    return next(primary, common_pb2.Metric())


def _learns_proportion(snapshot: pb.PolicySnapshot, metric: common_pb2.Metric) -> bool:
    return _learns_metric(snapshot) and metric.kind == common_pb2.METRIC_KIND_PROPORTION


def _learns_metric(snapshot: pb.PolicySnapshot) -> bool:
    return not snapshot.allocation_policy.reward and not any(arm.cost for arm in snapshot.arms)


def _bounds(metric: common_pb2.Metric) -> tuple[float, float]:
    """Returns what the mean of a metric lies between: outcomes of a unit may add up, so only their sign bounds it."""
    least, most = maybe(metric, "min_value"), maybe(metric, "max_value")
    return 0.0 if least is not None and least >= 0 else -math.inf, 0.0 if most is not None and most <= 0 else math.inf


def _arms(bandit: pb.Bandit, names: dict[str, str], *, proportion: bool) -> list[ArmRow]:
    level = formatting.rate if proportion else formatting.number
    served = {arm.arm_id: arm for arm in bandit.snapshot.arms}
    rows = []
    for place, arm in enumerate(bandit.arms):
        name, best = names.get(arm.arm_id, arm.arm_id), maybe(arm, "probability_best")
        low, high = maybe(arm, "interval_low"), maybe(arm, "interval_high")
        rows.append(
            ArmRow(
                arm=name,
                control=arm.arm_id in served and served[arm.arm_id].control,
                paused=arm.arm_id in served and served[arm.arm_id].paused,
                weight=formatting.share(arm.weight),
                weight_picture=meter(
                    arm.weight,
                    name=f"weight-{place}",
                    words=f"{name}: {formatting.share(arm.weight)}",
                    kind=f"c{place % 8}",
                ),
                unit_count=formatting.count(arm.unit_count),
                mean=level(maybe(arm, "mean")),
                posterior=level(maybe(arm, "posterior_mean")),
                between="" if low is None else f"{level(low)} to {level(high)}",
                best=formatting.probability(best),
                best_picture=None
                if best is None
                else meter(best, name=f"best-{place}", words=f"{name}: {formatting.probability(best)}"),
                loss=formatting.number(maybe(arm, "expected_loss")),
            )
        )
    return rows


def _stage(bandit: pb.Bandit) -> Badge:
    snapshot = bandit.snapshot
    if bandit.HasField("control_switch"):
        return Badge("Everybody gets the control", "warn", "❚❚")
    if snapshot.frozen:
        return Badge("Frozen", "accent", "❄")
    if snapshot.state != common_pb2.EXPERIMENT_STATE_RUNNING:
        return Badge("Not running")
    if snapshot.allocation_policy.controls.shadow:
        return Badge("Shadow: the control is served", "warn", "◌")
    if snapshot.allocation_policy.WhichOneof("algorithm") in _FIXED:
        return Badge("Fixed split", "", "=")
    return Badge("Learning", "good", "●")


def _figures(bandit: pb.Bandit) -> list[tuple[str, str, str]]:
    units = sum(arm.unit_count for arm in bandit.arms)
    health, gain = bandit.health, bandit.estimated_gain_over_equal_split
    gains = [
        ("Gained over an equal split", f"{'+' if gain > 0 else ''}{formatting.number(gain)}", "estimate, so far"),
        ("Lost to exploration", formatting.number(bandit.estimated_regret), "estimate, so far"),
    ]
    figures = [
        # Units of different contexts cannot be compared, so nothing is estimated there.
        *([] if bandit.snapshot.HasField("contextual_model") else gains),
        ("Units", formatting.count(units), f"{formatting.plural(bandit.snapshot.policy_version, 'policy version')}"),
        ("In more than one arm", formatting.count(health.multiple_arm_unit_count), "count in their first"),
        ("Outcomes unseen", formatting.count(health.unexposed_unit_count), "units without exposure"),
    ]
    if bandit.spent:
        figures.append(("Spent on arms", formatting.number(bandit.spent), "in the reward's unit"))
    return figures


def _advice_text(advice: pb.StopAdvice, names: dict[str, str]) -> str:
    if not advice.arm_id:
        return ""
    arm = names.get(advice.arm_id, advice.arm_id)
    return (
        f"{arm} has the best estimate so far. Taking it costs {formatting.number(advice.expected_loss)} a unit on"
        f" average; a better arm would gain {formatting.number(advice.value_remaining)} at most, with 95 % probability."
    )


def _next_update(snapshot: pb.PolicySnapshot, published: datetime | None, now: datetime) -> str:
    controls = snapshot.allocation_policy.controls
    if snapshot.allocation_policy.WhichOneof("algorithm") in _FIXED:
        return "none, as the split is fixed"
    if snapshot.frozen:
        return "none while the weights are frozen"
    if snapshot.state != common_pb2.EXPERIMENT_STATE_RUNNING:
        return "none while it does not run"
    if published is None:
        return ""
    set_interval = controls.HasField("update_interval")
    interval = controls.update_interval.ToTimedelta() if set_interval else DEFAULT_INTERVAL
    move = maybe(controls, "min_weight_change")
    moved = f"once some weight moves by {formatting.share(DEFAULT_MOVE if move is None else move)}"
    due = published + interval
    return f"{formatting.ago(due, now)} at the earliest, {moved}" if due > now else moved


def _weights(bandit: pb.Bandit, names: dict[str, str], until: datetime) -> Chart | None:
    ids = [arm.arm_id for arm in bandit.snapshot.arms]
    ids += sorted({one.arm_id for point in bandit.history for one in point.weights} - set(ids))
    vectors = [
        WeightVector(point.policy_version, since, [weights.get(arm_id, 0.0) for arm_id in ids])
        for point in bandit.history
        if (since := moment(point, "published_at")) is not None
        and (weights := {one.arm_id: one.weight for one in point.weights}) is not None
    ]
    return weights_over_time([names.get(arm_id, arm_id) for arm_id in ids], vectors, until=until)


def _beliefs(arms: Sequence[pb.ArmPosterior], names: dict[str, str]) -> list[Belief]:
    return [
        Belief(names.get(arm.arm_id, arm.arm_id), arm.posterior_mean, arm.interval_low, arm.interval_high, place)
        for place, arm in enumerate(arms)
        # What is believed without units is the prior, which nobody measured.
        if arm.unit_count
        and arm.HasField("posterior_mean")
        and arm.HasField("interval_low")
        and arm.HasField("interval_high")
    ]
