import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize

from shared.errors import InvalidArgument
from shared.statistics.planning.splits import optimal_split

Floats = NDArray[np.float64]


def _mean_variance(shares: Floats, deviation: Floats, cost: Floats) -> float:
    """Returns the mean variance of the comparisons at a total cost of 1."""
    units = shares / (shares @ cost)
    return float(np.mean(deviation[1:] ** 2 / units[1:] + deviation[0] ** 2 / units[0]))


@pytest.mark.parametrize(("treatments", "gain"), [(1, 0.0), (2, 0.029), (3, 0.067), (4, 0.1), (9, 0.2)])
def test_square_root_rule_gains_as_derived(treatments: int, gain: float) -> None:
    found = optimal_split(np.ones(treatments + 1))

    root = np.sqrt(treatments)
    assert float(found.shares[0]) == pytest.approx(root / (treatments + root), rel=1e-12)
    assert float(found.gain) == pytest.approx(gain, abs=5e-4)


def test_two_arms_are_split_as_they_vary() -> None:
    found = optimal_split([3.0, 1.0])

    assert found.shares == pytest.approx([0.75, 0.25])
    assert float(found.gain) == pytest.approx(1 - (3 + 1) ** 2 / (2 * (9 + 1)))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    deviation=st.lists(st.floats(0.2, 5), min_size=2, max_size=5),
    costs=st.lists(st.floats(0.2, 5), min_size=5, max_size=5),
)
def test_split_is_the_numerical_optimum(deviation: list[float], costs: list[float]) -> None:
    spread, cost = np.array(deviation), np.array(costs[: len(deviation)])

    found = optimal_split(spread, cost=cost)

    def loss(logs: Floats) -> float:
        shares = np.exp(np.append(logs, 0.0))
        return float(np.log(_mean_variance(shares / shares.sum(), spread, cost)))

    best = optimize.minimize(loss, np.zeros(spread.size - 1), method="BFGS", options={"gtol": 1e-10})
    equal = _mean_variance(np.full(spread.size, 1 / spread.size), spread, cost)
    reached = _mean_variance(found.shares, spread, cost)
    assert np.log(reached) == pytest.approx(best.fun, abs=1e-9)
    assert float(found.gain) == pytest.approx(1 - reached / equal, abs=1e-9)


def test_splits_of_several_metrics_come_together() -> None:
    deviation = np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 1.0]])

    found = optimal_split(deviation)

    assert found.shares.shape == (2, 3)
    assert found.shares[1].tolist() == optimal_split(deviation[1]).shares.tolist()
    assert found.shares.sum(axis=-1) == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("deviation", "cost"),
    [([1.0], 1.0), (1.0, 1.0), ([1.0, 0.0], 1.0), ([1.0, -1.0], 1.0), ([1.0, 1.0], 0.0), ([1.0, 1.0], [1.0, 2.0, 3.0])],
)
def test_splits_that_cannot_be_are_refused(deviation: list[float], cost: float) -> None:
    with pytest.raises(InvalidArgument):
        optimal_split(deviation, cost=cost)
