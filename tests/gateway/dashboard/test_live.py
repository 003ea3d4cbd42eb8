"""Parts of pages that renew themselves: they ask whether there is news, and are left alone while there is none."""

import re

import pytest

from experimentation.v1 import analysis_pb2, analysis_service_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as requests_pb2
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import EXPERIMENT, JOB, REVIEW
from tests.gateway.dashboard.visitor import Visitor

HTMX = {"HX-Request": "true"}


def asked(text: str) -> str:
    """Returns where the part of the page asks for news."""
    found = re.search(r'hx-get="([^"]+)" hx-trigger="every', text)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("path", ["/insights/reviews", f"{EXPERIMENT}/reviews", REVIEW, JOB])
def test_nothing_is_sent_while_nothing_changes(rob: Visitor, canned: Canned, path: str) -> None:
    where = asked(rob.see(path).text)

    assert rob.see(where, **HTMX).status_code == 204
    assert rob.see(where).status_code == 200


def test_a_queue_is_sent_when_a_request_changes(rob: Visitor, canned: Canned) -> None:
    where = asked(rob.see("/insights/reviews").text)
    approved = examples.change_request(state=requests_pb2.CHANGE_REQUEST_STATE_APPROVED)
    canned.answers["ListChangeRequests"] = review_service_pb2.ListChangeRequestsResponse(change_requests=[approved])

    answer = rob.see(where, **HTMX)

    assert answer.status_code == 200
    assert "Approved" in answer.text
    assert rob.see(asked(answer.text), **HTMX).status_code == 204


def test_who_looks_at_an_edited_request_is_told(rob: Visitor, canned: Canned) -> None:
    where = asked(rob.see(REVIEW).text)
    edited = examples.change_request(request_revision=3, digest="e" * 64)
    canned.answers["GetChangeRequest"] = review_service_pb2.GetChangeRequestResponse(change_request=edited)

    assert "This request was edited since you opened the page" in rob.see(where, **HTMX).text
    assert "This request was edited since you opened the page" not in rob.see(REVIEW).text


def test_a_job_that_has_ended_asks_no_more(rob: Visitor, canned: Canned) -> None:
    where = asked(rob.see(JOB).text)
    ended = examples.job(
        state=analysis_pb2.JOB_STATE_SUCCEEDED,
        stage=analysis_pb2.JOB_STAGE_STORED,
        analysis_id=examples.ANALYSIS_ID,
        provenance=examples.provenance(),
        version=6,
    )
    canned.answers["GetJob"] = analysis_service_pb2.GetJobResponse(job=ended)

    text = rob.see(where, **HTMX).text

    assert "hx-trigger" not in text
    assert f'href="/insights/analyses/{examples.ANALYSIS_ID}"' in text


def test_a_search_that_found_nothing_says_so(rob: Visitor, canned: Canned) -> None:
    kind = analysis_pb2.JOB_KIND_SUGGEST_HYPOTHESES
    found_nothing = examples.job(kind=kind, state=analysis_pb2.JOB_STATE_SUCCEEDED)
    canned.answers["GetJob"] = analysis_service_pb2.GetJobResponse(job=found_nothing)

    assert "What was told bears no hypothesis" in rob.see(JOB).text


def test_a_job_that_failed_says_why(rob: Visitor, canned: Canned) -> None:
    failure = analysis_pb2.JobFailure(reason="INVALID_FIELD", message="there are no units", fields=["aggregates.arms"])
    failed = examples.job(state=analysis_pb2.JOB_STATE_FAILED, failure=failure)
    canned.answers["GetJob"] = analysis_service_pb2.GetJobResponse(job=failed)

    text = rob.see(JOB).text

    assert "there are no units" in text
    assert "aggregates.arms" in text


def test_what_is_said_once_stays_true_when_the_job_has_ended(rob: Visitor, canned: Canned) -> None:
    ended = examples.job(state=analysis_pb2.JOB_STATE_SUCCEEDED, stage=analysis_pb2.JOB_STAGE_STORED)
    canned.answers["GetJob"] = analysis_service_pb2.GetJobResponse(job=ended)

    text = rob.told(rob.send(EXPERIMENT, f"{EXPERIMENT}/analyze")).lower()

    assert "the analysis was asked for." in text
    assert "under way" not in text
