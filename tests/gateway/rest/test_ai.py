"""The AI over REST: what takes long answers with a job."""

from typing import Any

import pytest

from tests.gateway.front import Front, fields, problem
from tests.gateway.stack import Stack

METRIC = {"metric_id": "conversion", "kind": "METRIC_KIND_PROPORTION"}
TRAFFIC = {"units_per_day": 10000}


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/experiments/suggest-hypotheses", {"metrics": [METRIC]}, "SUGGEST_HYPOTHESES"),
        ("/designs", {"metrics": [METRIC], "traffic": TRAFFIC, "description": "a button"}, "RECOMMEND_DESIGN"),
        ("/experiments/hyp_1/recommend-design", {"traffic": TRAFFIC}, "RECOMMEND_DESIGN"),
        ("/experiments/checkout/analyze", {}, "ANALYZE_EXPERIMENT"),
    ],
)
def test_what_takes_long_then_202_with_the_job(stack: Stack, path: str, body: dict[str, Any], kind: str) -> None:
    answer = stack.front.post(path, body, "ann", headers={"Idempotency-Key": "k"})

    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['job_id']}"
    assert job["kind"] == f"JOB_KIND_{kind}"
    assert job["state"] == "JOB_STATE_QUEUED"
    assert stack.front.get(answer.headers["location"]).json() == job
    assert stack.ai.requests[-1].request_id == "k"


def test_analyze_then_the_experiment_of_the_path_is_meant(stack: Stack) -> None:
    stack.front.post("/experiments/checkout/analyze", {"propose": True})

    assert stack.ai.requests[-1].experiment_id == "checkout"
    assert stack.ai.requests[-1].propose


def test_recommend_design_then_the_hypothesis_of_the_path_is_meant(stack: Stack) -> None:
    stack.front.post("/experiments/hyp_1/recommend-design", {"traffic": TRAFFIC})

    assert stack.ai.requests[-1].hypothesis_id == "hyp_1"


def test_review_hypothesis_by_entity_tag_then_the_etag_is_sent(stack: Stack) -> None:
    body = {"review": "HYPOTHESIS_REVIEW_ACCEPT"}

    answer = stack.front.post("/hypotheses/hyp_1/review", body, headers={"If-Match": '"abc"'})

    assert problem(answer) == (404, "HYPOTHESIS_NOT_FOUND")
    assert stack.ai.requests[-1].etag == "abc"


def test_plan_sample_size_then_the_answer_at_once(front: Front) -> None:
    answer = front.post("/designs/plan-sample-size", {"metric": METRIC, "relative_mde": 0.05})

    assert answer.json()["units_per_arm"] == "5000"
    without = front.post("/designs/plan-sample-size", {"relative_mde": 0})
    assert problem(without) == (400, "INVALID_FIELD")
    assert "relative_mde" in fields(without)


def test_suggest_hypotheses_by_get_then_405_and_not_an_experiment(front: Front) -> None:
    answer = front.get("/experiments/suggest-hypotheses")

    assert problem(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "POST"
