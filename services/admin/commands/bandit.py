"""The commands of the bandit."""

from typing import Annotated

import typer

from experimentation.v1 import bandit_service_pb2 as pb
from services.admin import bandits, experiment_evaluation
from services.admin.clients import CALL_SECONDS
from services.admin.commands.experiment import ExperimentId
from services.admin.commands.group import command_group
from services.admin.commands.local import Alpha, Weights
from services.admin.examples import examples
from services.admin.session import session_of
from shared.rpc import client

app = command_group("Shows what the bandit does, and holds it.")


@app.command("status", epilog=examples("expctl bandit status checkout", "expctl bandit status checkout -o json"))
def bandit_status(context: typer.Context, experiment_id: ExperimentId) -> None:
    """Shows what the bandit knows of one experiment, and what it does."""
    session = session_of(context)
    request = pb.GetBanditRequest(experiment_id=experiment_id)
    with session.bandit() as stub:
        found = client.call(stub.GetBandit, request, timeout_seconds=CALL_SECONDS)
    session.output.one(found.bandit, bandits.drawing)


@app.command("evaluate", epilog=examples("expctl bandit evaluate checkout --weights grey=0.2,green=0.8"))
def bandit_evaluate(
    context: typer.Context,
    experiment_id: ExperimentId,
    *,
    weights: Weights,
    metric: Annotated[str, typer.Option(help="The metric's id. Default: the primary one.")] = "",
    alpha: Alpha = 0.05,
) -> None:
    """Estimates what other weights would have earned, from what was served."""
    session = session_of(context)
    with session.bandit() as stub:
        found = experiment_evaluation.evaluate_experiment(
            stub, experiment_id, weights=weights, metric_id=metric, alpha=alpha
        )
    session.output.one(found, lambda values: experiment_evaluation.drawing(values, alpha))
