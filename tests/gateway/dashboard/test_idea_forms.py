"""The forms of hypotheses and designs: what each sends, and what it says when it is refused."""

import pytest

from experimentation.v1 import analysis_service_pb2, hypothesis_pb2
from shared.errors import FailedPrecondition, Reason
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import DESIGN, JOB, REVIEW
from tests.gateway.dashboard.visitor import Visitor

HYPOTHESIS = f"/insights/hypotheses/{examples.HYPOTHESIS_ID}"
IDEAS = "/insights/hypotheses"


def test_a_hypothesis_is_judged(rob: Visitor, canned: Canned) -> None:
    rob.send(IDEAS, f"{HYPOTHESIS}/review", review="accept", reason="Cheap", etag="e1")

    assert canned.only(analysis_service_pb2.ReviewHypothesisRequest) == analysis_service_pb2.ReviewHypothesisRequest(
        hypothesis_id=examples.HYPOTHESIS_ID,
        review=analysis_service_pb2.HYPOTHESIS_REVIEW_ACCEPT,
        reason="Cheap",
        etag="e1",
    )


def test_a_hypothesis_becomes_a_design(rob: Visitor, canned: Canned) -> None:
    fields = {"units_per_day": "3000", "mde": "4", "arm_count": "3", "max_weeks": "6", "aim": "pick"}

    answer = rob.send(IDEAS, f"{HYPOTHESIS}/design", **fields)

    assert answer.headers["location"] == JOB
    sent = canned.only(analysis_service_pb2.RecommendDesignRequest)
    assert (sent.hypothesis_id, sent.traffic.units_per_day, sent.arm_count) == (examples.HYPOTHESIS_ID, 3000.0, 3)
    assert (sent.relative_mde, sent.max_duration.seconds) == (0.04, 6 * 7 * 86400)
    assert sent.aim == hypothesis_pb2.DESIGN_AIM_PICK


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"units_per_day": "many"},
        {"units_per_day": "-1"},
        {"units_per_day": "3000", "arm_count": "1e300"},
        {"units_per_day": "3000", "arm_count": "2.5"},
        {"units_per_day": "3000", "max_weeks": "1e300"},
        {"units_per_day": "3000", "max_weeks": "-1"},
    ],
)
def test_a_design_of_impossible_numbers_is_refused(rob: Visitor, canned: Canned, fields: dict[str, str]) -> None:
    answer = rob.send(IDEAS, f"{HYPOTHESIS}/design", **fields)

    assert "(INVALID_FIELD)" in rob.told(answer)
    assert canned.of(analysis_service_pb2.RecommendDesignRequest) == []


def test_more_hypotheses_are_asked_for_about_the_metrics_of_an_experiment(rob: Visitor, canned: Canned) -> None:
    rob.send(
        IDEAS,
        f"{IDEAS}/suggest",
        metrics=f"experiment:{examples.EXPERIMENT_ID}",
        goal="More paid carts",
        constraints="no discounts\n\nno pop-ups",
        max_count="3",
        units_per_day="3000",
    )

    sent = canned.only(analysis_service_pb2.SuggestHypothesesRequest)
    assert [metric.metric_id for metric in sent.metrics] == ["bought", "order-value", "errors", "items"]
    assert sent.metrics[0].baseline == 0.1
    assert list(sent.constraints) == ["no discounts", "no pop-ups"]
    assert (sent.goal, sent.max_count, sent.traffic.units_per_day) == ("More paid carts", 3, 3000.0)


def test_more_hypotheses_are_asked_for_about_earlier_metrics(rob: Visitor, canned: Canned) -> None:
    rob.send(IDEAS, f"{IDEAS}/suggest", metrics="earlier")

    assert list(canned.only(analysis_service_pb2.SuggestHypothesesRequest).metrics) == [examples.metric_profile()]


def test_more_hypotheses_are_asked_for_about_a_metric_told_in_the_form(rob: Visitor, canned: Canned) -> None:
    told = {
        "metric_id": "signed-up",
        "metric_kind": "proportion",
        "metric_baseline": "12.5",
        "metric_direction": "up",
        "metric_units": "60000",
        "metric_segments": "device=mobile, 8.5, 20000\n\nplan=a, b, 25, 100",
    }

    rob.send(IDEAS, f"{IDEAS}/suggest", metrics="new", **told)

    (metric,) = canned.only(analysis_service_pb2.SuggestHypothesesRequest).metrics
    assert (metric.metric_id, metric.baseline, metric.unit_count) == ("signed-up", 0.125, 60000)
    assert [(one.segment, one.baseline, one.unit_count) for one in metric.segments] == [
        ("device=mobile", 0.085, 20000),
        ("plan=a, b", 0.25, 100),
    ]


@pytest.mark.parametrize(
    "segments", ["device=mobile", "device=mobile, many, 3", "device=mobile, 3, x", "m, 3, 9999999999999999999"]
)
def test_parts_of_the_units_must_be_whole(rob: Visitor, canned: Canned, segments: str) -> None:
    told = {"metric_id": "m", "metric_kind": "mean", "metric_segments": segments}

    shown = rob.told(rob.send(IDEAS, f"{IDEAS}/suggest", metrics="new", **told))

    assert "metric_segments" in shown
    assert canned.of(analysis_service_pb2.SuggestHypothesesRequest) == []


@pytest.mark.parametrize("field", ["max_count", "metric_units"])
@pytest.mark.parametrize("value", ["many", "1e300", "-1", "2.5"])
def test_what_is_counted_must_be_a_whole_number(rob: Visitor, canned: Canned, field: str, value: str) -> None:
    told = {"metric_id": "m", "metric_kind": "mean", field: value}

    shown = rob.told(rob.send(IDEAS, f"{IDEAS}/suggest", metrics="new", **told))

    assert f"{field}: must be a" in shown
    assert canned.of(analysis_service_pb2.SuggestHypothesesRequest) == []


def test_metrics_must_be_chosen(rob: Visitor, canned: Canned) -> None:
    assert "(INVALID_FIELD)" in rob.told(rob.send(IDEAS, f"{IDEAS}/suggest", metrics="new"))
    assert canned.of(analysis_service_pb2.SuggestHypothesesRequest) == []


def test_a_design_becomes_an_experiment_that_waits_for_review(ada: Visitor, canned: Canned) -> None:
    arms = {"arm_id_0": "control", "arm_id_1": "dated", "arm_name_1": "With the date"}

    answer = ada.send(DESIGN, f"{DESIGN}/experiment", experiment_id="delivery-date", display_name="Date", **arms)

    assert answer.headers["location"] == REVIEW
    sent = canned.only(analysis_service_pb2.CreateExperimentFromDesignRequest)
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
