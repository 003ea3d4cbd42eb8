"""With the store away nothing is accepted, and nothing is acknowledged: every RPC of review says so."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from experimentation.v1 import audit_service_pb2 as audit
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from services.review.service.sweeping import Sweeper
from shared import clock, errors
from shared.errors import Reason
from shared.store import engine as store_engine
from tests.review import desk as desks
from tests.review import verbs
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import START

AWAY = (grpc.StatusCode.UNAVAILABLE, Reason.STORE_UNAVAILABLE)
REQUEST = pb.ChangeRequest(change_request_id="cr_1", request_revision=1, digest="d")
REVIEWS: dict[str, Message] = {
    "GetChangeRequest": review.GetChangeRequestRequest(change_request_id="cr_1"),
    "ListChangeRequests": review.ListChangeRequestsRequest(),
    "WatchChangeRequests": review.WatchChangeRequestsRequest(),
    "EditChangeRequest": verbs.edit(REQUEST, request_id="r1"),
    "SubmitChangeRequest": verbs.submit(REQUEST, request_id="r1"),
    "ApproveChangeRequest": verbs.approve(REQUEST, request_id="r1"),
    "RejectChangeRequest": verbs.reject(REQUEST, request_id="r1"),
    "RequestChanges": verbs.request_changes(REQUEST, request_id="r1"),
    "AddComment": verbs.comment(REQUEST, request_id="r1"),
    "CancelChangeRequest": verbs.cancel(REQUEST, request_id="r1"),
    "ApplyChangeRequest": verbs.apply(REQUEST, request_id="r1"),
    "EmergencyApply": verbs.emergency_apply(REQUEST, request_id="r1"),
    "SignEmergency": verbs.sign(REQUEST, request_id="r1"),
    "GetPolicy": review.GetPolicyRequest(),
    "ListPolicies": review.ListPoliciesRequest(),
    "ProposePolicy": review.ProposePolicyRequest(reason="so"),
    "TestPolicy": review.TestPolicyRequest(experiment_id="checkout", change=START),
}
AUDITS: dict[str, Message] = {
    "ListAuditEvents": audit.ListAuditEventsRequest(),
    "VerifyAuditChain": audit.VerifyAuditChainRequest(),
}


@pytest.fixture
def storeless_desk() -> Iterator[Desk]:
    engine = store_engine.create_engine("postgresql://postgres@127.0.0.1:1/none", application_name="test")
    with desks.opened(engine) as opened:
        yield opened
    engine.dispose()


def methods(service: ServiceDescriptor) -> set[str]:
    return set(service.methods_by_name)


def answered(method: Any, request: Any, timeout: float) -> object:
    """Calls a method of either sort."""
    answer = method(request, timeout=timeout)
    return answer if isinstance(answer, Message) else list(answer)


def test_any_call_when_the_store_is_away_then_unavailable(storeless_desk: Desk, refused: Refused) -> None:
    ada = storeless_desk.once("ada")
    for stub, requests in ((ada.reviews, REVIEWS), (ada.audits, AUDITS)):
        for name, request in requests.items():
            method = getattr(stub, name)

            refusal = refused(lambda asked, timeout, method=method: answered(method, asked, timeout), request)

            assert (name, refusal.reason) == (name, AWAY)


def test_any_call_when_listed_here_then_none_is_missing() -> None:
    assert REVIEWS.keys() == methods(review.DESCRIPTOR.services_by_name["ReviewService"])
    assert AUDITS.keys() == methods(audit.DESCRIPTOR.services_by_name["AuditService"])


def test_sweep_when_the_store_is_away_then_it_says_so(storeless_desk: Desk) -> None:
    with pytest.raises(errors.Unavailable) as caught:
        Sweeper(storeless_desk.store, clock=clock.now).sweep()

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
