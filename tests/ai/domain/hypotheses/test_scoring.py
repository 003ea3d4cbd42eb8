from dataclasses import replace

import pytest
from scipy import integrate, stats

from services.ai.domain.hypotheses.completion import completed
from services.ai.domain.hypotheses.model import Hypothesis
from services.ai.domain.hypotheses.scoring import chosen, expected_gain, score
from services.ai.domain.hypotheses.shrinkage import Belief
from tests.ai.domain.hypotheses.linting.examples import DRAFT, KNOWLEDGE


def _hypothesis(name: str, value: float, duplicate_of: str = "") -> Hypothesis:
    made = completed(DRAFT, KNOWLEDGE).hypothesis
    assert made is not None
    return replace(made, intervention=name, score=value, duplicate_of=duplicate_of)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 0.05), (0.03, 0.02), (-0.04, 0.02)])
def test_gain_is_the_mean_of_good_effects(mean: float, deviation: float) -> None:
    density = stats.norm(mean, deviation).pdf
    expected = integrate.quad(lambda effect: effect * density(effect), 0, mean + 12 * deviation)[0]

    assert expected_gain(Belief(mean, deviation)) == pytest.approx(expected, rel=1e-6)


def test_score_falls_with_weeks_and_rises_with_wins() -> None:
    belief = Belief(0.02, 0.02)
    base = {"wanted": True, "win_rate": 0.4, "relative_mde": 0.05, "weeks": 2}

    assert score(belief, **base) == pytest.approx(0.4 * expected_gain(belief) / 0.05 / 2)  # type: ignore[arg-type]
    assert score(belief, **{**base, "weeks": None}) == pytest.approx(score(belief, **base) / 4)  # type: ignore[arg-type]
    assert score(belief, **{**base, "wanted": False}) < score(belief, **base)  # type: ignore[arg-type]


def test_the_best_come_first_and_new_ones_before_old_ones() -> None:
    groups = [("a", _hypothesis("one", 1)), ("b", _hypothesis("old", 9, "h-1")), ("c", _hypothesis("two", 2))]

    assert [one.intervention for one in chosen(groups, 7)] == ["two", "one", "old"]
    assert [one.intervention for one in chosen(groups, 1)] == ["two"]


def test_further_ones_of_a_sort_count_for_less() -> None:
    groups = [("a", _hypothesis(f"a{place}", 4)) for place in range(3)] + [("b", _hypothesis("b", 1.5))]

    assert [one.intervention for one in chosen(groups, 3)] == ["a0", "a1", "b"]


def test_equal_ones_keep_their_order() -> None:
    groups = [(str(place), _hypothesis(str(place), 1)) for place in range(4)]

    assert [one.intervention for one in chosen(groups, 4)] == ["0", "1", "2", "3"]
