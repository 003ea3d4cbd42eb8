"""Tests Wald's proportions against statsmodels and spotify-confidence."""

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

from shared.errors import InvalidArgument
from shared.statistics.estimates.proportions import proportions
from shared.statistics.fixed.difference import compare
from shared.statistics.result.obstacles import Caution, Obstacle

AGREEMENT = 1e-9
statsmodels_test = test_proportions_2indep
statsmodels_test.__test__ = False  # Lest pytest collects it.


def test_proportions_when_compared_then_equal_statsmodels_wald() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        n_t, n_c = (int(n) for n in rng.integers(20, 10**6, 2))
        x_t, x_c = int(rng.integers(1, n_t)), int(rng.integers(1, n_c))

        found = compare(proportions(x_t, n_t), proportions(x_c, n_c), alpha=0.1)

        low, high = confint_proportions_2indep(x_t, n_t, x_c, n_c, method="wald", alpha=0.1)
        expected = statsmodels_test(x_t, n_t, x_c, n_c, method="wald")
        assert found.difference_low == pytest.approx(low, rel=AGREEMENT)
        assert found.difference_high == pytest.approx(high, rel=AGREEMENT)
        assert found.p_value == pytest.approx(expected.pvalue, rel=AGREEMENT, abs=1e-300)


@pytest.mark.parametrize(
    ("table", "difference", "low", "high", "p_value"),
    [
        # spotify-confidence 4.1.0, ZTest.difference, interval_size=0.95.
        ((550, 10_000, 480, 10_000), 0.007, 0.0008746500142766045, 0.013125349985723393, 0.025101905977159382),
        ((37, 1_200, 61, 1_900), -0.0012719298245614, -0.013861126069897865, 0.011317266420775065, 0.8430279238708241),
        (
            (9_012, 10_000, 8_890, 9_990),
            0.0113101101101,
            0.002831764479955791,
            0.019788455740264353,
            0.0089334288612510,
        ),
    ],
)
def test_proportions_when_frozen_then_equal_spotify_confidence(
    table: tuple[int, int, int, int], difference: float, low: float, high: float, p_value: float
) -> None:
    found = compare(proportions(*table[:2]), proportions(*table[2:]))

    assert found.difference == pytest.approx(difference, rel=AGREEMENT)
    assert found.difference_low == pytest.approx(low, rel=AGREEMENT)
    assert found.difference_high == pytest.approx(high, rel=AGREEMENT)
    assert found.p_value == pytest.approx(p_value, rel=AGREEMENT)


def test_proportions_when_arms_are_at_their_bounds_then_say_why() -> None:
    found = proportions([0, 0, 9, 3], [0, 9, 9, 9])

    assert found.obstacle.tolist() == [Obstacle.NO_UNITS, Obstacle.ZERO_VARIANCE, Obstacle.ZERO_VARIANCE, Obstacle.NONE]
    assert np.isnan(found.value).tolist() == [True, False, False, False]


def test_proportions_when_events_or_their_opposite_are_few_then_say_so() -> None:
    found = proportions([99, 100, 901, 900], 1_000)

    assert found.caution.tolist() == [Caution.FEW_EVENTS, Caution.NONE, Caution.FEW_EVENTS, Caution.NONE]


@pytest.mark.parametrize(("successes", "count"), [(5, 4), (-1, 4), (1.5, 4), ([1, 2], [3, 4, 5])])
def test_proportions_when_counts_are_impossible_then_refuse(successes: float, count: float) -> None:
    with pytest.raises(InvalidArgument, match="successes"):
        proportions(successes, count)
