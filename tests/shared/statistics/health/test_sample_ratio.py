"""Sample-ratio tests at a fixed look against SciPy, exact sums, a slow reference and simulations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InvalidArgument
from shared.statistics.health.finding import Check, Status
from shared.statistics.health.sample_ratio import changing_sample_ratio, sample_ratio
from shared.statistics.result.obstacles import Caution, Obstacle
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]

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


def slow_changing(counts: Floats, expected: Floats) -> tuple[float, int]:
    """Pools as the module says, one cell at a time."""
    kept, rest = [], np.zeros((2, counts.shape[1]))
    for seen, hoped in zip(counts, expected, strict=True):
        if any(0 < cell < 5 for cell in hoped):
            rest += [seen, hoped]
        else:
            kept.append((seen, hoped))
    statistic, freedom = 0.0, 0
    for seen, hoped in [*kept, (rest[0], rest[1])]:
        cells = sorted((e, o) for e, o in zip(hoped, seen, strict=True) if e > 0)
        small = [cell for cell in cells if cell[0] < 5]
        large = [cell for cell in cells if cell[0] >= 5]
        if small and sum(e for e, _ in small) < 5 and large:
            small.append(large.pop(0))
        merged = [(sum(e for e, _ in small), sum(o for _, o in small))] if small else []
        final = merged + large
        statistic += sum((o - e) ** 2 / e for e, o in final)
        freedom += max(len(final) - 1, 0)
    return statistic, freedom


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_changing_weights_agree_with_a_slow_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, arms = int(rng.integers(1, 8)), int(rng.integers(2, 5))
    sizes = rng.integers(3, 300, groups)
    weights = rng.dirichlet(np.ones(arms), groups) * (rng.random((groups, arms)) < 0.9) + [1e-2] + np.eye(arms)[0]
    weights[:, 1:] *= rng.random((groups, arms - 1)) < 0.9
    weights /= weights.sum(axis=1, keepdims=True)
    counts = np.array([rng.multinomial(size, row) for size, row in zip(sizes, weights, strict=True)])
    expected = sizes[:, None] * weights
    statistic, freedom = slow_changing(counts.astype(float), expected)

    found = changing_sample_ratio(counts, expected)

    assert found.degrees_of_freedom == freedom
    if freedom:
        assert float(found.statistic) == pytest.approx(statistic, rel=1e-9, abs=1e-12)
        assert float(found.p_value) == pytest.approx(stats.chi2.sf(statistic, freedom), rel=1e-9)


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


@pytest.mark.parametrize("weights", [[1.0, 1.0], [0.9, 0.1], [1.0, 1.0, 1.0], [0.7, 0.1, 0.1, 0.1]])
@pytest.mark.parametrize("unit_count", [40, 1000, 100_000])
@pytest.mark.parametrize("alpha", [0.001, 0.05])
def test_false_alarms_without_a_mismatch(weights: list[float], unit_count: int, alpha: float) -> None:
    # At 40 and 1,000 units discreteness makes the true rate differ from alpha; it may not be above it unless flagged.
    rng, repetitions = np.random.default_rng(5), 40_000
    found = sample_ratio(rng.multinomial(unit_count, np.array(weights) / np.sum(weights), repetitions), weights)

    alarms = Rate(int((found.p_value < alpha).sum()), repetitions)

    flagged = bool(found.caution.any())
    assert flagged or alarms.is_at_most(1.15 * alpha), f"{alarms}"
    if unit_count == 100_000:
        assert not flagged
        assert alarms.is_at_least(alpha / 1.15), f"{alarms}"


def test_chi_square_with_few_expected_units_alarms_too_often_and_is_flagged() -> None:
    rng, repetitions = np.random.default_rng(6), 400_000
    found = sample_ratio(rng.multinomial(500, [0.01, 0.01, 0.98], repetitions), [0.01, 0.01, 0.98])

    alarms = Rate(int((found.p_value < 0.001).sum()), repetitions)

    assert not alarms.is_at_most(0.0015), f"{alarms}"
    assert (found.caution == Caution.FEW_UNITS).all()


def adaptive_versions(
    rng: np.random.Generator, repetitions: int, versions: int, size: int, bias: float = 0.0
) -> tuple[Floats, Floats]:
    """Draws counts and weights of batches whose weights follow the noisy outcomes of earlier ones (two arms)."""
    counts, weights = np.zeros((repetitions, versions, 2)), np.full((repetitions, versions, 2), 0.5)
    scores = np.zeros(repetitions)
    for version in range(versions):
        share = np.clip(1 / (1 + np.exp(-3 * scores / np.sqrt(version + 1))), 0.02, 0.98)
        weights[:, version] = np.stack([share, 1 - share], axis=1)
        real = share / (share + (1 - share) * np.exp(-bias))
        first = rng.binomial(size, real)
        counts[:, version] = np.stack([first, size - first], axis=1)
        # The score favours the arm that happened to get more units: what a sample-ratio test must not be misled by.
        scores += (first - size * share) / np.sqrt(size * share * (1 - share)) + rng.normal(size=repetitions)
    return counts, weights


def test_false_alarms_under_weights_that_follow_the_data() -> None:
    counts, weights = adaptive_versions(np.random.default_rng(7), 20_000, 14, 500)

    found = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    for alpha in (0.001, 0.01, 0.05):
        alarms = Rate(int((found.p_value < alpha).sum()), 20_000)
        assert alarms.is_at_most(1.3 * alpha), f"{alarms}"


def test_mismatch_under_weights_that_follow_the_data_is_found() -> None:
    counts, weights = adaptive_versions(np.random.default_rng(8), 500, 14, 2000, bias=0.4)

    found = changing_sample_ratio(counts, counts.sum(axis=-1, keepdims=True) * weights)

    assert Rate(int((found.p_value < 0.001).sum()), 500).is_at_least(0.99)
