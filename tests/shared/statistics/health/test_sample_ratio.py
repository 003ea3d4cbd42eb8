"""Sample-ratio tests at a fixed look against SciPy, exact sums and a published example."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.health.finding import Check, Status
from shared.statistics.health.sample_ratio import changing_sample_ratio, sample_ratio
from shared.statistics.result.obstacles import Caution, Obstacle

large_counts = st.lists(st.integers(200, 10**7), min_size=2, max_size=6)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(large_counts, st.data())
def test_fixed_weights_agree_with_scipy(counts: list[int], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.floats(0.5, 2), min_size=len(counts), max_size=len(counts)))
    expected = np.sum(counts) * np.array(weights) / np.sum(weights)
    oracle = stats.chisquare(counts, expected)

    found = sample_ratio(counts, weights)

    assert float(found.statistic) == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-9)
    assert float(found.p_value) == pytest.approx(oracle.pvalue, rel=1e-9)
    assert found.degrees_of_freedom == len(counts) - 1


def test_published_example_has_its_published_p_value() -> None:
    # Kohavi, Tang and Xu 2020, chapter 21, scenario 1: "821,588 vs. 815,482 ... p-value 1.8E-6".
    found = sample_ratio([821_588, 815_482], [1, 1])

    assert float(found.p_value) == pytest.approx(1.8e-6, abs=5e-8)
    assert found.finding().status is Status.FAIL


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.05, 0.95))
def test_two_arms_of_few_units_get_the_exact_test(first: int, second: int, share: float) -> None:
    total = first + second
    masses = stats.binom.pmf(np.arange(total + 1), total, share)
    exact = min(1.0, 2 * min(masses[: first + 1].sum(), masses[first:].sum()))

    found = sample_ratio([first, second], [share, 1 - share])

    if total * min(share, 1 - share) < 50:
        assert float(found.p_value) == pytest.approx(exact, rel=1e-9)
        assert found.obstacle == Obstacle.NONE
        assert found.caution == Caution.NONE


@pytest.mark.parametrize("counts", [[300, 250], [30, 20], [900, 100], [4000, 3000]])
def test_arm_of_weight_zero_changes_nothing(counts: list[int]) -> None:
    plain = sample_ratio(counts, [1, 1])

    with_it = sample_ratio([*counts, 0], [1, 1, 0])

    assert with_it.p_value == pytest.approx(float(plain.p_value), rel=1e-12)
    assert with_it.degrees_of_freedom == plain.degrees_of_freedom
    assert with_it.statistic == pytest.approx(float(plain.statistic), rel=1e-12)


def test_zero_weight_arm_with_a_unit_is_a_mismatch_for_certain() -> None:
    found = sample_ratio([5000, 5000, 1], [1, 1, 0])

    finding = found.finding()
    assert found.p_value == 0
    assert found.log_p_value == -np.inf
    assert finding.status is Status.FAIL
    assert finding.numbers["misplaced_count"] == 1
    assert "weight 0" in finding.message


def test_p_value_beyond_doubles_keeps_its_logarithm_and_its_words() -> None:
    finding = sample_ratio([1_000_000, 900_000], [1, 1]).finding()

    assert finding.numbers["log_p_value"] == pytest.approx(-np.log(10) * 1145.0, rel=1e-3)
    assert finding.numbers["p_value"] == 0
    assert "p 1e-1145" in finding.message


@settings(max_examples=50, deadline=None, derandomize=True)
@given(large_counts, st.randoms(use_true_random=False), st.floats(0.01, 100))
def test_order_of_arms_and_scale_of_weights_have_no_say(counts: list[int], random: object, scale: float) -> None:
    order = np.random.default_rng(len(counts)).permutation(len(counts))
    weights = np.arange(1.0, len(counts) + 1)

    plain = sample_ratio(counts, weights)
    shuffled = sample_ratio(np.array(counts)[order], scale * weights[order])

    assert float(shuffled.log_p_value) == pytest.approx(float(plain.log_p_value), rel=1e-9, abs=1e-12)


def test_many_experiments_at_once_are_each_on_its_own() -> None:
    rng = np.random.default_rng(1)
    counts, weights = rng.poisson(40, (3, 4, 3)), rng.uniform(0.5, 1, (4, 3))

    together = sample_ratio(counts, weights)

    for row in np.ndindex(3, 4):
        alone = sample_ratio(counts[row], weights[row[1]])
        assert together.log_p_value[row] == pytest.approx(float(alone.log_p_value), rel=1e-12)
        assert together.finding(*row) == alone.finding()


@pytest.mark.parametrize(("counts", "obstacle"), [([0, 0], Obstacle.NO_UNITS), ([1, 2, 1], Obstacle.TOO_FEW_UNITS)])
def test_too_little_data_is_said(counts: list[int], obstacle: Obstacle) -> None:
    found = sample_ratio(counts, np.ones(len(counts)))

    assert found.obstacle == obstacle
    assert np.isnan(found.p_value)
    assert found.finding().status is Status.NOT_ESTIMABLE
    assert found.finding().check is Check.SAMPLE_RATIO


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        ([1, -1], [1, 1]),
        ([1.5, 1], [1, 1]),
        ([np.nan, 1], [1, 1]),
        ([1, 1], [1, -1]),
        ([1, 1], [0, 0]),
        ([1, 1], [1, 0]),
        ([1, 1, 1], [1, 1]),
    ],
)
def test_bad_input_is_refused(counts: list[float], weights: list[float]) -> None:
    with pytest.raises(InvalidArgument):
        sample_ratio(counts, weights)


def test_segments_share_alpha() -> None:
    found = sample_ratio([5200, 4880], [1, 1])

    assert 0.001 < float(found.p_value) < 0.01
    assert found.finding().status is Status.WARN
    assert found.finding(alpha=0.01).status is Status.FAIL
    assert found.finding(alpha=0.01, family_size=20).status is Status.PASS


def test_changing_weights_of_one_group_are_fixed_weights() -> None:
    fixed = sample_ratio([400, 620, 980], [2, 3, 5])

    changing = changing_sample_ratio([[400, 620, 980]], [[400, 600, 1000]])

    assert float(changing.p_value) == pytest.approx(float(fixed.p_value), rel=1e-12)


def test_changing_weights_that_pooled_hide_a_mismatch_show_it_by_version() -> None:
    counts = [[600, 400], [800, 1200]]

    found = changing_sample_ratio(counts, [[500, 500], [900, 1100]])

    assert found.finding().status is Status.FAIL
    assert sample_ratio(np.sum(counts, axis=0), [1400, 1600]).finding().status is Status.PASS


def test_changing_weights_with_one_arm_in_every_group_have_nothing_to_test() -> None:
    found = changing_sample_ratio([[50, 0], [0, 70]], [[50, 0], [0, 70]])

    assert found.obstacle == Obstacle.ARM_NEVER_ALLOCATED


@pytest.mark.parametrize("expected", [[[5, 4]], [[5, 5, 0]], [5, 5]])
def test_changing_weights_that_do_not_fit_the_counts_are_refused(expected: list[list[float]]) -> None:
    with pytest.raises(InvalidArgument):
        changing_sample_ratio([[4, 6]], expected)
