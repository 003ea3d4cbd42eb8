"""The bandit of the experiment, and its policy versions."""

from typing import Any

from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import (
    bandit_service_pb2,
    common_pb2,
)
from tests.gateway.dashboard.examples.experiments import experiment
from tests.gateway.dashboard.examples.ids import DAYS, EXPERIMENT_ID, at


def bandit(**changes: Any) -> bandit_service_pb2.Bandit:
    """Returns the bandit of the experiment."""
    history = [
        bandit_service_pb2.WeightsPoint(
            policy_version=version, published_at=at(days=DAYS * (1 - (version - 1) / 9)), weights=_weights(version)
        )
        for version in range(1, 10)
    ]
    fields: dict[str, Any] = {
        "snapshot": snapshot(9),
        "arms": [
            _posterior("control", 0.12, 9700, 970, interval=(0.0941, 0.1061), best=0.004, loss=0.0101),
            _posterior("green", 0.70, 14200, 1562, interval=(0.1049, 0.1153), best=0.958, loss=0.00011),
            _posterior("amber", 0.18, 9700, 985, interval=(0.0956, 0.1076), best=0.038, loss=0.0086),
        ],
        "estimated_regret": 91.2,
        "estimated_gain_over_equal_split": 34.6,
        "history": history,
        "health": bandit_service_pb2.DataHealth(multiple_arm_unit_count=71, unexposed_unit_count=12),
        "statistics_as_of": at(seconds=40),
        "stop_advice": bandit_service_pb2.StopAdvice(
            verdict=bandit_service_pb2.STOP_VERDICT_KEEP_GOING,
            arm_id="green",
            alpha=0.05,
            expected_loss=0.00011,
            value_remaining=0.0021,
        ),
    }
    return bandit_service_pb2.Bandit(**{**fields, **changes})


def snapshot(version: int, **changes: Any) -> bandit_service_pb2.PolicySnapshot:
    """Returns a policy version."""
    policy = common_pb2.AllocationPolicy(beta_thompson=common_pb2.BetaThompson())
    policy.controls.update_interval.CopyFrom(Duration(seconds=3600))
    fields: dict[str, Any] = {
        "experiment_id": EXPERIMENT_ID,
        "policy_version": version,
        "experiment_revision": 3,
        "state": common_pb2.EXPERIMENT_STATE_RUNNING,
        "arms": [
            bandit_service_pb2.PolicyArm(arm_id=one.arm_id, weight=one.weight, control=one.arm_id == "control")
            for one in _weights(version)
        ],
        "allocation_policy": policy,
        "metrics": experiment().metrics,
        "publish_reason": bandit_service_pb2.PUBLISH_REASON_LEARNING
        if version > 1
        else bandit_service_pb2.PUBLISH_REASON_DEFINITION,
        "published_at": at(days=DAYS * (1 - (version - 1) / 9)) if version < 9 else at(minutes=12),
    }
    return bandit_service_pb2.PolicySnapshot(**{**fields, **changes})


def _weights(version: int) -> list[common_pb2.ArmWeight]:
    green = 1 / 3 + (0.70 - 1 / 3) * (version - 1) / 8
    control = (1 - green) * (0.5 - 0.1 * (version - 1) / 8)
    return [
        common_pb2.ArmWeight(arm_id="control", weight=control),
        common_pb2.ArmWeight(arm_id="green", weight=green),
        common_pb2.ArmWeight(arm_id="amber", weight=1 - green - control),
    ]


def _posterior(
    arm_id: str, weight: float, units: int, values: float, *, interval: tuple[float, float], best: float, loss: float
) -> bandit_service_pb2.ArmPosterior:
    return bandit_service_pb2.ArmPosterior(
        arm_id=arm_id,
        weight=weight,
        unit_count=units,
        value_sum=values,
        mean=values / units,
        posterior_mean=values / units,
        interval_low=interval[0],
        interval_high=interval[1],
        probability_best=best,
        expected_loss=loss,
    )
