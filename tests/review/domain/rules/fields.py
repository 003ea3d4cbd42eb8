"""Fields of an experiment, by what a rule is about."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.definition import model
from tests.review.examples import BETA, CONVERSION, REVENUE

NAN, INFINITY = float("nan"), float("inf")
PRIMARY_REVENUE = replace(REVENUE, role=model.MetricRole.PRIMARY)


def many_arms(count: int) -> tuple[model.Arm, ...]:
    return tuple(model.Arm(f"arm-{index}", control=index == 0) for index in range(count))


def many_metrics(count: int) -> tuple[model.Metric, ...]:
    return (CONVERSION, *(replace(REVENUE, metric_id=f"metric-{index}") for index in range(count - 1)))


def controlled_by(policy: model.AllocationPolicy = BETA, **fields: Any) -> dict[str, Any]:
    return {"allocation_policy": replace(policy, controls=model.AllocationControls(**fields))}


def learning_by(algorithm: model.Algorithm) -> dict[str, Any]:
    return {"allocation_policy": model.AllocationPolicy(algorithm)}


def traffic(share: float, holdout_share: float = 0.0) -> dict[str, Any]:
    return {"traffic": model.Traffic(share, holdout_share)}


def window(**fields: float) -> dict[str, Any]:
    return {"attribution_window": timedelta(**fields)}
