"""Units get arms by their contexts with exactly the propensity that is stated."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from services.bandit.domain.context_placement import ContextPlacer, to_snapshot
from services.bandit.domain.contextual.score_model import ScoreModel
from shared.policy.placement import position
from shared.policy.snapshot import RANGE, ContextualModel, ScoreMode
from tests.shared.policy.make_context_golden import PATH, document

RNG = np.random.default_rng(5)
CONTEXT = [1.0, 0.5, -0.25]
NO_FLOORS = np.zeros(3)


def drawn(draws: int = 64, *, arms: int = 3) -> ScoreModel:
    """Returns a bank of random draws."""
    return ScoreModel(ScoreMode.DRAWS, RNG.normal(size=(draws, arms, 3)).astype(np.float32))


def share_of_draws(model: ScoreModel) -> NDArray[np.float64]:
    """Returns how often each arm has the highest score in CONTEXT, written out."""
    wins = np.zeros(model.coefficients.shape[1])
    for draw in model.coefficients.astype(float):
        wins[int(np.argmax([sum(c * x for c, x in zip(arm, CONTEXT, strict=True)) for arm in draw]))] += 1
    return np.asarray(wins / wins.sum())


def test_place_when_all_positions_are_tried_then_each_arm_has_its_share() -> None:
    model = drawn()
    placer = ContextPlacer(to_snapshot(model, NO_FLOORS))
    expected = share_of_draws(model)

    grid = np.linspace(0, RANGE - 1, 2000).astype(np.int64)
    answers = [placer.place(CONTEXT, int(place)) for place in grid]

    counts = np.bincount([arm for arm, _ in answers], minlength=3)
    assert counts / len(grid) == pytest.approx(expected, abs=1e-3)
    assert {round(propensity, 9) for _, propensity in answers} == {round(share, 9) for share in expected if share}
    for arm, propensity in answers:
        assert propensity == pytest.approx(expected[arm], abs=1 / RANGE)


def test_place_when_units_are_hashed_then_frequencies_are_the_propensities() -> None:
    placer = ContextPlacer(to_snapshot(drawn(), np.array([0.05, 0.05, 0.05])))
    units = 20_000

    answers = [placer.place(CONTEXT, position(f"unit-{unit}", 99)) for unit in range(units)]

    propensities = dict(answers)
    assert sum(propensities.values()) == pytest.approx(1, abs=1e-9)
    counts = np.bincount([arm for arm, _ in answers], minlength=3)
    expected = np.array([propensities[arm] for arm in range(3)]) * units
    assert stats.chisquare(counts, expected).pvalue > 1e-4


@settings(deadline=None)
@given(st.integers(0, RANGE - 1), st.lists(st.floats(0, 0.3), min_size=3, max_size=3))
def test_place_when_there_are_floors_then_nobody_is_below(place: int, floors: list[float]) -> None:
    placer = ContextPlacer(to_snapshot(drawn(), np.array(floors)))

    arm, propensity = placer.place(CONTEXT, place)

    assert propensity >= floors[arm] - 2 / RANGE
    assert 0 < propensity <= 1


@pytest.mark.parametrize("place", [0, RANGE - 1])
def test_place_when_positions_are_at_the_ends_then_the_first_and_the_last_arm_with_a_share(place: int) -> None:
    model = ScoreModel(ScoreMode.INVERSE_GAP, np.zeros((1, 4, 3), np.float32), gamma=3.0)
    placer = ContextPlacer(to_snapshot(model, np.zeros(4)))

    assert placer.place(CONTEXT, place) == (0 if place == 0 else 3, 0.25)


def test_place_when_one_arm_has_the_highest_bound_then_it_alone() -> None:
    coefficients = np.zeros((4, 3, 3), np.float32)
    coefficients[1, 1, 0] = 2.0  # a width of 2 for arm 1, and none for others
    placer = ContextPlacer(to_snapshot(ScoreModel(ScoreMode.UPPER_BOUND, coefficients), NO_FLOORS))

    assert {placer.place(CONTEXT, place) for place in (0, RANGE // 2, RANGE - 1)} == {(1, 1.0)}


def test_snapshot_when_it_comes_back_then_the_same_weights() -> None:
    model = drawn()
    again = ContextPlacer(to_snapshot(model, NO_FLOORS))

    assert again.weights(np.array([CONTEXT]))[0] == pytest.approx(share_of_draws(model), abs=1e-12)


@pytest.mark.parametrize("case", json.loads(PATH.read_text(encoding="utf-8"))["cases"], ids=lambda case: case["name"])
def test_place_when_the_golden_vectors_are_placed_then_bit_for_bit(case: dict[str, Any]) -> None:  # JSON
    model = ContextualModel(
        ScoreMode(case["mode"]),
        base64.b64decode(case["coefficients"]),
        case["row_count"],
        case["column_count"],
        case["gamma"],
        tuple(case["lower_bounds"]),
    )
    placer = ContextPlacer(model)

    for one in case["placements"]:
        assert placer.place(one["context"], one["position"]) == (one["arm"], one["length"] / RANGE)


def test_golden_when_it_is_made_again_then_the_same() -> None:
    assert document() == json.loads(PATH.read_text(encoding="utf-8"))
