"""The command `bandit status`, and the table of arms that it shares with the demo."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.table import Table

from experimentation.v1 import bandit_service_pb2, common_pb2
from services.admin.bandit_notes import algorithm_name, notes
from services.admin.clients import CALL_SECONDS, address_of, bandit_at
from services.admin.screen import screen
from shared.rpc import client

_CAPTION: Final = "Interval: central 95 % of the posterior. P(best): probability of being the best arm."


def status(experiment_id: str, directory: Path, *, address: str) -> None:
    """Writes what the bandit knows of one experiment, and what it does.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND.
        PlatformError: There is no stack, or the call failed.
    """
    request = bandit_service_pb2.GetBanditRequest(experiment_id=experiment_id)
    with bandit_at(address_of("bandit", directory, given=address)) as stub:
        bandit = client.call(stub.GetBandit, request, timeout_seconds=CALL_SECONDS).bandit
    show(bandit)


def show(bandit: bandit_service_pb2.Bandit) -> None:
    """Writes one bandit: a headline, a row per arm, and what else there is to know."""
    console = screen()
    console.print(_headline(bandit.snapshot), markup=False)
    console.print(arms_table(bandit))
    for note in notes(bandit):
        console.print(note, markup=False)


def arms_table(bandit: bandit_service_pb2.Bandit) -> Table:
    """Returns one row per arm: what was counted, and what follows from it."""
    table = Table("arm", box=None, pad_edge=False, caption=_CAPTION, caption_justify="left")
    total, mean = ("conversions", "rate") if _counts_conversions(bandit.snapshot) else ("sum", "mean")
    for title in ("units", total, mean, "95 % interval", "weight now", "P(best)"):
        table.add_column(title, justify="right")
    more = _more_columns(bandit.snapshot)
    for title in more:
        table.add_column(title, justify="right")
    for arm in bandit.arms:
        table.add_row(
            arm.arm_id,
            f"{arm.unit_count:,}",
            f"{arm.value_sum:,.6g}",
            f"{arm.mean:.3f}" if arm.HasField("mean") else "-",
            _interval(arm),
            f"{arm.weight:.1%}",
            f"{arm.probability_best:.1%}" if arm.HasField("probability_best") else "-",
            *(cells.get(arm.arm_id, "") for cells in more.values()),
        )
    return table


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
    if not arm.HasField("interval_low"):
        return "-"
    return f"{arm.interval_low:.3f} to {arm.interval_high:.3f}"


def _headline(snapshot: bandit_service_pb2.PolicySnapshot) -> str:
    state = common_pb2.ExperimentState.Name(snapshot.state).removeprefix("EXPERIMENT_STATE_").lower()
    frozen = ", weights frozen" if snapshot.frozen else ""
    published = f"{snapshot.published_at.ToDatetime():%Y-%m-%d %H:%M:%S}"
    version = f"policy version {snapshot.policy_version} of {published} UTC"
    return f"{snapshot.experiment_id}: {state}{frozen}, {algorithm_name(snapshot)}, {version}"
