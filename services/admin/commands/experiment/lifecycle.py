"""The commands that start, pause, resume and stop experiments."""

from typing import Annotated

import typer

from experimentation.v1 import experiment_service_pb2 as pb
from services.admin import dry_run as dry_runs
from services.admin.commands.experiment.arguments import At, Draft, DryRun, ExperimentId, Reason, Terms, propose
from services.admin.commands.review.arguments import Confirm, answer
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.session import session_of


def start(
    context: typer.Context,
    experiment_id: ExperimentId,
    *,
    reason: Reason = "",
    at: At = "",
    draft: Draft = False,
    dry_run: DryRun = False,
) -> None:
    """Starts a draft: it begins to serve. Exit code 6 where that waits for approval now."""
    change = pb.Change(start=pb.StartChange())
    _make(context, experiment_id, change, Terms(reason, at=at, draft=draft), dry=dry_run)


def pause(context: typer.Context, experiment_id: ExperimentId, *, reason: Reason = "") -> None:
    """Gives everybody the control until the experiment is resumed. Never needs an approval."""
    _make(context, experiment_id, pb.Change(pause=pb.PauseChange()), Terms(reason))


def resume(
    context: typer.Context,
    experiment_id: ExperimentId,
    *,
    reason: Reason = "",
    at: At = "",
    draft: Draft = False,
    dry_run: DryRun = False,
) -> None:
    """Resumes a paused experiment. Exit code 6 where that waits for approval now."""
    change = pb.Change(resume=pb.ResumeChange())
    _make(context, experiment_id, change, Terms(reason, at=at, draft=draft), dry=dry_run)


def stop(
    context: typer.Context,
    experiment_id: ExperimentId,
    *,
    ship: Annotated[
        str, typer.Option(metavar="ARM", help="The arm that everybody gets from now on. Default: the control.")
    ] = "",
    reason: Reason = "",
    at: At = "",
    draft: Draft = False,
    dry_run: DryRun = False,
    confirm: Confirm = "",
) -> None:
    """Stops an experiment for good. With the control that is never gated; to ship another arm asks for the name."""
    change = pb.Change(stop=pb.StopChange(shipped_arm_id=ship))
    if ship and not dry_run:
        question = f"This stops {experiment_id} for good and gives everybody the arm {ship}."
        session_of(context).prompts.severe(question, experiment_id, given=confirm)
    _make(context, experiment_id, change, Terms(reason, at=at, draft=draft), dry=dry_run)


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the group."""
    app.command(
        epilog=examples(
            "expctl experiment start checkout -m 'Ready: tracking is checked'",
            "expctl experiment start checkout --dry-run",
        )
    )(start)
    app.command(epilog=examples("expctl experiment pause checkout -m 'Orders fail'"))(pause)
    app.command(epilog=examples("expctl experiment resume checkout -m 'Orders work again'"))(resume)
    app.command(
        epilog=examples(
            "expctl experiment stop checkout -m 'No effect'",
            "expctl experiment stop checkout --ship green --confirm checkout",
        )
    )(stop)


def _make(context: typer.Context, experiment_id: str, change: pb.Change, terms: Terms, *, dry: bool = False) -> None:
    session = session_of(context)
    with session.experiments() as stub:
        made = propose(session, stub, experiment_id, change, terms, validate_only=dry).change_request
    if dry:
        with session.reviews() as reviews:
            dry_runs.show(session.output, [dry_runs.preview(reviews, made)])
        return
    answer(session, made)
    if made.state == pb.CHANGE_REQUEST_STATE_FAILED:
        raise typer.Exit(ExitCode.ERROR)
    if made.state != pb.CHANGE_REQUEST_STATE_APPLIED and not (terms.draft or terms.at):
        raise typer.Exit(ExitCode.APPROVAL_REQUIRED)
