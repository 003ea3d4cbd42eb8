"""What the bandit knows and does, for people; the demo shares the table of arms."""

from collections.abc import Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from experimentation.v1 import bandit_service_pb2, common_pb2
from services.admin import analysis_split
from services.admin.bandit_notes import algorithm_name, notes
from services.admin.words import enum_name

_CAPTION: Final = "Interval: central 95 % of the posterior. P(best): probability of being the best arm."


def drawing(bandit: bandit_service_pb2.Bandit) -> RenderableType:
    """Returns one bandit: a headline, a row per arm, and what else there is to know."""
    parts = [Text(_headline(bandit)), arms_table(bandit), *analysis_split.drawings(bandit.analysis_results)]
    return Group(*parts, *map(Text, notes(bandit)))


def arms_table(bandit: bandit_service_pb2.Bandit) -> Table:
    """Returns one row per arm: what was counted, and what follows from it."""
    table = Table("arm", box=None, pad_edge=False, caption=_CAPTION, caption_justify="left")
    total, mean = ("conversions", "rate") if _counts_conversions(bandit.snapshot) else ("sum", "mean")
    weight = _weight_titles(bandit)
    for title in ("units", total, mean, "95 % interval", *weight, "P(best)"):
        table.add_column(title, justify="right")
    more = _more_columns(bandit.snapshot)
    for title in more:
        table.add_column(title, justify="right")
    for arm in bandit.arms:
        table.add_row(
            Text(arm.arm_id),
            f"{arm.unit_count:,}",
            f"{arm.value_sum:,.6g}",
            f"{arm.mean:.3f}" if arm.HasField("mean") else "-",
            _interval(arm),
            *(f"{arm.weight:.1%}" for _ in weight),
            f"{arm.probability_best:.1%}" if arm.HasField("probability_best") else "-",
            *(cells.get(arm.arm_id, "") for cells in more.values()),
        )
    return table


def _weight_titles(bandit: bandit_service_pb2.Bandit) -> tuple[str, ...]:
    """Returns the title of the weights; none where the experiment is over and no weight will ever count again."""
    if bandit.snapshot.state == common_pb2.EXPERIMENT_STATE_STOPPED:
        return ()
    return ("weight (not served)",) if _serves_control(bandit) else ("weight now",)


def _serves_control(bandit: bandit_service_pb2.Bandit) -> bool:
    return bandit.HasField("control_switch") or bandit.snapshot.state == common_pb2.EXPERIMENT_STATE_PAUSED


def _more_columns(snapshot: bandit_service_pb2.PolicySnapshot) -> Mapping[str, Mapping[str, str]]:
    """Returns the columns that few bandits need, by title and arm: what shadow mode would do, and who is paused."""
    columns: dict[str, Mapping[str, str]] = {}
    if any(arm.shadow_weight for arm in snapshot.arms):
        columns["shadow weight"] = {arm.arm_id: f"{arm.shadow_weight:.1%}" for arm in snapshot.arms}
    if any(arm.paused for arm in snapshot.arms):
        columns["state"] = {arm.arm_id: "paused" for arm in snapshot.arms if arm.paused}
    return columns


def _counts_conversions(snapshot: bandit_service_pb2.PolicySnapshot) -> bool:
    primary = (metric for metric in snapshot.metrics if metric.role == common_pb2.METRIC_ROLE_PRIMARY)
    return any(metric.kind == common_pb2.METRIC_KIND_PROPORTION for metric in primary)


def _interval(arm: bandit_service_pb2.ArmPosterior) -> str:
    if not arm.unit_count or not arm.HasField("interval_low"):
        return "-"
    return f"{arm.interval_low:.3f} to {arm.interval_high:.3f}"


def _headline(bandit: bandit_service_pb2.Bandit) -> str:
    snapshot = bandit.snapshot
    state = enum_name(common_pb2.ExperimentState.DESCRIPTOR, snapshot.state)
    frozen = ", weights frozen" if snapshot.frozen else ""
    published = f"{snapshot.published_at.ToDatetime():%Y-%m-%d %H:%M:%S}"
    version = f"policy version {snapshot.policy_version} of {published} UTC"
    return f"{snapshot.experiment_id}: {state}{_served(bandit)}{frozen}, {algorithm_name(snapshot)}, {version}"


def _served(bandit: bandit_service_pb2.Bandit) -> str:
    """Returns which arm everybody gets; nothing where the weights are served."""
    snapshot = bandit.snapshot
    if snapshot.state == common_pb2.EXPERIMENT_STATE_STOPPED and not bandit.HasField("control_switch"):
        return f", everybody gets {snapshot.arms[snapshot.default_arm].arm_id}" if snapshot.arms else ""
    return ", everybody gets the control" if _serves_control(bandit) else ""
