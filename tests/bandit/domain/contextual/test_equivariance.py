"""A fit follows its data: units, signs, order and labels."""

from dataclasses import replace

import numpy as np
import pytest

from services.bandit.domain.contextual.score_model import shares_of_many
from services.bandit.domain.contextual.trials import Trials
from shared.definition.model import ContextualAlgorithm, InverseGap, LinearThompson, LinUcb, LogisticThompson
from tests.bandit.domain.contextual.examples import ALGORITHMS, LINEAR, example, fitted, some_contexts


@pytest.mark.parametrize("scale", [0.01, 1.0, 128.0])
@pytest.mark.parametrize("algorithm", LINEAR, ids=str)
def test_linear_when_values_are_scaled_and_shifted_then_the_same_model(
    algorithm: ContextualAlgorithm, scale: float
) -> None:
    trials = example(algorithm)
    model, other = fitted(algorithm, trials), fitted(algorithm, replace(trials, values=5 + scale * trials.values))

    np.testing.assert_allclose(other.coefficients, model.coefficients, rtol=1e-5, atol=1e-6)
    assert other.gamma == pytest.approx(model.gamma)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_values_change_sign_and_low_is_good_then_the_same_model(algorithm: ContextualAlgorithm) -> None:
    trials = example(algorithm)
    turned = 1 - trials.values if isinstance(algorithm, LogisticThompson) else -trials.values

    model = fitted(algorithm, trials)
    other = fitted(algorithm, replace(trials, values=turned), minimize=True)

    np.testing.assert_allclose(other.coefficients, model.coefficients, rtol=1e-5, atol=1e-6)
    assert other.gamma == pytest.approx(model.gamma)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_low_is_good_then_the_arm_that_was_best_is_worst(algorithm: ContextualAlgorithm) -> None:
    trials, contexts = example(algorithm, 20_000), some_contexts(200)
    best = shares_of_many(fitted(algorithm, trials), contexts)
    worst = shares_of_many(fitted(algorithm, trials, minimize=True), contexts)

    clear = best.max(axis=1) > 0.5
    assert clear.sum() > 100
    assert (best.argmax(axis=1) != worst.argmax(axis=1))[clear].all()


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_trials_are_shuffled_then_nearly_the_same_model(algorithm: ContextualAlgorithm) -> None:
    trials = example(algorithm)
    order = np.random.default_rng(3).permutation(trials.count)
    shuffled = Trials(trials.contexts[order], trials.arms[order], trials.values[order])

    np.testing.assert_allclose(
        fitted(algorithm, shuffled).coefficients, fitted(algorithm, trials).coefficients, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("algorithm", [LinUcb(), LinUcb(hybrid=True), InverseGap(), InverseGap(hybrid=True)], ids=str)
def test_fit_when_arms_are_relabelled_then_shares_follow(algorithm: ContextualAlgorithm) -> None:
    trials, order = example(algorithm), np.array([2, 0, 3, 1])
    relabelled = replace(trials, arms=np.argsort(order)[trials.arms])

    found = shares_of_many(fitted(algorithm, relabelled), some_contexts())

    np.testing.assert_allclose(found, shares_of_many(fitted(algorithm, trials), some_contexts())[:, order], atol=1e-6)


@pytest.mark.parametrize("kind", [LinearThompson, LogisticThompson])
@pytest.mark.parametrize("hybrid", [False, True])
def test_thompson_when_arms_are_relabelled_then_shares_follow_within_the_error_of_draws(
    kind: type[LinearThompson | LogisticThompson], *, hybrid: bool
) -> None:
    algorithm, order = kind(draw_count=16_000, hybrid=hybrid), np.array([2, 0, 3, 1])
    trials = example(algorithm)
    relabelled = replace(trials, arms=np.argsort(order)[trials.arms])

    found = shares_of_many(fitted(algorithm, relabelled), some_contexts())

    expected = shares_of_many(fitted(algorithm, trials), some_contexts())[:, order]
    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(0.25 * 2 / 16_000))
