"""The commands of experiments."""

from typing import Annotated

import typer

from experimentation.v1 import experiment_service_pb2 as pb
from services.admin import experiments
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.session import session_of

ExperimentId = Annotated[str, typer.Argument(help="The experiment's id.", show_default=False)]

app = command_group("Creates, shows and changes experiments.")


@app.command("list", epilog=examples("expctl experiment list", "expctl experiment list -o json | jq '.items[].state'"))
def list_experiments(context: typer.Context) -> None:
    """Lists the experiments, newest first."""
    session = session_of(context)
    with session.experiments() as stub:
        found = list(experiments.pages(stub, pb.ListExperimentsRequest(page_size=experiments.PAGE_SIZE)))
    session.output.many(found, experiments.table)


@app.command("show", epilog=examples("expctl experiment show checkout", "expctl experiment show checkout -o yaml"))
def show_experiment(context: typer.Context, experiment_id: ExperimentId) -> None:
    """Shows one experiment."""
    session = session_of(context)
    with session.experiments() as stub:
        found = experiments.get(stub, experiment_id)
    session.output.one(found, experiments.drawing)
