"""GetBandit: what was learned, advice, pauses."""

from dataclasses import replace

import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from shared.definition.model import GuardrailPause, MetricDirection, MetricRole
from tests.bandit.conftest import CHECKOUT, World, refusal
from tests.bandit.rpc.calls import NOT_FOUND, allocate, counted


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
