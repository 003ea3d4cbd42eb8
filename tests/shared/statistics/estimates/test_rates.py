"""Tests Wald's rates against statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.rates import confint_poisson_2indep, test_poisson_2indep

from shared.errors import InvalidArgument
from shared.statistics.estimates.rates import rates
from shared.statistics.fixed.difference import compare
from shared.statistics.result.obstacles import Caution, Obstacle

AGREEMENT = 1e-9
statsmodels_test = test_poisson_2indep
statsmodels_test.__test__ = False  # Lest pytest collects it.


def test_rates_when_compared_then_equal_statsmodels_wald() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        (x_t, x_c), (t_t, t_c) = (int(x) for x in rng.integers(1, 10**5, 2)), rng.uniform(1, 1e4, 2)

        found = compare(rates(x_t, t_t), rates(x_c, t_c), alpha=0.1)

        low, high = confint_poisson_2indep(x_t, t_t, x_c, t_c, method="wald", compare="diff", alpha=0.1)
        expected = statsmodels_test(x_t, t_t, x_c, t_c, method="wald", compare="diff")
        assert found.difference_low == pytest.approx(low, rel=AGREEMENT)
        assert found.difference_high == pytest.approx(high, rel=AGREEMENT)
        assert found.p_value == pytest.approx(expected.pvalue, rel=AGREEMENT, abs=1e-300)


def test_rates_when_nothing_is_seen_then_say_why() -> None:
    found = rates([0, 0, 3], [0, 9, 9])

    assert found.obstacle.tolist() == [Obstacle.NO_UNITS, Obstacle.NO_EVENTS, Obstacle.NONE]
    assert np.isnan(found.value).tolist() == [True, False, False]


def test_rates_when_events_are_few_then_say_so() -> None:
    assert rates([99, 100], 10).caution.tolist() == [Caution.FEW_EVENTS, Caution.NONE]


@pytest.mark.parametrize(("events", "exposure"), [(1.5, 4), (-1, 4), (1, -4), (1, 0), (1, float("nan"))])
def test_rates_when_counts_are_impossible_then_refuse(events: float, exposure: float) -> None:
    with pytest.raises(InvalidArgument, match=r"events|exposure"):
        rates(events, exposure)
