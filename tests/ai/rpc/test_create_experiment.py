"""CreateExperimentFromDesign, before a real review: a draft and a change request, which waits for a person."""

import pytest

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import common_pb2, experiment_service_pb2, hypothesis_pb2, review_service_pb2
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.place import Place
from tests.ai.rpc.requests import INVALID_FIELD, NO_DESIGN, NOT_PERMITTED, REUSED, TAKEN, WRONG_STATE, design, money


def test_create_when_recommended_then_a_draft_waits_for_a_person(place: Place) -> None:
    made_of = place.design(metrics=[*design().metrics, money("margin")], arm_count=3)

    created = place.create(made_of.design_id, "short-form", display_name="Short form")

    experiment = place.desk["vic"].experiments.GetExperiment(
        experiment_service_pb2.GetExperimentRequest(experiment_id="short-form")
    )
    assert created.experiment == experiment.experiment
    assert created.experiment.state == common_pb2.EXPERIMENT_STATE_DRAFT
    assert created.experiment.creator == "agent"
    assert [arm.arm_id for arm in created.experiment.arms] == ["control", "variant-1", "variant-2"]
    roles = {metric.metric_id: metric.role for metric in created.experiment.metrics}
    assert roles["signup"] == common_pb2.METRIC_ROLE_PRIMARY
    assert set(roles) == {
        made_of.plan.primary_metric_id,
        *made_of.plan.guardrail_metric_ids,
        *made_of.plan.secondary_metric_ids,
    }
    request = review_service_pb2.GetChangeRequestRequest(change_request_id=created.change_request_id)
    change = place.desk["vic"].reviews.GetChangeRequest(request).change_request
    assert change.experiment_id == "short-form"
    assert change.change.HasField("start")
    assert change.state == experiment_service_pb2.CHANGE_REQUEST_STATE_PENDING
    assert made_of.design_id in change.reason
    stored = place.lab["vic"].GetDesign(pb.GetDesignRequest(design_id=made_of.design_id)).design
    assert stored == created.design
    assert (stored.experiment_id, stored.change_request_id) == ("short-form", created.change_request_id)


@pytest.mark.parametrize("aim", [hypothesis_pb2.DESIGN_AIM_EARN, hypothesis_pb2.DESIGN_AIM_PICK])
def test_create_when_the_design_is_a_bandit_then_review_takes_it(place: Place, aim: int) -> None:
    made_of = place.design(aim=aim, arm_count=4)
    assert made_of.recommended

    created = place.create(made_of.design_id, f"bandit-{aim}")

    assert created.experiment.allocation_policy == made_of.plan.allocation_policy
    assert created.experiment.allocation_policy.WhichOneof("algorithm") != "fixed_split"


def test_create_when_tried_again_then_the_same(place: Place, refused: Refused) -> None:
    made_of = place.design()
    first = place.create(made_of.design_id, "again", request_id="r1")

    assert place.create(made_of.design_id, "again", request_id="r1") == first
    other = pb.CreateExperimentFromDesignRequest(design_id=made_of.design_id, experiment_id="again", request_id="r1")
    other.draft_only = True
    assert refused(place.lab["ann"].CreateExperimentFromDesign, other).reason == REUSED


def test_create_when_a_draft_alone_is_wanted_then_nothing_is_proposed(place: Place) -> None:
    created = place.create(place.design().design_id, "draft-only", draft_only=True)

    assert (created.change_request_id, created.design.experiment_id) == ("", "draft-only")


def test_create_when_the_experiment_is_there_or_the_design_is_used_then_refused(place: Place, refused: Refused) -> None:
    used, fresh = place.design(), place.design()
    place.create(used.design_id, "taken")

    def refusal(design_id: str, experiment_id: str) -> object:
        asked = pb.CreateExperimentFromDesignRequest(design_id=design_id, experiment_id=experiment_id)
        return refused(place.lab["ann"].CreateExperimentFromDesign, asked).reason

    assert refusal(fresh.design_id, "taken") == TAKEN
    assert refusal(used.design_id, "other") == WRONG_STATE
    assert refusal("design_0", "other") == NO_DESIGN


def test_create_when_it_is_not_recommended_then_refused(place: Place, refused: Refused) -> None:
    scarce = place.design(traffic={"units_per_day": 20})
    request = pb.CreateExperimentFromDesignRequest(design_id=scarce.design_id, experiment_id="scarce")

    answer = refused(place.lab["ann"].CreateExperimentFromDesign, request)

    assert answer.reason == WRONG_STATE
    assert answer.error.metadata == {"state": "NOT_RECOMMENDED", "design_id": scarce.design_id}


def test_create_when_fields_are_bad_then_they_are_named(place: Place, refused: Refused) -> None:
    made_of = place.design()

    def fields(**changes: object) -> object:
        told = {"design_id": made_of.design_id, "experiment_id": "bad", **changes}
        answer = refused(
            place.lab["ann"].CreateExperimentFromDesign,
            pb.CreateExperimentFromDesignRequest(**told),  # type: ignore[arg-type]
        )
        assert answer.reason == INVALID_FIELD
        return answer.fields

    assert fields(experiment_id="Not An Id") == ["experiment_id"]
    assert fields(arms=[common_pb2.Arm(arm_id="a")]) == ["arms"]
    assert fields(arms=[common_pb2.Arm(arm_id="a"), common_pb2.Arm(arm_id="")]) == ["arms[1].arm_id"]
    assert fields(display_name="x" * 201) == ["display_name"]


def test_create_when_a_viewer_or_a_reviewer_asks_then_denied(place: Place, refused: Refused) -> None:
    request = pb.CreateExperimentFromDesignRequest(design_id="design_0", experiment_id="other")

    reasons = [refused(place.lab[who].CreateExperimentFromDesign, request).reason for who in ("vic", "rob")]

    assert reasons == [NOT_PERMITTED] * 2
