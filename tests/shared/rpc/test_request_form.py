"""The canonical form of requests: digests, what page tokens are bound to, and what has no form."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import analysis_service_pb2 as pb
from shared.errors import InvalidArgument, Reason
from shared.rpc import request_form


def test_digest_when_anything_differs_then_it_does() -> None:
    requests = [
        pb.GetJobRequest(job_id="a"),
        pb.GetJobRequest(job_id="b"),
        pb.CancelJobRequest(job_id="a"),
    ]

    assert len({request_form.digest(each) for each in requests}) == 3
    assert request_form.digest(requests[0]) == request_form.digest(pb.GetJobRequest(job_id="a"))


def test_query_when_only_the_page_differs_then_it_is_the_same() -> None:
    first = pb.ListJobsRequest(experiment_id="a", page_size=1)
    second = pb.ListJobsRequest(experiment_id="a", page_size=7, page_token="x")
    other = pb.ListJobsRequest(experiment_id="b", page_size=1)

    assert request_form.query(first) == request_form.query(second) != request_form.query(other)


def test_document_when_a_text_holds_a_nul_then_its_path_is_named() -> None:
    request = pb.SuggestHypothesesRequest(constraints=["fine", "a\0b"], goal="\0")

    with pytest.raises(InvalidArgument) as caught:
        request_form.document(request)

    assert caught.value.reason is Reason.INVALID_FIELD
    assert [each.field for each in caught.value.violations] == ["goal", "constraints[1]"]


def test_document_when_an_instant_is_beyond_the_calendar_then_its_field_is_named() -> None:
    request = pb.GetEffectivenessRequest(since=Timestamp(seconds=10**15))

    with pytest.raises(InvalidArgument) as caught:
        request_form.document(request)

    assert [each.field for each in caught.value.violations] == ["since"]
