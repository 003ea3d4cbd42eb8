"""Who cannot approve or sign: whoever wrote some of it, under any name, and whoever is no human."""

from collections.abc import Iterator

import grpc
import pytest
import sqlalchemy

from experimentation.v1 import audit_service_pb2 as audit
from experimentation.v1 import experiment_service_pb2 as pb
from shared.identity.permission import Permission
from shared.identity.principal import Authentication, Caller
from shared.rpc.authorization import Guard
from tests.review import desk as desks
from tests.review import people
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import START, propose
from tests.review.rpc.calls import INVALID_FIELD, NOT_ALLOWED, NOT_PERMITTED
from tests.review.verbs import (
    approve,
    approved,
    current,
    drafted,
    edit,
    emergency_apply,
    proposed,
    registered,
    reject,
    request_changes,
    sign,
)

ROBS_NAMES = ("rob", people.SECOND_TOKEN, "robert")


class PermissiveAuthorizer:
    """Gives everybody who is known every permission: only what depends on the request is left to keep them."""

    def __init__(self) -> None:
        self._known = people.authenticator()

    def guard(self, _path: str) -> Guard:
        def caller(context: grpc.ServicerContext) -> Caller:
            header = str(dict(context.invocation_metadata())["authorization"])
            known = self._known.authenticate(header)
            return Caller(known.principal, frozenset(Permission), Authentication.TOKEN)

        return caller


@pytest.fixture
def permissive_desk(engine: sqlalchemy.Engine) -> Iterator[Desk]:
    with desks.opened(engine, authorizer=PermissiveAuthorizer()) as opened:
        yield opened


def refused_verdicts(desk: Desk, refused: Refused, request: pb.ChangeRequest, who: str) -> set[str]:
    """Returns the obstacles that all three verdicts of somebody meet."""
    reviews = desk[who].reviews
    refusals = [
        refused(reviews.ApproveChangeRequest, approve(request)),
        refused(reviews.RejectChangeRequest, reject(request)),
        refused(reviews.RequestChanges, request_changes(request)),
    ]
    assert {refusal.reason for refusal in refusals} == {NOT_ALLOWED}
    assert {refusal.error.metadata["change_request_id"] for refusal in refusals} == {request.change_request_id}
    return {refusal.error.metadata["obstacle"] for refusal in refusals}


def test_judge_when_requester_under_any_name_then_not_allowed(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk, who="rob")

    for name in ROBS_NAMES:
        assert refused_verdicts(desk, refused, request, name) == {"requester"}
    assert not current(desk, request).verdicts
    assert approved(desk, request, "rae").state == pb.CHANGE_REQUEST_STATE_APPROVED


def test_judge_when_contributor_under_any_name_then_not_allowed(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    edited = desk["rob"].reviews.EditChangeRequest(edit(pending, reason="mine now")).change_request

    assert list(edited.contributors) == ["rob"]
    for name in ROBS_NAMES:
        assert refused_verdicts(desk, refused, edited, name) == {"contributor"}


def test_judge_when_an_agent_proposed_for_somebody_then_that_person_is_the_requester(
    desk: Desk, refused: Refused
) -> None:
    drafted(desk)
    request = proposed(desk, who="robot")

    assert refused_verdicts(desk, refused, request, "anna") == {"requester"}


def test_judge_when_somebody_asked_an_agent_to_propose_then_they_cannot_approve_under_any_name(
    desk: Desk, refused: Refused
) -> None:
    registered(desk, "rob")
    drafted(desk)
    request = proposed(desk, who="agent", on_behalf_of="rob")

    assert (request.requester, list(request.contributors)) == ("agent", ["rob"])
    for name in ROBS_NAMES:
        assert refused_verdicts(desk, refused, request, name) == {"contributor"}
    assert approved(desk, request, "rae").state == pb.CHANGE_REQUEST_STATE_APPROVED


def test_propose_when_a_person_names_another_then_not_permitted(desk: Desk, refused: Refused) -> None:
    registered(desk, "rob")
    drafted(desk)

    refusal = refused(desk["ann"].experiments.ProposeChange, propose(START, "checkout", on_behalf_of="rob"))

    assert refusal.reason == NOT_PERMITTED


def test_propose_when_an_agent_names_nobody_known_then_says_so(desk: Desk, refused: Refused) -> None:
    drafted(desk)

    refusal = refused(desk["agent"].experiments.ProposeChange, propose(START, "checkout", on_behalf_of="nobody"))

    assert refusal.reason == INVALID_FIELD
    assert [each.field for each in refusal.error.violations] == ["on_behalf_of"]


def test_judge_when_a_contributor_approved_before_the_edit_then_it_no_longer_counts(
    desk: Desk, pending: pb.ChangeRequest
) -> None:
    approved(desk, pending, "rob")

    edited = desk["robert"].reviews.EditChangeRequest(edit(pending, reason="mine now")).change_request

    assert edited.state == pb.CHANGE_REQUEST_STATE_PENDING
    assert [(each.reviewer, each.stale) for each in edited.verdicts] == [("rob", True)]


@pytest.mark.parametrize("name", ["robot", "agent", "daemon", "service", "ann", "vic"])
def test_judge_when_the_kind_or_role_is_wrong_then_it_gets_no_further_than_the_door(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, name: str
) -> None:
    nowhere = pb.ChangeRequest(change_request_id="nowhere", request_revision=1, digest="d")

    for request in (pending, nowhere):
        refusal = refused(desk[name].reviews.ApproveChangeRequest, approve(request))
        assert refusal.reason == NOT_PERMITTED
        assert refusal.error.metadata == {"permission": "changes.review"}


@pytest.mark.parametrize(("name", "obstacle"), [("robot", "agent"), ("daemon", "service")])
def test_judge_when_the_door_lets_a_program_through_then_it_is_not_allowed_either(
    permissive_desk: Desk, refused: Refused, name: str, obstacle: str
) -> None:
    drafted(permissive_desk)
    request = proposed(permissive_desk, who="bob")

    assert refused_verdicts(permissive_desk, refused, request, name) == {obstacle}
    emergency = refused(permissive_desk[name].reviews.EmergencyApply, emergency_apply(request))
    assert (emergency.reason, emergency.error.metadata["obstacle"]) == (NOT_ALLOWED, obstacle)
    permissive_desk["rob"].reviews.EmergencyApply(emergency_apply(request))
    signature = refused(permissive_desk[name].reviews.SignEmergency, sign(request))
    assert (signature.reason, signature.error.metadata["obstacle"]) == (NOT_ALLOWED, obstacle)


@pytest.mark.parametrize(
    ("requester", "name", "obstacle"),
    [
        ("ann", "rob", "emergency actor"),
        ("ann", people.SECOND_TOKEN, "emergency actor"),
        ("ann", "robert", "emergency actor"),
        ("ann", "anna", "requester"),
        ("rob", "robert", "emergency actor"),
    ],
)
def test_sign_when_one_applied_or_wrote_it_then_not_allowed(
    desk: Desk, refused: Refused, *, requester: str, name: str, obstacle: str
) -> None:
    drafted(desk)
    request = proposed(desk, who=requester)
    desk["rob"].reviews.EmergencyApply(emergency_apply(request))

    refusal = refused(desk[name].reviews.SignEmergency, sign(request))

    assert (refusal.reason, refusal.error.metadata["obstacle"]) == (NOT_ALLOWED, obstacle)
    assert not current(desk, request).emergency.signed_by


def test_judge_when_not_allowed_then_the_attempt_is_on_the_audit_log(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk, who="rob")

    refused_verdicts(desk, refused, request, "robert")

    asked = audit.ListAuditEventsRequest(actor="robert")
    events = desk["vic"].audits.ListAuditEvents(asked).events
    assert [event.action for event in events] == [
        "change_request.approve.denied",
        "change_request.reject.denied",
        "change_request.request_changes.denied",
    ]
    assert {(event.target, event.details["reason"], event.details["obstacle"]) for event in events} == {
        ("experiments/checkout", "APPROVAL_NOT_ALLOWED", "requester")
    }
