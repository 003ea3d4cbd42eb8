"""ExperimentService as its clients see it: a real server, a real store, generated stubs."""

from typing import Any, cast

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from shared.errors import Reason
from tests.review.conftest import Refused
from tests.review.requests import PAUSE, START, create, experiment, propose

INVALID = grpc.StatusCode.INVALID_ARGUMENT
INVALID_FIELD = (INVALID, Reason.INVALID_FIELD)
INVALID_PAGE_TOKEN = (INVALID, Reason.INVALID_PAGE_TOKEN)
NOT_FOUND = (grpc.StatusCode.NOT_FOUND, Reason.EXPERIMENT_NOT_FOUND)

UNKNOWN_STATE = cast("common_pb2.ExperimentState.ValueType", 99)  # of a newer client


def _create(stub: ExperimentServiceStub, *experiment_ids: str, **fields: Any) -> list[common_pb2.Experiment]:
    return [stub.CreateExperiment(create(each, **fields)).experiment for each in experiment_ids]


def _list(stub: ExperimentServiceStub, **filters: Any) -> list[str]:
    response = stub.ListExperiments(pb.ListExperimentsRequest(**filters))
    return [each.experiment_id for each in response.experiments]


def test_create_when_valid_then_every_default_is_filled_in(stub: ExperimentServiceStub) -> None:
    (created,) = _create(stub, "checkout")

    assert created.state == common_pb2.EXPERIMENT_STATE_DRAFT
    assert (created.revision, created.creator, created.display_name) == (1, "anonymous", "checkout")
    assert created.etag
    assert created.created_at == created.updated_at
    assert not created.HasField("started_at")
    assert created.traffic.share == 1
    assert created.attribution_window.seconds == 7 * 24 * 3600
    assert created.allocation_policy.WhichOneof("algorithm") == "fixed_split"
    assert created.metrics[0].combination_rule == common_pb2.COMBINATION_RULE_ANY
    assert (created.metrics[0].min_value, created.metrics[0].max_value) == (0, 1)
    assert stub.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout")).experiment == created


def test_create_when_the_actor_is_given_then_it_is_the_creator(stub: ExperimentServiceStub) -> None:
    created = stub.CreateExperiment(create(), metadata=(("x-actor", "ann"),)).experiment

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
    _create(stub, "checkout")

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


@pytest.mark.parametrize("experiment_id", ["nowhere", "x" * 20_000])
def test_get_when_unknown_then_not_found(stub: ExperimentServiceStub, refused: Refused, experiment_id: str) -> None:
    refusal = refused(stub.GetExperiment, pb.GetExperimentRequest(experiment_id=experiment_id))

    assert refusal.reason == NOT_FOUND
    assert refusal.error.metadata == {"experiment_id": experiment_id[:64]}


def test_get_when_the_id_holds_a_nul_then_it_is_refused(stub: ExperimentServiceStub, refused: Refused) -> None:
    refusal = refused(stub.GetExperiment, pb.GetExperimentRequest(experiment_id="a\0"))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["experiment_id"])


def test_list_when_paged_then_every_experiment_comes_once_newest_first(stub: ExperimentServiceStub) -> None:
    _create(stub, "a", "b", "c")

    first = stub.ListExperiments(pb.ListExperimentsRequest(page_size=2))
    _create(stub, "d")
    second = stub.ListExperiments(pb.ListExperimentsRequest(page_size=5, page_token=first.next_page_token))

    assert [each.experiment_id for each in first.experiments] == ["c", "b"]
    assert [each.experiment_id for each in second.experiments] == ["a"]
    assert second.next_page_token == ""


def test_list_when_filtered_then_only_those(stub: ExperimentServiceStub) -> None:
    _create(stub, "web", labels={"team": "web"}, display_name="Front page")
    _create(stub, "app", labels={"team": "app"})
    stub.ProposeChange(propose(START, "web"))

    assert _list(stub) == ["app", "web"]
    assert _list(stub, states=[common_pb2.EXPERIMENT_STATE_RUNNING]) == ["web"]
    assert _list(stub, states=[common_pb2.EXPERIMENT_STATE_RUNNING, common_pb2.EXPERIMENT_STATE_UNSPECIFIED]) == [
        "app",
        "web",
    ]
    assert _list(stub, labels={"team": "app"}) == ["app"]
    assert _list(stub, text="FRONT") == ["web"]


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
    _create(stub, "a", "b")
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


def test_propose_when_open_then_it_is_applied(stub: ExperimentServiceStub) -> None:
    (created,) = _create(stub, "checkout")

    response = stub.ProposeChange(
        propose(START, reason="ready", etag=created.etag, request_id="r1"), metadata=(("x-actor", "bob"),)
    )

    request = response.change_request
    assert request.state == pb.CHANGE_REQUEST_STATE_APPLIED
    assert (request.requester, request.reason, request.change) == ("bob", "ready", START)
    assert (request.base_revision, request.applied_revision) == (1, 2)
    assert response.experiment.state == common_pb2.EXPERIMENT_STATE_RUNNING
    assert response.experiment.started_at == request.applied_at
    assert response.experiment.etag != created.etag
    assert stub.GetExperiment(pb.GetExperimentRequest(experiment_id="checkout")).experiment == response.experiment


def test_propose_when_retried_then_the_same_answer(stub: ExperimentServiceStub) -> None:
    _create(stub, "checkout")
    first = stub.ProposeChange(propose(START, request_id="r1"))
    stub.ProposeChange(propose(PAUSE))

    assert stub.ProposeChange(propose(START, request_id="r1")) == first


def test_propose_when_the_request_id_was_used_otherwise_then_already_exists(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    _create(stub, "checkout", "other")
    stub.ProposeChange(propose(START, request_id="r1"))

    for again in (propose(PAUSE, request_id="r1"), propose(START, "other", request_id="r1")):
        refusal = refused(stub.ProposeChange, again)
        assert refusal.reason == (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
        assert refusal.error.metadata == {"request_id": "r1"}


def test_propose_when_the_etag_is_old_then_aborted(stub: ExperimentServiceStub, refused: Refused) -> None:
    (created,) = _create(stub, "checkout")
    current = stub.ProposeChange(propose(START)).experiment

    refusal = refused(stub.ProposeChange, propose(PAUSE, etag=created.etag))

    assert refusal.reason == (grpc.StatusCode.ABORTED, Reason.ETAG_MISMATCH)
    assert refusal.error.metadata == {"experiment_id": "checkout", "etag": current.etag}


def test_propose_when_the_state_is_wrong_then_failed_precondition(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    _create(stub, "checkout")

    refusal = refused(stub.ProposeChange, propose(PAUSE))

    assert refusal.reason == (grpc.StatusCode.FAILED_PRECONDITION, Reason.INVALID_STATE)
    assert refusal.error.metadata == {"experiment_id": "checkout", "state": "DRAFT"}


def test_propose_when_the_experiment_is_unknown_then_not_found(stub: ExperimentServiceStub, refused: Refused) -> None:
    assert refused(stub.ProposeChange, propose(START)).reason == NOT_FOUND


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (pb.Change(), "change.kind"),
        (pb.Change(stop=pb.StopChange(shipped_arm_id="third")), "change.stop.shipped_arm_id"),
        (pb.Change(edit_arms=pb.EditArmsChange(arms=experiment().arms[:1])), "change.edit_arms.arms"),
        (pb.Change(edit_metrics=pb.EditMetricsChange()), "change.edit_metrics.metrics"),
        (
            pb.Change(
                edit_metrics=pb.EditMetricsChange(
                    metrics=[common_pb2.Metric(metric_id="a", role=common_pb2.METRIC_ROLE_PRIMARY)]
                )
            ),
            "change.edit_metrics.metrics[0].kind",
        ),
        (pb.Change(edit_allocation=pb.EditAllocationChange()), "change.edit_allocation.allocation_policy"),
        (
            pb.Change(edit_traffic=pb.EditTrafficChange(traffic=common_pb2.Traffic())),
            "change.edit_traffic.traffic.share",
        ),
        (
            pb.Change(edit_details=pb.EditDetailsChange(labels={"a": "b"})),
            "change.edit_details.labels",
        ),
        (
            pb.Change(edit_details=pb.EditDetailsChange(labels={"a": "b" * 64}, replace_labels=True)),
            'change.edit_details.labels["a"]',
        ),
    ],
)
def test_propose_when_a_field_is_bad_then_it_is_named(
    stub: ExperimentServiceStub, refused: Refused, change: pb.Change, path: str
) -> None:
    _create(stub, "checkout")
    stub.ProposeChange(propose(START))

    refusal = refused(stub.ProposeChange, propose(change))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])


def test_propose_when_everything_is_edited_then_everything_comes_back(stub: ExperimentServiceStub) -> None:
    _create(stub, "checkout")
    arms = [common_pb2.Arm(arm_id=name, display_name=name, control=name == "b") for name in "abc"]
    metric = common_pb2.Metric(
        metric_id="revenue",
        display_name="Revenue",
        kind=common_pb2.METRIC_KIND_MEAN,
        role=common_pb2.METRIC_ROLE_PRIMARY,
        direction=common_pb2.METRIC_DIRECTION_MINIMIZE,
        combination_rule=common_pb2.COMBINATION_RULE_LAST,
        min_value=-1.5,
        max_value=1e12,
    )
    policy = common_pb2.AllocationPolicy(
        gaussian_thompson=common_pb2.GaussianThompson(prior_unit_count=3),
        controls=common_pb2.AllocationControls(
            exploration_floor=0.125,
            min_control_share=0.25,
            burn_in_unit_count=0,
            update_interval=Duration(seconds=5),
            min_weight_change=0,
        ),
    )
    traffic = common_pb2.Traffic(share=0.5, holdout_share=0.25)
    details = pb.EditDetailsChange(display_name="New", description="Why", labels={"a": "b"}, replace_labels=True)

    stub.ProposeChange(propose(pb.Change(edit_arms=pb.EditArmsChange(arms=arms))))
    stub.ProposeChange(propose(pb.Change(edit_metrics=pb.EditMetricsChange(metrics=[metric]))))
    stub.ProposeChange(propose(pb.Change(edit_allocation=pb.EditAllocationChange(allocation_policy=policy))))
    stub.ProposeChange(propose(pb.Change(edit_traffic=pb.EditTrafficChange(traffic=traffic))))
    edited = stub.ProposeChange(propose(pb.Change(edit_details=details))).experiment

    assert (list(edited.arms), list(edited.metrics)) == (arms, [metric])
    assert (edited.allocation_policy, edited.traffic) == (policy, traffic)
    assert (edited.display_name, edited.description, dict(edited.labels)) == ("New", "Why", {"a": "b"})
    assert edited.revision == 6


def test_list_revisions_when_paged_then_newest_first(stub: ExperimentServiceStub) -> None:
    (created,) = _create(stub, "checkout")
    started = stub.ProposeChange(propose(START), metadata=(("x-actor", "bob"),))
    stub.ProposeChange(propose(PAUSE))

    first = stub.ListRevisions(pb.ListRevisionsRequest(experiment_id="checkout", page_size=1))
    second = stub.ListRevisions(pb.ListRevisionsRequest(experiment_id="checkout", page_token=first.next_page_token))

    assert [each.experiment.revision for each in first.revisions] == [3]
    assert [each.experiment for each in second.revisions] == [started.experiment, created]
    assert [each.author for each in second.revisions] == ["bob", "anonymous"]
    assert second.revisions[0].change_request_id == started.change_request.change_request_id
    assert second.revisions[1].change_request_id == second.next_page_token == ""


def test_list_revisions_when_unknown_then_not_found(stub: ExperimentServiceStub, refused: Refused) -> None:
    assert refused(stub.ListRevisions, pb.ListRevisionsRequest(experiment_id="nowhere")).reason == NOT_FOUND


def test_list_revisions_when_the_token_is_of_another_experiment_then_it_is_refused(
    stub: ExperimentServiceStub, refused: Refused
) -> None:
    _create(stub, "checkout", "other")
    stub.ProposeChange(propose(START))
    token = stub.ListRevisions(pb.ListRevisionsRequest(experiment_id="checkout", page_size=1)).next_page_token

    refusal = refused(stub.ListRevisions, pb.ListRevisionsRequest(experiment_id="other", page_token=token))

    assert token
    assert refusal.reason == INVALID_PAGE_TOKEN


def test_any_call_when_the_actor_is_too_long_then_it_is_refused(stub: ExperimentServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.CreateExperiment(create(), metadata=(("x-actor", "x" * 201),))

    assert caught.value.code() is INVALID


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CreateExperiment", create(request_id="r1")),
        ("GetExperiment", pb.GetExperimentRequest(experiment_id="checkout")),
        ("ListExperiments", pb.ListExperimentsRequest()),
        ("ProposeChange", propose(START)),
        ("ListRevisions", pb.ListRevisionsRequest(experiment_id="checkout")),
    ],
)
def test_any_call_when_the_store_is_away_then_unavailable(
    storeless_stub: ExperimentServiceStub, refused: Refused, method: str, request_: Message
) -> None:
    refusal = refused(getattr(storeless_stub, method), request_)

    assert refusal.reason == (grpc.StatusCode.UNAVAILABLE, Reason.STORE_UNAVAILABLE)
