"""Contextual models learn from rewards net of costs, and keep to budgets."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bandit.domain.context_controls import paced_model
from services.bandit.domain.context_learning import fitted_model
from services.bandit.domain.context_placement import ContextPlacer
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.pacing import Allowance
from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import (
    Arm,
    BooleanFeature,
    Budget,
    Experiment,
    InverseGap,
    LinearThompson,
    LinUcb,
    MetricDirection,
    RewardTerm,
)
from shared.policy.snapshot import RANGE, ContextualModel, PolicySnapshot, PublishReason, ScoreMode
from tests.bandit.examples import MINUTE, NOW, SALES, by_arm, experiment, policy, weights

HOUR = timedelta(hours=1)
ALGORITHMS = (LinearThompson(), LinUcb(), InverseGap())
BOTH = np.array([[1.0, 0.0], [1.0, 1.0]])
NOBODY: frozenset[str] = frozenset()
COSTS = (0.0, 1.0, 0.5)


def definition(*costs: float, algorithm: Any = ALGORITHMS[0], **controls: Any) -> Experiment:
    arms = tuple(
        Arm(arm_id, control=arm_id == "control", cost=cost)
        for arm_id, cost in zip(("control", "blue", "green"), costs or (0.0, 0.0, 0.0), strict=True)
    )
    return experiment(
        arms=arms,
        metrics=(SALES,),
        features=(BooleanFeature("returning"),),
        allocation_policy=policy(algorithm, **controls),
    )


def trials(means: list[list[float]], *, count: int = 3000) -> Trials:
    """Returns values about the means of each arm for new and for returning units, with a deviation of 0.1."""
    rng = np.random.default_rng(3)
    returning, arms = rng.integers(0, 2, count), rng.integers(0, 3, count)
    contexts = np.column_stack([np.ones(count), returning]).astype(np.float64)
    return Trials(contexts, arms, np.array(means)[returning, arms] + rng.normal(0, 0.1, count))


BLUE_FOR_RETURNING = trials([[2.0, 2.5, 1.0], [2.0, 4.0, 1.0]])


def best(model: ContextualModel | None) -> list[int]:
    """Returns the arm that new and returning units get most."""
    assert model is not None
    return [int(arm) for arm in ContextPlacer(model).weights(BOTH).argmax(axis=1)]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_model_when_arms_cost_something_then_values_count_net_of_it(algorithm: Any) -> None:
    free = fitted_model(definition(algorithm=algorithm), BLUE_FOR_RETURNING, seed=1)
    costly = fitted_model(definition(*COSTS, algorithm=algorithm), BLUE_FOR_RETURNING, seed=1)

    assert best(free) == [1, 1]
    assert best(costly) == [0, 1]


def test_model_when_less_is_better_then_costs_come_on_top() -> None:
    fewer, minimizing = trials([[2.0, 1.5, 3.0], [2.0, 0.5, 3.0]]), replace(SALES, direction=MetricDirection.MINIMIZE)

    free = fitted_model(replace(definition(), metrics=(minimizing,)), fewer, seed=1)
    costly = fitted_model(replace(definition(*COSTS), metrics=(minimizing,)), fewer, seed=1)

    assert best(free) == [1, 1]
    assert best(costly) == [0, 1]


def test_model_when_the_policy_has_a_reward_then_more_of_it_is_better_whatever_the_primary_metric() -> None:
    rewarded = replace(
        definition(),
        metrics=(replace(SALES, direction=MetricDirection.MINIMIZE),),
        allocation_policy=replace(definition().allocation_policy, reward=(RewardTerm("sales", -1.0),)),
    )

    assert best(fitted_model(rewarded, BLUE_FOR_RETURNING, seed=1)) == [1, 1]


def test_snapshot_when_the_reward_is_new_then_the_model_is_kept_until_it_is_learned_from() -> None:
    plain = definition()
    rewarded = replace(
        plain,
        revision=2,
        allocation_policy=replace(plain.allocation_policy, reward=(RewardTerm("sales", -1.0),)),
    )
    known = BLUE_FOR_RETURNING
    turned = replace(known, values=-known.values)
    before = next_snapshot(plain, {}, None, frozen=False, now=NOW, trials=known)
    assert before is not None

    kept = next_snapshot(rewarded, {}, before, frozen=False, now=NOW + MINUTE, trials=known)
    assert kept is not None
    learned = next_snapshot(rewarded, {}, kept, frozen=False, now=NOW + 2 * MINUTE, trials=turned)

    assert kept.contextual_model == before.contextual_model
    assert weights(kept) == weights(before)
    assert learned is not None
    assert best(learned.contextual_model) == [2, 2]


def banked() -> ContextualModel:
    """Returns a model of random draws with floors."""
    draws = np.random.default_rng(8).normal(size=(64, 3, 2)).astype("<f4")
    return ContextualModel(ScoreMode.DRAWS, draws.tobytes(), 64, 2, 0.0, (0.05, 0.1, 0.0))


@given(st.floats(0.0, 2.0))
def test_paced_when_little_is_left_then_each_context_is_mixed_by_the_same_share(limit: float) -> None:
    model, average = banked(), np.array([0.2, 0.5, 0.3])

    paced = paced_model(model, average, definition(*COSTS), NOBODY, Allowance(100 * limit, 100))

    assert paced is not None
    kept = min(limit / float(average @ COSTS), 1.0)
    expected = kept * ContextPlacer(model).weights(BOTH) + (1 - kept) * np.eye(3)[0]
    assert ContextPlacer(paced).weights(BOTH) == pytest.approx(expected, abs=1e-12)


def test_paced_when_nothing_is_left_then_every_unit_gets_the_cheapest_for_certain() -> None:
    dear_control = definition(1.0, 0.0, 0.5)

    paced = paced_model(banked(), np.full(3, 1 / 3), dear_control, NOBODY, Allowance(-1.0, 100))

    assert paced is not None
    placer = ContextPlacer(paced)
    for place in (0, 1, RANGE // 3, RANGE - 1):
        assert placer.place([1.0, 1.0], place) == (1, 1.0)


def test_paced_when_there_is_no_budget_or_no_model_then_nothing_changes() -> None:
    assert paced_model(banked(), np.full(3, 1 / 3), definition(*COSTS), NOBODY, None) == banked()
    assert paced_model(None, np.full(3, 1 / 3), definition(*COSTS), NOBODY, Allowance(1.0, 1)) is None


def budgeted(amount: float, **controls: Any) -> Experiment:
    return definition(*COSTS, budget=Budget(amount, NOW + 2 * HOUR), **controls)


def one_version() -> list[VersionStatistics]:
    """Returns 100 units that have cost 70."""
    counts = {"control": 20.0, "blue": 60.0, "green": 20.0}
    arms = by_arm(*(ArmStatistics(arm_id, count) for arm_id, count in counts.items()))
    return [VersionStatistics(1, None, arms, {}, dict(zip(counts, COSTS, strict=True)))]


def after_an_hour(
    known: Experiment, previous: PolicySnapshot | None, *, frozen: bool = False, span: timedelta = HOUR
) -> PolicySnapshot | None:
    return next_snapshot(
        known, {}, previous, frozen=frozen, now=NOW + span, versions=one_version(), trials=BLUE_FOR_RETURNING
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("frozen", [False, True])
def test_snapshot_when_the_budget_is_short_then_units_cost_what_is_left_for_each(
    *, algorithm: Any, frozen: bool
) -> None:
    first = after_an_hour(budgeted(1e6, algorithm=algorithm), None)
    assert first is not None
    short = budgeted(80.0, algorithm=algorithm)

    fresh = after_an_hour(short, first if not frozen else replace(first, frozen=True), frozen=frozen)

    # 10 is left for the 100 units that are expected.
    assert fresh is not None
    assert fresh.publish_reason is PublishReason.BUDGET
    assert fresh.contextual_model is not None
    in_contexts = ContextPlacer(fresh.contextual_model).weights(BLUE_FOR_RETURNING.contexts[:1000]).mean(axis=0)
    assert float(in_contexts @ COSTS) == pytest.approx(0.1, abs=1e-3)
    assert [arm.weight for arm in fresh.arms] == pytest.approx(in_contexts.tolist(), abs=1e-3)
    assert after_an_hour(short, fresh, frozen=frozen) is None


def test_snapshot_when_the_budget_is_used_up_then_everybody_gets_the_cheapest_at_once() -> None:
    used_up = budgeted(70.0, min_weight_change=0.9)
    first = after_an_hour(budgeted(75.0), None)
    assert first is not None

    fresh = after_an_hour(used_up, first)

    assert fresh is not None
    assert fresh.publish_reason is PublishReason.BUDGET
    assert weights(fresh) == {"control": 1.0, "blue": 0.0, "green": 0.0}
    assert after_an_hour(used_up, fresh) is None
    assert after_an_hour(used_up, fresh, span=3 * HOUR) is None
