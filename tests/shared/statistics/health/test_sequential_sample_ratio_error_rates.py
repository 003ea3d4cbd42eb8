"""How often sequential sample-ratio tests alarm for nothing, exactly and over 1,000 looks, and what they find."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from shared.statistics.health.sample_ratio import changing_sample_ratio
from shared.statistics.health.sequential_sample_ratio import changing_sequential_sample_ratio, sequential_sample_ratio
from tests.shared.statistics.health.batches import adaptive_versions, retired_and_late_arms
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]


def test_changing_weights_have_mean_evidence_one_whatever_the_weights_do() -> None:
    """Enumerates every path of five single units whose weights depend on the path."""
    mean = np.zeros(5)
    for path in product(range(3), repeat=5):
        weights, counts, probability = np.zeros((5, 3)), np.zeros((5, 3)), 1.0
        for step, arm in enumerate(path):
            raw = 1.0 + 2 * np.array([path[:step].count(k) for k in range(3)])
            weights[step] = raw / raw.sum()
            counts[step, arm] = 1
            probability *= weights[step, arm]
        mean += probability * np.exp(changing_sequential_sample_ratio(counts, weights).log_e_value)

    assert mean == pytest.approx(np.ones(5), rel=1e-12)


def test_constant_weights_have_mean_evidence_one_after_every_unit() -> None:
    shares, mean = np.array([0.2, 0.3, 0.5]), np.zeros(6)
    for path in product(range(3), repeat=6):
        counts = np.eye(3)[list(path)]
        mean += shares[list(path)].prod() * np.exp(sequential_sample_ratio(counts, shares, concentration=2).log_e_value)

    assert mean == pytest.approx(np.ones(6), rel=1e-12)


@pytest.mark.parametrize("alpha", [0.2, 0.05])
@pytest.mark.parametrize("concentration", [1.0, 50.0])
def test_exact_probability_that_a_hundred_looks_ever_alarm_is_at_most_alpha(alpha: float, concentration: float) -> None:
    """Walks all counts of two arms unit by unit; what has alarmed leaves the walk."""
    share, alive, alarmed = 0.3, np.ones(1), 0.0
    for units in range(1, 101):
        stepped = np.concatenate([alive * (1 - share), [0.0]]) + np.concatenate([[0.0], alive * share])
        first = np.arange(units + 1)
        counts = np.stack([first, units - first], axis=-1)[:, None, :]
        evidence = sequential_sample_ratio(counts, [share, 1 - share], concentration=concentration).log_e_value[:, 0]
        alarms = evidence >= -np.log(alpha)
        alarmed += stepped[alarms].sum()
        alive = np.where(alarms, 0.0, stepped)

    assert alarmed + alive.sum() == pytest.approx(1.0, rel=1e-12)
    assert 0 < alarmed <= alpha


def test_arms_retired_by_the_data_leave_mean_evidence_one() -> None:
    """An arm that got two units of the first three is retired; its weight is 0 from then on."""
    mean = np.zeros(5)
    for path in product(range(3), repeat=5):
        weights, counts, probability = np.ones((5, 3)) / 3, np.eye(3)[list(path)], 1.0
        for step in range(3, 5):
            left = counts[:3].sum(axis=0) < 2
            weights[step] = left / left.sum()
        probability = (weights * counts).sum(axis=1).prod()
        if probability:
            mean += probability * np.exp(changing_sequential_sample_ratio(counts, weights).log_e_value)

    assert mean == pytest.approx(np.ones(5), rel=1e-12)


@pytest.mark.parametrize("concentration", [100.0, 1e4])
@pytest.mark.parametrize("weights", [[0.5, 0.5], [0.95, 0.05], [0.5, 0.3, 0.2]])
def test_a_thousand_looks_without_a_mismatch_alarm_at_most_at_alpha(weights: list[float], concentration: float) -> None:
    counts = np.random.default_rng(11).multinomial(100, weights, (1000, 1000))

    found = sequential_sample_ratio(counts, weights, concentration=concentration)

    assert Rate(int((found.p_value[:, -1] < 0.05).sum()), 1000).is_at_most(0.05)


def test_a_thousand_looks_by_the_fixed_test_alarm_far_more_often() -> None:
    counts = np.cumsum(np.random.default_rng(11).multinomial(100, [0.5, 0.5], (1000, 1000)), axis=1)
    z = (counts[..., 0] - counts[..., 1]) / np.sqrt(counts.sum(axis=-1))
    alarms = Rate(int((2 * special.ndtr(-np.abs(z)) < 0.05).any(axis=1).sum()), 1000)

    assert alarms.is_at_least(0.5), f"{alarms}"


@pytest.mark.slow
def test_a_thousand_looks_at_weights_that_follow_the_data_alarm_at_most_at_alpha() -> None:
    alarms = 0
    for seed in range(20):
        counts, weights = adaptive_versions(np.random.default_rng(seed), 200, 1000, 100)
        alarms += int((changing_sequential_sample_ratio(counts, weights).p_value[:, -1] < 0.05).sum())

    assert Rate(alarms, 4000).is_at_most(0.05)


def test_forty_looks_at_weights_that_follow_the_data_alarm_at_most_at_alpha() -> None:
    counts, weights = adaptive_versions(np.random.default_rng(12), 5000, 40, 200)

    found = changing_sequential_sample_ratio(counts, weights)

    assert Rate(int((found.p_value[:, -1] < 0.05).sum()), 5000).is_at_most(0.05)


def test_mismatch_at_weights_that_follow_the_data_is_found() -> None:
    counts, weights = adaptive_versions(np.random.default_rng(13), 200, 40, 1000, bias=0.2)

    found = changing_sequential_sample_ratio(counts, weights)

    assert Rate(int((found.p_value[:, -1] < 0.001).sum()), 200).is_at_least(0.95)


def test_looks_with_arms_that_come_and_go_alarm_at_most_at_alpha() -> None:
    counts, weights = retired_and_late_arms(np.random.default_rng(41), 4000, 5000)

    found = changing_sequential_sample_ratio(counts, weights)

    assert Rate(int((found.p_value[:, -1] < 0.05).sum()), 4000).is_at_most(0.05)


def test_loss_in_one_arm_while_others_come_and_go_is_found_nearly_as_often_as_at_a_fixed_look() -> None:
    counts, weights = retired_and_late_arms(np.random.default_rng(42), 4000, 5000, lost_share=0.07)
    fixed = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    found = changing_sequential_sample_ratio(counts, weights)

    assert Rate(int((fixed.p_value < 0.001).sum()), 4000).is_at_least(0.94)
    assert Rate(int((found.p_value[:, -1] < 0.001).sum()), 4000).is_at_least(0.85)


def detected_by_theory(unit_count: int, shift: float, concentration: float) -> float:
    """Returns how often the evidence of two equal arms is above 1,000 at the last look.

    With Z the standardised difference, 2 log E is nearly Z^2 n / (n + c) - log(1 + n / c): a normal mixture.
    """
    needed = 2 * np.log(1000) + np.log1p(unit_count / concentration)
    spread = unit_count / (unit_count + concentration)
    return float(stats.ncx2.sf(needed / spread, 1, unit_count * 4 * shift**2))


@pytest.mark.parametrize(("unit_count", "shift"), [(40_000, 0.012), (100_000, 0.008), (1_000_000, 0.0026)])
def test_mismatch_is_found_as_often_as_theory_says_and_looking_again_only_adds(unit_count: int, shift: float) -> None:
    repetitions = 3000
    theory = detected_by_theory(unit_count, shift, 1e4)
    batches = np.random.default_rng(43).multinomial(unit_count // 20, [0.5 + shift, 0.5 - shift], (repetitions, 20))

    found = sequential_sample_ratio(batches, [1, 1])

    at_last = Rate(int((found.log_e_value[:, -1] > np.log(1000)).sum()), repetitions)
    ever = Rate(int((found.p_value[:, -1] < 0.001).sum()), repetitions)
    assert 0.5 < theory < 0.95
    assert at_last.agrees_with(theory), f"{at_last}, {theory:.4f}"
    assert ever.hits >= at_last.hits


def test_tests_for_constant_and_for_changing_weights_find_one_mismatch_about_equally_often() -> None:
    counts = np.random.default_rng(44).multinomial(5000, [0.508, 0.492], (2000, 20))

    constant = Rate(int((sequential_sample_ratio(counts, [1, 1]).p_value[:, -1] < 0.001).sum()), 2000)
    changing = changing_sequential_sample_ratio(counts, np.ones(counts.shape))

    assert constant.is_at_least(0.8)
    assert Rate(int((changing.p_value[:, -1] < 0.001).sum()), 2000).is_at_least(0.75)
