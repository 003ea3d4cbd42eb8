"""The commands that make changes happen: apply, emergency-apply, and the signature afterwards."""

from typing import Annotated

import typer

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin import callers, review_calls
from services.admin.clients import CALL_SECONDS
from services.admin.commands.review.arguments import (
    Comment,
    Confirm,
    RequestId,
    Yes,
    agreed,
    answer,
    show_before,
    target,
)
from services.admin.examples import examples
from services.admin.session import Session, session_of
from shared.errors import FailedPrecondition, Reason
from shared.identity.permission import Permission
from shared.rpc import client


def apply(context: typer.Context, request_id: RequestId) -> None:
    """Applies an approved change; exit code 6 where approvals are missing, 1 where it could not be applied."""
    session = session_of(context)
    with session.reviews() as stub:
        after = apply_now(session, stub, review_calls.get(stub, request_id))
    answer_applied(session, after)


def emergency_apply(
    context: typer.Context,
    request_id: RequestId,
    *,
    justification: Annotated[
        str, typer.Option("--justification", "-m", metavar="TEXT", help="Says why it cannot wait; on record for ever.")
    ] = "",
    confirm: Confirm = "",
) -> None:
    """Applies a change without its approvals. Everybody is told, and somebody else must sign it afterwards."""
    session = session_of(context)
    callers.permitted(session, Permission.CHANGES_EMERGENCY_APPLY)
    with session.reviews() as stub:
        seen = review_calls.get(stub, request_id)
        show_before(session, seen)
        why = justification or session.prompts.text(f"Why can {request_id} not wait?", flag="--justification")
        session.prompts.severe("This applies the change WITHOUT its approvals.", target(seen), given=confirm)
        request = review.EmergencyApplyRequest(
            change_request_id=seen.change_request_id,
            request_revision=seen.request_revision,
            digest=seen.digest,
            justification=why,
            request_id=session.new_id("req"),
        )
        after = client.call(stub.EmergencyApply, request, timeout_seconds=CALL_SECONDS).change_request
    answer_applied(session, after)


def sign(context: typer.Context, request_id: RequestId, *, comment: Comment = "", yes: Yes = False) -> None:
    """Signs the review of a change that was applied in an emergency; says what was found."""
    session = session_of(context)
    callers.permitted(session, Permission.CHANGES_REVIEW)
    with session.reviews() as stub:
        show_before(session, review_calls.get(stub, request_id))
        found = comment or session.prompts.text(f"What was found about {request_id}?", flag="--comment")
        agreed(session, "Sign this emergency?", yes=yes)
        request = review.SignEmergencyRequest(
            change_request_id=request_id, comment=found, request_id=session.new_id("req")
        )
        after = client.call(stub.SignEmergency, request, timeout_seconds=CALL_SECONDS).change_request
    answer(session, after)


def apply_now(session: Session, stub: ReviewServiceStub, seen: pb.ChangeRequest) -> pb.ChangeRequest:
    """Applies a request as it was seen, and returns it after that: applied or failed.

    Raises:
        FailedPrecondition: APPROVAL_REQUIRED, INVALID_STATE.
        Aborted: STALE_REVISION.
    """
    request = review.ApplyChangeRequestRequest(
        change_request_id=seen.change_request_id,
        request_revision=seen.request_revision,
        digest=seen.digest,
        request_id=session.new_id("req"),
    )
    return client.call(stub.ApplyChangeRequest, request, timeout_seconds=CALL_SECONDS).change_request


def answer_applied(session: Session, after: pb.ChangeRequest) -> None:
    """Writes how a request stands after it was to be applied.

    Raises:
        FailedPrecondition: INVALID_STATE, it could not be.
    """
    answer(session, after)
    if after.state == pb.CHANGE_REQUEST_STATE_FAILED:
        raise FailedPrecondition(
            Reason.INVALID_STATE,
            f"{after.change_request_id} is not applied: {after.failure}",
            metadata={
                "change_request_id": after.change_request_id,
                "state": pb.ChangeRequestState.Name(after.state),
            },
        )


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the group."""
    app.command(epilog=examples("expctl review apply cr_1"))(apply)
    app.command(
        "emergency-apply",
        epilog=examples(
            "expctl --as rob review emergency-apply cr_1 -m 'Checkout fails for all'",
            "expctl --as rob review emergency-apply cr_1 --confirm checkout \\\n    -m 'Checkout fails for all'",
        ),
    )(emergency_apply)
    app.command(epilog=examples("expctl --as ada review sign cr_1 -m 'Right call; rules stay as they are'"))(sign)
