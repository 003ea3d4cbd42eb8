"""Every rule, both ways: what it lets pass and what it names."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.examples import (
    BETA,
    CONTROL,
    CONVERSION,
    GAUSSIAN,
    LATER,
    NOW,
    REVENUE,
    THIRD,
    TREATMENT,
    experiment,
    split,
)

NAN, INFINITY = float("nan"), float("inf")
UNFIT = (
    model.BetaThompson(),
    model.GammaThompson(),
    model.Exp3(),
    model.LinearThompson(),
    model.LinUcb(),
    model.LogisticThompson(),
    model.InverseGap(),
)
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


def _algorithm(algorithm: model.Algorithm) -> dict[str, Any]:
    return {"allocation_policy": model.AllocationPolicy(algorithm)}


def _learning_from(algorithm: model.Algorithm, **fields: Any) -> dict[str, Any]:
    return {"metrics": (replace(PRIMARY_REVENUE, **fields),), **_algorithm(algorithm)}


AGE = model.NumericFeature("age", 40.0, 15.0)


def _contextual(algorithm: model.Algorithm | None = None, *features: model.Feature, **controls: Any) -> dict[str, Any]:
    policy = model.AllocationPolicy(algorithm or model.LinearThompson(), model.AllocationControls(**controls))
    return {"allocation_policy": policy, "features": features or (AGE,)}


def _features(*features: model.Feature) -> dict[str, Any]:
    return {"features": features}


def _guarded() -> dict[str, Any]:
    return {"metrics": (CONVERSION, replace(REVENUE, role=model.MetricRole.GUARDRAIL))}


def _rewarded(*terms: tuple[str, float], algorithm: model.Algorithm = GAUSSIAN.algorithm) -> dict[str, Any]:
    reward = tuple(model.RewardTerm(*term) for term in terms)
    return {"allocation_policy": model.AllocationPolicy(algorithm, reward=reward)}


def _costly(cost: float, algorithm: model.Algorithm = GAUSSIAN.algorithm) -> dict[str, Any]:
    return {"arms": (CONTROL, replace(TREATMENT, cost=cost)), **_algorithm(algorithm)}


def _budgeted(amount: float, *, ends_at: datetime = LATER, cost: float = 2.0) -> dict[str, Any]:
    return {**_costly(cost), **_controls(GAUSSIAN, budget=model.Budget(amount, ends_at))}


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
        _algorithm(model.TopTwoThompson(0.999)),
        _algorithm(model.Ucb1(100.0, 1)),
        _algorithm(model.KlUcb(0.0, 10**6)),
        _algorithm(model.KlUcb(10.0)),
        _algorithm(model.EpsilonGreedy(1.0, 0)),
        _algorithm(model.EpsilonGreedy(1e-9, 10**9)),
        _algorithm(model.Exp3()),
        _algorithm(model.Exp3(10.0)),
        _learning_from(model.GammaThompson(1e6, 1e-9), min_value=0.0),
        _learning_from(model.GammaThompson(), combination_rule=model.CombinationRule.COUNT),
        _learning_from(model.TopTwoThompson()),
        _learning_from(model.Ucb1()),
        _learning_from(model.KlUcb()),
        _learning_from(model.Exp3(), combination_rule=model.CombinationRule.LAST, min_value=-5.0, max_value=5.0),
        _controls(half_life=timedelta(minutes=1)),
        _features(AGE, model.BooleanFeature("returning"), model.CategoricalFeature("country", ("de", "fr"))),
        _features(model.CategoricalFeature("wide", tuple(f"v{place}" for place in range(62)))),
        _features(*(model.BooleanFeature(f"b{place}") for place in range(32))),
        _contextual(model.LinearThompson(1e6, 1024, hybrid=True)),
        _contextual(model.LinUcb(100.0)),
        _contextual(model.LogisticThompson(draw_count=16)),
        _contextual(model.InverseGap(1e6)),
        {**_contextual(model.LinearThompson()), "metrics": (PRIMARY_REVENUE,)},
        _controls(window=timedelta(days=365), mature_only=True),
        {**_guarded(), **_controls(guardrail_pause=model.GuardrailPause(0.499, 1.0, 100))},
        {**_guarded(), **_controls(split(), guardrail_pause=model.GuardrailPause())},
        _controls(stop_rule=model.StopRule(0.001, 0.0, 10**9), shadow=True),
        _controls(warm_start=model.WarmStart("last-year", 1e9)),
        {"allocation_policy": GAUSSIAN},
        _rewarded(("revenue", 1e6), ("conversion", -1e-9)),
        _rewarded(("revenue", 1.0), algorithm=model.FixedSplit()),
        _rewarded(("revenue", 1.0), algorithm=model.TopTwoThompson()),
        _rewarded(("revenue", 1.0), algorithm=model.Ucb1()),
        _rewarded(("revenue", 1.0), algorithm=model.KlUcb()),
        _rewarded(("revenue", 1.0), algorithm=model.EpsilonGreedy()),
        _costly(1e12),
        _costly(0.0, model.BetaThompson()),
        _costly(0.5, model.FixedSplit()),
        _costly(0.5, model.KlUcb()),
        _budgeted(1e15),
        {**_budgeted(1e-9), "created_at": NOW},
        {**_budgeted(1.0), "created_at": NOW, "started_at": NOW},
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
        (_algorithm(model.LinearThompson()), "allocation_policy.linear_thompson", "declares none"),
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
            {**_contextual(model.LinearThompson(draw_count=1024)), "arms": _arms(64)},
            "allocation_policy.linear_thompson",
            "196,608",
        ),
        (
            {
                **_contextual(
                    model.InverseGap(hybrid=True), model.CategoricalFeature("c", tuple("abcdefghijklmnopqrst"))
                ),
                "arms": _arms(64),
            },
            "allocation_policy.inverse_gap.hybrid",
            "at most 1,024",
        ),
        (
            _contextual(None, half_life=timedelta(days=1)),
            "allocation_policy.controls.half_life",
            "contextual algorithm yet",
        ),
        (_algorithm(model.TopTwoThompson(0.0)), "allocation_policy.top_two_thompson.leader_share", "above 0"),
        (_algorithm(model.TopTwoThompson(1.0)), "allocation_policy.top_two_thompson.leader_share", "below 1"),
        (_algorithm(model.Ucb1(0.0)), "allocation_policy.ucb1.exploration", "above 0"),
        (_algorithm(model.Ucb1(8.0, 0)), "allocation_policy.ucb1.lookahead_unit_count", "from 1"),
        (_algorithm(model.KlUcb(-1.0)), "allocation_policy.kl_ucb.c", "from 0 to 10"),
        (_algorithm(model.KlUcb(0.0, 10**6 + 1)), "allocation_policy.kl_ucb.lookahead_unit_count", "to 1e+06"),
        (_algorithm(model.EpsilonGreedy(0.0)), "allocation_policy.epsilon_greedy.epsilon", "above 0"),
        (_algorithm(model.EpsilonGreedy(1.1)), "allocation_policy.epsilon_greedy.epsilon", "at most 1"),
        (_algorithm(model.EpsilonGreedy(0.1, -1)), "allocation_policy.epsilon_greedy.half_share_unit_count", "from 0"),
        (_algorithm(model.Exp3(NAN)), "allocation_policy.exp3.learning_rate", "is nan"),
        (_learning_from(model.Exp3()), "allocation_policy.exp3", "within bounds"),
        (
            _learning_from(model.Exp3(), combination_rule=model.CombinationRule.LAST),
            "allocation_policy.exp3",
            "within bounds",
        ),
        (_algorithm(model.GammaThompson()), "allocation_policy.gamma_thompson", "'conversion' is a PROPORTION"),
        (_learning_from(model.GammaThompson()), "allocation_policy.gamma_thompson", "a MEAN of counts"),
        (
            _learning_from(model.GammaThompson(0.0), min_value=0.0),
            "allocation_policy.gamma_thompson.prior_shape",
            "above 0",
        ),
        (
            {**_guarded(), **_controls(guardrail_pause=model.GuardrailPause(0.5))},
            "allocation_policy.controls.guardrail_pause.alpha",
            "below 0.5",
        ),
        (
            {**_guarded(), **_controls(guardrail_pause=model.GuardrailPause(margin=-0.1))},
            "allocation_policy.controls.guardrail_pause.margin",
            "from 0 to 1",
        ),
        (
            {**_guarded(), **_controls(guardrail_pause=model.GuardrailPause(optimal_unit_count=99))},
            "allocation_policy.controls.guardrail_pause.optimal_unit_count",
            "from 100",
        ),
        (
            _controls(guardrail_pause=model.GuardrailPause()),
            "allocation_policy.controls.guardrail_pause",
            "no metric has the role GUARDRAIL",
        ),
        (_controls(stop_rule=model.StopRule(NAN)), "allocation_policy.controls.stop_rule.alpha", "is nan"),
        (
            _controls(stop_rule=model.StopRule(threshold_of_caring=1.1)),
            "allocation_policy.controls.stop_rule.threshold_of_caring",
            "from 0 to 1",
        ),
        (_controls(split(), shadow=True), "allocation_policy.controls.shadow", "learns nothing"),
        (
            _controls(warm_start=model.WarmStart("checkout")),
            "allocation_policy.controls.warm_start.experiment_id",
            "an earlier experiment",
        ),
        (
            _controls(warm_start=model.WarmStart("last-year", 0.0)),
            "allocation_policy.controls.warm_start.max_unit_count",
            "above 0",
        ),
        (
            _controls(split(), warm_start=model.WarmStart("last-year")),
            "allocation_policy.controls.warm_start",
            "neither fixed_split nor exp3",
        ),
        (_rewarded(("profit", 1.0)), "allocation_policy.reward[0].metric_id", "no metric of the experiment"),
        (_rewarded(("~reward", 1.0)), "allocation_policy.reward[0].metric_id", "no metric of the experiment"),
        (_rewarded(("revenue", 1.0), ("revenue", 2.0)), "allocation_policy.reward[1].metric_id", "taken"),
        (_rewarded(("revenue", 0.0)), "allocation_policy.reward[0].weight", "leave the term out"),
        (_rewarded(("revenue", NAN)), "allocation_policy.reward[0].weight", "is nan"),
        (_rewarded(("revenue", -1.1e6)), "allocation_policy.reward[0].weight", "from -1e+06 to 1e+06"),
        (
            {
                **_rewarded(*((metric.metric_id, 1.0) for metric in _metrics(32)), ("x", 1.0)),
                "metrics": _metrics(32),
            },
            "allocation_policy.reward",
            "at most 32",
        ),
        *(
            (_rewarded(("revenue", 1.0), algorithm=unfit), "allocation_policy.reward", "cannot go by it")
            for unfit in UNFIT
        ),
        *((_costly(0.5, unfit), "arms[1].cost", "cannot go by it") for unfit in UNFIT),
        (_costly(-0.5), "arms[1].cost", "from 0 to 1e+12"),
        (_costly(INFINITY), "arms[1].cost", "is inf"),
        (_costly(NAN), "arms[1].cost", "is nan"),
        (_budgeted(0.0), "allocation_policy.controls.budget.amount", "above 0"),
        (_budgeted(INFINITY), "allocation_policy.controls.budget.amount", "is inf"),
        (
            {**_budgeted(1.0, ends_at=NOW), "created_at": NOW},
            "allocation_policy.controls.budget.ends_at",
            "must be after",
        ),
        (
            {**_budgeted(1.0), "created_at": NOW, "started_at": LATER},
            "allocation_policy.controls.budget.ends_at",
            "must be after",
        ),
        (_budgeted(1.0, cost=0.0), "allocation_policy.controls.budget", "all arms cost the same"),
        (
            {**_budgeted(1.0), **_controls(split(), budget=model.Budget(1.0, LATER))},
            "allocation_policy.controls.budget",
            "fixed split",
        ),
        (_controls(half_life=timedelta(seconds=59)), "allocation_policy.controls.half_life", "from 0:01:00"),
        (_controls(window=timedelta(days=366)), "allocation_policy.controls.window", "to 365 days"),
        (
            _controls(model.AllocationPolicy(model.Exp3()), half_life=timedelta(days=1)),
            "allocation_policy.controls.half_life",
            "all of its past",
        ),
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
