"""Rewards, costs and budgets as clients see them: a real replica and a real store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit.domain.reward import REWARD_ID
from shared.clock import now
from shared.definition.model import AllocationPolicy, Arm, Budget, Experiment, GaussianThompson, RewardTerm
from shared.errors import Reason
from tests.bandit.conftest import CHECKOUT, World, refusal
from tests.bandit.rpc.calls import allocate, counted, outcome

UNITS = 200
POLICY = replace(CHECKOUT.allocation_policy, algorithm=GaussianThompson())
SHOP = replace(
    CHECKOUT,
    experiment_id="shop",
    allocation_policy=replace(POLICY, reward=(RewardTerm("revenue", 1.0), RewardTerm("paid", -2.0))),
)


def bandit_of(world: World, experiment_id: str = "shop") -> pb.Bandit:
    """Returns what GetBandit shows."""
    return world.stub.GetBandit(pb.GetBanditRequest(experiment_id=experiment_id)).bandit


def play(world: World, definition: Experiment) -> None:
    """Gives units their arms: blue is paid for more often, control brings in more."""
    world.apply(definition)
    world.wait_for_version("shop", 1)
    rows = []
    for unit in range(UNITS):
        answer = allocate(world, f"u{unit}", "shop")
        values = {"paid": 1.0, "revenue": 3.0 + unit % 2} if answer.arm_id == "blue" else {"revenue": 4.0 + unit % 2}
        rows += [
            pb.Outcome(event_id=metric_id, token=answer.token, metric_id=metric_id, value=value)
            for metric_id, value in values.items()
        ]
    world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=rows))
    assert counted(world, "shop")[0] == UNITS


def test_get_bandit_when_the_policy_has_a_reward_then_it_all_goes_by_that(world: World) -> None:
    play(world, SHOP)

    bandit = bandit_of(world)

    control, blue = bandit.arms
    # Rewards are revenue - 2 x paid: 4 or 5 for the control, 1 or 2 for blue.
    assert [control.mean, blue.mean] == pytest.approx([4.5, 1.5], abs=0.2)
    assert control.interval_low < control.mean < control.interval_high
    assert control.probability_best > 0.999
    assert control.weight == pytest.approx(0.99, abs=1e-6)
    assert blue.expected_loss == pytest.approx(3, abs=0.2)
    assert bandit.estimated_regret == pytest.approx(blue.unit_count * (control.mean - blue.mean))
    assert (bandit.stop_advice.arm_id, bandit.stop_advice.verdict) == ("control", pb.STOP_VERDICT_SUPERIORITY_SHOWN)
    assert bandit.snapshot.allocation_policy.reward[1].weight == -2
    assert bandit.spent == 0


def test_get_bandit_when_the_reward_is_given_up_then_the_primary_metric_chooses_the_other_arm(world: World) -> None:
    play(world, SHOP)
    assert bandit_of(world).arms[0].weight == pytest.approx(0.99, abs=1e-6)

    world.apply(replace(SHOP, revision=2, allocation_policy=POLICY))
    world.learn()

    bandit = bandit_of(world)
    assert [arm.mean for arm in bandit.arms] == [0.0, 1.0]
    assert bandit.arms[1].weight == pytest.approx(0.99, abs=1e-6)


def test_get_bandit_when_arms_cost_something_then_posterior_and_regret_are_net_and_it_says_what_was_spent(
    world: World,
) -> None:
    play(world, replace(SHOP, arms=(CHECKOUT.arms[0], Arm("blue", cost=1.5)), allocation_policy=POLICY))

    bandit = bandit_of(world)

    control, blue = bandit.arms
    assert (control.mean, blue.mean) == (0.0, 1.0)
    assert blue.posterior_mean == pytest.approx(-0.5, abs=0.05)
    assert control.probability_best > 0.999
    assert bandit.estimated_regret == pytest.approx(0.5 * blue.unit_count)
    assert bandit.stop_advice.arm_id == "control"
    assert bandit.spent == 1.5 * blue.unit_count
    assert [arm.cost for arm in bandit.snapshot.arms] == [0.0, 1.5]


def test_allocate_when_the_budget_is_used_up_then_everybody_gets_the_cheapest_arm(world: World) -> None:
    budget = Budget(UNITS * 0.05, datetime(2100, 1, 1, tzinfo=UTC))
    policy = AllocationPolicy(POLICY.algorithm, replace(POLICY.controls, budget=budget))
    costly = replace(
        SHOP,
        arms=(CHECKOUT.arms[0], Arm("blue", cost=0.5)),
        allocation_policy=policy,
        started_at=now() - timedelta(hours=1),
    )
    play(world, costly)

    snapshot = bandit_of(world).snapshot

    assert snapshot.publish_reason == pb.PUBLISH_REASON_BUDGET
    assert [(arm.arm_id, arm.weight) for arm in snapshot.arms] == [("control", 1.0), ("blue", 0.0)]
    assert snapshot.allocation_policy.controls.budget.amount == budget.amount
    world.wait_for_version("shop", snapshot.policy_version)
    assert {allocate(world, f"new{unit}", "shop").arm_id for unit in range(50)} == {"control"}


def test_record_outcomes_when_a_row_names_the_reward_then_it_is_refused(world: World) -> None:
    world.apply(SHOP)
    world.wait_for_version("shop", 1)
    rows = [outcome(experiment_id="shop", metric_id=REWARD_ID), outcome(experiment_id="shop", event_id="e2")]

    response = world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=rows))

    assert response.accepted_count == 1
    (rejection,) = response.rejections
    assert (rejection.index, rejection.field, rejection.reason) == (0, "metric_id", Reason.INVALID_FIELD)
    assert refusal(world.stub.RecordOutcomes, pb.RecordOutcomesRequest(outcomes=rows[:1])) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        Reason.ALL_ROWS_REJECTED,
        ["outcomes[0].metric_id"],
    )
