"""Rules of allocation controls."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.domain.rules.fields import NAN, controlled_by
from tests.review.examples import CONTROL, CONVERSION, GAUSSIAN, REVENUE, THIRD, TREATMENT, experiment, split


def _guarded() -> dict[str, Any]:
    return {"metrics": (CONVERSION, replace(REVENUE, role=model.MetricRole.GUARDRAIL))}


@pytest.mark.parametrize(
    "fields",
    [
        controlled_by(half_life=timedelta(minutes=1)),
        controlled_by(window=timedelta(days=365), mature_only=True),
        {**_guarded(), **controlled_by(guardrail_pause=model.GuardrailPause(0.499, 1.0, 100))},
        {**_guarded(), **controlled_by(split(), guardrail_pause=model.GuardrailPause())},
        controlled_by(stop_rule=model.StopRule(0.001, 0.0, 10**9), shadow=True),
        controlled_by(warm_start=model.WarmStart("last-year", 1e9)),
        controlled_by(exploration_floor=0.5),
        controlled_by(exploration_floor=0.1, min_control_share=0.9),
        controlled_by(burn_in_unit_count=10**9, min_weight_change=1.0, update_interval=timedelta(days=7)),
        controlled_by(exploration_floor=0.0, burn_in_unit_count=0, min_weight_change=0.0, update_interval=timedelta()),
        controlled_by(split(), exploration_floor=1.0),
        {"arms": (CONTROL, TREATMENT, THIRD), **controlled_by(exploration_floor=0.1, min_control_share=0.8)},
    ],
)
def test_violations_when_the_experiment_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        (
            {**_guarded(), **controlled_by(guardrail_pause=model.GuardrailPause(0.5))},
            "allocation_policy.controls.guardrail_pause.alpha",
            "below 0.5",
        ),
        (
            {**_guarded(), **controlled_by(guardrail_pause=model.GuardrailPause(margin=-0.1))},
            "allocation_policy.controls.guardrail_pause.margin",
            "from 0 to 1",
        ),
        (
            {**_guarded(), **controlled_by(guardrail_pause=model.GuardrailPause(optimal_unit_count=99))},
            "allocation_policy.controls.guardrail_pause.optimal_unit_count",
            "from 100",
        ),
        (
            controlled_by(guardrail_pause=model.GuardrailPause()),
            "allocation_policy.controls.guardrail_pause",
            "no metric has the role GUARDRAIL",
        ),
        (controlled_by(stop_rule=model.StopRule(NAN)), "allocation_policy.controls.stop_rule.alpha", "is nan"),
        (
            controlled_by(stop_rule=model.StopRule(threshold_of_caring=1.1)),
            "allocation_policy.controls.stop_rule.threshold_of_caring",
            "from 0 to 1",
        ),
        (controlled_by(split(), shadow=True), "allocation_policy.controls.shadow", "learns nothing"),
        (
            controlled_by(warm_start=model.WarmStart("checkout")),
            "allocation_policy.controls.warm_start.experiment_id",
            "an earlier experiment",
        ),
        (
            controlled_by(warm_start=model.WarmStart("last-year", 0.0)),
            "allocation_policy.controls.warm_start.max_unit_count",
            "above 0",
        ),
        (
            controlled_by(split(), warm_start=model.WarmStart("last-year")),
            "allocation_policy.controls.warm_start",
            "neither fixed_split nor exp3",
        ),
        (controlled_by(half_life=timedelta(seconds=59)), "allocation_policy.controls.half_life", "from 0:01:00"),
        (controlled_by(window=timedelta(days=366)), "allocation_policy.controls.window", "to 365 days"),
        (
            controlled_by(model.AllocationPolicy(model.Exp3()), half_life=timedelta(days=1)),
            "allocation_policy.controls.half_life",
            "all of its past",
        ),
        (
            controlled_by(exploration_floor=0.51),
            "allocation_policy.controls.exploration_floor",
            "2 arms sum to 1.02 (control 0.51, 1 others 0.51)",
        ),
        (
            controlled_by(GAUSSIAN, exploration_floor=0.2, min_control_share=0.9),
            "allocation_policy.controls.exploration_floor",
            "sum to 1.1",
        ),
        (controlled_by(exploration_floor=-0.1), "allocation_policy.controls.exploration_floor", "from 0 to 1"),
        (controlled_by(exploration_floor=NAN), "allocation_policy.controls.exploration_floor", "is nan"),
        (controlled_by(split(), exploration_floor=1.1), "allocation_policy.controls.exploration_floor", "from 0 to 1"),
        (controlled_by(min_control_share=1.1), "allocation_policy.controls.min_control_share", "from 0 to 1"),
        (controlled_by(burn_in_unit_count=-1), "allocation_policy.controls.burn_in_unit_count", "from 0"),
        (controlled_by(burn_in_unit_count=10**9 + 1), "allocation_policy.controls.burn_in_unit_count", "to 1e+09"),
        (controlled_by(min_weight_change=1.1), "allocation_policy.controls.min_weight_change", "from 0 to 1"),
        (
            controlled_by(update_interval=timedelta(days=7, microseconds=1)),
            "allocation_policy.controls.update_interval",
            "up to 7 days",
        ),
        (
            controlled_by(update_interval=timedelta(seconds=-1)),
            "allocation_policy.controls.update_interval",
            "from zero up to 7 days",
        ),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]
