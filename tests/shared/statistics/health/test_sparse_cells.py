"""Pearson's X2 with pooled cells against a reference that pools one cell at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from shared.statistics.health.sample_ratio import changing_sample_ratio
from shared.statistics.health.sparse_cells import pearson

Floats = NDArray[np.float64]


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


@pytest.mark.parametrize(
    ("observed", "expected", "statistic", "freedom"),
    [
        ([[3, 7, 90]], [[2, 3, 95]], 25 / 5 + 25 / 95, 1),
        ([[3, 2, 95]], [[2, 2, 96]], 0.0, 0),
        ([[8, 12, 80], [0, 5, 5]], [[10, 10, 80], [0, 5, 5]], 4 / 10 + 4 / 10, 3),
        ([[1, 9], [2, 8], [60, 40]], [[3, 7], [4, 6], [50, 50]], 16 / 7 + 16 / 13 + 2.0 + 2.0, 2),
    ],
)
def test_cells_pooled_by_hand(
    observed: list[list[float]], expected: list[list[float]], statistic: float, freedom: int
) -> None:
    found = pearson(np.array(observed, float), np.array(expected, float))

    assert float(found[0]) == pytest.approx(statistic, rel=1e-12)
    assert found[1] == freedom
