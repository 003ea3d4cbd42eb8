"""ListRevisions: pages, refusals."""

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from tests.fakes import identity
from tests.review.conftest import Refused
from tests.review.requests import PAUSE, START, propose
from tests.review.rpc.calls import INVALID_PAGE_TOKEN, NOT_FOUND, create_drafts


def test_list_revisions_when_paged_then_newest_first(stub: ExperimentServiceStub) -> None:
    (created,) = create_drafts(stub, "checkout")
    started = stub.ProposeChange(propose(START), metadata=identity.metadata("bob"))
    stub.ProposeChange(propose(PAUSE))

    first = stub.ListRevisions(pb.ListRevisionsRequest(experiment_id="checkout", page_size=1))
    second = stub.ListRevisions(pb.ListRevisionsRequest(experiment_id="checkout", page_token=first.next_page_token))

    assert [each.experiment.revision for each in first.revisions] == [3]
    assert [each.experiment for each in second.revisions] == [started.experiment, created]
    assert [each.author for each in second.revisions] == ["bob", "ada"]
    assert second.revisions[0].change_request_id == started.change_request.change_request_id
    assert second.revisions[1].change_request_id == second.next_page_token == ""


def test_list_revisions_when_unknown_then_not_found(stub: ExperimentServiceStub, refused: Refused) -> None:
    assert refused(stub.ListRevisions, pb.ListRevisionsRequest(experiment_id="nowhere")).reason == NOT_FOUND


def test_list_revisions_when_the_token_is_of_another_experiment_then_it_is_refused(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    create_drafts(stub, "checkout", "other")
    stub.ProposeChange(propose(START))
    token = stub.ListRevisions(pb.ListRevisionsRequest(experiment_id="checkout", page_size=1)).next_page_token

    refusal = refused(stub.ListRevisions, pb.ListRevisionsRequest(experiment_id="other", page_token=token))

    assert token
    assert refusal.reason == INVALID_PAGE_TOKEN
