"""Units have the contexts that the service would encode, and the means that are said of them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from services.bandit.lab.context_problems import CONTEXT_PROBLEMS, ContextProblem
from services.bandit.lab.context_truths import COUNTRIES, DEVICES, ContextTruth, LinearNormal, Segments
from services.bandit.service.learning import MAX_TRIALS
from shared.policy.encoding import Encoder

UNITS = 20_000
NUMBERS = LinearNormal(3, 4, base=5.0, spread=1.0, deviation=2.0)
PEOPLE = Segments(3, 0.05, segment_scale=0.3, arm_scale=0.2, interaction_scale=0.2, combination_scale=0.1)
NOBODY_DIFFERS = replace(PEOPLE, segment_scale=0.0, interaction_scale=0.0, combination_scale=0.0)


def test_numbers_when_encoded_by_the_service_then_the_same() -> None:
    contexts, _ = NUMBERS.units(np.random.default_rng(5), 50)
    encoder = Encoder(NUMBERS.features)

    told = [{f"x{place}": row[1 + 2 * place] for place in range(4)} for row in contexts]

    assert contexts.tolist() == [encoder.encode(one) for one in told]


def test_segments_when_encoded_by_the_service_then_the_same() -> None:
    contexts, _ = PEOPLE.units(np.random.default_rng(5), 200)
    encoder = Encoder(PEOPLE.features)
    devices, countries = (
        contexts[:, 1 : 1 + len(DEVICES)].argmax(axis=1),
        contexts[:, 1 + len(DEVICES) :].argmax(axis=1),
    )

    pairs = zip(devices, countries, strict=True)
    told = [{"device": DEVICES[device], "country": COUNTRIES[country]} for device, country in pairs]

    assert contexts.tolist() == [encoder.encode(one) for one in told]


def test_numbers_when_means_are_regressed_on_contexts_then_nothing_is_left() -> None:
    contexts, means = NUMBERS.units(np.random.default_rng(5), 500)
    inside = (np.abs(contexts) < 8).all(axis=1)

    fitted = contexts @ np.linalg.lstsq(contexts[inside], means[inside], rcond=None)[0]

    assert fitted[inside] == pytest.approx(means[inside], abs=1e-9)


def test_numbers_when_runs_are_many_then_base_and_spread_are_as_said() -> None:
    rng = np.random.default_rng(5)
    means = np.array([NUMBERS.units(rng, 1).means[0] for _ in range(UNITS)])

    # Arms and runs are independent; four errors of the mean and of the variance of normal values.
    assert abs(means.mean() - 5) < 4 / math.sqrt(means.size)
    assert abs(means.var() - 1) < 4 * math.sqrt(2 / means.size)


def test_segments_when_contexts_do_not_matter_then_all_units_are_alike() -> None:
    _, means = NOBODY_DIFFERS.units(np.random.default_rng(5), 300)

    assert (means == means[0]).all()
    assert len(set(means[0])) == 3


def test_segments_when_they_matter_then_arms_differ_by_segment() -> None:
    contexts, means = PEOPLE.units(np.random.default_rng(5), 5000)
    segments = {tuple(row) for row in contexts.tolist()}

    assert len(segments) == len(DEVICES) * len(COUNTRIES)
    lifts = special.logit(means[:, 1]) - special.logit(means[:, 0])
    assert len(set(lifts.round(9).tolist())) == len(segments)


def test_segments_when_runs_are_many_then_the_effects_are_as_large_as_said() -> None:
    rng = np.random.default_rng(5)
    log_odds = np.array([special.logit(PEOPLE.units(rng, 1).means[0]) for _ in range(4000)])
    # Of one unit: its segment's effects are shared by the arms, all others are an arm's own.
    own = 0.2**2 + 2 * 0.2**2 + 0.1**2

    within = log_odds.var(axis=1, ddof=1)
    assert abs(within.mean() - own) < 4 * own * math.sqrt(2 / (2 * len(within)))
    centre = log_odds.mean(axis=1)
    assert abs(centre.mean() - special.logit(0.05)) < 4 * centre.std() / math.sqrt(len(centre))
    assert centre.var() == pytest.approx(2 * 0.3**2 + own / 3, rel=4 * math.sqrt(2 / len(centre)))


@pytest.mark.parametrize(
    ("truth", "mean", "variance"), [(NUMBERS, 3.0, 4.0), (PEOPLE, 0.2, 0.16)], ids=["normal", "0/1"]
)
def test_values_when_many_then_of_the_mean_and_variance(truth: ContextTruth, mean: float, variance: float) -> None:
    values = truth.values(np.random.default_rng(5), np.full(UNITS, mean))

    squares = (values - mean) ** 2
    assert abs(values.mean() - mean) < 4 * math.sqrt(variance / UNITS)
    assert abs(squares.mean() - variance) < 4 * squares.std() / math.sqrt(UNITS)


@pytest.mark.parametrize("problem", CONTEXT_PROBLEMS, ids=lambda problem: problem.name)
def test_units_when_the_problem_is_published_then_the_learner_takes_all_of_its_trials(problem: ContextProblem) -> None:
    assert problem.batch_unit_count * problem.batch_count <= MAX_TRIALS
