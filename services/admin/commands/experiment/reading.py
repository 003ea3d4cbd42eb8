"""The commands that look at experiments: list, show, revisions."""

from enum import StrEnum
from typing import Annotated

import typer

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.admin import experiments, revisions
from services.admin.commands.experiment.arguments import ExperimentId
from services.admin.examples import examples
from services.admin.session import session_of
from shared.errors import invalid_field


class State(StrEnum):
    """Names a state of an experiment."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


def list_experiments(
    context: typer.Context,
    *,
    state: Annotated[
        list[State] | None, typer.Option("--state", "-s", metavar="STATE", help="Those in this state; again for more.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Those with this label; again for more.")
    ] = None,
    text: Annotated[str, typer.Option(metavar="TEXT", help="Those with this in their id or name.")] = "",
) -> None:
    """Lists the experiments, newest first."""
    session = session_of(context)
    names = [f"EXPERIMENT_STATE_{each.name}" for each in state or []]
    request = pb.ListExperimentsRequest(
        page_size=experiments.PAGE_SIZE,
        states=[common_pb2.ExperimentState.Value(name) for name in names],
        labels=dict(map(_label, label or [])),
        text=text,
    )
    with session.experiments() as stub:
        session.output.many(experiments.pages(stub, request), experiments.table)


def show(context: typer.Context, experiment_id: ExperimentId) -> None:
    """Shows one experiment; -o yaml gives what `experiment propose -f` takes."""
    session = session_of(context)
    with session.experiments() as stub:
        found = experiments.get(stub, experiment_id)
    session.output.one(found, experiments.drawing)


def list_revisions(context: typer.Context, experiment_id: ExperimentId) -> None:
    """Lists the revisions of an experiment, newest first: what changed, by whom, by which request."""
    session = session_of(context)
    with session.experiments() as stub:
        session.output.many(revisions.pages(stub, experiment_id), revisions.table)


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the group."""
    app.command(
        "list",
        epilog=examples(
            "expctl experiment list --state running",
            "expctl experiment list --label team=growth -o json | jq '.items[].state'",
        ),
    )(list_experiments)
    app.command(
        "show", epilog=examples("expctl experiment show checkout", "expctl experiment show checkout -o yaml > exp.yaml")
    )(show)
    app.command("revisions", epilog=examples("expctl experiment revisions checkout"))(list_revisions)


def _label(pair: str) -> tuple[str, str]:
    key, separator, value = pair.partition("=")
    if not key or not separator:
        raise invalid_field("--label", f"{pair!r} is not like team=growth")
    return key, value
