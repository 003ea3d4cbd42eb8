"""The commands of requesters: submit, edit, cancel."""

from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from services.admin import experiments, review_calls, times
from services.admin.clients import CALL_SECONDS
from services.admin.commands.review.arguments import Comment, RequestId, answer
from services.admin.examples import examples
from services.admin.files.changes import changes
from services.admin.files.experiment import read_experiment
from services.admin.files.policy import read_policy
from services.admin.session import Session, session_of
from shared.errors import invalid_field
from shared.rpc import client


def submit(context: typer.Context, request_id: RequestId) -> None:
    """Submits a draft for review."""
    session = session_of(context)
    with session.reviews() as stub:
        seen = review_calls.get(stub, request_id)
        request = review.SubmitChangeRequestRequest(
            change_request_id=request_id,
            request_revision=seen.request_revision,
            request_id=session.new_id("req"),
        )
        after = client.call(stub.SubmitChangeRequest, request, timeout_seconds=CALL_SECONDS).change_request
    answer(session, after)


def edit(
    context: typer.Context,
    request_id: RequestId,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Take the new change from the experiment's or rules' file."),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="The new reason.")] = None,
    at: Annotated[
        str, typer.Option(metavar="TIME", help="When it is applied by itself, such as 2026-03-01T12:00.")
    ] = "",
    unschedule: Annotated[bool, typer.Option("--unschedule", help="Take the time away.")] = False,
    auto_apply: Annotated[
        bool | None, typer.Option("--auto-apply/--no-auto-apply", help="Whether the last approval applies it.")
    ] = None,
    rebase: Annotated[bool, typer.Option("--rebase", help="Make it one against the target as it is now.")] = False,
) -> None:
    """Edits a change request. Its verdicts become stale, and whoever edits cannot approve."""
    if reason is None and auto_apply is None and not (file or at or unschedule or rebase):
        raise invalid_field("--file", "give something to edit; `expctl review edit --help` says what there is")
    session = session_of(context)
    with session.reviews() as stub:
        seen = review_calls.get(stub, request_id)
        request = review.EditChangeRequestRequest(
            change_request_id=request_id,
            request_revision=seen.request_revision,
            change=_change(session, seen, file) if file else None,
            reason=reason,
            scheduled_at=_timestamp(at),
            clear_schedule=unschedule,
            auto_apply=auto_apply,
            rebase=rebase,
            request_id=session.new_id("req"),
        )
        after = client.call(stub.EditChangeRequest, request, timeout_seconds=CALL_SECONDS).change_request
    answer(session, after)


def cancel(context: typer.Context, request_id: RequestId, *, comment: Comment = "") -> None:
    """Withdraws a change request."""
    session = session_of(context)
    request = review.CancelChangeRequestRequest(
        change_request_id=request_id, comment=comment, request_id=session.new_id("req")
    )
    with session.reviews() as stub:
        after = client.call(stub.CancelChangeRequest, request, timeout_seconds=CALL_SECONDS).change_request
    answer(session, after)


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the group."""
    app.command(epilog=examples("expctl review submit cr_1"))(submit)
    app.command(
        epilog=examples(
            "expctl review edit cr_1 -f experiment.yaml",
            "expctl review edit cr_1 --rebase",
            "expctl review edit cr_1 --at 2026-03-01T06:00+01:00",
        )
    )(edit)
    app.command(epilog=examples("expctl review cancel cr_1 -m 'Not needed any more'"))(cancel)


def _change(session: Session, seen: pb.ChangeRequest, file: Path) -> pb.Change:
    """Returns the change of the request's kind that the file asks for.

    Raises:
        FileProblems: INVALID_FIELD, the file is not usable.
        InvalidArgument: INVALID_FIELD, it asks for nothing of this kind.
    """
    kind = seen.change.WhichOneof("kind")
    if kind == "edit_policy_rules":
        return pb.Change(edit_policy_rules=pb.EditPolicyRulesChange(rules=read_policy(file).rules))
    source = read_experiment(file)
    if source.experiment.experiment_id != seen.experiment_id:
        raise invalid_field("--file", f"is of {source.experiment.experiment_id}, the request of {seen.experiment_id}")
    with session.experiments() as stub:
        found = changes(source, experiments.get(stub, seen.experiment_id))
    for each in found:
        if each.change.WhichOneof("kind") == kind:
            return each.change
    raise invalid_field("--file", f"asks for no {kind}: the request's kind cannot change, propose another one")


def _timestamp(text: str) -> Timestamp | None:
    if not text:
        return None
    found = Timestamp()
    found.FromDatetime(times.instant("--at", text))
    return found
