"""The page of a design: what became of it."""

import re

import pytest

from experimentation.v1 import analysis_service_pb2, review_service_pb2
from experimentation.v1 import experiment_service_pb2 as requests_pb2
from shared.errors import Reason, Unavailable
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import DESIGN
from tests.gateway.dashboard.visitor import Visitor


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (examples.change_request(state=requests_pb2.CHANGE_REQUEST_STATE_APPLIED), "Applied"),
        (examples.change_request(state=requests_pb2.CHANGE_REQUEST_STATE_REJECTED), "Rejected"),
        (Unavailable(Reason.DRAINING, "the review service cannot be reached"), "not known just now"),
    ],
)
def test_a_design_says_how_the_start_of_its_experiment_stands(
    rob: Visitor, canned: Canned, answer: requests_pb2.ChangeRequest | Unavailable, said: str
) -> None:
    made = examples.design(experiment_id=examples.EXPERIMENT_ID, change_request_id=examples.REQUEST_ID)
    canned.answers["GetDesign"] = analysis_service_pb2.GetDesignResponse(design=made)
    canned.answers["GetChangeRequest"] = (
        answer
        if isinstance(answer, Unavailable)
        else review_service_pb2.GetChangeRequestResponse(change_request=answer)
    )

    (banner,) = re.findall(r"It became .*?</div>", rob.see(DESIGN).text)

    assert said in banner
