"""Every rule, both ways: what it lets pass and what it names."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.examples import (
    BETA,
    CONTROL,
    CONVERSION,
    GAUSSIAN,
    REVENUE,
    THIRD,
    TREATMENT,
    experiment,
    split,
)

NAN, INFINITY = float("nan"), float("inf")
PRIMARY_REVENUE = replace(REVENUE, role=model.MetricRole.PRIMARY)


def _arms(count: int) -> tuple[model.Arm, ...]:
    return tuple(model.Arm(f"arm-{index}", control=index == 0) for index in range(count))


def _metrics(count: int) -> tuple[model.Metric, ...]:
    return (CONVERSION, *(replace(REVENUE, metric_id=f"metric-{index}") for index in range(count - 1)))


def _conversion(**fields: Any) -> dict[str, Any]:
    return {"metrics": (replace(CONVERSION, **fields),)}


def _revenue(**fields: Any) -> dict[str, Any]:
    return {"metrics": (CONVERSION, replace(REVENUE, **fields))}


def _controls(policy: model.AllocationPolicy = BETA, **fields: Any) -> dict[str, Any]:
    return {"allocation_policy": replace(policy, controls=model.AllocationControls(**fields))}


def _beta(alpha: float, beta: float) -> dict[str, Any]:
    return {"allocation_policy": model.AllocationPolicy(model.BetaThompson(alpha, beta))}


def _gaussian(unit_count: float) -> dict[str, Any]:
    return {"allocation_policy": model.AllocationPolicy(model.GaussianThompson(unit_count))}


def _split(*weights: tuple[str, float]) -> dict[str, Any]:
    return {"allocation_policy": split(*weights)}


def _traffic(share: float, holdout_share: float = 0.0) -> dict[str, Any]:
    return {"traffic": model.Traffic(share, holdout_share)}


def _window(**fields: float) -> dict[str, Any]:
    return {"attribution_window": timedelta(**fields)}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"experiment_id": "a"},
        {"experiment_id": "a" + "-" * 62},
        {"display_name": "x" * 200, "description": "x" * 10_000},
        {"labels": {f"{index:063}": "v" * 63 for index in range(64)}},
        {"arms": _arms(64)},
        {"arms": (CONTROL, model.Arm("0_-"))},
        {"metrics": _metrics(32)},
        _conversion(combination_rule=model.CombinationRule.LAST),
        _conversion(combination_rule=model.CombinationRule.MAX),
        _revenue(combination_rule=model.CombinationRule.COUNT),
        _revenue(min_value=-1e12, max_value=1e12),
        _revenue(min_value=3.0, max_value=3.0),
        _split(),
        _split(("control", 0.1), ("treatment", 0.9)),
        _split(("treatment", 1.0), ("control", 0.0)),
        _split(("control", 0.5 + 9e-10), ("treatment", 0.5)),
        _beta(1e-9, 1e6),
        _gaussian(1e6),
        {"allocation_policy": GAUSSIAN},
        {"allocation_policy": GAUSSIAN, "metrics": (PRIMARY_REVENUE,)},
        _controls(exploration_floor=0.5),
        _controls(exploration_floor=0.1, min_control_share=0.9),
        _controls(burn_in_unit_count=10**9, min_weight_change=1.0, update_interval=timedelta(days=7)),
        _controls(exploration_floor=0.0, burn_in_unit_count=0, min_weight_change=0.0, update_interval=timedelta()),
        _controls(split(), exploration_floor=1.0),
        {"arms": (CONTROL, TREATMENT, THIRD), **_controls(exploration_floor=0.1, min_control_share=0.8)},
        _traffic(1e-6),
        _traffic(0.1, 0.9),
        _traffic(0.7, 0.3),
        _window(microseconds=1),
        _window(days=90),
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
        ({"arms": _arms(65)}, "arms", "from 2 to 64"),
        ({"arms": (CONTROL, model.Arm("_b"))}, "arms[1].arm_id", "must match"),
        ({"arms": (CONTROL, replace(TREATMENT, display_name="x" * 201))}, "arms[1].display_name", "at most 200"),
        ({"arms": (CONTROL, TREATMENT, TREATMENT)}, "arms[2].arm_id", "taken"),
        ({"arms": (THIRD, TREATMENT)}, "arms", "exactly one control, has 0"),
        ({"arms": (CONTROL, replace(THIRD, control=True))}, "arms", "exactly one control, has 2 (control, third)"),
        ({"metrics": ()}, "metrics", "from 1 to 32"),
        ({"metrics": _metrics(33)}, "metrics", "from 1 to 32"),
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
        (_split(("control", 1.0)), "allocation_policy.fixed_split.weights", "without one: treatment"),
        (
            _split(("control", 0.4), ("treatment", 0.4), ("third", 0.2)),
            "allocation_policy.fixed_split.weights",
            "no arms: third",
        ),
        (
            _split(("control", 0.5), ("treatment", 0.25), ("treatment", 0.25)),
            "allocation_policy.fixed_split.weights[2].arm_id",
            "taken",
        ),
        (_split(("control", 0.5), ("treatment", 0.4)), "allocation_policy.fixed_split.weights", "sum to 0.9"),
        (_split(("control", 0.5), ("treatment", NAN)), "allocation_policy.fixed_split.weights[1].weight", "is nan"),
        (_split(("control", NAN), ("treatment", 1.0)), "allocation_policy.fixed_split.weights", "sum to nan"),
        (_split(("control", 1.5), ("treatment", -0.5)), "allocation_policy.fixed_split.weights[1].weight", "is -0.5"),
        (_beta(0.0, 1.0), "allocation_policy.beta_thompson.prior_alpha", "above 0"),
        (_beta(1.0, 1.1e6), "allocation_policy.beta_thompson.prior_beta", "at most 1e+06"),
        (_beta(NAN, 1.0), "allocation_policy.beta_thompson.prior_alpha", "is nan"),
        (
            {"allocation_policy": BETA, "metrics": (PRIMARY_REVENUE,)},
            "allocation_policy.beta_thompson",
            "'revenue' is a MEAN",
        ),
        (_gaussian(0.0), "allocation_policy.gaussian_thompson.prior_unit_count", "above 0"),
        (_gaussian(INFINITY), "allocation_policy.gaussian_thompson.prior_unit_count", "is inf"),
        (
            _controls(exploration_floor=0.51),
            "allocation_policy.controls.exploration_floor",
            "2 arms sum to 1.02 (control 0.51, 1 others 0.51)",
        ),
        (
            _controls(GAUSSIAN, exploration_floor=0.2, min_control_share=0.9),
            "allocation_policy.controls.exploration_floor",
            "sum to 1.1",
        ),
        (_controls(exploration_floor=-0.1), "allocation_policy.controls.exploration_floor", "from 0 to 1"),
        (_controls(exploration_floor=NAN), "allocation_policy.controls.exploration_floor", "is nan"),
        (_controls(split(), exploration_floor=1.1), "allocation_policy.controls.exploration_floor", "from 0 to 1"),
        (_controls(min_control_share=1.1), "allocation_policy.controls.min_control_share", "from 0 to 1"),
        (_controls(burn_in_unit_count=-1), "allocation_policy.controls.burn_in_unit_count", "from 0"),
        (_controls(burn_in_unit_count=10**9 + 1), "allocation_policy.controls.burn_in_unit_count", "to 1e+09"),
        (_controls(min_weight_change=1.1), "allocation_policy.controls.min_weight_change", "from 0 to 1"),
        (
            _controls(update_interval=timedelta(days=7, microseconds=1)),
            "allocation_policy.controls.update_interval",
            "up to 7 days",
        ),
        (
            _controls(update_interval=timedelta(seconds=-1)),
            "allocation_policy.controls.update_interval",
            "from zero up to 7 days",
        ),
        (_traffic(0.0), "traffic.share", "above 0"),
        (_traffic(1.1), "traffic.share", "is 1.1"),
        (_traffic(NAN), "traffic.share", "is nan"),
        (_traffic(0.5, -0.1), "traffic.holdout_share", "from 0 to 1"),
        (_traffic(0.5, NAN), "traffic.holdout_share", "is nan"),
        (_traffic(0.8, 0.3), "traffic.holdout_share", "their sum is at most 1"),
        (_window(), "attribution_window", "above zero"),
        (_window(seconds=-1), "attribution_window", "above zero"),
        (_window(days=90, microseconds=1), "attribution_window", "up to 90 days"),
        ({"shipped_arm_id": "third"}, "shipped_arm_id", "no arm"),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]


def test_violations_when_many_rules_are_broken_then_all_are_named() -> None:
    asked = experiment(experiment_id="A", arms=(), metrics=(), **_traffic(0.0), **_window())

    fields = {item.field for item in rules.violations(asked)}

    assert fields == {"experiment_id", "arms", "metrics", "traffic.share", "attribution_window"}
