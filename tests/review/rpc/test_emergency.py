"""EmergencyApply and SignEmergency."""

import pytest

from experimentation.v1 import audit_service_pb2 as audit
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.rpc.calls import INVALID_FIELD, NO_REQUEST, NOT_PERMITTED, STALE, WRONG_STATE
from tests.review.verbs import (
    JUSTIFICATION,
    approved,
    cancel,
    current,
    drafted,
    emergency_apply,
    proposed,
    renamed,
    sign,
)

NOWHERE = pb.ChangeRequest(change_request_id="nowhere", request_revision=1, digest="d")


def test_emergency_when_pending_then_applied_and_open_until_signed(desk: Desk, pending: pb.ChangeRequest) -> None:
    applied = desk["rob"].reviews.EmergencyApply(emergency_apply(pending)).change_request
    signed = desk["rae"].reviews.SignEmergency(sign(pending, comment="it was right")).change_request

    assert (applied.state, applied.applied_revision) == (pb.CHANGE_REQUEST_STATE_APPLIED, 2)
    assert (applied.emergency.actor, applied.emergency.justification) == ("rob", JUSTIFICATION)
    assert (applied.emergency.signed_by, applied.emergency.HasField("signed_at")) == ("", False)
    assert [each.satisfied for each in applied.requirements] == [False]
    assert (signed.emergency.signed_by, signed.emergency.sign_comment) == ("rae", "it was right")
    assert signed.emergency.signed_at == signed.updated_at
    assert signed.state == pb.CHANGE_REQUEST_STATE_APPLIED


def test_emergency_when_applied_then_the_audit_log_says_it_loudly(desk: Desk, pending: pb.ChangeRequest) -> None:
    desk["rob"].reviews.EmergencyApply(emergency_apply(pending))
    desk["rae"].reviews.SignEmergency(sign(pending))

    asked = audit.ListAuditEventsRequest(target="experiments/checkout", after_sequence=2)
    events = desk["vic"].audits.ListAuditEvents(asked).events
    assert [(each.actor, each.action) for each in events] == [
        ("rob", "change_request.emergency_apply"),
        ("rae", "change_request.sign_emergency"),
    ]
    assert events[0].details["justification"] == JUSTIFICATION
    assert events[0].details["digest"] == pending.digest
    assert events[1].details["comment"] == "it was"


def test_emergency_when_the_requester_applies_then_somebody_else_signs(desk: Desk) -> None:
    drafted(desk)
    request = proposed(desk, who="rob")

    desk["rob"].reviews.EmergencyApply(emergency_apply(request))
    signed = desk["rex"].reviews.SignEmergency(sign(request)).change_request

    assert signed.emergency.signed_by == "rex"


def test_emergency_when_the_target_moved_then_failed_and_there_is_nothing_to_sign(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    proposed(desk, renamed("Moved"))

    failed = desk["rob"].reviews.EmergencyApply(emergency_apply(pending)).change_request

    assert failed.state == pb.CHANGE_REQUEST_STATE_FAILED
    assert not failed.HasField("emergency")
    assert refused(desk["rae"].reviews.SignEmergency, sign(pending)).reason == WRONG_STATE


def test_emergency_when_unknown_stale_closed_or_not_permitted_then_it_says_so(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    rob = desk["rob"].reviews

    assert refused(rob.EmergencyApply, emergency_apply(NOWHERE)).reason == NO_REQUEST
    assert refused(rob.EmergencyApply, emergency_apply(pending, digest="0" * 64)).reason == STALE
    assert refused(rob.EmergencyApply, emergency_apply(pending, request_revision=2)).reason == STALE
    for name in ("ann", "agent", "robot", "service", "daemon", "vic"):
        refusal = refused(desk[name].reviews.EmergencyApply, emergency_apply(NOWHERE))
        assert refusal.reason == NOT_PERMITTED
        assert refusal.error.metadata == {"permission": "changes.emergency_apply"}
    desk["ann"].reviews.CancelChangeRequest(cancel(pending))
    assert refused(rob.EmergencyApply, emergency_apply(pending)).reason == WRONG_STATE


def test_emergency_when_draft_then_invalid_state(desk: Desk, refused: Refused) -> None:
    drafted(desk)
    request = proposed(desk, draft=True)

    assert refused(desk["rob"].reviews.EmergencyApply, emergency_apply(request)).reason == WRONG_STATE


@pytest.mark.parametrize("justification", ["", "too short", "x" * 2001, "a long one\0"])
def test_emergency_when_the_justification_is_bad_then_it_is_named_and_nothing_happens(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused, justification: str
) -> None:
    refusal = refused(desk["rob"].reviews.EmergencyApply, emergency_apply(pending, justification=justification))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["justification"])
    assert current(desk, pending) == pending


def test_sign_when_there_is_nothing_to_sign_then_invalid_state(
    desk: Desk, pending: pb.ChangeRequest, refused: Refused
) -> None:
    rae = desk["rae"].reviews

    waiting = refused(rae.SignEmergency, sign(pending))
    approved(desk, pending)
    desk["ann"].reviews.ApplyChangeRequest(
        review.ApplyChangeRequestRequest(
            change_request_id=pending.change_request_id, request_revision=1, digest=pending.digest
        )
    )
    regular = refused(rae.SignEmergency, sign(pending))
    unknown = refused(rae.SignEmergency, sign(NOWHERE))
    wordless = refused(rae.SignEmergency, sign(pending, comment=""))

    assert (waiting.reason, waiting.error.metadata["state"]) == (WRONG_STATE, "PENDING")
    assert (regular.reason, regular.error.metadata["state"]) == (WRONG_STATE, "APPLIED")
    assert unknown.reason == NO_REQUEST
    assert (wordless.reason, wordless.fields) == (INVALID_FIELD, ["comment"])


def test_sign_when_signed_already_then_invalid_state(desk: Desk, pending: pb.ChangeRequest, refused: Refused) -> None:
    desk["rob"].reviews.EmergencyApply(emergency_apply(pending))
    desk["rae"].reviews.SignEmergency(sign(pending))

    assert refused(desk["rex"].reviews.SignEmergency, sign(pending)).reason == WRONG_STATE
