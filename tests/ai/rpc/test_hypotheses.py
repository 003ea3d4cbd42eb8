"""GetHypothesis, ListHypotheses and ReviewHypothesis."""

from datetime import timedelta

import pytest

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import hypothesis_pb2
from services.ai.domain.hypotheses.model import HypothesisState
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import (
    INVALID_FIELD,
    INVALID_PAGE_TOKEN,
    MOVED,
    NO_HYPOTHESIS,
    NOT_PERMITTED,
    REUSED,
    WRONG_STATE,
)
from tests.ai.store.contract.desk import Desk
from tests.ai.store.examples import NOW, hypothesis, job, result

ACCEPT, REJECT = pb.HYPOTHESIS_REVIEW_ACCEPT, pb.HYPOTHESIS_REVIEW_REJECT
NEWEST = pb.HYPOTHESIS_ORDER_NEWEST_FIRST
BEST = pb.HYPOTHESIS_ORDER_BEST_FIRST


@pytest.fixture(scope="module")
def stored(shared_lab: Lab) -> None:
    """Stores five hypotheses of two jobs, all but two at the same time."""
    desk = Desk(shared_lab.parts.store)
    older = NOW - timedelta(days=1)
    first = (
        hypothesis("h1", "job_l1", score=0.2, created_at=older),
        hypothesis("h2", "job_l1", score=0.9, metric_id="other"),
        hypothesis("h3", "job_l1", score=0.5, duplicate_of="h1"),
    )
    second = (
        hypothesis("h4", "job_l2", score=0.5, state=HypothesisState.TESTED),
        hypothesis("h5", "job_l2", score=0.7, created_at=older),
    )
    desk.finish(job("job_l1"), result(*first))
    desk.finish(job("job_l2"), result(*second))


@pytest.fixture
def proposed(lab: Lab) -> hypothesis_pb2.Hypothesis:
    """Is a hypothesis that nobody reviewed."""
    Desk(lab.parts.store).finish(job(), result(hypothesis("h0")))
    return lab["vic"].GetHypothesis(pb.GetHypothesisRequest(hypothesis_id="h0")).hypothesis


def listed(lab: Lab, **fields: object) -> list[str]:
    """Returns the ids of those that are in lists, page by page."""
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListHypothesesRequest(page_size=2, page_token=token, **fields)  # type: ignore[arg-type]
        page = lab["vic"].ListHypotheses(request)
        assert len(page.hypotheses) <= 2
        found += [each.hypothesis_id for each in page.hypotheses]
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.usefixtures("stored")
def test_list_when_ordered_then_each_once(shared_lab: Lab) -> None:
    assert set(listed(shared_lab)) == {"h1", "h2", "h3", "h4", "h5"}
    assert set(listed(shared_lab)[:3]) == {"h2", "h3", "h4"}
    assert listed(shared_lab) == listed(shared_lab, order=NEWEST)
    best = listed(shared_lab, order=BEST)
    assert (best[:2], set(best[2:4]), best[4]) == (["h2", "h5"], {"h3", "h4"}, "h1")


@pytest.mark.usefixtures("stored")
def test_list_when_filtered_then_those_alone(shared_lab: Lab) -> None:
    assert listed(shared_lab, job_id="job_l2", order=BEST) == ["h5", "h4"]
    assert listed(shared_lab, metric_id="other") == ["h2"]
    assert listed(shared_lab, state=hypothesis_pb2.HYPOTHESIS_STATE_TESTED) == ["h4"]
    assert listed(shared_lab, without_duplicates=True, job_id="job_l1", order=BEST) == ["h2", "h1"]
    assert listed(shared_lab, metric_id="nowhere") == []


@pytest.mark.usefixtures("stored")
def test_list_when_the_page_is_of_another_order_then_refused(shared_lab: Lab, refused: Refused) -> None:
    token = shared_lab["vic"].ListHypotheses(pb.ListHypothesesRequest(page_size=2)).next_page_token

    answer = refused(shared_lab["vic"].ListHypotheses, pb.ListHypothesesRequest(page_token=token, order=BEST))

    assert answer.reason == INVALID_PAGE_TOKEN


def test_get_when_there_is_no_such_hypothesis_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    answers = [
        refused(shared_lab["ann"].GetHypothesis, pb.GetHypothesisRequest(hypothesis_id="h0")),
        refused(shared_lab["ann"].ReviewHypothesis, pb.ReviewHypothesisRequest(hypothesis_id="h0", review=ACCEPT)),
    ]

    assert [each.reason for each in answers] == [NO_HYPOTHESIS] * 2


def review(proposed: hypothesis_pb2.Hypothesis, verdict: int = ACCEPT, **fields: object) -> pb.ReviewHypothesisRequest:
    return pb.ReviewHypothesisRequest(
        hypothesis_id=proposed.hypothesis_id,
        review=verdict,  # type: ignore[arg-type]
        **fields,  # type: ignore[arg-type]
    )


def test_review_when_accepted_then_it_says_by_whom_and_why(lab: Lab, proposed: hypothesis_pb2.Hypothesis) -> None:
    accepted = lab["ann"].ReviewHypothesis(review(proposed, reason="worth it", etag=proposed.etag)).hypothesis

    assert accepted.state == hypothesis_pb2.HYPOTHESIS_STATE_ACCEPTED
    assert (accepted.reviewer, accepted.review_reason) == ("ann", "worth it")
    assert accepted.etag != proposed.etag
    assert accepted.updated_at.ToDatetime() > proposed.updated_at.ToDatetime()
    assert lab["vic"].GetHypothesis(pb.GetHypothesisRequest(hypothesis_id="h0")).hypothesis == accepted


def test_review_when_the_etag_is_not_the_newest_then_refused(
    lab: Lab, proposed: hypothesis_pb2.Hypothesis, refused: Refused
) -> None:
    accepted = lab["ann"].ReviewHypothesis(review(proposed)).hypothesis

    answer = refused(lab["bob"].ReviewHypothesis, review(proposed, REJECT, etag=proposed.etag))
    rejected = lab["bob"].ReviewHypothesis(review(proposed, REJECT, etag=accepted.etag)).hypothesis

    assert answer.reason == MOVED
    assert answer.error.metadata == {"hypothesis_id": "h0", "etag": accepted.etag}
    assert rejected.state == hypothesis_pb2.HYPOTHESIS_STATE_REJECTED


def test_review_when_tried_again_then_as_the_request_left_it(lab: Lab, proposed: hypothesis_pb2.Hypothesis) -> None:
    request = review(proposed, etag=proposed.etag, request_id="r1")
    first = lab["ann"].ReviewHypothesis(request).hypothesis
    lab["bob"].ReviewHypothesis(review(proposed, REJECT))

    assert lab["ann"].ReviewHypothesis(request).hypothesis == first


def test_review_when_the_request_id_was_used_for_something_else_then_refused(
    lab: Lab, proposed: hypothesis_pb2.Hypothesis, refused: Refused
) -> None:
    lab["ann"].ReviewHypothesis(review(proposed, request_id="r1"))

    answer = refused(lab["ann"].ReviewHypothesis, review(proposed, REJECT, request_id="r1"))

    assert answer.reason == REUSED


@pytest.mark.usefixtures("stored")
def test_review_when_it_is_tested_then_refused(shared_lab: Lab, refused: Refused) -> None:
    answer = refused(shared_lab["ann"].ReviewHypothesis, pb.ReviewHypothesisRequest(hypothesis_id="h4", review=REJECT))

    assert answer.reason == WRONG_STATE
    assert answer.error.metadata["state"] == "TESTED"


@pytest.mark.usefixtures("stored")
def test_review_when_no_person_asks_then_denied(shared_lab: Lab, refused: Refused) -> None:
    request = pb.ReviewHypothesisRequest(hypothesis_id="h1", review=ACCEPT)

    reasons = [refused(shared_lab[who].ReviewHypothesis, request).reason for who in ("vic", "service", "agent")]

    assert reasons == [NOT_PERMITTED] * 3


@pytest.mark.usefixtures("stored")
def test_review_when_nothing_is_said_then_refused(shared_lab: Lab, refused: Refused) -> None:
    unsaid = refused(shared_lab["ann"].ReviewHypothesis, pb.ReviewHypothesisRequest(hypothesis_id="h1"))
    long = pb.ReviewHypothesisRequest(hypothesis_id="h1", review=ACCEPT, reason="x" * 2001)

    assert (unsaid.reason, unsaid.fields) == (INVALID_FIELD, ["review"])
    assert refused(shared_lab["ann"].ReviewHypothesis, long).fields == ["reason"]
