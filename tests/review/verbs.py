"""Calls of the verbs on change requests, as the caller sees the request."""

from typing import Any, TypedDict

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from tests.fakes import identity
from tests.review import people
from tests.review.desk import Desk
from tests.review.requests import START, create, propose

JUSTIFICATION = "the shop is on fire"


class Seen(TypedDict):
    """Is what a verb is bound to."""

    change_request_id: str
    request_revision: int
    digest: str


def seen(request: pb.ChangeRequest) -> Seen:
    """Returns the request as a caller has seen it."""
    return Seen(
        change_request_id=request.change_request_id,
        request_revision=request.request_revision,
        digest=request.digest,
    )


def approve(request: pb.ChangeRequest, **fields: Any) -> review.ApproveChangeRequestRequest:
    return review.ApproveChangeRequestRequest(**{**seen(request), **fields})


def reject(request: pb.ChangeRequest, **fields: Any) -> review.RejectChangeRequestRequest:
    return review.RejectChangeRequestRequest(**{**seen(request), "comment": "no", **fields})


def request_changes(request: pb.ChangeRequest, **fields: Any) -> review.RequestChangesRequest:
    return review.RequestChangesRequest(**{**seen(request), "comment": "rather so", **fields})


def apply(request: pb.ChangeRequest, **fields: Any) -> review.ApplyChangeRequestRequest:
    return review.ApplyChangeRequestRequest(**{**seen(request), **fields})


def emergency_apply(request: pb.ChangeRequest, **fields: Any) -> review.EmergencyApplyRequest:
    return review.EmergencyApplyRequest(**{**seen(request), "justification": JUSTIFICATION, **fields})


def sign(request: pb.ChangeRequest, **fields: Any) -> review.SignEmergencyRequest:
    given = {"change_request_id": request.change_request_id, "comment": "it was", **fields}
    return review.SignEmergencyRequest(**given)


def cancel(request: pb.ChangeRequest, **fields: Any) -> review.CancelChangeRequestRequest:
    return review.CancelChangeRequestRequest(**{"change_request_id": request.change_request_id, **fields})


def comment(request: pb.ChangeRequest, **fields: Any) -> review.AddCommentRequest:
    given = {"change_request_id": request.change_request_id, "text": "hm", **fields}
    return review.AddCommentRequest(**given)


def submit(request: pb.ChangeRequest, **fields: Any) -> review.SubmitChangeRequestRequest:
    given = {"change_request_id": request.change_request_id, "request_revision": request.request_revision, **fields}
    return review.SubmitChangeRequestRequest(**given)


def edit(request: pb.ChangeRequest, **fields: Any) -> review.EditChangeRequestRequest:
    given = {"change_request_id": request.change_request_id, "request_revision": request.request_revision, **fields}
    return review.EditChangeRequestRequest(**given)


def drafted(desk: Desk, experiment_id: str = "checkout") -> None:
    """Creates an experiment, as ann."""
    desk["ann"].experiments.CreateExperiment(create(experiment_id))


def registered(desk: Desk, *names: str) -> None:
    """Puts callers among the principals of the store, where those of real installations are."""
    known = {each.principal_id: each for each in (*identity.book().principals, *people.PRINCIPALS)}
    with desk.store.transaction() as transaction:
        for name in names:
            assert transaction.identities.add_principal(known[name])


def proposed(
    desk: Desk, change: pb.Change = START, experiment_id: str = "checkout", *, who: str = "ann", **fields: Any
) -> pb.ChangeRequest:
    """Proposes a change of it."""
    return desk[who].experiments.ProposeChange(propose(change, experiment_id, **fields)).change_request


def approved(desk: Desk, request: pb.ChangeRequest, *reviewers: str) -> pb.ChangeRequest:
    """Approves as each of these, or as rob."""
    answers = [desk[who].reviews.ApproveChangeRequest(approve(request)) for who in reviewers or ("rob",)]
    return answers[-1].change_request


def renamed(name: str) -> pb.Change:
    """Returns a change of words."""
    return pb.Change(edit_details=pb.EditDetailsChange(display_name=name))


def current(desk: Desk, request: pb.ChangeRequest) -> pb.ChangeRequest:
    """Returns the request as it stands now."""
    asked = review.GetChangeRequestRequest(change_request_id=request.change_request_id)
    return desk["vic"].reviews.GetChangeRequest(asked).change_request
