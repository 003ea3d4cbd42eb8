"""The best shares: published instances, closed forms, and what no other shares do better."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, special

from shared.errors import InvalidArgument
from shared.statistics.adaptive.optimal_allocation import bernoulli_allocation, normal_allocation


def _cost(shares: NDArray[np.float64], rates: NDArray[np.float64]) -> float:
    """Returns the evidence that one unit brings for the first arm against the hardest other one."""
    both = (shares[0] * rates[0] + shares[1:] * rates[1:]) / (shares[0] + shares[1:])
    first = special.rel_entr(rates[0], both) + special.rel_entr(1 - rates[0], 1 - both)
    other = special.rel_entr(rates[1:], both) + special.rel_entr(1 - rates[1:], 1 - both)
    return float((shares[0] * first + shares[1:] * other).min())


@pytest.mark.parametrize(
    ("rates", "published"),
    [
        # Garivier and Kaufmann 2016, section 6: the shares of both experiments.
        ([0.5, 0.45, 0.43, 0.4], [0.42, 0.39, 0.14, 0.06]),
        ([0.3, 0.21, 0.2, 0.19, 0.18], [0.34, 0.25, 0.18, 0.13, 0.10]),
    ],
)
def test_bernoulli_allocation_has_the_published_shares(rates: list[float], published: list[float]) -> None:
    found = bernoulli_allocation(rates)

    np.testing.assert_array_equal(np.round(found.shares, 2), published)


@pytest.mark.parametrize("rates", [[0.5, 0.45, 0.43, 0.4], [0.11, 0.1, 0.1], [0.9, 0.2]])
def test_bernoulli_allocation_maximises_the_evidence_of_a_unit(rates: list[float]) -> None:
    means = np.array(rates)

    found = bernoulli_allocation(means)

    searched = optimize.minimize(
        lambda logits: -1e4 * _cost(special.softmax(logits), means),
        np.zeros(means.size),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000},
    )
    np.testing.assert_allclose(_cost(found.shares, means), 1 / found.characteristic_time, rtol=1e-9)
    np.testing.assert_allclose(1 / found.characteristic_time, -searched.fun / 1e4, rtol=1e-4)
    assert 1 / found.characteristic_time >= -searched.fun / 1e4 * (1 - 1e-9)


@pytest.mark.parametrize("others", [1, 3, 8])
def test_normal_allocation_of_equal_gaps_gives_the_best_arm_the_square_root(others: int) -> None:
    found = normal_allocation([1.0] + [0.0] * others, variance=2.0)

    # Garivier and Kaufmann 2016, appendix A.4: T = 2 variance (1 + sqrt(K - 1))^2 / gap^2.
    np.testing.assert_allclose(found.shares[0], 1 / (1 + np.sqrt(others)), rtol=1e-9)
    np.testing.assert_allclose(found.characteristic_time, 4 * (1 + np.sqrt(others)) ** 2, rtol=1e-9)


@given(rates=st.lists(st.integers(1, 99), min_size=2, max_size=6, unique=True))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_bernoulli_allocation_makes_all_other_arms_equally_hard(rates: list[int]) -> None:
    means = np.array(sorted(rates, reverse=True)) / 100

    found = bernoulli_allocation(means)

    np.testing.assert_allclose(found.shares.sum(), 1.0)
    for other in range(1, means.size):
        pair = [0, other]
        np.testing.assert_allclose(_cost(found.shares[pair], means[pair]) * found.characteristic_time, 1.0, rtol=1e-6)


@pytest.mark.parametrize("rates", [[0.5], [0.5, 0.5], [0.5, 1.0], [0.0, 0.5], [[0.5, 0.4]]])
def test_bernoulli_allocation_without_one_best_arm_raises(rates: object) -> None:
    with pytest.raises(InvalidArgument, match="rates"):
        bernoulli_allocation(np.asarray(rates))
