"""Tables of two proportions: strategies, random ones, and comparisons of them."""

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative

Floats = NDArray[np.float64]
Table = tuple[int, int, int, int]


def tables(*, least: int = 0, most: int = 400) -> st.SearchStrategy[Table]:
    arm = st.integers(1, most).flatmap(lambda n: st.tuples(st.integers(min(least, n), n), st.just(n)))
    return st.tuples(arm, arm).map(lambda arms: (*arms[0], *arms[1]))


def compared(table: Table, *, alpha: float = 0.05, alternative: Alternative = Alternative.TWO_SIDED) -> Comparison:
    x_t, n_t, x_c, n_c = table
    return compare_proportions(
        treatment_successes=x_t,
        treatment_count=n_t,
        control_successes=x_c,
        control_count=n_c,
        alpha=alpha,
        alternative=alternative,
    )


def random_tables(seed: int, size: int) -> Iterator[Table]:
    """Yields tables with at least one success in each arm, of rates from 1 in 10,000 to nearly 1."""
    rng = np.random.default_rng(seed)
    for _ in range(size):
        n_t, n_c = (int(n) for n in 10 ** rng.uniform(0.5, 6, 2))
        share = rng.choice([rng.uniform(), 10 ** rng.uniform(-4, 0), 1 - 10 ** rng.uniform(-4, 0)])
        x_t, x_c = (max(1, int(rng.binomial(n, share))) for n in (n_t, n_c))
        yield x_t, n_t, x_c, n_c
