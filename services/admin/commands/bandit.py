"""The commands of the bandit."""

from typing import Annotated

import typer
from rich.text import Text

from experimentation.v1 import bandit_service_pb2 as pb
from services.admin import bandits, policy_history
from services.admin.clients import CALL_SECONDS
from services.admin.commands.experiment.arguments import ExperimentId
from services.admin.commands.group import command_group
from services.admin.commands.local import Alpha, Weights
from services.admin.examples import examples
from services.admin.session import Session, session_of
from services.admin.words import enum_name, instant
from shared.rpc import client

Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Says why; on record.")]

app = command_group("Shows what the bandit does, and holds it.")


@app.command("status", epilog=examples("expctl bandit status checkout", "expctl bandit status checkout -o json"))
def status(context: typer.Context, experiment_id: ExperimentId) -> None:
    """Shows what the bandit knows of one experiment, and what it does."""
    session = session_of(context)
    request = pb.GetBanditRequest(experiment_id=experiment_id)
    with session.bandit() as stub:
        found = client.call(stub.GetBandit, request, timeout_seconds=CALL_SECONDS)
    session.output.one(found.bandit, bandits.drawing)


@app.command("history", epilog=examples("expctl bandit history checkout", "expctl bandit history checkout --limit 0"))
def history(
    context: typer.Context,
    experiment_id: ExperimentId,
    *,
    limit: Annotated[int, typer.Option(min=0, max=2**31 - 1, metavar="N", help="The most to show; 0: all.")] = 50,
) -> None:
    """Shows the policies that were served, newest first: when, why, and which weights."""
    session = session_of(context)
    with session.bandit() as stub:
        session.output.many(policy_history.pages(stub, experiment_id, limit=limit), policy_history.table)


@app.command(
    "evaluate",
    epilog=examples(
        "expctl bandit evaluate checkout --weights grey=0.2,green=0.8",
        "expctl bandit evaluate checkout --weights green=1 --metric revenue",
    ),
)
def evaluate(
    context: typer.Context,
    experiment_id: ExperimentId,
    *,
    weights: Weights,
    metric: Annotated[str, typer.Option(metavar="ID", help="The metric's id. Default: the primary one.")] = "",
    alpha: Alpha = 0.05,
) -> None:
    """Estimates what other weights would have earned, from what was served."""
    from services.admin import experiment_evaluation  # noqa: PLC0415 - takes long to load

    session = session_of(context)
    with session.bandit() as stub:
        found = experiment_evaluation.evaluate_experiment(
            stub, experiment_id, weights=weights, metric_id=metric, alpha=alpha
        )
    session.output.one(found, lambda values: experiment_evaluation.drawing(values, alpha))


@app.command("freeze", epilog=examples("expctl bandit freeze checkout -m 'Black Friday'"))
def freeze(context: typer.Context, experiment_id: ExperimentId, *, reason: Reason = "") -> None:
    """Keeps the weights as they are; outcomes are still recorded. Never needs an approval."""
    session = session_of(context)
    request = pb.FreezeRequest(
        experiment_id=experiment_id, reason=_why(session, reason), request_id=session.new_id("req")
    )
    with session.bandit() as stub:
        done = client.call(stub.Freeze, request, timeout_seconds=CALL_SECONDS).learning_switch
    _answer(session, done)


@app.command("unfreeze", epilog=examples("expctl bandit unfreeze checkout -m 'Black Friday is over'"))
def unfreeze(context: typer.Context, experiment_id: ExperimentId, *, reason: Reason = "") -> None:
    """Lets the weights follow the data again."""
    session = session_of(context)
    request = pb.UnfreezeRequest(
        experiment_id=experiment_id, reason=_why(session, reason), request_id=session.new_id("req")
    )
    with session.bandit() as stub:
        done = client.call(stub.Unfreeze, request, timeout_seconds=CALL_SECONDS).learning_switch
    _answer(session, done)


@app.command("serve-control", epilog=examples("expctl bandit serve-control checkout -m 'Orders fail'"))
def serve_control(context: typer.Context, experiment_id: ExperimentId, *, reason: Reason = "") -> None:
    """Gives everybody the control at once, even while the store is away. Never needs an approval."""
    session = session_of(context)
    request = pb.ServeControlRequest(
        experiment_id=experiment_id, reason=_why(session, reason), request_id=session.new_id("req")
    )
    with session.bandit() as stub:
        done = client.call(stub.ServeControl, request, timeout_seconds=CALL_SECONDS).learning_switch
    _answer(session, done)
    session.output.suggest(("To undo it", ("bandit", "serve-arms", experiment_id, "-m", "WHY")))


@app.command("serve-arms", epilog=examples("expctl bandit serve-arms checkout -m 'Orders work again'"))
def serve_arms(context: typer.Context, experiment_id: ExperimentId, *, reason: Reason = "") -> None:
    """Undoes serve-control: units get their arms again."""
    session = session_of(context)
    request = pb.ServeArmsRequest(
        experiment_id=experiment_id, reason=_why(session, reason), request_id=session.new_id("req")
    )
    with session.bandit() as stub:
        done = client.call(stub.ServeArms, request, timeout_seconds=CALL_SECONDS).learning_switch
    _answer(session, done)


def _why(session: Session, reason: str) -> str:
    return reason or session.prompts.text("Why?", flag="--reason")


def _answer(session: Session, done: pb.LearningSwitch) -> None:
    session.output.one(done, _line)
    if not done.stored:
        session.output.say("The store is away: it holds on this replica, and is put on record when the store is back.")


def _line(done: pb.LearningSwitch) -> Text:
    what = enum_name(pb.LearningSwitchKind.DESCRIPTOR, done.kind)
    by = f" by {done.actor}" if done.actor else ""
    return Text.assemble((done.experiment_id, "bold"), f": {what}{by}, {instant(done.switched_at)} UTC: {done.reason}")
