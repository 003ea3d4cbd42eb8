"""Contexts over the wire: declared, checked, learned from, with exact propensities; a real replica and a real store."""

import struct
from collections import Counter
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from sqlalchemy import Engine, text

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.bandit import servicer
from shared.definition.model import (
    BooleanFeature,
    CategoricalFeature,
    LinearThompson,
    NumericFeature,
)
from shared.errors import Reason
from shared.store.engine import transaction
from tests.bandit.conftest import CHECKOUT, World, refusal
from tests.bandit.rpc.calls import counted

INVALID_FIELD = (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_FIELD)
LOGGED = replace(
    CHECKOUT,
    experiment_id="logged",
    features=(
        NumericFeature("age", 40.0, 10.0),
        CategoricalFeature("country", ("de", "fr")),
        BooleanFeature("returning"),
    ),
)
PERSONAL = replace(
    LOGGED,
    experiment_id="personal",
    features=(BooleanFeature("returning"),),
    allocation_policy=replace(CHECKOUT.allocation_policy, algorithm=LinearThompson()),
)


def told(**values: float | str | bool) -> dict[str, common_pb2.FeatureValue]:
    kinds = {bool: "flag", float: "number", int: "number", str: "text"}
    return {name: common_pb2.FeatureValue(**{kinds[type(value)]: value}) for name, value in values.items()}  # type: ignore[arg-type]


def request(unit_id: str, experiment_id: str = "personal", **values: float | str | bool) -> pb.AllocateRequest:
    return pb.AllocateRequest(experiment_id=experiment_id, unit_id=unit_id, context=told(**values))


@pytest.fixture
def personal(world: World) -> World:
    """A replica that knows two experiments with features, one of which learns from them."""
    world.apply(LOGGED, PERSONAL)
    for experiment_id in ("logged", "personal"):
        world.wait_for_version(experiment_id, 1)
    return world


def learned(world: World) -> pb.PolicySnapshot:
    """Lets blue pay for returning units and control for new ones; returns the policy that follows."""
    answers = [
        (world.stub.Allocate(request(f"u{unit}", returning=unit % 2 == 0)).allocation, unit % 2 == 0)
        for unit in range(300)
    ]
    paid = [
        pb.Outcome(event_id="e", token=answer.token, metric_id="paid", value=1)
        for answer, returning in answers
        if (answer.arm_id == "blue") == returning
    ]
    world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=paid))
    assert counted(world, "personal") == (300, float(len(paid)))
    snapshot = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="personal")).bandit.snapshot
    world.wait_for_version("personal", snapshot.policy_version)
    return snapshot


def test_allocate_when_contexts_were_learned_from_then_arms_follow_them_with_exact_propensities(
    personal: World,
) -> None:
    snapshot = learned(personal)

    assert snapshot.contextual_model.mode == pb.SCORE_MODE_DRAWS
    assert (snapshot.contextual_model.row_count, snapshot.contextual_model.column_count) == (256, 2)
    for returning, best in ((True, "blue"), (False, "control")):
        answers = [personal.stub.Allocate(request(f"new{unit}", returning=returning)).allocation for unit in range(100)]
        arms = Counter(answer.arm_id for answer in answers)
        propensities = {answer.arm_id: answer.propensity for answer in answers}
        assert arms.most_common(1)[0][0] == best
        assert propensities[best] == pytest.approx(0.99, abs=1e-6)
        assert {answer.reason for answer in answers} == {pb.ALLOCATION_REASON_SPLIT}


def test_allocate_when_in_shadow_then_the_control_is_served_the_context_logged_and_the_model_shown(
    personal: World, engine: Engine
) -> None:
    version = learned(personal).policy_version
    policy = PERSONAL.allocation_policy
    shadow = replace(policy, controls=replace(policy.controls, shadow=True))
    personal.apply(replace(PERSONAL, revision=2, allocation_policy=shadow))
    personal.wait_for_version("personal", version + 1)

    answers = [personal.stub.Allocate(request(f"new{unit}", returning=True)).allocation for unit in range(20)]
    counted(personal, "personal")

    assert {(answer.arm_id, answer.propensity) for answer in answers} == {("control", 1.0)}
    snapshot = personal.stub.GetBandit(pb.GetBanditRequest(experiment_id="personal")).bandit.snapshot
    assert not snapshot.HasField("contextual_model")
    assert snapshot.shadow_model.mode == pb.SCORE_MODE_DRAWS
    assert sum(arm.shadow_weight for arm in snapshot.arms) == pytest.approx(1)
    with transaction(engine) as connection:
        told_of = connection.scalars(
            text("SELECT context FROM allocations WHERE unit_id LIKE 'new%' AND experiment_id = 'personal'")
        ).all()
    assert [struct.unpack("<2d", context) for context in told_of] == [(1.0, 1.0)] * 20


def test_allocate_when_asked_twice_in_one_context_then_the_same_answer(personal: World) -> None:
    learned(personal)

    first, second = (personal.stub.Allocate(request("u1", returning=True)).allocation for _ in range(2))

    assert (first.arm_id, first.propensity) == (second.arm_id, second.propensity)


def test_allocate_when_nothing_is_told_then_missing_has_a_meaning(personal: World) -> None:
    learned(personal)

    answer = personal.stub.Allocate(request("u1")).allocation

    assert answer.reason == pb.ALLOCATION_REASON_SPLIT
    assert 0 < answer.propensity <= 1


def test_allocate_when_features_are_declared_then_the_log_has_the_encoded_context(
    personal: World, engine: Engine
) -> None:
    personal.stub.Allocate(request("u1", "logged", age=55.0, country="fr"))
    counted(personal, "logged")

    with transaction(engine) as connection:
        context = connection.scalar(text("SELECT context FROM allocations WHERE experiment_id = 'logged'"))
    assert struct.unpack("<6d", context) == (1.0, 1.5, 0.0, 0.0, 1.0, 0.5)


@pytest.mark.parametrize(
    ("experiment_id", "context", "field"),
    [
        ("logged", told(size=1.0), "context['size']"),
        ("logged", told(age="forty"), "context['age']"),
        ("logged", told(age=float("nan")), "context['age']"),
        ("logged", told(country=1.0), "context['country']"),
        ("logged", told(returning="yes"), "context['returning']"),
        ("logged", {"age": common_pb2.FeatureValue()}, "context['age']"),
        ("checkout", told(age=40.0), "context['age']"),
    ],
)
def test_allocate_when_a_feature_does_not_fit_then_says_which_and_logs_nothing(
    personal: World, engine: Engine, experiment_id: str, context: dict[str, common_pb2.FeatureValue], field: str
) -> None:
    asked = pb.AllocateRequest(experiment_id=experiment_id, unit_id="u", context=context)

    assert refusal(personal.stub.Allocate, asked) == (*INVALID_FIELD, [field])
    assert personal.replica.spooled_bytes == 0


def test_allocate_all_when_told_of_several_then_each_experiment_takes_what_it_declares(personal: World) -> None:
    answers = personal.stub.AllocateAll(
        pb.AllocateAllRequest(unit_id="u1", experiment_ids=["checkout", "logged"], context=told(age=40.0, other="x"))
    ).allocations

    assert [answer.experiment_id for answer in answers] == ["checkout", "logged"]


def test_batch_allocate_when_units_have_contexts_then_they_are_learned_from_like_any_other(
    personal: World, engine: Engine
) -> None:
    learned(personal)
    units = [f"new{unit}" for unit in range(60)]
    contexts = [pb.UnitContext(context=told(returning=unit % 2 == 0)) for unit in range(60)]

    batch = personal.stub.BatchAllocate(
        pb.BatchAllocateRequest(experiment_id="personal", unit_ids=units, contexts=contexts)
    )
    personal.stub.RecordExposure(
        pb.RecordExposureRequest(exposures=[pb.Exposure(token=token) for token in batch.tokens])
    )
    in_all, _ = counted(personal, "personal")
    with transaction(engine) as connection:
        told_of = connection.scalar(text("SELECT count(context) FROM allocations WHERE unit_id LIKE 'new%'"))
    singles = [
        personal.stub.Allocate(request(unit, returning=place % 2 == 0)).allocation for place, unit in enumerate(units)
    ]

    assert (in_all, told_of) == (360, 60)
    assert [batch.arm_ids[arm] for arm in batch.arm_indexes] == [single.arm_id for single in singles]
    assert list(batch.propensities) == [single.propensity for single in singles]


@pytest.mark.parametrize(
    ("contexts", "field"),
    [
        ([], "contexts"),
        ([pb.UnitContext()] * 2, "contexts"),
        ([pb.UnitContext(context=told(size=1.0))], "contexts[0].context['size']"),
        (
            [pb.UnitContext(context={"returning": common_pb2.FeatureValue()})],
            "contexts[0].context['returning']",
        ),
    ],
)
def test_batch_allocate_when_contexts_do_not_fit_then_says_which(
    personal: World, contexts: list[pb.UnitContext], field: str
) -> None:
    batch = pb.BatchAllocateRequest(experiment_id="personal", unit_ids=["u"], contexts=contexts)

    assert refusal(personal.stub.BatchAllocate, batch) == (*INVALID_FIELD, [field])


def test_columns_when_the_policy_goes_by_contexts_then_they_are_refused(personal: World) -> None:
    columns = pb.BatchAllocateColumnsRequest(experiment_id="personal", unit_hashes=bytes(8))

    assert refusal(personal.stub.BatchAllocateColumns, columns) == (*INVALID_FIELD, ["experiment_id"])


def test_record_exposure_when_the_policy_goes_by_contexts_then_only_by_token(personal: World) -> None:
    version = learned(personal).policy_version
    deferred = request("late", returning=True)
    deferred.exposure_mode = pb.EXPOSURE_MODE_DEFERRED
    token = personal.stub.Allocate(deferred).allocation.token

    by_version = pb.RecordExposureRequest(
        exposures=[pb.Exposure(experiment_id="personal", unit_id="late", policy_version=version)]
    )
    by_token = pb.RecordExposureRequest(exposures=[pb.Exposure(token=token)])

    assert refusal(personal.stub.RecordExposure, by_version)[1] is Reason.ALL_ROWS_REJECTED
    assert personal.stub.RecordExposure(by_token).accepted_count == 1


def test_evaluate_policy_when_propensities_followed_contexts_then_decisions_tell_one_by_one(personal: World) -> None:
    first = [personal.stub.Allocate(request(f"u{unit}", returning=unit % 2 == 0)).allocation for unit in range(300)]
    learned(personal)  # of the same units
    later = [personal.stub.Allocate(request(f"more{unit}", returning=unit % 2 == 0)).allocation for unit in range(100)]
    paid = [
        pb.Outcome(event_id="e", token=answer.token, metric_id="paid", value=1)
        for unit, answer in enumerate(later)
        if (answer.arm_id == "blue") == (unit % 2 == 0)
    ]
    personal.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=paid))
    counted(personal, "personal")

    found = personal.stub.EvaluatePolicy(
        pb.EvaluatePolicyRequest(experiment_id="personal", weights=[common_pb2.ArmWeight(arm_id="blue", weight=1.0)])
    )

    # Blue pays for every returning unit, that is for every second one.
    weighted = [
        (1 / answer.propensity if answer.arm_id == "blue" else 0.0, float(unit % 2 == 0))
        for answers in (first, later)
        for unit, answer in enumerate(answers)
    ]
    ips, snips, robust = found.values
    assert found.unit_count == 400
    assert ips.value == pytest.approx(sum(weight * value for weight, value in weighted) / 400)
    assert snips.value == pytest.approx(
        sum(weight * value for weight, value in weighted) / sum(weight for weight, _ in weighted)
    )
    assert robust.interval_low < 0.5 < robust.interval_high
    assert set(found.cautions) == {caution for value in found.values for caution in value.cautions}


def test_get_bandit_when_weights_follow_contexts_then_arms_are_counted_and_not_compared(personal: World) -> None:
    learned(personal)

    bandit = personal.stub.GetBandit(pb.GetBanditRequest(experiment_id="personal")).bandit

    assert sum(arm.unit_count for arm in bandit.arms) == 300
    assert [arm.HasField("probability_best") for arm in bandit.arms] == [False, False]
    assert (bandit.estimated_regret, bandit.estimated_gain_over_equal_split) == (0, 0)
    assert sum(arm.weight for arm in bandit.arms) == pytest.approx(1)


def test_watch_policies_when_snapshots_are_large_then_they_come_in_several_messages(
    personal: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicer, "MAX_WATCH_BYTES", 1)
    stream = personal.stub.WatchPolicies(pb.WatchPoliciesRequest(), timeout=20)

    messages = []
    for message in stream:
        messages.append(message)
        if message.initial_state_complete:
            stream.cancel()
            break

    assert [len(message.snapshots) for message in messages] == [1] * 5
    assert [message.initial_state_complete for message in messages] == [False] * 4 + [True]


def test_guide_when_it_says_how_to_export_decisions_then_they_can_be_evaluated_by_rows(
    personal: World, engine: Engine
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "bandits.md").read_text(encoding="utf-8")
    query = page.split("\\copy (", 1)[1].split(") TO 'log.csv'", 1)[0]
    learned(personal)

    with transaction(engine) as connection:
        rows = connection.execute(text(query)).all()

    assert len(rows) == 300
    assert {row.arm_id for row in rows} == {"control", "blue"}
    assert {struct.unpack("<2d", row.context) for row in rows} == {(1.0, 0.0), (1.0, 1.0)}
    assert {row.propensity for row in rows} == {0.5}
    assert 0 < sum(row.value for row in rows) < 300
