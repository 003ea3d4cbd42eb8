"""Rules of features and of the algorithms that learn from them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.domain.rules.fields import NAN, PRIMARY_REVENUE, learning_by, many_arms
from tests.review.examples import CONTROL, CONVERSION, LATER, REVENUE, TREATMENT, experiment

AGE = model.NumericFeature("age", 40.0, 15.0)


def _contextual(
    algorithm: model.Algorithm | None = None,
    *features: model.Feature,
    reward: tuple[model.RewardTerm, ...] = (),
    **controls: Any,
) -> dict[str, Any]:
    policy = model.AllocationPolicy(algorithm or model.LinearThompson(), model.AllocationControls(**controls), reward)
    return {"allocation_policy": policy, "features": features or (AGE,)}


LATENCY = replace(
    REVENUE,
    metric_id="latency",
    role=model.MetricRole.GUARDRAIL,
    combination_rule=model.CombinationRule.MAX,
    min_value=0.0,
    max_value=10.0,
)
ERRORS = replace(CONVERSION, metric_id="errors", role=model.MetricRole.GUARDRAIL)


def _guarded(metric: model.Metric = LATENCY, margin: float = 0.0) -> dict[str, Any]:
    return {**_contextual(guardrail_pause=model.GuardrailPause(margin=margin)), "metrics": (CONVERSION, metric)}


def _features(*features: model.Feature) -> dict[str, Any]:
    return {"features": features}


@pytest.mark.parametrize(
    "fields",
    [
        _features(AGE, model.BooleanFeature("returning"), model.CategoricalFeature("country", ("de", "fr"))),
        _features(model.CategoricalFeature("wide", tuple(f"v{place}" for place in range(62)))),
        _features(*(model.BooleanFeature(f"b{place}") for place in range(32))),
        _contextual(model.LinearThompson(1e6, 1024, hybrid=True)),
        _contextual(model.LinUcb(100.0)),
        _contextual(model.LogisticThompson(draw_count=16)),
        _contextual(model.InverseGap(1e6)),
        {**_contextual(model.LinearThompson()), "metrics": (PRIMARY_REVENUE,)},
        _contextual(shadow=True),
        *(
            {
                **_contextual(algorithm, budget=model.Budget(1.0, LATER), reward=(model.RewardTerm("revenue", 2.0),)),
                "arms": (CONTROL, replace(TREATMENT, cost=1.0)),
            }
            for algorithm in (model.LinearThompson(), model.LinUcb(), model.InverseGap())
        ),
        _contextual(half_life=timedelta(days=1), mature_only=True),
        _contextual(window=timedelta(days=1)),
        _contextual(warm_start=model.WarmStart("last-year")),
        _guarded(),
        _guarded(ERRORS, margin=0.5),
        _guarded(replace(LATENCY, min_value=-1.0, max_value=10.0)),
    ],
)
def test_violations_when_the_experiment_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        (_features(AGE, AGE), "features[1].feature_id", "taken"),
        (_features(model.BooleanFeature("A")), "features[0].feature_id", "must match"),
        (_features(*(model.BooleanFeature(f"b{place}") for place in range(33))), "features", "at most 32"),
        (_features(model.NumericFeature("n", NAN)), "features[0].numeric.center", "finite"),
        (_features(model.NumericFeature("n", 0.0, 0.0)), "features[0].numeric.scale", "above 0"),
        (_features(model.CategoricalFeature("c", ())), "features[0].categorical.values", "from 1 to 62"),
        (_features(model.CategoricalFeature("c", ("x", "x"))), "features[0].categorical.values", "twice"),
        (_features(model.CategoricalFeature("c", ("",))), "features[0].categorical.values[0]", "from 1 to 63"),
        (
            _features(model.CategoricalFeature("c", tuple(f"v{place}" for place in range(62))), AGE),
            "features",
            "in 65 columns",
        ),
        (learning_by(model.LinearThompson()), "allocation_policy.linear_thompson", "declares none"),
        (
            _contextual(model.LinearThompson(draw_count=15)),
            "allocation_policy.linear_thompson.draw_count",
            "from 16",
        ),
        (_contextual(model.LinUcb(0.0)), "allocation_policy.lin_ucb.exploration", "above 0"),
        (
            {**_contextual(model.LogisticThompson()), "metrics": (PRIMARY_REVENUE,)},
            "allocation_policy.logistic_thompson",
            "'revenue' is a MEAN",
        ),
        (
            {**_contextual(model.LinearThompson(draw_count=1024)), "arms": many_arms(64)},
            "allocation_policy.linear_thompson",
            "196,608",
        ),
        (
            {
                **_contextual(
                    model.InverseGap(hybrid=True), model.CategoricalFeature("c", tuple("abcdefghijklmnopqrst"))
                ),
                "arms": many_arms(64),
            },
            "allocation_policy.inverse_gap.hybrid",
            "at most 1,024",
        ),
        (
            _guarded(replace(REVENUE, role=model.MetricRole.GUARDRAIL)),
            "allocation_policy.controls.guardrail_pause",
            "within bounds",
        ),
        (
            _guarded(replace(LATENCY, min_value=-1.0), 0.1),
            "allocation_policy.controls.guardrail_pause.margin",
            "can be negative",
        ),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]
