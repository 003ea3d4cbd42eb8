"""A contextual algorithm's model follows its trials, within the controls of the experiment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from services.bandit.domain.context_learning import average_weights, change_in_contexts, fitted_model
from services.bandit.domain.context_placement import ContextPlacer
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.publishing import next_snapshot
from shared.definition.model import (
    Arm,
    BetaThompson,
    BooleanFeature,
    Experiment,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    MetricDirection,
)
from shared.policy.snapshot import PolicySnapshot, PublishReason
from tests.bandit.examples import CONVERSION, MINUTE, NOW, experiment, policy, weights

ALGORITHMS = (LinearThompson(), LinUcb(), LogisticThompson(), InverseGap())
NEW, RETURNING = [1.0, 0.0], [1.0, 1.0]


def definition(algorithm: Any = ALGORITHMS[0], **controls: Any) -> Experiment:
    """Returns an experiment that learns from whether a unit returns."""
    return experiment(
        features=(BooleanFeature("returning"),),
        allocation_policy=policy(algorithm, **{"burn_in_unit_count": 10, **controls}),
    )


def trials(count: int = 3000, *, seed: int = 1) -> Trials:
    """Returns trials in which blue is best for new units and green for returning ones."""
    rng = np.random.default_rng(seed)
    returning = rng.integers(0, 2, count)
    arms = rng.integers(0, 3, count)
    rates = np.array([[0.2, 0.5, 0.1], [0.2, 0.1, 0.5]])[returning, arms]
    contexts = np.column_stack([np.ones(count), returning]).astype(float)
    return Trials(contexts, arms, (rng.random(count) < rates).astype(float))


def after(
    experiment: Experiment,
    previous: PolicySnapshot | None,
    known: Trials | None,
    *,
    frozen: bool = False,
    minutes: int = 1,
) -> PolicySnapshot | None:
    """Returns what is published some minutes later."""
    return next_snapshot(experiment, {}, previous, frozen=frozen, now=NOW + minutes * MINUTE, trials=known)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_model_when_the_best_arm_depends_on_the_context_then_so_do_the_weights(algorithm: Any) -> None:
    model = fitted_model(definition(algorithm), trials(), seed=1)

    assert model is not None
    new, returning = ContextPlacer(model).weights(np.array([NEW, RETURNING]))
    assert new.argmax() == 1
    assert returning.argmax() == 2
    assert new[1] > 0.7
    assert returning[2] > 0.7


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_model_when_less_is_better_then_the_other_arms(algorithm: Any) -> None:
    minimizing = replace(definition(algorithm), metrics=(replace(CONVERSION, direction=MetricDirection.MINIMIZE),))

    model = fitted_model(minimizing, trials(), seed=1)

    assert model is not None
    new, returning = ContextPlacer(model).weights(np.array([NEW, RETURNING]))
    assert new.argmax() == 2
    assert returning.argmax() == 1


def test_model_when_all_arms_burn_in_then_none_and_one_that_does_has_an_equal_share_at_least() -> None:
    known = trials()
    few = Trials(known.contexts[:20], known.arms[:20], known.values[:20])
    two_arms = known.arms < 2
    without_green = Trials(known.contexts[two_arms], known.arms[two_arms], known.values[two_arms])

    assert fitted_model(definition(burn_in_unit_count=100), few, seed=1) is None
    model = fitted_model(definition(burn_in_unit_count=100, exploration_floor=0.02), without_green, seed=1)
    assert model is not None
    assert model.lower_bounds == pytest.approx((0.02, 0.02, 1 / 3))


def test_model_when_there_is_nothing_to_learn_from_then_none() -> None:
    nothing = Trials(np.ones((0, 2)), np.zeros(0, np.int64), np.zeros(0))

    assert fitted_model(definition(burn_in_unit_count=0), nothing, seed=1) is None
    assert fitted_model(definition(), None, seed=1) is None
    assert fitted_model(definition(BetaThompson()), trials(), seed=1) is None


def test_snapshot_when_trials_come_then_a_version_with_model_features_and_average_weights() -> None:
    first = after(definition(exploration_floor=0.01), None, None)
    assert first is not None
    assert first.contextual_model is None
    assert [arm.weight for arm in first.arms] == pytest.approx([1 / 3] * 3)

    known = trials()
    second = after(definition(exploration_floor=0.01), first, known, minutes=2)

    assert second is not None
    assert second.publish_reason is PublishReason.LEARNING
    assert second.features == (BooleanFeature("returning"),)
    assert second.contextual_model is not None
    assert [arm.weight for arm in second.arms] == pytest.approx(
        average_weights(second.contextual_model, known).tolist(), abs=1e-9
    )


def test_snapshot_when_weights_hardly_move_in_contexts_then_none_is_published() -> None:
    careful = definition(min_weight_change=0.05)
    known = after(careful, None, trials())
    assert known is not None

    assert after(careful, known, trials(3010), minutes=2) is None
    assert after(careful, known, trials(3000, seed=2), minutes=2) is None
    turned = trials()
    other_way = Trials(turned.contexts, turned.arms, 1 - turned.values)
    assert after(careful, known, other_way, minutes=2) is not None


def test_snapshot_when_the_update_is_not_due_then_none() -> None:
    slow = definition(update_interval=timedelta(hours=1))
    known = after(slow, None, None)

    assert after(slow, known, trials(), minutes=2) is None


def test_snapshot_when_frozen_then_the_model_is_kept() -> None:
    known = after(definition(), None, trials())
    assert known is not None

    frozen = after(definition(), known, trials(seed=7), frozen=True, minutes=2)

    assert frozen is not None
    assert frozen.publish_reason is PublishReason.SWITCH
    assert frozen.contextual_model == known.contextual_model


def test_snapshot_when_frozen_and_an_arm_is_added_then_the_model_no_longer_fits() -> None:
    known = after(definition(), None, trials())
    more = replace(definition(), arms=(*definition().arms, Arm("red")), revision=2)

    frozen = after(more, known, None, frozen=True, minutes=2)

    assert frozen is not None
    assert frozen.contextual_model is None


def test_snapshot_when_the_algorithm_no_longer_goes_by_contexts_then_the_model_is_gone() -> None:
    known = after(definition(), None, trials())
    plain = replace(definition(BetaThompson()), revision=2)

    following = after(plain, known, None, minutes=2)

    assert following is not None
    assert following.contextual_model is None


def test_shadow_when_it_is_on_then_the_control_is_served_and_the_model_is_shown() -> None:
    known = trials()
    live = after(definition(), None, known)
    shadow = after(definition(shadow=True), None, known)

    assert live is not None
    assert shadow is not None
    assert shadow.contextual_model is None
    assert shadow.shadow_model == live.contextual_model
    assert live.shadow_model is None
    assert weights(shadow) == {"control": 1, "blue": 0, "green": 0}
    assert [arm.shadow_weight for arm in shadow.arms] == [arm.weight for arm in live.arms]


def test_shadow_when_the_model_would_change_then_a_version_says_so() -> None:
    shadow = definition(shadow=True, min_weight_change=0.05)
    known = after(shadow, None, trials())
    turned = replace(trials(), values=1 - trials().values)

    now = after(shadow, known, turned, minutes=2)

    assert now is not None
    assert now.publish_reason is PublishReason.LEARNING
    assert now.shadow_model != getattr(known, "shadow_model", None)
    assert after(shadow, now, turned, minutes=3) is None


def test_shadow_when_frozen_then_what_would_be_served_is_kept_and_shown() -> None:
    shadow = replace(definition(shadow=True), revision=2)
    live = after(definition(), None, trials())
    assert live is not None

    begun = after(shadow, live, None, frozen=True, minutes=2)
    assert begun is not None
    going_on = after(replace(shadow, revision=3), begun, None, frozen=True, minutes=3)
    ended = after(replace(definition(), revision=4), begun, None, frozen=True, minutes=3)

    for snapshot in (begun, going_on):
        assert snapshot is not None
        assert (snapshot.contextual_model, snapshot.shadow_model) == (None, live.contextual_model)
        assert [arm.shadow_weight for arm in snapshot.arms] == [arm.weight for arm in live.arms]
    assert ended is not None
    assert (ended.contextual_model, ended.shadow_model) == (None, None)
    assert weights(ended) == {"control": 1, "blue": 0, "green": 0}


def test_change_when_models_are_alike_then_none_and_without_one_all() -> None:
    known = trials()
    model = fitted_model(definition(), known, seed=1)
    assert model is not None

    assert change_in_contexts(model, model, known) == 0
    assert change_in_contexts(None, model, known) == 1
