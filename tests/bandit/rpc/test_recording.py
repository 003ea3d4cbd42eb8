"""RecordOutcomes and RecordExposure: what counts, how often, what is refused."""

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Engine

from experimentation.v1 import bandit_service_pb2 as pb
from shared.errors import Reason
from tests.bandit.conftest import World, refusal
from tests.bandit.rpc.calls import allocate, counted, outcome, row_count

FAR_FUTURE = Timestamp(seconds=4_000_000_000)
BEYOND_TIME = Timestamp(seconds=2**40)


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        (outcome(experiment_id="nowhere"), "EXPERIMENT_NOT_FOUND", ""),
        (outcome(metric_id="unknown"), "INVALID_FIELD", "metric_id"),
        (outcome(unit_id=""), "INVALID_FIELD", "unit_id"),
        (outcome(event_id=""), "INVALID_FIELD", "event_id"),
        (outcome(event_id="x" * 65), "INVALID_FIELD", "event_id"),
        (outcome(value=float("nan")), "INVALID_FIELD", "value"),
        (outcome(value=float("inf")), "INVALID_FIELD", "value"),
        (outcome(value=0.5), "INVALID_FIELD", "value"),
        (outcome(metric_id="revenue", value=1000.5), "INVALID_FIELD", "value"),
        (outcome(metric_id="revenue", value=-0.01), "INVALID_FIELD", "value"),
        (outcome(occurred_at=FAR_FUTURE), "INVALID_FIELD", "occurred_at"),
        (outcome(occurred_at=BEYOND_TIME), "INVALID_FIELD", "occurred_at"),
        (outcome(token=b"forged token, long enough to be looked at" * 2), "INVALID_TOKEN", ""),
        (outcome(experiment_id="page-views"), "INVALID_FIELD", "allocation_id"),
    ],
)
def test_record_outcomes_when_one_row_is_bad_then_it_is_named_and_the_others_are_kept(
    world: World, engine: Engine, row: pb.Outcome, reason: str, field: str
) -> None:
    good = [outcome(event_id="good 1"), outcome(event_id="good 2", unit_id="v")]

    answer = world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=[good[0], row, good[1]]))

    assert answer.accepted_count == 2
    assert answer.durability == pb.DURABILITY_COMMITTED
    assert [(bad.index, bad.reason, bad.field) for bad in answer.rejections] == [(1, reason, field)]
    assert row_count(engine, "outcomes") == 2


def test_record_outcomes_when_every_row_is_bad_then_fails_and_keeps_nothing(world: World, engine: Engine) -> None:
    rows = [outcome(value=float("nan")), outcome(metric_id="unknown")]

    refused = refusal(world.stub.RecordOutcomes, pb.RecordOutcomesRequest(outcomes=rows))

    assert refused == (
        grpc.StatusCode.INVALID_ARGUMENT,
        Reason.ALL_ROWS_REJECTED,
        ["outcomes[0].value", "outcomes[1].metric_id"],
    )
    assert row_count(engine, "outcomes") == 0


def test_record_outcomes_when_an_event_is_repeated_then_answers_the_same_and_counts_once(world: World) -> None:
    token = allocate(world, "u").token
    request = pb.RecordOutcomesRequest(outcomes=[pb.Outcome(event_id="e", token=token, metric_id="paid", value=1)])

    first, again = world.stub.RecordOutcomes(request), world.stub.RecordOutcomes(request)

    assert first == again
    assert counted(world) == (1, 1.0)


def test_record_exposure_when_by_token_or_by_version_then_the_unit_counts_once(world: World) -> None:
    deferred = allocate(world, "u", exposure_mode=pb.EXPOSURE_MODE_DEFERRED)
    assert deferred.exposure_state == pb.EXPOSURE_STATE_DEFERRED
    by_version = pb.Exposure(experiment_id="checkout", unit_id="v", policy_version=1)

    answer = world.stub.RecordExposure(
        pb.RecordExposureRequest(exposures=[pb.Exposure(token=deferred.token), by_version, by_version])
    )

    assert answer.accepted_count == 3
    assert counted(world) == (2, 0.0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (pb.Exposure(token=b"forged"), "INVALID_TOKEN"),
        (pb.Exposure(experiment_id="nowhere", unit_id="u", policy_version=1), "EXPERIMENT_NOT_FOUND"),
        (pb.Exposure(experiment_id="checkout", unit_id="u", policy_version=99), "POLICY_VERSION_UNKNOWN"),
        (pb.Exposure(experiment_id="checkout", unit_id="u"), "POLICY_VERSION_UNKNOWN"),
        (pb.Exposure(experiment_id="checkout", unit_id="", policy_version=1), "INVALID_FIELD"),
        (pb.Exposure(experiment_id="page-views", unit_id="u", policy_version=1), "INVALID_FIELD"),
    ],
)
def test_record_exposure_when_one_row_is_bad_then_it_is_named(world: World, row: pb.Exposure, reason: str) -> None:
    good = pb.Exposure(experiment_id="checkout", unit_id="good", policy_version=1)

    answer = world.stub.RecordExposure(pb.RecordExposureRequest(exposures=[row, good]))

    assert answer.accepted_count == 1
    assert [(bad.index, bad.reason) for bad in answer.rejections] == [(0, reason)]


def test_allocation_trials_when_each_counts_then_every_one_is_a_trial(world: World) -> None:
    tokens = [allocate(world, "same unit", "page-views").token for _ in range(5)]
    rows = [
        pb.Outcome(event_id="e", token=token, metric_id="paid", value=index % 2) for index, token in enumerate(tokens)
    ]
    world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=rows))

    assert counted(world, "page-views") == (5, 2.0)


@pytest.mark.parametrize(
    ("experiment_id", "unit_id", "field"), [("half", "", "experiment_id"), ("checkout", "v", "unit_id")]
)
def test_record_when_a_row_contradicts_its_token_then_it_is_refused(
    world: World, experiment_id: str, unit_id: str, field: str
) -> None:
    token = allocate(world, "u").token
    row = pb.Outcome(event_id="e", token=token, experiment_id=experiment_id, unit_id=unit_id, metric_id="paid", value=1)
    shown = pb.Exposure(token=token, experiment_id=experiment_id, unit_id=unit_id)

    refused = [
        refusal(world.stub.RecordOutcomes, pb.RecordOutcomesRequest(outcomes=[row])),
        refusal(world.stub.RecordExposure, pb.RecordExposureRequest(exposures=[shown])),
    ]

    assert [one[:2] for one in refused] == [(grpc.StatusCode.INVALID_ARGUMENT, Reason.ALL_ROWS_REJECTED)] * 2
    assert [one[2] for one in refused] == [[f"outcomes[0].{field}"], [f"exposures[0].{field}"]]
