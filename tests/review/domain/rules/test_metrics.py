"""Rules of metrics."""

from dataclasses import replace
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.domain.rules.fields import INFINITY, NAN, PRIMARY_REVENUE, many_metrics
from tests.review.examples import CONVERSION, REVENUE, experiment


def _conversion(**fields: Any) -> dict[str, Any]:
    return {"metrics": (replace(CONVERSION, **fields),)}


def _revenue(**fields: Any) -> dict[str, Any]:
    return {"metrics": (CONVERSION, replace(REVENUE, **fields))}


@pytest.mark.parametrize(
    "fields",
    [
        {"metrics": many_metrics(32)},
        _conversion(combination_rule=model.CombinationRule.LAST),
        _conversion(combination_rule=model.CombinationRule.MAX),
        _revenue(combination_rule=model.CombinationRule.COUNT),
        _revenue(min_value=-1e12, max_value=1e12),
        _revenue(min_value=3.0, max_value=3.0),
    ],
)
def test_violations_when_the_experiment_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"metrics": ()}, "metrics", "from 1 to 32"),
        ({"metrics": many_metrics(33)}, "metrics", "from 1 to 32"),
        ({"metrics": (REVENUE,)}, "metrics", "exactly one PRIMARY metric, has 0"),
        ({"metrics": (CONVERSION, PRIMARY_REVENUE)}, "metrics", "has 2 (conversion, revenue)"),
        ({"metrics": (CONVERSION, REVENUE, REVENUE)}, "metrics[2].metric_id", "taken"),
        (_revenue(metric_id="-"), "metrics[1].metric_id", "must match"),
        (_revenue(display_name="x" * 201), "metrics[1].display_name", "at most 200"),
        (_revenue(min_value=-1.1e12), "metrics[1].min_value", "from -1e+12 to 1e+12"),
        (_revenue(max_value=INFINITY), "metrics[1].max_value", "is inf"),
        (_revenue(min_value=NAN), "metrics[1].min_value", "is nan"),
        (_revenue(min_value=2.0, max_value=1.0), "metrics[1].min_value", "at most max_value, 1"),
        (_conversion(combination_rule=model.CombinationRule.SUM), "metrics[0].combination_rule", "ANY, LAST, MAX"),
        (_conversion(combination_rule=model.CombinationRule.COUNT), "metrics[0].combination_rule", "ANY, LAST, MAX"),
        (_conversion(max_value=2.0), "metrics[0].max_value", "must be 0 and 1"),
        (_conversion(min_value=-1.0), "metrics[0].min_value", "must be 0 and 1"),
        (_conversion(max_value=NAN), "metrics[0].max_value", "is nan"),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]
