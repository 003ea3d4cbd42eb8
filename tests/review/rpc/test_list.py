"""ListExperiments: pages, filters, refusals."""

from typing import Any, cast

import pytest

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from tests.review.conftest import Refused
from tests.review.requests import START, propose
from tests.review.rpc.calls import INVALID_FIELD, INVALID_PAGE_TOKEN, create_drafts

UNKNOWN_STATE = cast("common_pb2.ExperimentState.ValueType", 99)  # of a newer client


def listed_ids(stub: ExperimentServiceStub, **filters: Any) -> list[str]:
    response = stub.ListExperiments(pb.ListExperimentsRequest(**filters))
    return [each.experiment_id for each in response.experiments]


def test_list_when_paged_then_every_experiment_comes_once_newest_first(stub: ExperimentServiceStub) -> None:
    create_drafts(stub, "a", "b", "c")

    first = stub.ListExperiments(pb.ListExperimentsRequest(page_size=2))
    create_drafts(stub, "d")
    second = stub.ListExperiments(pb.ListExperimentsRequest(page_size=5, page_token=first.next_page_token))

    assert [each.experiment_id for each in first.experiments] == ["c", "b"]
    assert [each.experiment_id for each in second.experiments] == ["a"]
    assert second.next_page_token == ""


def test_list_when_filtered_then_only_those(stub: ExperimentServiceStub) -> None:
    create_drafts(stub, "web", labels={"team": "web"}, display_name="Front page")
    create_drafts(stub, "app", labels={"team": "app"})
    stub.ProposeChange(propose(START, "web"))

    assert listed_ids(stub) == ["app", "web"]
    assert listed_ids(stub, states=[common_pb2.EXPERIMENT_STATE_RUNNING]) == ["web"]
    assert listed_ids(stub, states=[common_pb2.EXPERIMENT_STATE_RUNNING, common_pb2.EXPERIMENT_STATE_UNSPECIFIED]) == [
        "app",
        "web",
    ]
    assert listed_ids(stub, labels={"team": "app"}) == ["app"]
    assert listed_ids(stub, text="FRONT") == ["web"]


@pytest.mark.parametrize(
    "other",
    [
        pb.ListExperimentsRequest(text="b"),
        pb.ListExperimentsRequest(labels={"a": "b"}),
        pb.ListExperimentsRequest(states=[common_pb2.EXPERIMENT_STATE_DRAFT]),
    ],
    ids=str,
)
def test_list_when_the_token_is_of_another_query_then_it_is_refused(
    stub: ExperimentServiceStub, refused: Refused, other: pb.ListExperimentsRequest
) -> None:
    create_drafts(stub, "a", "b")
    other.page_token = stub.ListExperiments(pb.ListExperimentsRequest(page_size=1)).next_page_token

    assert other.page_token
    assert refused(stub.ListExperiments, other).reason == INVALID_PAGE_TOKEN


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (pb.ListExperimentsRequest(page_size=-1), "page_size"),
        (pb.ListExperimentsRequest(text="x" * 201), "text"),
        (pb.ListExperimentsRequest(states=[common_pb2.EXPERIMENT_STATE_DRAFT, UNKNOWN_STATE]), "states[1]"),
        (pb.ListExperimentsRequest(text="a\0"), "text"),
    ],
)
def test_list_when_a_field_is_bad_then_it_is_named(
    stub: ExperimentServiceStub, refused: Refused, request_: pb.ListExperimentsRequest, path: str
) -> None:
    refusal = refused(stub.ListExperiments, request_)

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])
