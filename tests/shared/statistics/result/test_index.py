"""An index that does not fit is refused by name, in every class that answers for many things at once."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidArgument, Reason
from shared.statistics.adaptive import bols
from shared.statistics.adaptive.arm_means import arm_means
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.best_arm import best_arm
from shared.statistics.adaptive.stopping_rules import AnyTime
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian import comparison, proportions
from shared.statistics.bayesian.best_arm import best_arms
from shared.statistics.bayesian.value_remaining import value_remaining
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.margins import non_inferiority
from shared.statistics.health.balance import pre_period_balance
from shared.statistics.health.drift import effect_drift
from shared.statistics.health.sample_ratio import sample_ratio
from shared.statistics.health.sequential_sample_ratio import sequential_sample_ratio
from shared.statistics.off_policy.weights import evaluate_weights
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.minimum_effect import minimum_effect
from shared.statistics.planning.plan import Plan
from shared.statistics.planning.power import power
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result import checks
from shared.statistics.sequential.looks import Looks
from shared.statistics.sequential.spending import POCOCK_TYPE
from shared.statistics.sequential.stopping import stopped_difference

LIBRARY = Path(__file__).resolve().parents[4] / "shared/statistics"

ARMS = means(Moments.of_values([[100, 100], [100, 100]], [[1.0, 2.0], [1.0, 1.0]], [[99.0, 99.0], [99.0, 99.0]]))
TREATED, CONTROL = ARMS[:, 1], ARMS[:, 0]
BATCHES = Batches.of(Moments.of_successes([[50, 62], [30, 152]], [[500, 500], [300, 1200]]), [[0.5, 0.5], [0.2, 0.8]])
POSTERIOR = proportions.proportions([10, 20], [100, 100])
RATE, PLAN = Baseline.proportion([0.1, 0.2]), Plan()
EVALUATION = evaluate_weights(BATCHES, [0.5, 0.5])
PERIODS = compare(*(means(Moments.of_values([50.0] * 6, [x] * 6, [49.0] * 6)) for x in (1.0, 0.5)))

ANSWERS: dict[str, tuple[Callable[..., Any], int]] = {
    "comparison": (compare(TREATED, CONTROL).report, 1),
    "comparison of numbers": (compare(TREATED[0], CONTROL[0]).report, 0),
    "margins": (non_inferiority(TREATED, CONTROL, margin=0.1).report, 1),
    "stopped": (stopped_difference(TREATED, CONTROL, looks=Looks([1.0], POCOCK_TYPE)).report, 1),
    "bayesian comparison": (comparison.compare(POSTERIOR[1:], POSTERIOR[:1]).report, 1),
    "bayesian best arms": (best_arms(POSTERIOR).report, 1),
    "value remaining": (value_remaining(POSTERIOR).report, 0),
    "effect in any batch": (bols.effect_in_any_batch(BATCHES, treatment=1).report, 1),
    "arm means": (arm_means(BATCHES).report, 1),
    "best arm": (best_arm(BATCHES, rule=AnyTime(1_000), threshold_of_caring=0.001).report, 0),
    "policy values": (EVALUATION.values[0].report, 0),
    "policy's caution": (EVALUATION.caution_at, 0),
    "power": (power(RATE, PLAN, difference=0.01, unit_count=1_000).report, 1),
    "sample size": (sample_size(RATE, PLAN, difference=0.01).report, 1),
    "minimum effect": (minimum_effect(RATE, PLAN, unit_count=1_000).report, 1),
    "sample ratio": (sample_ratio([50, 60], [0.5, 0.5]).finding, 0),
    "sequential sample ratio": (sequential_sample_ratio([[50, 60], [50, 40]], [0.5, 0.5]).finding, 0),
    "balance": (pre_period_balance(Moments.of_values([[50, 60]], [[1.0, 1.1]], [[49.0, 59.0]])).finding, 0),
    "course": (effect_drift(PERIODS).course, 0),
    "drift": (effect_drift(PERIODS).finding, 0),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_when_the_index_fits_then_is_given(name: str) -> None:
    ask, axes = ANSWERS[name]

    assert ask(*[0] * axes) is not None


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_when_the_index_has_too_many_numbers_then_is_refused(name: str) -> None:
    ask, axes = ANSWERS[name]

    with pytest.raises(InvalidArgument, match=f"must be {axes}") as raised:
        ask(*[0] * (axes + 1))

    assert raised.value.reason is Reason.INVALID_FIELD
    assert raised.value.violations[0].field == "index"


@pytest.mark.parametrize("name", [name for name, (_, axes) in ANSWERS.items() if axes])
def test_answer_when_the_index_is_out_of_range_or_lacks_numbers_then_is_refused(name: str) -> None:
    ask, axes = ANSWERS[name]

    for wrong in ([9] * axes, [-9] * axes, [0] * (axes - 1), [0.0] * axes):
        with pytest.raises(InvalidArgument) as raised:
            ask(*wrong)
        assert raised.value.violations[0].field == "index"


def test_classes_when_they_take_an_index_then_check_it() -> None:
    for file in LIBRARY.glob("*/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.args.vararg and node.args.vararg.arg == "index":
                calls = [ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)]
                assert "checks.index" in calls, f"{file.name}: {node.name}"


@given(st.lists(st.integers(-4, 4), max_size=3), st.lists(st.integers(0, 3), max_size=3))
def test_index_when_checked_then_is_refused_where_numpy_has_no_single_number(
    index: list[int], shape: list[int]
) -> None:
    try:
        fits = np.zeros(shape)[tuple(index)].shape == ()
    except IndexError:
        fits = False

    if fits:
        checks.index(tuple(index), tuple(shape))
    else:
        with pytest.raises(InvalidArgument, match="index"):
            checks.index(tuple(index), tuple(shape))


def test_index_when_of_numpy_integers_then_is_fine() -> None:
    checks.index((np.int64(1),), (2,))  # type: ignore[arg-type]


def test_index_when_a_truth_value_then_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="whole numbers"):
        checks.index((True,), (2,))
