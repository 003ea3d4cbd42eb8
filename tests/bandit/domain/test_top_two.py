"""Top-two weights, against draws of the leader and the challenger, and under symmetries."""

import random
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.bandit.domain.learning import target_weights
from services.bandit.domain.top_two import top_two_weights
from shared.definition.model import MetricDirection, TopTwoThompson
from tests.bandit.domain.rewards import definition_of, failed
from tests.bandit.examples import counted

Floats: TypeAlias = NDArray[np.float64]

chances = (
    st.lists(st.floats(0, 1), min_size=2, max_size=8)
    .filter(lambda odds: sum(odds) > 0.01)
    .map(lambda odds: np.array(odds) / sum(odds))
)
shares = st.floats(0.05, 0.95)


def played(probability_best: list[float], leader_share: float) -> list[float]:
    """Returns the chances of being played, summed over all that can be drawn: leader first, then a challenger."""
    weights = [0.0] * len(probability_best)
    for leader, chance in enumerate(probability_best):
        weights[leader] += chance * leader_share
        others = 1 - chance
        for challenger, rival in enumerate(probability_best):
            if challenger != leader and others > 0:
                weights[challenger] += chance * (1 - leader_share) * rival / others
    return weights


@settings(deadline=None)
@given(chances.filter(lambda best: best.max() < 1 - 1e-6), shares)
def test_weights_when_chances_are_given_then_those_of_all_that_can_be_drawn(best: Floats, share: float) -> None:
    assert top_two_weights(best, share).tolist() == pytest.approx(played(list(best), share), abs=1e-9)


def test_weights_when_drawn_as_the_paper_says_then_as_often() -> None:
    # Russo 2016, section 3.3: draw until somebody else is named.
    best, rng = np.array([0.6, 0.3, 0.08, 0.02]), np.random.default_rng(5)
    count = 100_000
    names = rng.choice(4, count, p=best)
    again = rng.random(count) >= 0.3
    challengers = names.copy()
    while (same := again & (challengers == names)).any():
        challengers[same] = rng.choice(4, same.sum(), p=best)
    frequencies = np.bincount(np.where(again, challengers, names), minlength=4) / count

    weights = top_two_weights(best, 0.3)

    assert (np.abs(frequencies - weights) < 5 * np.sqrt(weights * (1 - weights) / count)).all()


@settings(deadline=None)
@given(chances, shares, st.randoms(use_true_random=False))
def test_weights_when_arms_are_relabelled_then_they_follow_and_sum_to_one(
    best: Floats, share: float, chance: random.Random
) -> None:
    order = list(range(best.size))
    chance.shuffle(order)

    weights = top_two_weights(best, share)

    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    np.testing.assert_allclose(top_two_weights(best[order], share), weights[order], atol=1e-9)


@settings(deadline=None)
@given(chances, st.floats(0.5, 0.95))
def test_weights_when_half_is_the_leaders_or_more_then_arms_that_are_best_more_often_are_played_more_often(
    best: Floats, share: float
) -> None:
    weights = top_two_weights(best, share)

    order = np.argsort(best)
    assert (np.diff(weights[order]) >= -1e-9).all()


@settings(deadline=None)
@given(chances, shares)
def test_weights_when_one_arm_leads_then_it_gets_its_share_of_its_chance_at_least(best: Floats, share: float) -> None:
    assert top_two_weights(best, share)[best.argmax()] >= share * best.max() - 1e-12


@pytest.mark.parametrize("first", [0.0, 1e-12, 0.3, 0.5, 1 - 1e-7, 1.0])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_weights_when_there_are_two_arms_then_the_leaders_share_by_its_chance(first: float, share: float) -> None:
    weights = top_two_weights(np.array([first, 1 - first]), share)

    assert weights[0] == pytest.approx(share * first + (1 - share) * (1 - first), abs=1e-7)
    assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("doubt", [0.0, 1e-15, 1e-9])
def test_weights_when_one_arm_is_best_beyond_doubt_then_the_others_share_what_is_the_challengers(
    doubt: float,
) -> None:
    weights = top_two_weights(np.array([doubt, 1 - doubt, 0.0, 0.0]), 0.4)

    assert weights.tolist() == pytest.approx([0.2, 0.4, 0.2, 0.2])


def test_weights_when_there_is_one_arm_then_all() -> None:
    assert top_two_weights(np.ones(1), 0.5).tolist() == [1.0]


@pytest.mark.parametrize("direction", list(MetricDirection))
@pytest.mark.parametrize("arm_count", [2, 3, 6])
@pytest.mark.parametrize("unit_count", [50, 5_000, 5_000_000])
def test_top_two_when_an_arm_is_plainly_best_then_it_is_never_starved(
    direction: MetricDirection, arm_count: int, unit_count: int
) -> None:
    # A known peer inverts the order under MINIMIZE and gives the best arm nothing.
    rates = [0.5, 0.1] if direction is MetricDirection.MAXIMIZE else [0.1, 0.5]
    arm_ids = [f"arm{place}" for place in range(arm_count)]
    statistics = [
        counted(arm_id, unit_count, round(unit_count * (rates[0] if place == 1 else rates[1])))
        for place, arm_id in enumerate(arm_ids)
    ]

    weights = target_weights(definition_of(TopTwoThompson(), arm_ids, direction=direction), statistics)

    assert weights[1] == pytest.approx(0.5, abs=0.01)
    assert min(weights) > 0


def test_top_two_when_less_is_better_then_it_is_the_mirror() -> None:
    arms = [counted("a", 100, 12), counted("b", 100, 9), counted("c", 80, 10)]

    low = target_weights(definition_of(TopTwoThompson(0.4), direction=MetricDirection.MINIMIZE), arms)
    high = target_weights(definition_of(TopTwoThompson(0.4)), failed(arms))

    np.testing.assert_allclose(low, high, atol=1e-9)
