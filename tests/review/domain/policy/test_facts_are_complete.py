"""No field of an experiment that a change can reach is left out of the facts."""

from dataclasses import fields, replace
from typing import Any

import pytest

from services.review.domain.policy import facts
from services.review.domain.policy.catalogue import FACTS
from shared.definition import model
from tests.review.domain.policy.cases import SURROUNDINGS, days
from tests.review.examples import BETA, NOW, running

ALTERED: dict[type, dict[str, Any]] = {
    model.Traffic: {"share": 0.5, "holdout_share": 0.1, "analysis_share": 0.1},
    model.Arm: {"arm_id": "other", "control": False, "cost": 1.0},
    model.Metric: {
        "metric_id": "other",
        "kind": model.MetricKind.MEAN,
        "role": model.MetricRole.GUARDRAIL,
        "direction": model.MetricDirection.MINIMIZE,
        "combination_rule": model.CombinationRule.MAX,
        "min_value": -1.0,
        "max_value": 2.0,
        "revenue": True,
    },
    model.AllocationPolicy: {
        "algorithm": model.Exp3(),
        "controls": model.AllocationControls(0.02),
        "reward": (model.RewardTerm("conversion", 1.0),),
    },
    model.AllocationControls: {
        "exploration_floor": 0.02,
        "min_control_share": 0.2,
        "burn_in_unit_count": 1,
        "update_interval": days(1),
        "min_weight_change": 0.02,
        "half_life": days(1),
        "window": days(1),
        "mature_only": True,
        "guardrail_pause": model.GuardrailPause(),
        "stop_rule": model.StopRule(),
        "shadow": True,
        "warm_start": model.WarmStart("earlier"),
        "budget": model.Budget(1.0, NOW),
    },
}
"""Another value for each field that a change can reach and that is no words."""


def _altered(kind: type, name: str) -> model.Experiment:
    before, value = running(allocation_policy=BETA), {name: ALTERED[kind][name]}
    policy = before.allocation_policy
    if kind is model.Traffic:
        return replace(before, traffic=replace(before.traffic, **value))
    if kind is model.Arm:
        return replace(before, arms=(replace(before.arms[0], **value), *before.arms[1:]))
    if kind is model.Metric:
        return replace(before, metrics=(replace(before.metrics[0], **value), *before.metrics[1:]))
    if kind is model.AllocationPolicy:
        return replace(before, allocation_policy=replace(policy, **value))
    return replace(before, allocation_policy=replace(policy, controls=replace(policy.controls, **value)))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, values in ALTERED.items() for name in values])
def test_facts_when_any_field_alone_is_altered_then_some_fact_says_so(kind: type, name: str) -> None:
    before = running(allocation_policy=BETA)
    same = facts.of_change("edit", before, before, SURROUNDINGS)

    found = facts.of_change("edit", before, _altered(kind, name), SURROUNDINGS)

    told = {fact for fact in found if found[fact] != same[fact]} - {"text_only"}
    assert {fact for fact in told if not FACTS[fact].of_experiment}
    assert (same["text_only"], found["text_only"]) == (True, False)


@pytest.mark.parametrize("kind", list(ALTERED))
def test_altered_when_compared_with_the_model_then_leaves_out_words_alone(kind: Any) -> None:
    assert {field.name for field in fields(kind)} - ALTERED[kind].keys() <= {"display_name"}
