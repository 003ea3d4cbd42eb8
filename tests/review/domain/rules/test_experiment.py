"""Rules of names, labels and arms, and several broken at once."""

from dataclasses import replace
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.domain.rules.fields import many_arms, traffic, window
from tests.review.examples import CONTROL, THIRD, TREATMENT, experiment


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"experiment_id": "a"},
        {"experiment_id": "a" + "-" * 62},
        {"display_name": "x" * 200, "description": "x" * 10_000},
        {"labels": {f"{index:063}": "v" * 63 for index in range(64)}},
        {"arms": many_arms(64)},
        {"arms": (CONTROL, model.Arm("0_-"))},
        {"shipped_arm_id": "treatment"},
    ],
)
def test_violations_when_the_experiment_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"experiment_id": ""}, "experiment_id", "must match"),
        ({"experiment_id": "1a"}, "experiment_id", "must match"),
        ({"experiment_id": "Checkout"}, "experiment_id", "must match"),
        ({"experiment_id": "a\n"}, "experiment_id", "must match"),
        ({"experiment_id": "a" * 64}, "experiment_id", "must match"),
        ({"experiment_id": "suggest-hypotheses"}, "experiment_id", "reserved"),
        ({"display_name": "x" * 201}, "display_name", "at most 200"),
        ({"description": "x" * 10_001}, "description", "at most 10000"),
        ({"labels": {str(index): "" for index in range(65)}}, "labels", "at most 64"),
        ({"labels": {"": "x"}}, "labels", "from 1 to 63"),
        ({"labels": {"k" * 64: "x"}}, "labels", "from 1 to 63"),
        ({"labels": {"k": "x" * 64}}, 'labels["k"]', "at most 63"),
        ({"arms": (CONTROL,)}, "arms", "from 2 to 64"),
        ({"arms": many_arms(65)}, "arms", "from 2 to 64"),
        ({"arms": (CONTROL, model.Arm("_b"))}, "arms[1].arm_id", "must match"),
        ({"arms": (CONTROL, replace(TREATMENT, display_name="x" * 201))}, "arms[1].display_name", "at most 200"),
        ({"arms": (CONTROL, TREATMENT, TREATMENT)}, "arms[2].arm_id", "taken"),
        ({"arms": (THIRD, TREATMENT)}, "arms", "exactly one control, has 0"),
        ({"arms": (CONTROL, replace(THIRD, control=True))}, "arms", "exactly one control, has 2 (control, third)"),
        ({"shipped_arm_id": "third"}, "shipped_arm_id", "no arm"),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]


def test_violations_when_many_rules_are_broken_then_all_are_named() -> None:
    asked = experiment(experiment_id="A", arms=(), metrics=(), **traffic(0.0), **window())

    fields = {item.field for item in rules.violations(asked)}

    assert fields == {"experiment_id", "arms", "metrics", "traffic.share", "attribution_window"}
