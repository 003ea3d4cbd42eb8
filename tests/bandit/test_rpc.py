"""BanditService as its clients see it: a real replica, a real store, generated stubs."""

from collections import Counter
from dataclasses import replace

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Engine, text

from experimentation.v1 import bandit_service_pb2 as pb
from shared.definition.model import ExperimentState, GuardrailPause, MetricDirection, MetricRole
from shared.errors import Reason
from shared.store.engine import transaction
from tests.bandit.conftest import CHECKOUT, World, refusal

INVALID_FIELD = (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_FIELD)
NOT_FOUND: tuple[grpc.StatusCode, Reason, list[str]] = (grpc.StatusCode.NOT_FOUND, Reason.EXPERIMENT_NOT_FOUND, [])
FAR_FUTURE = Timestamp(seconds=4_000_000_000)
BEYOND_TIME = Timestamp(seconds=2**40)


def allocate(world: World, unit_id: str, experiment_id: str = "checkout", **fields: object) -> pb.Allocation:
    request = pb.AllocateRequest(experiment_id=experiment_id, unit_id=unit_id, **fields)  # type: ignore[arg-type]
    return world.stub.Allocate(request).allocation


def outcome(**fields: object) -> pb.Outcome:
    given = {"event_id": "e1", "experiment_id": "checkout", "unit_id": "u", "metric_id": "paid", "value": 1.0, **fields}
    return pb.Outcome(**given)  # type: ignore[arg-type]


def row_count(engine: Engine, table: str) -> int:
    with transaction(engine) as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_allocate_when_asked_twice_then_answers_the_same_with_its_weight(world: World) -> None:
    first, second = allocate(world, "u1"), allocate(world, "u1")

    assert (first.arm_id, first.policy_version) == (second.arm_id, second.policy_version)
    assert first.propensity == 0.5
    assert first.reason == pb.ALLOCATION_REASON_SPLIT
    assert first.freshness == pb.FRESHNESS_FRESH
    assert first.exposure_state == pb.EXPOSURE_STATE_RECORDED


def test_allocate_when_units_are_many_then_traffic_and_holdout_are_kept(world: World) -> None:
    answers = [allocate(world, f"u{unit}", "half") for unit in range(300)]

    reasons = Counter(answer.reason for answer in answers)
    assert 100 < reasons[pb.ALLOCATION_REASON_SPLIT] < 200
    assert 30 < reasons[pb.ALLOCATION_REASON_HOLDOUT] < 90
    assert {a.arm_id for a in answers if a.reason != pb.ALLOCATION_REASON_SPLIT} == {"control"}


@pytest.mark.parametrize(
    ("request_fields", "wanted"),
    [
        ({"experiment_id": "nowhere", "unit_id": "u"}, NOT_FOUND),
        ({"experiment_id": "", "unit_id": "u"}, NOT_FOUND),
        ({"experiment_id": "checkout", "unit_id": ""}, (*INVALID_FIELD, ["unit_id"])),
        ({"experiment_id": "checkout", "unit_id": "x" * 257}, (*INVALID_FIELD, ["unit_id"])),
        ({"experiment_id": "checkout", "unit_id": "ü" * 129}, (*INVALID_FIELD, ["unit_id"])),
        ({"experiment_id": "checkout", "unit_id": "a\tb"}, (*INVALID_FIELD, ["unit_id"])),
        (
            {"experiment_id": "checkout", "unit_id": "u", "previous_token": b"forged"},
            (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_TOKEN, []),
        ),
    ],
)
def test_allocate_when_the_request_is_bad_then_says_why(
    world: World, request_fields: dict[str, object], wanted: tuple[object, ...]
) -> None:
    assert refusal(world.stub.Allocate, pb.AllocateRequest(**request_fields)) == wanted  # type: ignore[arg-type]


def test_allocate_when_the_token_is_of_another_unit_then_is_refused(world: World) -> None:
    token = allocate(world, "somebody").token

    request = pb.AllocateRequest(experiment_id="checkout", unit_id="somebody else", previous_token=token)

    assert refusal(world.stub.Allocate, request) == (*INVALID_FIELD, ["previous_token"])


def test_batch_allocate_when_compared_with_allocate_then_is_the_same(world: World) -> None:
    unit_ids = [f"visitor {unit} ß" for unit in range(200)]
    batch = world.stub.BatchAllocate(
        pb.BatchAllocateRequest(experiment_id="half", unit_ids=unit_ids, include_tokens=True)
    )

    singles = [allocate(world, unit_id, "half") for unit_id in unit_ids]

    assert [batch.arm_ids[index] for index in batch.arm_indexes] == [single.arm_id for single in singles]
    assert list(batch.propensities) == [single.propensity for single in singles]
    assert list(batch.reasons) == [single.reason for single in singles]
    assert len(batch.tokens) == 200


def test_batch_allocate_when_some_ids_are_bad_then_names_each(world: World) -> None:
    request = pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=["good", "", "a\nb"])

    assert refusal(world.stub.BatchAllocate, request) == (*INVALID_FIELD, ["unit_ids[1]", "unit_ids[2]"])


@pytest.mark.parametrize("count", [0, 10_001])
def test_batch_allocate_when_the_batch_has_a_wrong_size_then_is_refused(world: World, count: int) -> None:
    request = pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=["u"] * count)

    assert refusal(world.stub.BatchAllocate, request) == (*INVALID_FIELD, ["unit_ids"])


def test_any_call_when_the_message_is_over_the_limit_then_is_refused(world: World) -> None:
    request = pb.BatchAllocateRequest(experiment_id="checkout", unit_ids=["u" * 255] * 20_000)

    assert refusal(world.stub.BatchAllocate, request)[:2] == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        Reason.LIMIT_EXCEEDED,
    )


def test_allocate_all_when_no_experiment_is_named_then_answers_for_all_that_run(world: World) -> None:
    answers = world.stub.AllocateAll(pb.AllocateAllRequest(unit_id="u")).allocations

    assert [answer.experiment_id for answer in answers] == ["checkout", "half", "page-views"]
    assert {answer.exposure_state for answer in answers} <= {
        pb.EXPOSURE_STATE_DEFERRED,
        pb.EXPOSURE_STATE_NOT_COUNTED,
    }


def test_allocate_all_when_one_that_is_named_is_unknown_then_fails(world: World) -> None:
    request = pb.AllocateAllRequest(unit_id="u", experiment_ids=["checkout", "nowhere"])

    assert refusal(world.stub.AllocateAll, request) == NOT_FOUND


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


def counted(world: World, experiment_id: str = "checkout") -> tuple[int, float]:
    """Returns units and the sum of their values, once everything that was spooled has been drained and folded."""
    for _ in range(200):
        world.learn()
        arms = world.stub.GetBandit(pb.GetBanditRequest(experiment_id=experiment_id)).bandit.arms
        if sum(arm.unit_count for arm in arms) and not world.replica.spooled_bytes:
            break
    world.learn()
    arms = world.stub.GetBandit(pb.GetBanditRequest(experiment_id=experiment_id)).bandit.arms
    return sum(arm.unit_count for arm in arms), sum(arm.value_sum for arm in arms)


def test_get_bandit_when_arms_differ_then_shows_what_was_learned(world: World) -> None:
    answers = {f"u{unit}": allocate(world, f"u{unit}") for unit in range(200)}
    rows = [
        pb.Outcome(event_id="e", token=answer.token, metric_id="paid", value=1)
        for answer in answers.values()
        if answer.arm_id == "blue"
    ]
    world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=rows))
    assert counted(world) == (200, float(len(rows)))

    bandit = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="checkout")).bandit

    control, blue = bandit.arms
    assert blue.probability_best > 0.999
    assert control.expected_loss > 0.9
    assert blue.interval_low < blue.posterior_mean < blue.interval_high
    assert blue.weight == pytest.approx(0.99, abs=1e-6)
    assert bandit.estimated_regret == pytest.approx(200 - len(rows))
    assert [point.policy_version for point in bandit.history] == list(range(1, len(bandit.history) + 1))
    assert bandit.health == pb.DataHealth()
    assert bandit.stop_advice.arm_id == "blue"
    assert bandit.stop_advice.verdict == pb.STOP_VERDICT_SUPERIORITY_SHOWN
    assert bandit.stop_advice.alpha == 0.05


def test_get_bandit_when_nobody_came_then_gives_no_advice(world: World) -> None:
    assert not world.stub.GetBandit(pb.GetBanditRequest(experiment_id="half")).bandit.HasField("stop_advice")


def test_allocate_when_an_arm_harms_a_guardrail_then_it_is_paused_and_nobody_gets_it(world: World) -> None:
    policy = replace(
        CHECKOUT.allocation_policy,
        controls=replace(CHECKOUT.allocation_policy.controls, guardrail_pause=GuardrailPause()),
    )
    crash = replace(
        CHECKOUT.primary_metric,
        metric_id="crash",
        role=MetricRole.GUARDRAIL,
        direction=MetricDirection.MINIMIZE,
    )
    world.apply(replace(CHECKOUT, experiment_id="risky", metrics=(*CHECKOUT.metrics, crash), allocation_policy=policy))
    world.wait_for_version("risky", 1)
    answers = [allocate(world, f"u{unit}", "risky") for unit in range(600)]
    crashes = [
        pb.Outcome(event_id="e", token=answer.token, metric_id="crash", value=1)
        for answer in answers
        if answer.arm_id == "blue"
    ]
    world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=crashes))
    assert counted(world, "risky") == (600, 0.0)

    bandit = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="risky")).bandit

    assert [(arm.arm_id, arm.weight, arm.paused) for arm in bandit.snapshot.arms] == [
        ("control", 1.0, False),
        ("blue", 0.0, True),
    ]
    assert bandit.snapshot.publish_reason == pb.PUBLISH_REASON_GUARDRAIL
    world.wait_for_version("risky", bandit.snapshot.policy_version)
    assert {allocate(world, f"new{unit}", "risky").arm_id for unit in range(50)} == {"control"}


def test_get_bandit_when_unknown_then_is_not_found(world: World) -> None:
    assert refusal(world.stub.GetBandit, pb.GetBanditRequest(experiment_id="nowhere")) == NOT_FOUND


def test_list_policy_snapshots_when_paged_then_returns_each_version_once(world: World) -> None:
    for revision in range(2, 6):
        world.apply(replace(CHECKOUT, revision=revision))
    versions, token = [], ""
    while True:
        page = world.stub.ListPolicySnapshots(
            pb.ListPolicySnapshotsRequest(experiment_id="checkout", page_size=2, page_token=token)
        )
        versions += [snapshot.policy_version for snapshot in page.snapshots]
        token = page.next_page_token
        if not token:
            break

    assert versions == [5, 4, 3, 2, 1]


def test_list_policy_snapshots_when_the_token_is_of_another_query_then_is_refused(world: World) -> None:
    world.apply(replace(CHECKOUT, revision=2))
    first = world.stub.ListPolicySnapshots(pb.ListPolicySnapshotsRequest(experiment_id="checkout", page_size=1))

    request = pb.ListPolicySnapshotsRequest(experiment_id="half", page_token=first.next_page_token)

    assert refusal(world.stub.ListPolicySnapshots, request)[:2] == (
        grpc.StatusCode.INVALID_ARGUMENT,
        Reason.INVALID_PAGE_TOKEN,
    )


def test_watch_policies_when_something_is_published_then_streams_it(world: World) -> None:
    stream = world.stub.WatchPolicies(pb.WatchPoliciesRequest(experiment_ids=["checkout"]), timeout=20)
    first = next(stream)
    assert first.initial_state_complete
    assert [snapshot.policy_version for snapshot in first.snapshots] == [1]

    world.apply(replace(CHECKOUT, revision=2, state=ExperimentState.PAUSED))

    second = next(message for message in stream if message.snapshots)
    assert [(one.policy_version, one.experiment_revision) for one in second.snapshots] == [(2, 2)]
    stream.cancel()


def test_allocate_when_paused_or_stopped_then_serves_one_arm_that_does_not_count(world: World) -> None:
    world.apply(replace(CHECKOUT, revision=2, state=ExperimentState.PAUSED))
    world.wait_for_version("checkout", 2)
    paused = [allocate(world, f"u{unit}") for unit in range(20)]
    world.apply(replace(CHECKOUT, revision=3, state=ExperimentState.STOPPED, shipped_arm_id="blue"))
    world.wait_for_version("checkout", 3)
    stopped = [allocate(world, f"u{unit}") for unit in range(20)]

    assert {(a.arm_id, a.reason, a.propensity) for a in paused} == {("control", pb.ALLOCATION_REASON_PAUSED, 1.0)}
    assert {(a.arm_id, a.reason, a.propensity) for a in stopped} == {("blue", pb.ALLOCATION_REASON_STOPPED, 1.0)}
    assert {a.exposure_state for a in [*paused, *stopped]} == {pb.EXPOSURE_STATE_NOT_COUNTED}


def test_freeze_when_data_come_in_then_weights_stay_until_unfreeze(world: World) -> None:
    request = pb.FreezeRequest(experiment_id="checkout", reason="numbers look odd", request_id="r1")
    frozen = world.stub.Freeze(request, metadata=(("x-actor", "ada"),)).learning_switch
    assert (frozen.frozen, frozen.reason, frozen.actor) == (True, "numbers look odd", "ada")
    assert world.stub.Freeze(request, metadata=(("x-actor", "ada"),)).learning_switch == frozen
    world.learn()
    for unit in range(100):
        answer = allocate(world, f"u{unit}")
        row = pb.Outcome(event_id="e", token=answer.token, metric_id="paid", value=answer.arm_id == "blue")
        world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=[row]))
    assert counted(world)[0] == 100
    bandit = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="checkout")).bandit
    assert bandit.snapshot.frozen
    assert {arm.weight for arm in bandit.arms} == {0.5}

    world.stub.Unfreeze(pb.UnfreezeRequest(experiment_id="checkout", reason="they were right"))
    world.learn()

    bandit = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="checkout")).bandit
    assert not bandit.snapshot.frozen
    assert bandit.arms[1].weight > 0.9


def test_freeze_when_the_request_id_was_used_for_something_else_then_is_refused(world: World) -> None:
    world.stub.Freeze(pb.FreezeRequest(experiment_id="checkout", reason="a", request_id="r"))

    refused = refusal(world.stub.Freeze, pb.FreezeRequest(experiment_id="half", reason="a", request_id="r"))

    assert refused[:2] == (grpc.StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)


def test_freeze_when_no_reason_is_given_then_is_refused(world: World) -> None:
    assert refusal(world.stub.Freeze, pb.FreezeRequest(experiment_id="checkout")) == (*INVALID_FIELD, ["reason"])


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
