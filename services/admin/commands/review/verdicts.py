"""The commands of reviewers: approve, reject, request changes, comment."""

from typing import Annotated

import typer

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin import approvals, callers, review_calls
from services.admin.clients import CALL_SECONDS
from services.admin.commands.review.applying import answer_applied, apply_now
from services.admin.commands.review.arguments import Comment, RequestId, Yes, agreed, answer, show_before
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.next_steps import WAITING
from services.admin.session import Session, session_of
from shared.errors import Aborted, Reason
from shared.identity.permission import Permission
from shared.rpc import client

Edit = Annotated[int, typer.Option("--edit", min=0, metavar="N", help="Refuse unless the request is at this edit.")]


def approve(
    context: typer.Context,
    request_id: RequestId,
    *,
    comment: Comment = "",
    edit: Edit = 0,
    apply: Annotated[bool, typer.Option("--apply", help="Apply it, too, once it has its approvals.")] = False,
    yes: Yes = False,
) -> None:
    """Approves a change as it is shown: an edit in the meantime is refused.

    With --apply the exit code is 6 where approvals are still missing; it is 1 where the change could not be applied.
    """
    session = session_of(context)
    reviewer = callers.permitted(session, Permission.CHANGES_REVIEW)
    with session.reviews() as stub:
        seen = _shown(session, stub, request_id, edit)
        if approvals.approved_already(seen, reviewer):
            session.output.say("You have approved this already: no approval was sent.")
            after = seen
        else:
            agreed(session, "Approve this change?", yes=yes)
            after = _approved(session, stub, seen, comment)
        if apply and after.state == pb.CHANGE_REQUEST_STATE_APPROVED:
            after = apply_now(session, stub, after)
    answer_applied(session, after)
    if after.state in WAITING and (still := approvals.missing(after, reviewer)):
        session.output.say(f"It {still}.")
    if apply and after.state in WAITING:
        raise typer.Exit(ExitCode.APPROVAL_REQUIRED)


def reject(
    context: typer.Context, request_id: RequestId, *, comment: Comment = "", edit: Edit = 0, yes: Yes = False
) -> None:
    """Rejects a change for good; says why, in --comment or in an editor."""
    session = session_of(context)
    callers.permitted(session, Permission.CHANGES_REVIEW)
    with session.reviews() as stub:
        seen = _shown(session, stub, request_id, edit)
        why = comment or session.prompts.text(f"Why is {request_id} rejected?", flag="--comment")
        agreed(session, "Reject this change?", yes=yes)
        request = review.RejectChangeRequestRequest(
            change_request_id=seen.change_request_id,
            request_revision=seen.request_revision,
            digest=seen.digest,
            comment=why,
            request_id=session.new_id("req"),
        )
        after = client.call(stub.RejectChangeRequest, request, timeout_seconds=CALL_SECONDS).change_request
    answer(session, after)


def request_changes(
    context: typer.Context, request_id: RequestId, *, comment: Comment = "", edit: Edit = 0, yes: Yes = False
) -> None:
    """Sends a change back to its requester; says what should change, in --comment or in an editor."""
    session = session_of(context)
    callers.permitted(session, Permission.CHANGES_REVIEW)
    with session.reviews() as stub:
        seen = _shown(session, stub, request_id, edit)
        what = comment or session.prompts.text(f"What should change in {request_id}?", flag="--comment")
        agreed(session, "Ask for these changes?", yes=yes)
        request = review.RequestChangesRequest(
            change_request_id=seen.change_request_id,
            request_revision=seen.request_revision,
            digest=seen.digest,
            comment=what,
            request_id=session.new_id("req"),
        )
        after = client.call(stub.RequestChanges, request, timeout_seconds=CALL_SECONDS).change_request
    answer(session, after)


def comment_on(context: typer.Context, request_id: RequestId, *, comment: Comment = "") -> None:
    """Adds a comment, which is no verdict; the text comes from --comment or an editor."""
    session = session_of(context)
    text = comment or session.prompts.text(f"A comment on {request_id}:", flag="--comment")
    request = review.AddCommentRequest(change_request_id=request_id, text=text, request_id=session.new_id("req"))
    with session.reviews() as stub:
        after = client.call(stub.AddComment, request, timeout_seconds=CALL_SECONDS).change_request
    answer(session, after)


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the group."""
    app.command(
        epilog=examples(
            "expctl --as rob review approve cr_1", "expctl --as rob review approve cr_1 --apply --yes -m 'Looks right'"
        )
    )(approve)
    app.command(epilog=examples("expctl --as rob review reject cr_1 -m 'The metric is not ready'"))(reject)
    app.command("request-changes", epilog=examples("expctl --as rob review request-changes cr_1 -m 'Start with 10 %'"))(
        request_changes
    )
    app.command("comment", epilog=examples("expctl review comment cr_1 -m 'Who looks after this next week?'"))(
        comment_on
    )


def _approved(session: Session, stub: ReviewServiceStub, seen: pb.ChangeRequest, comment: str) -> pb.ChangeRequest:
    request = review.ApproveChangeRequestRequest(
        change_request_id=seen.change_request_id,
        request_revision=seen.request_revision,
        digest=seen.digest,
        comment=comment,
        request_id=session.new_id("req"),
    )
    return client.call(stub.ApproveChangeRequest, request, timeout_seconds=CALL_SECONDS).change_request


def _shown(session: Session, stub: ReviewServiceStub, request_id: str, edit: int) -> pb.ChangeRequest:
    """Returns a request as it is, once it was shown.

    Raises:
        Aborted: STALE_REVISION, it is at another edit than the one asked for.
    """
    seen = review_calls.get(stub, request_id)
    if edit and seen.request_revision != edit:
        raise Aborted(
            Reason.STALE_REVISION,
            f"{request_id} is at edit {seen.request_revision}, not {edit}: look again, decide again",
            metadata={
                "change_request_id": request_id,
                "request_revision": str(seen.request_revision),
                "digest": seen.digest,
            },
        )
    show_before(session, seen)
    return seen
