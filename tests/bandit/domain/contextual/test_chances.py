"""Chances against quadrature, draws from joint posteriors, formulas of the papers, and realised frequencies."""

import numpy as np
import pytest
from scipy import integrate, stats

from services.bandit.domain.contextual.coefficients import Prior
from services.bandit.domain.contextual.fitting import fit, inverse_gap_gamma
from services.bandit.domain.contextual.linear import linear_fit
from services.bandit.domain.contextual.score_model import ScoreModel, shares, shares_of_many
from shared.definition.model import ContextualAlgorithm, InverseGap, LinearThompson, LinUcb, MetricKind
from shared.policy.snapshot import ScoreMode
from tests.bandit.domain.contextual.examples import ALGORITHMS, ARMS, FEATURES, example, fitted, some_contexts
from tests.bandit.domain.contextual.simulated import drawn_by


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


def test_gamma_when_exploration_is_next_to_nothing_then_the_best_gets_all_and_equals_share() -> None:
    model = fitted(InverseGap(exploration=1e-300), example(InverseGap()))
    tied = ScoreModel(ScoreMode.INVERSE_GAP, np.zeros((1, 2, FEATURES), np.float32), model.gamma)

    assert shares_of_many(model, some_contexts()).max(axis=1).tolist() == pytest.approx([1.0] * 50)
    assert shares(tied, some_contexts()[0]).tolist() == [0.5, 0.5]


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
