"""Rules of rewards, costs and budgets."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.review.domain import rules
from shared.definition import model
from tests.review.domain.rules.fields import INFINITY, NAN, controlled_by, learning_by, many_metrics
from tests.review.examples import CONTROL, GAUSSIAN, LATER, NOW, TREATMENT, experiment, split

UNFIT = (
    model.BetaThompson(),
    model.GammaThompson(),
    model.Exp3(),
    model.LogisticThompson(),
)


def _rewarded(*terms: tuple[str, float], algorithm: model.Algorithm = GAUSSIAN.algorithm) -> dict[str, Any]:
    reward = tuple(model.RewardTerm(*term) for term in terms)
    return {"allocation_policy": model.AllocationPolicy(algorithm, reward=reward)}


def _costly(cost: float, algorithm: model.Algorithm = GAUSSIAN.algorithm) -> dict[str, Any]:
    return {"arms": (CONTROL, replace(TREATMENT, cost=cost)), **learning_by(algorithm)}


def _budgeted(amount: float, *, ends_at: datetime = LATER, cost: float = 2.0) -> dict[str, Any]:
    return {**_costly(cost), **controlled_by(GAUSSIAN, budget=model.Budget(amount, ends_at))}


@pytest.mark.parametrize(
    "fields",
    [
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
    ],
)
def test_violations_when_the_experiment_is_valid_then_there_are_none(fields: dict[str, Any]) -> None:
    assert rules.violations(experiment(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        (_rewarded(("profit", 1.0)), "allocation_policy.reward[0].metric_id", "no metric of the experiment"),
        (_rewarded(("~reward", 1.0)), "allocation_policy.reward[0].metric_id", "no metric of the experiment"),
        (_rewarded(("revenue", 1.0), ("revenue", 2.0)), "allocation_policy.reward[1].metric_id", "taken"),
        (_rewarded(("revenue", 0.0)), "allocation_policy.reward[0].weight", "leave the term out"),
        (_rewarded(("revenue", NAN)), "allocation_policy.reward[0].weight", "is nan"),
        (_rewarded(("revenue", -1.1e6)), "allocation_policy.reward[0].weight", "from -1e+06 to 1e+06"),
        (
            {
                **_rewarded(*((metric.metric_id, 1.0) for metric in many_metrics(32)), ("x", 1.0)),
                "metrics": many_metrics(32),
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
            {**_budgeted(1.0), **controlled_by(split(), budget=model.Budget(1.0, LATER))},
            "allocation_policy.controls.budget",
            "fixed split",
        ),
    ],
)
def test_violations_when_a_rule_is_broken_then_the_field_is_named(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = rules.violations(experiment(**fields))

    assert [item.field for item in found if words in item.description] == [path]
