"""CreateExperiment: defaults, rules, retries."""

from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from shared.errors import Reason
from tests.fakes import identity
from tests.review.conftest import Refused
from tests.review.requests import START, create, propose
from tests.review.rpc.calls import INVALID_FIELD, create_drafts


def test_create_when_valid_then_every_default_is_filled_in(stub: ExperimentServiceStub) -> None:
    (created,) = create_drafts(stub, "checkout")

    assert created.state == common_pb2.EXPERIMENT_STATE_DRAFT
    assert (created.revision, created.creator, created.display_name) == (1, "ada", "checkout")
    assert created.etag
    assert created.created_at == created.updated_at
    assert not created.HasField("started_at")
    assert created.traffic.share == 1
    assert created.attribution_window.seconds == 7 * 24 * 3600
    assert created.allocation_policy.WhichOneof("algorithm") == "fixed_split"
    assert created.metrics[0].combination_rule == common_pb2.COMBINATION_RULE_ANY
    assert (created.metrics[0].min_value, created.metrics[0].max_value) == (0, 1)
    assert stub.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout")).experiment == created


def test_create_when_somebody_calls_then_it_is_the_creator(stub: ExperimentServiceStub) -> None:
    created = stub.CreateExperiment(create(), metadata=identity.metadata("ann")).experiment

    assert created.creator == "ann"


def test_create_when_output_only_fields_are_given_then_they_are_ignored(stub: ExperimentServiceStub) -> None:
    asked = create(state=99, revision=7, etag="x", created_at=Timestamp(seconds=2**60), shipped_arm_id="nobody")

    created = stub.CreateExperiment(asked).experiment

    assert (created.state, created.revision, created.shipped_arm_id) == (common_pb2.EXPERIMENT_STATE_DRAFT, 1, "")


def test_create_when_proto_rules_are_broken_then_each_field_is_named(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    refusal = refused(stub.CreateExperiment, create("Not an id", display_name="x" * 201))

    assert refusal.reason == INVALID_FIELD
    assert refusal.fields == ["experiment.experiment_id", "experiment.display_name"]


def test_create_when_rules_across_fields_are_broken_then_each_field_is_named(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    asked = create(traffic=common_pb2.Traffic(share=0.8, holdout_share=0.3))
    asked.experiment.arms[1].control = True
    asked.experiment.metrics[0].combination_rule = common_pb2.COMBINATION_RULE_SUM

    refusal = refused(stub.CreateExperiment, asked)

    assert refusal.reason == INVALID_FIELD
    assert refusal.fields == [
        "experiment.arms",
        "experiment.metrics[0].combination_rule",
        "experiment.traffic.holdout_share",
    ]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"attribution_window": Duration(nanos=1)}, "experiment.attribution_window"),
        ({"description": "a\0b"}, "experiment.description"),
        ({"labels": {"a\0": "b"}}, "experiment.labels"),
        ({"labels": {"a": "\0"}}, "experiment.labels.a"),
    ],
)
def test_create_when_the_store_has_no_place_for_a_value_then_the_field_is_named(
    stub: ExperimentServiceStub, refused: Refused, fields: dict[str, Any], path: str
) -> None:
    refusal = refused(stub.CreateExperiment, create(**fields))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])


def test_create_when_the_id_is_reserved_then_it_is_refused(stub: ExperimentServiceStub, refused: Refused) -> None:
    refusal = refused(stub.CreateExperiment, create("suggest-hypotheses"))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["experiment.experiment_id"])


def test_create_when_no_experiment_is_given_then_it_is_refused(stub: ExperimentServiceStub, refused: Refused) -> None:
    refusal = refused(stub.CreateExperiment, pb.CreateExperimentRequest())

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["experiment"])


def test_create_when_the_id_is_taken_then_already_exists(stub: ExperimentServiceStub, refused: Refused) -> None:
    create_drafts(stub, "checkout")

    refusal = refused(stub.CreateExperiment, create())

    assert refusal.reason == (grpc.StatusCode.ALREADY_EXISTS, Reason.EXPERIMENT_ALREADY_EXISTS)
    assert refusal.error.metadata == {"experiment_id": "checkout"}


def test_create_when_retried_then_the_same_answer(stub: ExperimentServiceStub) -> None:
    first = stub.CreateExperiment(create(request_id="r1"))
    stub.ProposeChange(propose(START))

    assert stub.CreateExperiment(create(request_id="r1")) == first


def test_create_when_the_request_id_was_used_otherwise_then_already_exists(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    stub.CreateExperiment(create(request_id="r1"))

    refusal = refused(stub.CreateExperiment, create("other", request_id="r1"))

    assert refusal.reason == (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
    assert refusal.error.metadata == {"request_id": "r1"}
