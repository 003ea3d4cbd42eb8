import numpy as np
import pytest

from shared.statistics.planning.monitoring import AnyTime, Classical, GroupSequential, bounds, fractions
from shared.statistics.result.method import Alternative
from shared.statistics.sequential import normal_mixture
from shared.statistics.sequential.spending import POCOCK_TYPE


@pytest.mark.parametrize("tuned_at", [0.25, 0.5, 1.0])
def test_confidence_sequence_is_tightest_where_it_is_tuned(tuned_at: float) -> None:
    monitoring = AnyTime(20, tuned_at)

    found = bounds(monitoring, alpha=0.05, alternative=Alternative.TWO_SIDED)

    assert fractions(monitoring)[found.upper.argmin()] == pytest.approx(tuned_at)


@pytest.mark.parametrize("alternative", [Alternative.TWO_SIDED, Alternative.GREATER])
def test_confidence_sequence_has_the_same_bounds_in_units_as_in_shares(alternative: Alternative) -> None:
    units = np.arange(1, 15) * 5000.0
    precision = normal_mixture.precision_for(21_000.0, alpha=0.01, alternative=alternative)
    reach = normal_mixture.radius(units, precision=precision, alpha=0.01, alternative=alternative)

    found = bounds(AnyTime(14, tuned_at=0.3), alpha=0.01, alternative=alternative)

    np.testing.assert_allclose(found.upper, reach / np.sqrt(units), rtol=1e-9)


@pytest.mark.parametrize(
    ("spending", "final"),
    # Jennison and Turnbull 2000, tables 2.1 and 2.3: constants for five looks, alpha 0.05 two-sided.
    [(Classical.POCOCK, 2.413), (Classical.OBRIEN_FLEMING, 2.040)],
)
def test_classical_bounds_end_with_the_published_constants(spending: Classical, final: float) -> None:
    found = bounds(GroupSequential((0.2, 0.4, 0.6, 0.8, 1.0), spending), alpha=0.05, alternative=Alternative.TWO_SIDED)

    assert round(float(found.upper[-1]), 3) == final


def test_spending_function_shapes_the_bounds() -> None:
    looks = (0.25, 0.5, 0.75, 1.0)

    early = bounds(GroupSequential(looks, POCOCK_TYPE), alpha=0.05, alternative=Alternative.GREATER).upper
    late = bounds(GroupSequential(looks), alpha=0.05, alternative=Alternative.GREATER).upper

    assert early[0] < late[0]
    assert early[-1] > late[-1]
