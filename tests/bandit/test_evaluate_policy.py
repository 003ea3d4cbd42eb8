"""EvaluatePolicy as its clients see it: a real replica, a real store, generated stubs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.admin.experiment_evaluation import drawing, evaluate_experiment
from services.admin.screen import screen
from shared.errors import FailedPrecondition, InvalidArgument, Reason
from shared.rpc import status
from tests.bandit.conftest import CHECKOUT, HALF, World, refusal

ESTIMATORS = [
    pb.POLICY_ESTIMATOR_IPS,
    pb.POLICY_ESTIMATOR_SNIPS,
    pb.POLICY_ESTIMATOR_DOUBLY_ROBUST,
]


def asked(weights: Mapping[str, float], experiment_id: str = "checkout", **fields: object) -> pb.EvaluatePolicyRequest:
    arms = [common_pb2.ArmWeight(arm_id=arm_id, weight=weight) for arm_id, weight in weights.items()]
    return pb.EvaluatePolicyRequest(experiment_id=experiment_id, weights=arms, **fields)  # type: ignore[arg-type]


def allocate(world: World, unit: int, experiment_id: str, token: bytes = b"") -> pb.Allocation:
    request = pb.AllocateRequest(
        experiment_id=experiment_id,
        unit_id=f"u{unit}",
        exposure_mode=pb.EXPOSURE_MODE_DEFERRED,
        previous_token=token,
    )
    return world.stub.Allocate(request).allocation


def expose(world: World, units: Iterable[pb.Allocation]) -> None:
    """Returns when the exposures are durable."""
    exposures = [pb.Exposure(token=unit.token) for unit in units]
    world.stub.RecordExposure(pb.RecordExposureRequest(exposures=exposures))


def serve(world: World, start: int, count: int, experiment_id: str = "checkout") -> list[pb.Allocation]:
    """Serves units, of which those in blue pay every second time, the others every fourth.

    Returns:
        The units whose arms were drawn.
    """
    units = {unit: allocate(world, unit, experiment_id) for unit in range(start, start + count)}
    expose(world, units.values())
    outcomes = [
        pb.Outcome(event_id="e", token=allocation.token, metric_id="paid", value=1.0)
        for unit, allocation in units.items()
        if unit % (2 if allocation.arm_id == "blue" else 4) == 0
    ]
    world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=outcomes))
    return [unit for unit in units.values() if unit.reason == pb.ALLOCATION_REASON_SPLIT]


def test_evaluate_policy_when_weights_moved_then_rests_on_logged_propensities(world: World) -> None:
    units = serve(world, 0, 200)
    world.learn()
    units_before = len(units)
    version = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="checkout")).bandit.snapshot.policy_version
    assert version == 2
    world.wait_for_version("checkout", 2)
    units += serve(world, 200, 200)
    world.learn()

    found = world.stub.EvaluatePolicy(asked({"blue": 1.0}))

    assert {unit.policy_version for unit in units[units_before:]} == {2}
    weights = [1 / unit.propensity if unit.arm_id == "blue" else 0.0 for unit in units]
    paid = [place % (2 if unit.arm_id == "blue" else 4) == 0 for place, unit in enumerate(units)]
    ips, snips, robust = found.values
    assert [value.estimator for value in found.values] == ESTIMATORS
    weighted = sum(weight for weight, pays in zip(weights, paid, strict=True) if pays)
    assert ips.value == pytest.approx(weighted / 400)
    assert snips.value == pytest.approx(weighted / sum(weights))
    assert found.logged_value == pytest.approx(sum(paid) / 400)
    assert found.unit_count == 400
    assert found.effective_sample_size == pytest.approx(sum(weights) ** 2 / sum(weight**2 for weight in weights))
    assert list(found.cautions) == []
    for value in (ips, snips, robust):
        assert value.interval_low < value.value < value.interval_high
        assert value.interval_low <= 0.5 <= value.interval_high
        assert value.standard_error > 0


def test_evaluate_policy_when_units_are_held_out_then_they_are_no_part_of_it(world: World) -> None:
    drawn = serve(world, 0, 300, "half")
    world.learn()

    found = world.stub.EvaluatePolicy(asked({"control": 0.5, "blue": 0.5}, "half"))

    bandit = world.stub.GetBandit(pb.GetBanditRequest(experiment_id="half")).bandit
    assert bandit.holdout.unit_count > 0
    assert found.unit_count == len(drawn) == sum(arm.unit_count for arm in bandit.arms)
    assert found.values[0].value == pytest.approx(found.logged_value)
    assert HALF.traffic.holdout_share > 0


def test_evaluate_policy_when_units_are_pinned_then_they_keep_their_version(world: World) -> None:
    units = serve(world, 0, 200)
    world.learn()
    world.wait_for_version("checkout", 2)
    before = world.stub.EvaluatePolicy(asked({"blue": 1.0}))

    pinned = [allocate(world, unit, "checkout", token=first.token) for unit, first in enumerate(units)]
    expose(world, pinned)
    world.learn()

    assert {unit.reason for unit in pinned} == {pb.ALLOCATION_REASON_PINNED}
    assert before.unit_count == 200
    assert world.stub.EvaluatePolicy(asked({"blue": 1.0})) == before


def test_evaluate_policy_when_frozen_then_the_version_counts_with_its_weights(world: World) -> None:
    world.stub.Freeze(pb.FreezeRequest(experiment_id="checkout", reason="wait"))
    world.learn()
    world.wait_for_version("checkout", 2)
    serve(world, 0, 100)
    world.learn()

    found = world.stub.EvaluatePolicy(asked({"control": 0.5, "blue": 0.5}))

    assert found.unit_count == 100
    assert found.values[0].value == pytest.approx(found.logged_value)


def test_evaluate_policy_when_alpha_is_given_then_it_decides_the_width(world: World) -> None:
    serve(world, 0, 100)
    world.learn()

    usual, same, narrow = (
        world.stub.EvaluatePolicy(asked({"blue": 1.0}, alpha=alpha)).values[0] for alpha in (0.0, 0.05, 0.4)
    )

    assert usual == same
    assert narrow.interval_high - narrow.interval_low < usual.interval_high - usual.interval_low


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (asked({}), ["weights"]),
        (asked({"blue": 0.9}), ["weights"]),
        (asked({"blue": 1.0}, ""), ["experiment_id"]),
        (asked({"purple": 1.0}), ["weights[0].arm_id"]),
        (asked({"blue": 1.5}), ["weights[0].weight"]),
        (asked({"blue": float("nan")}), ["weights[0].weight"]),
        (asked({"blue": 1.0}, alpha=0.5), ["alpha"]),
        (asked({"blue": 1.0}, alpha=-0.1), ["alpha"]),
        (asked({"blue": 1.0}, metric_id="clicks"), ["metric_id"]),
    ],
)
def test_evaluate_policy_when_the_request_is_bad_then_names_the_field(
    world: World, request_: pb.EvaluatePolicyRequest, fields: list[str]
) -> None:
    assert refusal(world.stub.EvaluatePolicy, request_) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        Reason.INVALID_FIELD,
        fields,
    )


def test_evaluate_policy_when_the_experiment_is_unknown_then_not_found(world: World) -> None:
    assert refusal(world.stub.EvaluatePolicy, asked({"blue": 1.0}, "nowhere"))[:2] == (
        grpc.StatusCode.NOT_FOUND,
        Reason.EXPERIMENT_NOT_FOUND,
    )


def test_evaluate_policy_when_an_arm_is_new_then_not_estimable_until_it_had_a_chance(world: World) -> None:
    serve(world, 0, 50)
    arms = (*CHECKOUT.arms, replace(CHECKOUT.arms[1], arm_id="green"))
    world.stub.Freeze(pb.FreezeRequest(experiment_id="checkout", reason="keep the weights"))
    world.apply(replace(CHECKOUT, revision=2, arms=arms))

    with pytest.raises(grpc.RpcError) as caught:
        world.stub.EvaluatePolicy(asked({"green": 1.0}), timeout=20)

    error = status.from_rpc_error(caught.value)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.reason is Reason.NOT_ESTIMABLE
    assert error.metadata == {"experiment_id": "checkout", "obstacle": "ARM_NEVER_ALLOCATED"}
    assert error.message.endswith("an arm had no chance of being allocated")


def test_evaluate_policy_when_no_unit_was_counted_then_not_estimable(world: World) -> None:
    assert refusal(world.stub.EvaluatePolicy, asked({"blue": 1.0}))[:2] == (
        grpc.StatusCode.FAILED_PRECONDITION,
        Reason.NOT_ESTIMABLE,
    )


def test_command_when_units_were_counted_then_shows_the_values(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(world, 0, 120)
    world.learn()

    found = evaluate_experiment(world.stub, "checkout", weights="blue=0.9,control=0.1", metric_id="paid", alpha=0.1)
    screen().print(drawing(found, 0.1))

    shown = capsys.readouterr().out.splitlines()
    expected = world.stub.EvaluatePolicy(asked({"blue": 0.9, "control": 0.1}, alpha=0.1))
    assert shown[0].split()[-3:] == ["90", "%", "interval"]
    for line, value in zip(shown[1:4], expected.values, strict=True):
        assert line.endswith(f"{value.interval_low:.5g} to {value.interval_high:.5g}")
    assert shown[4] == f"really earned: {expected.logged_value:.5g}"
    assert shown[5] == f"120 units, effective sample size {expected.effective_sample_size:.0f}"
    assert shown[6:] == ["careful: few units carry most of the weight, since their propensities were small"]


def test_command_when_nothing_was_counted_then_says_why(world: World) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        evaluate_experiment(world.stub, "checkout", weights="blue=1", metric_id="", alpha=0.05)

    assert caught.value.reason is Reason.NOT_ESTIMABLE
    assert "not estimable because an arm has no units" in caught.value.message


def test_command_when_an_arm_is_unknown_then_names_the_flag(world: World) -> None:
    with pytest.raises(InvalidArgument) as caught:
        evaluate_experiment(world.stub, "checkout", weights="red=1", metric_id="", alpha=0.05)

    assert caught.value.message == "--weights: 'red' is not an arm of the experiment"
