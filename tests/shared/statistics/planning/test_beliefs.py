import numpy as np
import pytest
from numpy.typing import NDArray

from shared.kernels.best_arm import student_best_arm
from shared.statistics.planning.beliefs import Algorithm, beliefs, evidence_for_leader, weights

Floats = NDArray[np.float64]


def _posteriors(seed: int, arms: int, largest_ratio: float) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, (100, arms)), np.exp(rng.uniform(0, np.log(largest_ratio), (100, arms)))


@pytest.mark.parametrize(("arms", "largest_ratio"), [(2, 1.0), (3, 10.0), (8, 3.0), (10, 1.001), (4, 100.0)])
def test_beliefs_agree_with_exact_quadrature(arms: int, largest_ratio: float) -> None:
    mean, scale = _posteriors(arms, arms, largest_ratio)

    found = beliefs(mean, scale)

    for row in range(len(mean)):
        probability, loss = student_best_arm(mean[row], scale[row], np.full(arms, 1e12))
        np.testing.assert_allclose(found.probability_best[row], probability, atol=1e-8)
        np.testing.assert_allclose(found.expected_loss[row], loss, atol=1e-8 * scale[row].max())


def test_beliefs_move_and_stretch_with_the_metric() -> None:
    mean, scale = _posteriors(1, 4, 5.0)
    plain = beliefs(mean, scale)

    moved = beliefs(100 + 3 * mean, 3 * scale)

    np.testing.assert_allclose(moved.probability_best, plain.probability_best, rtol=1e-9)
    np.testing.assert_allclose(moved.expected_loss, 3 * plain.expected_loss, rtol=1e-7, atol=1e-12)


def test_top_two_weights_agree_with_drawn_pairs() -> None:
    # The best of a draw with probability a half, else the best of the first later draw that differs.
    rng = np.random.default_rng(2)
    probability = np.array([0.55, 0.3, 0.1, 0.05])
    draws = rng.choice(4, size=(200_000, 60), p=probability)
    first = draws[:, 0]
    other = draws[np.arange(len(draws)), (draws != first[:, None]).argmax(axis=1)]
    played = np.where(rng.random(len(draws)) < 0.5, first, other)

    found = weights(Algorithm.TOP_TWO, probability[None], floor=0.0)[0]

    share = np.bincount(played, minlength=4) / len(played)
    assert (np.abs(share - found) < 4 * np.sqrt(found * (1 - found) / len(played))).all()


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_weights_sum_to_one_and_keep_the_floor(algorithm: Algorithm) -> None:
    probability = np.array([[1.0, 0.0, 0.0], [0.4, 0.35, 0.25]])

    found = weights(algorithm, probability, floor=0.05)

    assert found.sum(axis=-1) == pytest.approx([1, 1])
    assert (found >= 0.05 - 1e-15).all()


def test_thompsons_weights_without_floor_are_the_probabilities() -> None:
    probability = np.array([[0.7, 0.2, 0.1]])

    assert weights(Algorithm.THOMPSON, probability, floor=0.0).tolist() == probability.tolist()


def test_evidence_is_that_against_the_nearest_rival() -> None:
    mean, scale = np.array([[1.0, 3.0, 2.5]]), np.array([[0.1, 0.2, 0.3]])

    found = evidence_for_leader(mean, scale)

    rivals = [(3.0 - 1.0) ** 2 / (2 * (0.04 + 0.01)), (3.0 - 2.5) ** 2 / (2 * (0.04 + 0.09))]
    assert found == pytest.approx([min(rivals)])
