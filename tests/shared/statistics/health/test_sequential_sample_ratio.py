"""Sequential sample-ratio tests: published figures, SciPy, a slow reference, invariants."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.health.finding import Check, Status
from shared.statistics.health.sequential_sample_ratio import changing_sequential_sample_ratio, sequential_sample_ratio
from shared.statistics.result.obstacles import Obstacle


def test_constant_weights_reproduce_the_reference_package() -> None:
    # ssrm-test 1.x, sequential_p_values([[100, 130], [110, 140], [90, 130]], [0.5, 0.5]).
    found = sequential_sample_ratio([[100, 130], [110, 140], [90, 130]], [1, 1])

    assert found.p_value == pytest.approx([0.967904, 0.862146, 0.648230], abs=5e-7)


@pytest.mark.parametrize(("concentration", "inverse"), [(100, 0.001456), (1e4, 1.560e-4)])
def test_published_example_has_its_evidence(concentration: float, inverse: float) -> None:
    # Counts of Kohavi, Tang and Xu 2020, chapter 21; evidence as of ssrm-test with these concentrations.
    found = sequential_sample_ratio([[821_588, 815_482]], [1, 1], concentration=concentration)

    assert float(np.exp(-found.log_e_value[-1])) == pytest.approx(inverse, rel=5e-4)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 200), min_size=3, max_size=3), st.floats(1, 1e4))
def test_constant_weights_are_the_dirichlet_multinomial_of_scipy(counts: list[int], concentration: float) -> None:
    shares = np.array([0.2, 0.3, 0.5])
    oracle = stats.dirichlet_multinomial.logpmf(counts, concentration * shares, sum(counts)) - stats.multinomial.logpmf(
        counts, sum(counts), shares
    )

    found = sequential_sample_ratio([counts], shares, concentration=concentration)

    assert float(found.log_e_value[-1]) == pytest.approx(oracle, rel=1e-9, abs=1e-7)


def test_changing_weights_are_the_average_likelihood_ratio_of_a_slow_reference() -> None:
    counts = np.array([[30, 50, 20], [5, 80, 40]])
    weights = np.array([[0.3, 0.5, 0.2], [0.1, 0.6, 0.3]])
    steps = np.geomspace(0.001, 2, 40)
    ratios = []
    for arm, step in product(range(3), np.concatenate([steps, -steps])):
        tilted = weights * np.exp(step * (np.arange(3) == arm))
        tilted /= tilted.sum(axis=1, keepdims=True)
        ratios.append(np.exp((counts * np.log(tilted / weights)).sum()))

    found = changing_sequential_sample_ratio(counts, weights)

    assert float(np.exp(found.log_e_value[-1])) == pytest.approx(np.mean(ratios), rel=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_size_of_batches_and_scale_of_weights_have_no_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 1, (4, 3))
    counts = rng.poisson(30, (4, 3))
    halves = np.stack([counts // 2, counts - counts // 2], axis=1).reshape(8, 3)

    whole = changing_sequential_sample_ratio(counts, weights)
    split = changing_sequential_sample_ratio(halves, 7 * np.repeat(weights, 2, axis=0))

    assert split.log_e_value[1::2] == pytest.approx(whole.log_e_value, rel=1e-9, abs=1e-9)


def test_order_of_arms_has_no_say() -> None:
    counts, weights = np.array([[30, 50, 20], [5, 80, 40]]), np.array([[3, 5, 2], [1, 6, 3.0]])

    plain = changing_sequential_sample_ratio(counts, weights).log_e_value
    turned = changing_sequential_sample_ratio(counts[:, ::-1], weights[:, ::-1]).log_e_value

    assert turned == pytest.approx(plain, rel=1e-12)


def test_p_value_never_rises_again() -> None:
    rng = np.random.default_rng(3)

    found = sequential_sample_ratio(rng.multinomial(50, [0.5, 0.5], (20, 200)), [1, 1])

    assert (np.diff(found.log_p_value, axis=-1) <= 0).all()
    assert (found.p_value <= 1).all()


@pytest.mark.parametrize("changing", [False, True])
def test_unit_in_an_arm_of_weight_zero_is_evidence_without_end(*, changing: bool) -> None:
    counts = [[50, 50, 0], [50, 50, 1], [50, 50, 0]]
    weights = [1, 1, 0]

    found = (
        changing_sequential_sample_ratio(counts, [weights] * 3)
        if changing
        else sequential_sample_ratio(counts, weights)
    )

    assert found.log_e_value[0] < np.inf
    assert found.p_value[1:].tolist() == [0, 0]
    assert found.finding().status is Status.FAIL
    assert all(np.isfinite(number) for number in found.finding().numbers.values())


def test_arm_of_weight_zero_changes_nothing_under_constant_weights() -> None:
    plain = sequential_sample_ratio([[60, 40]], [1, 1])

    with_it = sequential_sample_ratio([[60, 40, 0]], [1, 1, 0])

    assert with_it.log_e_value == pytest.approx(plain.log_e_value, rel=1e-9)


def test_arm_of_weight_zero_takes_its_share_of_the_average_under_changing_weights() -> None:
    counts, weights = np.array([[60, 40], [90, 30]]), np.array([[1, 1], [2, 1]])
    plain = np.exp(changing_sequential_sample_ratio(counts, weights).log_e_value)

    with_it = changing_sequential_sample_ratio(np.pad(counts, [(0, 0), (0, 1)]), np.pad(weights, [(0, 0), (0, 1)]))

    assert np.exp(with_it.log_e_value) == pytest.approx((2 * plain + 1) / 3, rel=1e-12)


def test_no_units_are_not_estimable() -> None:
    finding = sequential_sample_ratio([[0, 0]], [1, 1]).finding()

    assert finding.status is Status.NOT_ESTIMABLE
    assert finding.obstacle is Obstacle.NO_UNITS
    assert finding.check is Check.SEQUENTIAL_SAMPLE_RATIO


@pytest.mark.parametrize(
    ("counts", "weights"), [([[1, -1]], [[1, 1]]), ([[1, 1]], [[0, 0]]), ([[1, 1]], [[1, 1, 1]]), ([1, 1], [1, 1])]
)
def test_bad_input_is_refused(counts: list[list[int]], weights: list[list[float]]) -> None:
    with pytest.raises(InvalidArgument):
        changing_sequential_sample_ratio(counts, weights)


def test_concentration_that_is_not_positive_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        sequential_sample_ratio([[1, 1]], [1, 1], concentration=0)
