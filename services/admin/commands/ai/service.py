"""The commands on the AI service itself: check, effectiveness."""

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import analysis_service_pb2 as service_pb
from services.admin import tables
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.session import session_of
from services.admin.words import NOTHING, enum_name, span
from shared.rpc import client

_CHECK_SECONDS: Final = 90.0
_FIGURES: Final[Sequence[tuple[str, Callable[[service_pb.ProviderEffectiveness], str]]]] = (
    ("hypotheses", lambda one: f"{one.hypothesis_count:,}"),
    ("accepted", lambda one: f"{one.accepted_count:,}"),
    ("rejected", lambda one: f"{one.rejected_count:,}"),
    ("became an experiment", lambda one: f"{one.adopted_count:,}"),
    ("won", lambda one: f"{one.won_count:,}"),
    ("lost", lambda one: f"{one.lost_count:,}"),
    ("inconclusive", lambda one: f"{one.inconclusive_count:,}"),
    ("win rate", lambda one: f"{one.win_rate:.0%}" if one.HasField("win_rate") else NOTHING),
    ("Brier score", lambda one: f"{one.brier_score:.3f}" if one.HasField("brier_score") else NOTHING),
    ("designs", lambda one: f"{one.design_count:,}"),
    ("analyses", lambda one: f"{one.analysis_count:,}"),
)

app = command_group("Says whether the language model answers, and what came of what was suggested.")


@app.command("check", epilog=examples("expctl ai check"))
def check(context: typer.Context) -> None:
    """Makes one tiny call of the language model, and says what it found: exit code 1 where it does not answer."""
    session = session_of(context)
    with session.analyses() as stub:
        found = client.call(stub.CheckProvider, service_pb.CheckProviderRequest(), timeout_seconds=_CHECK_SECONDS)
    session.output.one(found, _checked)
    if not found.ok:
        raise typer.Exit(ExitCode.ERROR)


@app.command("effectiveness", epilog=examples("expctl ai effectiveness", "expctl ai effectiveness -o json"))
def effectiveness(context: typer.Context) -> None:
    """Shows what came of hypotheses and designs, by who put them into words, and how long designs took."""
    session = session_of(context)
    with session.analyses() as stub:
        found = client.call(stub.GetEffectiveness, service_pb.GetEffectivenessRequest(), timeout_seconds=30.0)
    session.output.one(found, _effectiveness)


def _checked(found: service_pb.CheckProviderResponse) -> RenderableType:
    facts = tables.facts()
    facts.add_row("provider", enum_name(pb.AiProvider.DESCRIPTOR, found.provider))
    facts.add_row("model", Text(found.model or NOTHING))
    facts.add_row("answers", Text("yes", style="green") if found.ok else Text("no", style="bold red"))
    facts.add_row("found", Text(found.message))
    facts.add_row("took", Text(f"{found.duration_seconds:.2f} s, {found.cost_usd:.5f} USD"))
    if found.HasField("budget_left_usd"):
        facts.add_row("left today", f"{found.budget_left_usd:.2f} USD")
    return facts


def _effectiveness(found: service_pb.GetEffectivenessResponse) -> RenderableType:
    names = [enum_name(pb.AiProvider.DESCRIPTOR, one.provider) for one in found.providers]
    rows = tables.rows("words by", *names, right=names)
    for name, figure in _FIGURES:
        rows.add_row(name, *map(figure, found.providers))
    return Group(rows, Text(), Text(_design_time(found.design_time)))


def _design_time(time: service_pb.DesignTime) -> str:
    manual = f"{time.manual_seconds / 60:.0f} min by the model of the manual way (docs/ai.md)"
    if not time.HasField("median_seconds"):
        return f"From an idea to a ready design: not measured yet; {manual}."
    median = f"{span(timedelta(seconds=time.median_seconds))}, the median of {time.measured_count:,}"
    # Rounded down: it never is the whole.
    saved = f"{math.floor(time.saved_share * 1000) / 10:g} %"
    return f"From an idea to a ready design: {median}; {manual}; {saved} saved."
