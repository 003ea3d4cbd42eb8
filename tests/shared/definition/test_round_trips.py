"""Experiments come back from protobuf and from JSON as they went in."""

import json
from datetime import timedelta
from typing import Any, cast

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings

from experimentation.v1 import common_pb2 as pb
from shared.definition import allocation_convert, convert, document, model
from tests.shared.definition import strategies

MINIMAL = pb.Experiment(
    experiment_id="checkout",
    arms=[pb.Arm(arm_id="control", control=True), pb.Arm(arm_id="blue")],
    metrics=[
        pb.Metric(metric_id="paid", kind=pb.METRIC_KIND_PROPORTION, role=pb.METRIC_ROLE_PRIMARY),
        pb.Metric(metric_id="spent", kind=pb.METRIC_KIND_MEAN, role=pb.METRIC_ROLE_GUARDRAIL),
    ],
)


@settings(deadline=None)
@given(strategies.experiments)
def test_proto_when_there_and_back_then_the_same(experiment: model.Experiment) -> None:
    message = convert.experiment_to_proto(experiment)

    assert convert.experiment_from_proto(pb.Experiment.FromString(message.SerializeToString())) == experiment


@settings(deadline=None)
@given(strategies.experiments)
def test_document_when_there_and_back_through_json_then_the_same(experiment: model.Experiment) -> None:
    text = json.dumps(document.to_document(experiment))

    assert document.from_document(json.loads(text)) == experiment


@settings(deadline=None)
@given(strategies.experiments)
def test_proto_when_back_and_there_then_the_same_message(experiment: model.Experiment) -> None:
    message = convert.experiment_to_proto(experiment)

    assert convert.experiment_to_proto(convert.experiment_from_proto(message)) == message


def test_document_when_written_then_fields_have_the_names_of_the_protos() -> None:
    written = document.to_document(convert.experiment_from_proto(MINIMAL))

    assert written["experiment_id"] == "checkout"
    assert written["allocation_policy"]["controls"]["burn_in_unit_count"] == "100"
    assert written["attribution_window"] == "604800s"


def test_document_when_it_has_fields_of_a_newer_release_then_they_are_passed_over() -> None:
    written = document.to_document(convert.experiment_from_proto(MINIMAL))
    newer = {**written, "colour": "blue", "arms": [{**arm, "weight_of_soul": 21} for arm in written["arms"]]}

    assert document.from_document(newer) == document.from_document(written)


def test_defaults_when_only_what_is_required_is_given_then_they_are_those_of_the_proto() -> None:
    experiment = convert.experiment_from_proto(MINIMAL)

    assert experiment.allocation_policy == model.AllocationPolicy(model.FixedSplit(), model.AllocationControls())
    assert experiment.traffic == model.Traffic(1.0, 0.0)
    assert experiment.analysis_unit is model.AnalysisUnit.UNIT
    assert experiment.attribution_window == timedelta(days=7)
    assert experiment.state is model.ExperimentState.DRAFT
    assert (experiment.created_at, experiment.started_at, experiment.stopped_at) == (None, None, None)
    paid, spent = experiment.metrics
    assert (paid.combination_rule, paid.min_value, paid.max_value) == (model.CombinationRule.ANY, 0.0, 1.0)
    assert (spent.combination_rule, spent.min_value, spent.max_value) == (model.CombinationRule.SUM, -1e12, 1e12)
    assert (paid.direction, experiment.control.arm_id) == (model.MetricDirection.MAXIMIZE, "control")
    assert experiment.primary_metric is paid


def test_defaults_when_zero_is_given_then_it_is_zero() -> None:
    controls = pb.AllocationControls(
        exploration_floor=0, burn_in_unit_count=0, min_weight_change=0, update_interval=Duration()
    )
    metric = pb.Metric(metric_id="m", kind=pb.METRIC_KIND_MEAN, role=pb.METRIC_ROLE_PRIMARY, min_value=0, max_value=0)

    policy = allocation_convert.policy_from_proto(pb.AllocationPolicy(controls=controls))

    assert policy.controls == model.AllocationControls(0.0, 0.0, 0, timedelta(0), 0.0)
    assert (convert.metric_from_proto(metric).min_value, convert.metric_from_proto(metric).max_value) == (0.0, 0.0)


@pytest.mark.parametrize("name", model.ALGORITHMS)
def test_defaults_when_parameters_are_not_given_then_those_of_the_definition(name: str) -> None:
    message = pb.AllocationPolicy()
    getattr(message, name).SetInParent()

    algorithm = allocation_convert.policy_from_proto(message).algorithm

    assert algorithm == model.ALGORITHMS[name]()
    assert model.algorithm_name(algorithm) == name


def test_algorithms_when_the_contract_gains_one_then_it_is_known_here() -> None:
    named = {field.name for field in pb.AllocationPolicy.DESCRIPTOR.oneofs_by_name["algorithm"].fields}

    assert named == set(model.ALGORITHMS)


@pytest.mark.parametrize("missing", ["kind", "role"])
def test_metric_when_kind_or_role_is_not_given_then_value_error(missing: str) -> None:
    metric = pb.Metric(metric_id="m", kind=pb.METRIC_KIND_MEAN, role=pb.METRIC_ROLE_PRIMARY)
    metric.ClearField(cast(Any, missing))  # the stub knows its literals only

    with pytest.raises(ValueError, match="must be given"):
        convert.metric_from_proto(metric)


@pytest.mark.parametrize("field", ["kind", "role", "direction", "combination_rule"])
def test_metric_when_an_enum_is_of_a_newer_client_then_value_error(field: str) -> None:
    metric = pb.Metric(metric_id="m", kind=pb.METRIC_KIND_MEAN, role=pb.METRIC_ROLE_PRIMARY)
    setattr(metric, field, 99)

    with pytest.raises(ValueError, match="99"):
        convert.metric_from_proto(metric)


@pytest.mark.parametrize("seconds", [2**60, -(2**60)])
def test_timestamp_when_no_calendar_has_it_then_value_error(seconds: int) -> None:
    with pytest.raises(ValueError, match=r"Timestamp|seconds|year|range"):
        convert.timestamp_from_proto(Timestamp(seconds=seconds))


def test_timestamp_when_finer_than_a_microsecond_then_cut_off() -> None:
    assert convert.timestamp_from_proto(Timestamp(seconds=1, nanos=999_999_999)).microsecond == 999_999
