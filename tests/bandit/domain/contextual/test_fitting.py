"""What algorithms ask for: chances against quadrature, equivariances, and the edges of the data."""

from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from services.bandit.domain.contextual.coefficients import Prior
from services.bandit.domain.contextual.fitting import fit, inverse_gap_gamma
from services.bandit.domain.contextual.linear import linear_fit
from services.bandit.domain.contextual.score_model import ScoreMode, ScoreModel, shares, shares_of_many
from services.bandit.domain.contextual.trials import Trials
from shared.definition.model import (
    ContextualAlgorithm,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    MetricKind,
)
from tests.bandit.domain.contextual.simulated import Problem, drawn_by

Floats: TypeAlias = NDArray[np.float64]

ARMS, FEATURES = 4, 5
ALGORITHMS: list[ContextualAlgorithm] = [
    kind(hybrid=hybrid) for kind in (LinearThompson, LinUcb, LogisticThompson, InverseGap) for hybrid in (False, True)
]
LINEAR = [algorithm for algorithm in ALGORITHMS if not isinstance(algorithm, LogisticThompson)]
NO_TRIALS = Trials(np.ones((0, FEATURES)), np.zeros(0, np.int64), np.zeros(0))


def example(algorithm: ContextualAlgorithm, count: int = 400, seed: int = 1) -> Trials:
    rng = np.random.default_rng(seed)
    return Problem.drawn(rng, logistic=isinstance(algorithm, LogisticThompson)).trials(count, rng)


def kind_of(algorithm: ContextualAlgorithm) -> MetricKind:
    return MetricKind.PROPORTION if isinstance(algorithm, LogisticThompson) else MetricKind.MEAN


def fitted(algorithm: ContextualAlgorithm, trials: Trials, arms: int = ARMS, *, minimize: bool = False) -> ScoreModel:
    return fit(algorithm, trials, arms, minimize=minimize, kind=kind_of(algorithm), seed=7)


def some_contexts(count: int = 50) -> Floats:
    contexts = np.random.default_rng(2).standard_normal((count, FEATURES))
    contexts[:, 0] = 1
    return contexts


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
def test_shares_when_asked_then_they_sum_to_one(algorithm: ContextualAlgorithm) -> None:
    found = shares_of_many(fitted(algorithm, example(algorithm)), some_contexts())

    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    assert (found >= 0).all()


@pytest.mark.parametrize("context_number", range(4))
def test_thompson_when_draws_are_many_then_shares_are_chances_of_being_best_by_quadrature(context_number: int) -> None:
    trials, count = example(LinearThompson(), 150), 32_000
    known, context = linear_fit(trials, ARMS, Prior(1.0)).posterior, some_contexts()[context_number]
    normals = stats.norm(known.mean @ context, np.sqrt([context @ c @ context for c in known.covariances()]))
    low, high = (known.mean @ context).min() - 3, (known.mean @ context).max() + 3

    found = shares(fitted(LinearThompson(draw_count=count), trials), context)

    for arm in range(ARMS):
        best = integrate.quad(
            lambda x, arm=arm: normals.pdf(x)[arm] * np.delete(normals.cdf(x), arm).prod(), low, high, limit=500
        )[0]
        assert found[arm] == pytest.approx(best, abs=5 * np.sqrt(best * (1 - best) / count) + 1e-6)


def test_hybrid_thompson_when_draws_are_many_then_shares_are_those_of_draws_from_the_joint_posterior() -> None:
    trials, count, context = example(LinearThompson(), 150), 30_000, some_contexts()[0]
    values = (trials.values - trials.values.mean()) / trials.values.std()
    noise = linear_fit(trials, ARMS, Prior(1.0, hybrid=True)).noise_variance
    design = np.zeros((150, ARMS * FEATURES))
    for row, arm in enumerate(trials.arms):
        design[row, FEATURES * arm : FEATURES * (arm + 1)] = trials.contexts[row]
    prior = np.kron((np.eye(ARMS) + np.ones((ARMS, ARMS))) / 2, np.eye(FEATURES))
    covariance = np.linalg.inv(design.T @ design / noise + np.linalg.inv(prior))
    mean = covariance @ design.T @ values / noise
    draws = np.random.default_rng(3).multivariate_normal(mean, covariance, count).reshape(count, ARMS, FEATURES)
    expected = np.bincount((draws @ context).argmax(axis=1), minlength=ARMS) / count

    found = shares(fitted(LinearThompson(draw_count=count, hybrid=True), trials), context)

    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(0.25 * 2 / count))


def test_thompson_when_draws_come_in_pairs_then_chances_are_closer_to_the_truth_than_by_plain_draws() -> None:
    trials, contexts, paired, plain = example(LinearThompson(), 150), some_contexts(20), 0.0, 0.0
    truth = shares_of_many(fitted(LinearThompson(draw_count=40_000), trials), contexts)
    known = linear_fit(trials, ARMS, Prior(1.0)).posterior
    for seed in range(30):
        model = fit(LinearThompson(), trials, ARMS, minimize=False, kind=MetricKind.MEAN, seed=seed)
        paired += ((shares_of_many(model, contexts) - truth) ** 2).sum()
        free = known.mean + known.deviations(512, np.random.default_rng(seed))[:256]
        drawn = ScoreModel(ScoreMode.DRAWS, np.ascontiguousarray(free, np.float32))
        plain += ((shares_of_many(drawn, contexts) - truth) ** 2).sum()

    assert paired < plain


@pytest.mark.parametrize("algorithm", [LinUcb(), LinUcb(exploration=3.0, hybrid=True)], ids=str)
def test_upper_bound_when_asked_then_the_arm_of_the_highest_mean_plus_widths(algorithm: LinUcb) -> None:
    trials, contexts = example(algorithm, 60), some_contexts(200)
    known = linear_fit(trials, ARMS, Prior(1.0, algorithm.hybrid)).posterior
    widths = np.sqrt(np.einsum("nd,kde,ne->nk", contexts, known.covariances(), contexts))
    bounds = contexts @ known.mean.T + algorithm.exploration * widths

    found = shares_of_many(fitted(algorithm, trials), contexts)

    np.testing.assert_array_equal(found, np.eye(ARMS)[bounds.argmax(axis=1)])


def test_inverse_gap_when_asked_then_the_formula_of_the_paper() -> None:
    trials, contexts = example(InverseGap()), some_contexts()
    found = linear_fit(trials, ARMS, Prior(1.0))
    scores = contexts @ found.posterior.mean.T
    gamma = np.sqrt(ARMS / found.prediction_variance) / 2 / 0.3
    expected = 1 / (ARMS + gamma * (scores.max(axis=1, keepdims=True) - scores))
    best = scores.argmax(axis=1)
    expected[np.arange(50), best] += 1 - expected.sum(axis=1)

    model = fitted(InverseGap(exploration=0.3), trials)

    assert model.gamma == pytest.approx(gamma)
    np.testing.assert_allclose(shares_of_many(model, contexts), expected, atol=1e-5)


def test_gamma_when_trials_are_four_times_as_many_then_it_doubles() -> None:
    few, many = (fitted(InverseGap(), example(InverseGap(), count)).gamma for count in (5_000, 20_000))

    assert many / few == pytest.approx(2, rel=0.05)


def test_gamma_when_known_by_hand_then_that_of_falcon() -> None:
    # Twenty parameters of noise variance 1 after 2,000 trials: an expected squared error of 0.01.
    assert inverse_gap_gamma(4, 0.01, 1.0) == pytest.approx(10)
    assert inverse_gap_gamma(4, 0.01, 0.5) == pytest.approx(20)
    assert inverse_gap_gamma(4, np.inf, 1.0) == 0


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


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=str)
def test_stated_propensity_when_arms_are_drawn_by_it_then_the_realised_frequency(
    algorithm: ContextualAlgorithm,
) -> None:
    model, contexts, rng = fitted(algorithm, example(algorithm)), some_contexts(20_000), np.random.default_rng(4)
    stated = shares_of_many(model, contexts)

    played = np.eye(ARMS)[drawn_by(stated, rng)]

    # Of each arm, contexts in bins of its stated chance: sums of independent trials of known chances.
    statistic, freedom = 0.0, 0
    for arm in range(ARMS):
        bins = np.digitize(stated[:, arm], np.linspace(0, 1, 11))
        for number in np.unique(bins):
            chances = stated[bins == number, arm]
            variance = float((chances * (1 - chances)).sum())
            surplus = float(played[bins == number, arm].sum() - chances.sum())
            if variance < 5:
                assert abs(surplus) <= 5 * np.sqrt(variance) + 1
                continue
            statistic, freedom = statistic + surplus**2 / variance, freedom + 1
    # Arms depend on each other, which makes the sum no more than a little wider than chi-square.
    assert freedom == 0 or stats.chi2.sf(statistic, freedom) > 1e-4


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
