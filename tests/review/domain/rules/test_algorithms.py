"""Rules of algorithms and their parameters."""

from dataclasses import replace
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.domain.rules.fields import INFINITY, NAN, PRIMARY_REVENUE, learning_by
from tests.review.examples import BETA, GAUSSIAN, experiment, split


def _beta(alpha: float, beta: float) -> dict[str, Any]:
    return {"allocation_policy": model.AllocationPolicy(model.BetaThompson(alpha, beta))}


def _gaussian(unit_count: float) -> dict[str, Any]:
    return {"allocation_policy": model.AllocationPolicy(model.GaussianThompson(unit_count))}


def _learning_from(algorithm: model.Algorithm, **fields: Any) -> dict[str, Any]:
    return {"metrics": (replace(PRIMARY_REVENUE, **fields),), **learning_by(algorithm)}


def _split(*weights: tuple[str, float]) -> dict[str, Any]:
    return {"allocation_policy": split(*weights)}


@pytest.mark.parametrize(
    "fields",
    [
        _split(),
        _split(("control", 0.1), ("treatment", 0.9)),
        _split(("treatment", 1.0), ("control", 0.0)),
        _split(("control", 0.5 + 9e-10), ("treatment", 0.5)),
        _beta(1e-9, 1e6),
        _gaussian(1e6),
        learning_by(model.TopTwoThompson(0.999)),
        learning_by(model.Ucb1(100.0, 1)),
        learning_by(model.KlUcb(0.0, 10**6)),
        learning_by(model.KlUcb(10.0)),
        learning_by(model.EpsilonGreedy(1.0, 0)),
        learning_by(model.EpsilonGreedy(1e-9, 10**9)),
        learning_by(model.Exp3()),
        learning_by(model.Exp3(10.0)),
        _learning_from(model.GammaThompson(1e6, 1e-9), min_value=0.0),
        _learning_from(model.GammaThompson(), combination_rule=model.CombinationRule.COUNT),
        _learning_from(model.TopTwoThompson()),
        _learning_from(model.Ucb1()),
        _learning_from(model.KlUcb()),
        _learning_from(model.Exp3(), combination_rule=model.CombinationRule.LAST, min_value=-5.0, max_value=5.0),
        {"allocation_policy": GAUSSIAN},
        {"allocation_policy": GAUSSIAN, "metrics": (PRIMARY_REVENUE,)},
    ],
)
def test_violations_when_the_experiment_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
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
        (learning_by(model.TopTwoThompson(0.0)), "allocation_policy.top_two_thompson.leader_share", "above 0"),
        (learning_by(model.TopTwoThompson(1.0)), "allocation_policy.top_two_thompson.leader_share", "below 1"),
        (learning_by(model.Ucb1(0.0)), "allocation_policy.ucb1.exploration", "above 0"),
        (learning_by(model.Ucb1(8.0, 0)), "allocation_policy.ucb1.lookahead_unit_count", "from 1"),
        (learning_by(model.KlUcb(-1.0)), "allocation_policy.kl_ucb.c", "from 0 to 10"),
        (learning_by(model.KlUcb(0.0, 10**6 + 1)), "allocation_policy.kl_ucb.lookahead_unit_count", "to 1e+06"),
        (learning_by(model.EpsilonGreedy(0.0)), "allocation_policy.epsilon_greedy.epsilon", "above 0"),
        (learning_by(model.EpsilonGreedy(1.1)), "allocation_policy.epsilon_greedy.epsilon", "at most 1"),
        (learning_by(model.EpsilonGreedy(0.1, -1)), "allocation_policy.epsilon_greedy.half_share_unit_count", "from 0"),
        (learning_by(model.Exp3(NAN)), "allocation_policy.exp3.learning_rate", "is nan"),
        (_learning_from(model.Exp3()), "allocation_policy.exp3", "within bounds"),
        (
            _learning_from(model.Exp3(), combination_rule=model.CombinationRule.LAST),
            "allocation_policy.exp3",
            "within bounds",
        ),
        (learning_by(model.GammaThompson()), "allocation_policy.gamma_thompson", "'conversion' is a PROPORTION"),
        (_learning_from(model.GammaThompson()), "allocation_policy.gamma_thompson", "a MEAN of counts"),
        (
            _learning_from(model.GammaThompson(0.0), min_value=0.0),
            "allocation_policy.gamma_thompson.prior_shape",
            "above 0",
        ),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]
