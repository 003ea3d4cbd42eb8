"""Fits a contextual algorithm to trials."""

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.contextual.coefficients import CoefficientPosterior, Prior
from services.bandit.domain.contextual.linear import linear_fit
from services.bandit.domain.contextual.logistic import logistic_posterior
from services.bandit.domain.contextual.score_model import ScoreModel
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

Floats = NDArray[np.float64]

MAX_COEFFICIENT_COUNT: Final = 1 << 20
"""Rows x arms x features of a model; 4 MiB."""

LEAST_PRECISION: Final = 1e-6
"""Smaller prior precisions count as this one: coefficients of a thousand deviations are not doubted either way."""

MAX_GAMMA: Final = 1e12
"""Is as good as infinite, and leaves no 0 x infinity."""


def fit(
    algorithm: ContextualAlgorithm, trials: Trials, arm_count: int, *, minimize: bool, kind: MetricKind, seed: int
) -> ScoreModel:
    """Returns the model whose chances the algorithm asks for; the same for the same arguments.

    Args:
        algorithm: With parameters in their ranges.
        trials: In any order. To linear models nothing but differences matters, counted in standard deviations.
        arm_count: 1 to 64.
        minimize: Whether low values are good.
        kind: Of the metric; values of a PROPORTION lie in [0, 1].
        seed: Of the draws, 0 or more.

    Raises:
        ValueError: The algorithm does not fit the kind of metric, the values are no proportions, an arm is unknown, or
            the model would have more than MAX_COEFFICIENT_COUNT coefficients.
    """
    _check(algorithm, trials, arm_count, kind)
    prior, sign = Prior(max(algorithm.prior_precision, LEAST_PRECISION), algorithm.hybrid), -1.0 if minimize else 1.0
    match algorithm:
        case LinearThompson():
            return _draws(linear_fit(trials, arm_count, prior).posterior, sign, algorithm.draw_count, seed)
        case LogisticThompson():
            return _draws(logistic_posterior(trials, arm_count, prior), sign, algorithm.draw_count, seed)
        case LinUcb():
            known = linear_fit(trials, arm_count, prior).posterior
            factors = algorithm.exploration * known.width_factors().swapaxes(0, 1)
            return _model(ScoreMode.UPPER_BOUND, np.concatenate([sign * known.mean[None], factors]))
        case InverseGap():
            found = linear_fit(trials, arm_count, prior)
            gamma = inverse_gap_gamma(arm_count, found.prediction_variance, algorithm.exploration)
            return _model(ScoreMode.INVERSE_GAP, sign * found.posterior.mean[None], gamma)


def inverse_gap_gamma(arm_count: int, prediction_variance: float, exploration: float) -> float:
    """Returns sqrt(arms / prediction_variance) / (2 exploration): with an exploration of 1, the gamma of FALCON+.

    Simchi-Levi and Xu 2021, "Bypassing the monster", algorithm 2: gamma = sqrt(K / xi) / 2, where xi bounds the mean
    squared error of the regression over the logged trials. Here xi is that error's posterior expectation, about
    (noise variance) x (parameters) / n, so that gamma grows with sqrt(n) as in SquareCB (Foster and Rakhlin 2020).
    """
    return min(sqrt(arm_count / prediction_variance) / (2 * exploration), MAX_GAMMA)


def _check(algorithm: ContextualAlgorithm, trials: Trials, arm_count: int, kind: MetricKind) -> None:
    if isinstance(algorithm, LogisticThompson) and kind is not MetricKind.PROPORTION:
        raise ValueError(f"logistic models are for proportions, not for a {kind}")
    if kind is MetricKind.PROPORTION and trials.count and not 0 <= trials.values.min() <= trials.values.max() <= 1:
        raise ValueError("values of a PROPORTION must lie in [0, 1]")
    if isinstance(algorithm, LinearThompson | LogisticThompson):
        size = algorithm.draw_count * arm_count * trials.feature_count
        if size > MAX_COEFFICIENT_COUNT:
            raise ValueError(f"draws x arms x features == {size}, must be <= {MAX_COEFFICIENT_COUNT}")


def _draws(known: CoefficientPosterior, sign: float, count: int, seed: int) -> ScoreModel:
    rng = np.random.Generator(np.random.Philox(seed))
    return _model(ScoreMode.DRAWS, sign * known.mean + known.deviations(count, rng))


def _model(mode: ScoreMode, coefficients: Floats, gamma: float = 0.0) -> ScoreModel:
    return ScoreModel(mode, np.ascontiguousarray(coefficients, np.float32), gamma)
