"""What a fit returns at the edges of the data, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from services.bandit.domain.contextual.fitting import fit
from services.bandit.domain.contextual.score_model import shares_of_many
from services.bandit.domain.contextual.trials import Trials
from shared.definition.model import (
    ContextualAlgorithm,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    MetricKind,
)
from shared.policy.snapshot import ScoreMode
from tests.bandit.domain.contextual.examples import (
    ALGORITHMS,
    ARMS,
    FEATURES,
    NO_TRIALS,
    example,
    fitted,
    some_contexts,
)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_repeated_then_the_same_bits(algorithm: ContextualAlgorithm) -> None:
    first, second = (fitted(algorithm, example(algorithm)) for _ in range(2))

    np.testing.assert_array_equal(first.coefficients, second.coefficients)
    assert first.gamma == second.gamma
    assert first.coefficients.dtype == np.float32
    assert first.coefficients.flags.c_contiguous


def test_fit_when_seeds_differ_then_draws_differ() -> None:
    algorithm = LinearThompson()
    one, other = (
        fit(algorithm, example(algorithm), ARMS, minimize=False, kind=MetricKind.MEAN, seed=seed) for seed in (1, 2)
    )

    assert (one.coefficients != other.coefficients).all()


def test_fit_when_an_algorithm_is_given_then_the_model_has_its_mode_and_shape() -> None:
    def shape(algorithm: ContextualAlgorithm) -> tuple[ScoreMode, tuple[int, ...]]:
        model = fitted(algorithm, example(algorithm))
        return model.mode, model.coefficients.shape

    assert shape(LinearThompson(draw_count=33)) == (ScoreMode.DRAWS, (33, ARMS, FEATURES))
    assert shape(LogisticThompson(draw_count=10)) == (ScoreMode.DRAWS, (10, ARMS, FEATURES))
    assert shape(LinUcb()) == (ScoreMode.UPPER_BOUND, (1 + FEATURES, ARMS, FEATURES))
    assert shape(InverseGap()) == (ScoreMode.INVERSE_GAP, (1, ARMS, FEATURES))


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_there_are_no_trials_then_arms_are_alike(algorithm: ContextualAlgorithm) -> None:
    found = shares_of_many(fitted(algorithm, NO_TRIALS), some_contexts())

    if isinstance(algorithm, LinUcb):
        np.testing.assert_array_equal(found.sum(axis=1), 1)
    else:
        # 256 draws in pairs: at most a standard error of sqrt(3) / 4 / 16 for each arm.
        np.testing.assert_allclose(found, 0.25, atol=5 * np.sqrt(3) / 64)


@pytest.mark.parametrize("algorithm", [LinearThompson(), LinUcb(), LogisticThompson()], ids=str)
def test_fit_when_an_arm_has_no_trials_then_it_is_tried(algorithm: ContextualAlgorithm) -> None:
    trials = example(algorithm, 3000)
    rows = trials.arms != 2
    without = Trials(trials.contexts[rows], trials.arms[rows], trials.values[rows])

    found = shares_of_many(fitted(algorithm, without), some_contexts(400))

    assert found[:, 2].mean() > 0.2


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_there_is_one_arm_then_it_gets_all(algorithm: ContextualAlgorithm) -> None:
    trials = replace(example(algorithm), arms=np.zeros(400, np.int64))

    np.testing.assert_allclose(shares_of_many(fitted(algorithm, trials, arms=1), some_contexts()), 1)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_values_are_all_alike_then_finite_and_no_arm_is_preferred_by_its_mean(
    algorithm: ContextualAlgorithm,
) -> None:
    trials = replace(example(algorithm), values=np.zeros(400))

    model = fitted(algorithm, trials)

    assert np.isfinite(model.coefficients).all()
    if model.mode is not ScoreMode.DRAWS:
        assert not model.coefficients[0].any()


@pytest.mark.parametrize("precision", [1e-300, 1e-6, 1e6])
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_columns_depend_on_each_other_and_nothing_is_left_to_noise_then_finite(
    algorithm: ContextualAlgorithm, precision: float
) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal(20_000)
    contexts = np.column_stack([np.ones(x.size), x, x, 1 - x, 100 * x, np.zeros(x.size)])
    values = (x > 0).astype(np.float64) if isinstance(algorithm, LogisticThompson) else 3 * x
    trials = Trials(contexts, rng.integers(0, 2, x.size), values)

    model = fitted(replace(algorithm, prior_precision=precision), trials, arms=3)

    assert np.isfinite(model.coefficients).all()
    np.testing.assert_allclose(shares_of_many(model, contexts[:20]).sum(axis=1), 1)


def test_fit_when_a_logistic_model_is_asked_of_a_mean_then_refuses() -> None:
    with pytest.raises(ValueError, match="for proportions, not for a MEAN"):
        fit(LogisticThompson(), NO_TRIALS, 2, minimize=False, kind=MetricKind.MEAN, seed=1)


@pytest.mark.parametrize("value", [-0.1, 1.5])
@pytest.mark.parametrize("algorithm", [LinearThompson(), LogisticThompson()], ids=str)
def test_fit_when_a_proportion_is_not_within_0_and_1_then_refuses(algorithm: ContextualAlgorithm, value: float) -> None:
    trials = Trials(np.ones((1, 1)), np.zeros(1, np.int64), np.array([value]))

    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        fit(algorithm, trials, 2, minimize=False, kind=MetricKind.PROPORTION, seed=1)


def test_fit_when_the_bank_would_be_too_large_then_refuses() -> None:
    trials = Trials(np.ones((0, 64)), np.zeros(0, np.int64), np.zeros(0))

    with pytest.raises(ValueError, match="must be <= 1048576"):
        fit(LinearThompson(draw_count=257), trials, 64, minimize=False, kind=MetricKind.MEAN, seed=1)
    assert fitted(LinearThompson(draw_count=256), trials, 64).coefficients.size == 1 << 20


@pytest.mark.parametrize("arms", [0, 3, 65])
def test_fit_when_the_number_of_arms_does_not_fit_then_refuses(arms: int) -> None:
    with pytest.raises(ValueError, match="arm_count"):
        fitted(LinUcb(), example(LinUcb()), arms)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_each_trial_is_there_twice_and_counts_half_then_nothing_changes(
    algorithm: ContextualAlgorithm,
) -> None:
    once = example(algorithm)
    twice = replace(once.those(np.tile(np.arange(once.count), 2)), weights=np.full(2 * once.count, 0.5))

    found, expected = fitted(algorithm, twice), fitted(algorithm, once)

    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-4, atol=1e-5)
    assert found.gamma == pytest.approx(expected.gamma)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_trials_count_for_nothing_then_as_without_them(algorithm: ContextualAlgorithm) -> None:
    known = example(algorithm)
    forgotten = np.arange(known.count) % 3 == 0
    wild = replace(known, values=np.where(forgotten, 1 - known.values, known.values))

    found = fitted(algorithm, replace(wild, weights=np.where(forgotten, 0.0, 1.0)))
    expected = fitted(algorithm, known.those(~forgotten))

    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-4, atol=1e-5)
    assert found.gamma == pytest.approx(expected.gamma)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_fit_when_all_trials_count_for_nothing_then_as_without_any(algorithm: ContextualAlgorithm) -> None:
    known = example(algorithm)

    found = fitted(algorithm, replace(known, weights=np.zeros(known.count)))

    np.testing.assert_array_equal(found.coefficients, fitted(algorithm, NO_TRIALS).coefficients)
