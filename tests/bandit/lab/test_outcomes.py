"""Draws have the moments that they say, and real people come once."""

import numpy as np
import pytest

from services.admin.demo import thornton
from services.bandit.lab.outcomes import Before, Conversions, Normals, Outcomes, People, Poissons, Revenue
from services.bandit.lab.problems import THORNTON

RUNS = 4000
NOTHING = Before(np.zeros((RUNS, 2)), np.zeros((RUNS, 2)))


@pytest.mark.parametrize(
    ("outcomes", "means"),
    [
        (Conversions(), (0.1, 0.4)),
        (Normals(3.0), (1.0, -2.0)),
        (Poissons(), (0.5, 2.0)),
        (Revenue(1.0, 0.5), (0.4, 0.8)),
    ],
)
def test_draws_when_repeated_then_mean_and_variance_are_those_of_the_arms(
    outcomes: Outcomes, means: tuple[float, float]
) -> None:
    counts = np.tile([30, 50], (RUNS, 1))
    truth = np.tile(means, (RUNS, 1))
    drawn = outcomes.draw(np.random.default_rng(7), counts, truth, NOTHING)
    variance = outcomes.variances(truth)[0]

    # E of the squared deviations is (n - 1) variances; four errors of the mean over runs.
    off_mean = (drawn.sums / counts).mean(axis=0) - means
    spread = drawn.squares / (counts - 1)
    off_variance = spread.mean(axis=0) - variance
    assert (np.abs(off_mean) <= 4 * np.sqrt(variance / counts[0] / RUNS)).all()
    assert (np.abs(off_variance) <= 4 * spread.std(axis=0) / np.sqrt(RUNS)).all()


def test_people_when_all_of_an_arm_came_then_all_their_outcomes_did() -> None:
    people = People((3, 40), (10, 50))
    none = Before(np.zeros((5, 2)), np.zeros((5, 2)))
    rng = np.random.default_rng(1)

    first = people.draw(rng, np.tile([4, 20], (5, 1)), np.tile([0.3, 0.8], (5, 1)), none)
    before = Before(np.tile([4.0, 20.0], (5, 1)), first.sums)
    second = people.draw(rng, np.tile([6, 30], (5, 1)), np.tile([0.3, 0.8], (5, 1)), before)

    assert (first.sums + second.sums == [3, 40]).all()


def test_people_when_used_up_then_they_come_again() -> None:
    none = Before(np.zeros((1, 2)), np.zeros((1, 2)))

    drawn = People((10, 0), (10, 10)).draw(np.random.default_rng(1), np.array([[25, 25]]), np.array([[1.0, 0.0]]), none)

    assert drawn.sums.tolist() == [[25, 0]]


def test_thornton_when_compared_with_the_data_then_the_same_people() -> None:
    arms = thornton.load().arms

    assert THORNTON.people == tuple(len(arm.outcomes) for arm in arms)
    assert THORNTON.converted == tuple(sum(arm.outcomes) for arm in arms)
