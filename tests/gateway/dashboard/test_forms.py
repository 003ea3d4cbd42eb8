"""The forms: what each sends to which service, where it leads, and what it says when it is refused."""

from typing import Any

import pytest
from google.protobuf.message import Message

from experimentation.v1 import analysis_service_pb2, bandit_service_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as requests_pb2
from shared.errors import Aborted, Reason
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import BANDIT, EXPERIMENT, JOB, REVIEW
from tests.gateway.dashboard.visitor import Visitor

BOUND: dict[str, Any] = {"change_request_id": examples.REQUEST_ID, "request_revision": 2, "digest": examples.DIGEST}
SEEN = {"request_revision": "2", "digest": examples.DIGEST}


@pytest.mark.parametrize(
    ("verdict", "kind", "said"),
    [
        ("approve", review_service_pb2.ApproveChangeRequestRequest, "Approved."),
        ("reject", review_service_pb2.RejectChangeRequestRequest, "Rejected."),
        ("request-changes", review_service_pb2.RequestChangesRequest, "Sent back."),
    ],
)
def test_a_verdict_is_bound_to_what_was_seen(
    rob: Visitor, canned: Canned, verdict: str, kind: type[Message], said: str
) -> None:
    answer = rob.send(REVIEW, f"{REVIEW}/verdict", verdict=verdict, comment=" Looks right ", **SEEN)

    assert said in rob.told(answer)
    assert canned.only(kind) == kind(**BOUND, comment="Looks right")


def test_the_form_of_a_page_carries_what_the_page_shows(rob: Visitor) -> None:
    text = rob.see(REVIEW).text

    assert f'name="digest" value="{examples.DIGEST}"' in text
    assert 'name="request_revision" value="2"' in text


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": "approve"},
        {"verdict": "approve", "request_revision": "x", "digest": examples.DIGEST},
        {"verdict": "approve", "request_revision": "9" * 30, "digest": examples.DIGEST},
        {"verdict": "perhaps", **SEEN},
    ],
)
def test_a_verdict_that_is_not_whole_reaches_nobody(rob: Visitor, canned: Canned, fields: dict[str, str]) -> None:
    answer = rob.send(REVIEW, f"{REVIEW}/verdict", **fields)

    assert "(INVALID_FIELD)" in rob.told(answer)
    assert canned.of(review_service_pb2.ApproveChangeRequestRequest) == []


@pytest.mark.parametrize("verdict", ["reject", "request-changes"])
def test_who_does_not_approve_says_why(rob: Visitor, canned: Canned, verdict: str) -> None:
    answer = rob.send(REVIEW, f"{REVIEW}/verdict", verdict=verdict, comment=" ", **SEEN)

    assert "Why: is needed unless you approve (INVALID_FIELD)" in rob.told(answer)
    assert not canned.of(review_service_pb2.RejectChangeRequestRequest)
    assert not canned.of(review_service_pb2.RequestChangesRequest)


def test_a_verdict_on_an_earlier_edit_says_so(rob: Visitor, canned: Canned) -> None:
    canned.answers["ApproveChangeRequest"] = Aborted(Reason.STALE_REVISION, "the request was edited since")

    shown = rob.told(rob.send(REVIEW, f"{REVIEW}/verdict", verdict="approve", **SEEN))

    assert 'role="alert"' in shown
    assert "the request was edited since (STALE_REVISION)" in shown
    assert "the request was edited since (STALE_REVISION)" not in rob.see(REVIEW).text, "it is said once"


def test_what_a_form_came_to_is_said_by_a_whole_page(rob: Visitor) -> None:
    rob.send(REVIEW, f"{REVIEW}/comment", text="Why now?")

    part = rob.see(REVIEW, **{"HX-Request": "true"})

    assert "Your comment is there." not in part.text
    assert "Your comment is there." in rob.see(REVIEW).text


@pytest.mark.parametrize(
    ("form", "fields", "expected"),
    [
        (
            "comment",
            {"text": "Why now?"},
            review_service_pb2.AddCommentRequest(change_request_id=examples.REQUEST_ID, text="Why now?"),
        ),
        (
            "submit",
            SEEN,
            review_service_pb2.SubmitChangeRequestRequest(change_request_id=examples.REQUEST_ID, request_revision=2),
        ),
        (
            "cancel",
            {"comment": "No more"},
            review_service_pb2.CancelChangeRequestRequest(change_request_id=examples.REQUEST_ID, comment="No more"),
        ),
        ("apply", SEEN, review_service_pb2.ApplyChangeRequestRequest(**BOUND)),
        (
            "emergency",
            {**SEEN, "justification": "Orders fail everywhere"},
            review_service_pb2.EmergencyApplyRequest(**BOUND, justification="Orders fail everywhere"),
        ),
        (
            "sign",
            {"comment": "It was right"},
            review_service_pb2.SignEmergencyRequest(change_request_id=examples.REQUEST_ID, comment="It was right"),
        ),
    ],
)
def test_a_verb_of_review_is_sent(
    ada: Visitor, canned: Canned, form: str, fields: dict[str, str], expected: Message
) -> None:
    answer = ada.send(REVIEW, f"{REVIEW}/{form}", **fields)

    assert answer.headers["location"] == REVIEW
    assert canned.only(type(expected)) == expected


def test_a_change_that_could_not_be_applied_says_why(ada: Visitor, canned: Canned) -> None:
    failed = examples.change_request(state=requests_pb2.CHANGE_REQUEST_STATE_FAILED, failure="the target has moved")
    canned.answers["ApplyChangeRequest"] = review_service_pb2.ApplyChangeRequestResponse(change_request=failed)

    assert "It could not be applied: the target has moved" in ada.told(ada.send(REVIEW, f"{REVIEW}/apply", **SEEN))


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("freeze", bandit_service_pb2.FreezeRequest),
        ("unfreeze", bandit_service_pb2.UnfreezeRequest),
        ("serve-control", bandit_service_pb2.ServeControlRequest),
        ("serve-arms", bandit_service_pb2.ServeArmsRequest),
    ],
)
def test_a_switch_is_thrown(rob: Visitor, canned: Canned, form: str, kind: type[Message]) -> None:
    answer = rob.send(BANDIT, f"{BANDIT}/{form}", reason="Orders fail")

    assert answer.headers["location"] == BANDIT
    assert canned.only(kind) == kind(experiment_id=examples.EXPERIMENT_ID, reason="Orders fail")


def test_a_switch_without_a_reason_is_refused(rob: Visitor, canned: Canned) -> None:
    answer = rob.send(BANDIT, f"{BANDIT}/freeze", reason="  ")

    assert "reason" in rob.told(answer)
    assert canned.of(bandit_service_pb2.FreezeRequest) == []


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        ({"kind": "pause"}, requests_pb2.Change(pause=requests_pb2.PauseChange())),
        (
            {"kind": "stop", "shipped_arm_id": "green"},
            requests_pb2.Change(stop=requests_pb2.StopChange(shipped_arm_id="green")),
        ),
    ],
)
def test_a_change_is_proposed(
    ada: Visitor, canned: Canned, fields: dict[str, str], change: requests_pb2.Change
) -> None:
    answer = ada.send(f"{EXPERIMENT}/reviews", f"{EXPERIMENT}/propose", reason="Enough", etag="3", **fields)

    assert answer.headers["location"] == REVIEW
    kind = requests_pb2.ProposeChangeRequest
    assert canned.only(kind) == kind(experiment_id=examples.EXPERIMENT_ID, change=change, reason="Enough", etag="3")


def test_a_change_that_needs_no_approval_is_done(ada: Visitor, canned: Canned) -> None:
    applied = examples.change_request(state=requests_pb2.CHANGE_REQUEST_STATE_APPLIED)
    canned.answers["ProposeChange"] = requests_pb2.ProposeChangeResponse(change_request=applied)

    answer = ada.send(f"{EXPERIMENT}/reviews", f"{EXPERIMENT}/propose", kind="pause", reason="Orders fail")

    assert answer.headers["location"] == EXPERIMENT


@pytest.mark.parametrize("kind", ["", "delete"])
def test_another_change_is_not_proposed(ada: Visitor, canned: Canned, kind: str) -> None:
    answer = ada.send(f"{EXPERIMENT}/reviews", f"{EXPERIMENT}/propose", kind=kind, reason="x")

    assert "(INVALID_FIELD)" in ada.told(answer)
    assert canned.of(requests_pb2.ProposeChangeRequest) == []


@pytest.mark.parametrize(("fields", "propose"), [({}, False), ({"propose": "on"}, True)])
def test_an_analysis_is_asked_for(rob: Visitor, canned: Canned, fields: dict[str, str], *, propose: bool) -> None:
    answer = rob.send(EXPERIMENT, f"{EXPERIMENT}/analyze", **fields)

    assert answer.headers["location"] == JOB
    kind = analysis_service_pb2.AnalyzeExperimentRequest
    assert canned.only(kind) == kind(experiment_id=examples.EXPERIMENT_ID, propose=propose)


def test_a_job_is_ended_early(rob: Visitor, canned: Canned) -> None:
    answer = rob.send(JOB, f"{JOB}/cancel")

    assert answer.headers["location"] == JOB
    assert canned.only(analysis_service_pb2.CancelJobRequest).job_id == examples.JOB_ID
