"""The forms: what each sends to which service, where it leads, and what it says when it is refused."""

from typing import Any

import pytest
from google.protobuf.message import Message

from experimentation.v1 import analysis_service_pb2, bandit_service_pb2, hypothesis_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as requests_pb2
from shared.errors import Aborted, FailedPrecondition, Reason
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import BANDIT, DESIGN, EXPERIMENT, JOB, REVIEW
from tests.gateway.dashboard.visitor import Visitor

BOUND: dict[str, Any] = {"change_request_id": examples.REQUEST_ID, "request_revision": 2, "digest": examples.DIGEST}
SEEN = {"request_revision": "2", "digest": examples.DIGEST}
HYPOTHESIS = f"/insights/hypotheses/{examples.HYPOTHESIS_ID}"
BY_DESIGN = "/insights/hypotheses"


def only(canned: Canned, kind: type[Message]) -> Any:
    """Returns the one request of this kind."""
    (found,) = canned.of(kind)
    return found


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
    assert only(canned, kind) == kind(**BOUND, comment="Looks right")


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


def test_a_verdict_on_an_earlier_edit_says_so(rob: Visitor, canned: Canned) -> None:
    canned.answers["ApproveChangeRequest"] = Aborted(Reason.STALE_REVISION, "the request was edited since")

    shown = rob.told(rob.send(REVIEW, f"{REVIEW}/verdict", verdict="approve", **SEEN))

    assert 'role="alert"' in shown
    assert "the request was edited since (STALE_REVISION)" in shown
    assert "the request was edited since (STALE_REVISION)" not in rob.see(REVIEW).text, "it is said once"


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
    assert only(canned, type(expected)) == expected


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
    assert only(canned, kind) == kind(experiment_id=examples.EXPERIMENT_ID, reason="Orders fail")


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
    assert only(canned, kind) == kind(experiment_id=examples.EXPERIMENT_ID, change=change, reason="Enough", etag="3")


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
    assert only(canned, kind) == kind(experiment_id=examples.EXPERIMENT_ID, propose=propose)


def test_a_job_is_ended_early(rob: Visitor, canned: Canned) -> None:
    answer = rob.send(JOB, f"{JOB}/cancel")

    assert answer.headers["location"] == JOB
    assert only(canned, analysis_service_pb2.CancelJobRequest).job_id == examples.JOB_ID


def test_a_hypothesis_is_judged(rob: Visitor, canned: Canned) -> None:
    rob.send(BY_DESIGN, f"{HYPOTHESIS}/review", review="accept", reason="Cheap", etag="e1")

    assert only(canned, analysis_service_pb2.ReviewHypothesisRequest) == analysis_service_pb2.ReviewHypothesisRequest(
        hypothesis_id=examples.HYPOTHESIS_ID,
        review=analysis_service_pb2.HYPOTHESIS_REVIEW_ACCEPT,
        reason="Cheap",
        etag="e1",
    )


def test_a_hypothesis_becomes_a_design(rob: Visitor, canned: Canned) -> None:
    fields = {"units_per_day": "3000", "mde": "4", "arm_count": "3", "max_weeks": "6", "aim": "pick"}

    answer = rob.send(BY_DESIGN, f"{HYPOTHESIS}/design", **fields)

    assert answer.headers["location"] == JOB
    sent = only(canned, analysis_service_pb2.RecommendDesignRequest)
    assert (sent.hypothesis_id, sent.traffic.units_per_day, sent.arm_count) == (examples.HYPOTHESIS_ID, 3000.0, 3)
    assert (sent.relative_mde, sent.max_duration.seconds) == (0.04, 6 * 7 * 86400)
    assert sent.aim == hypothesis_pb2.DESIGN_AIM_PICK


@pytest.mark.parametrize("fields", [{}, {"units_per_day": "many"}, {"units_per_day": "-1"}])
def test_a_design_without_traffic_is_refused(rob: Visitor, canned: Canned, fields: dict[str, str]) -> None:
    answer = rob.send(BY_DESIGN, f"{HYPOTHESIS}/design", **fields)

    assert "(INVALID_FIELD)" in rob.told(answer)
    assert canned.of(analysis_service_pb2.RecommendDesignRequest) == []


def test_more_hypotheses_are_asked_for_about_the_metrics_of_an_experiment(rob: Visitor, canned: Canned) -> None:
    rob.send(
        BY_DESIGN,
        f"{BY_DESIGN}/suggest",
        metrics=f"experiment:{examples.EXPERIMENT_ID}",
        goal="More paid carts",
        constraints="no discounts\n\nno pop-ups",
        max_count="3",
        units_per_day="3000",
    )

    sent = only(canned, analysis_service_pb2.SuggestHypothesesRequest)
    assert [metric.metric_id for metric in sent.metrics] == ["bought", "order-value", "errors", "items"]
    assert sent.metrics[0].baseline == 0.1
    assert list(sent.constraints) == ["no discounts", "no pop-ups"]
    assert (sent.goal, sent.max_count, sent.traffic.units_per_day) == ("More paid carts", 3, 3000.0)


def test_more_hypotheses_are_asked_for_about_earlier_metrics(rob: Visitor, canned: Canned) -> None:
    rob.send(BY_DESIGN, f"{BY_DESIGN}/suggest", metrics="earlier")

    assert list(only(canned, analysis_service_pb2.SuggestHypothesesRequest).metrics) == [examples.metric_profile()]


def test_more_hypotheses_are_asked_for_about_a_metric_told_in_the_form(rob: Visitor, canned: Canned) -> None:
    told = {
        "metric_id": "signed-up",
        "metric_kind": "proportion",
        "metric_baseline": "12.5",
        "metric_direction": "up",
        "metric_units": "60000",
        "metric_segments": "device=mobile, 8.5, 20000\n\nplan=a, b, 25, 100",
    }

    rob.send(BY_DESIGN, f"{BY_DESIGN}/suggest", metrics="new", **told)

    (metric,) = only(canned, analysis_service_pb2.SuggestHypothesesRequest).metrics
    assert (metric.metric_id, metric.baseline, metric.unit_count) == ("signed-up", 0.125, 60000)
    assert [(one.segment, one.baseline, one.unit_count) for one in metric.segments] == [
        ("device=mobile", 0.085, 20000),
        ("plan=a, b", 0.25, 100),
    ]


@pytest.mark.parametrize("segments", ["device=mobile", "device=mobile, many, 3", "device=mobile, 3, x"])
def test_parts_of_the_units_must_be_whole(rob: Visitor, canned: Canned, segments: str) -> None:
    told = {"metric_id": "m", "metric_kind": "mean", "metric_segments": segments}

    shown = rob.told(rob.send(BY_DESIGN, f"{BY_DESIGN}/suggest", metrics="new", **told))

    assert "metric_segments" in shown
    assert canned.of(analysis_service_pb2.SuggestHypothesesRequest) == []


def test_metrics_must_be_chosen(rob: Visitor, canned: Canned) -> None:
    assert "(INVALID_FIELD)" in rob.told(rob.send(BY_DESIGN, f"{BY_DESIGN}/suggest", metrics="new"))
    assert canned.of(analysis_service_pb2.SuggestHypothesesRequest) == []


def test_a_design_becomes_an_experiment_that_waits_for_review(ada: Visitor, canned: Canned) -> None:
    arms = {"arm_id_0": "control", "arm_id_1": "dated", "arm_name_1": "With the date"}

    answer = ada.send(DESIGN, f"{DESIGN}/experiment", experiment_id="delivery-date", display_name="Date", **arms)

    assert answer.headers["location"] == REVIEW
    sent = only(canned, analysis_service_pb2.CreateExperimentFromDesignRequest)
    assert (sent.design_id, sent.experiment_id, sent.draft_only) == (examples.DESIGN_ID, "delivery-date", False)
    assert [(arm.arm_id, arm.display_name, arm.control) for arm in sent.arms] == [
        ("control", "", True),
        ("dated", "With the date", False),
    ]


def test_a_refused_form_leads_back_to_its_page(ada: Visitor, canned: Canned) -> None:
    canned.answers["CreateExperimentFromDesign"] = FailedPrecondition(
        Reason.INVALID_STATE, "the design became an experiment before"
    )

    answer = ada.send(DESIGN, f"{DESIGN}/experiment", experiment_id="delivery-date")

    assert answer.headers["location"] == DESIGN
    assert "the design became an experiment before (INVALID_STATE)" in ada.told(answer)
