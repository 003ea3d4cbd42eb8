"""Statistics: ten comparisons and ten thousand from sufficient statistics, beside tea-tasting's from aggregates."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, Final

import numpy as np
import tea_tasting as tt
from tea_tasting.aggr import Aggregates

from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.comparison import Comparison
from tests.bench.figures import Figure, Section, in_turn, ratios

ROUNDS: Final = 15
METRICS: Final = 5
ARMS: Final = 3
MANY_METRICS: Final = 5_000

METHOD = f"""\
{METRICS} metrics, {ARMS} arms, each treatment against the control: 10 comparisons with differences, lifts, intervals
and p-values, one thread, the median of many calls in every round. *Means*: from counts, means and sums of squares
through `means` and `compare` (Welch, Fieller). *tea-tasting*: `Mean.analyze_aggregates` for each comparison, from its
own `Aggregates`. *Proportions*: from counts through `compare_proportions` (score intervals, found by iteration). The
10,000 comparisons are {MANY_METRICS:,} metrics in one call."""


def section() -> Section:
    """Returns what was measured."""
    few, many = _moments(METRICS), _moments(MANY_METRICS)
    aggregates = _aggregates(few)
    seconds = in_turn(
        {
            "means": _median_of(200, lambda: _compare_means(few)),
            "tea-tasting": _median_of(5, lambda: _tea_tasting(aggregates)),
            "many means": _median_of(3, lambda: _compare_means(many)),
            "proportions": _median_of(200, lambda: _compare_proportions(few)),
            "many proportions": _median_of(3, lambda: _compare_proportions(many)),
        },
        rounds=ROUNDS,
    )
    milliseconds = {name: tuple(1_000 * value for value in values) for name, values in seconds.items()}
    return Section(
        "Statistics",
        METHOD,
        (
            Figure("10 comparisons of means", milliseconds["means"], "ms", at_most=0.2),
            Figure(
                "10 comparisons, tea-tasting / means", ratios(seconds["tea-tasting"], seconds["means"]), at_least=10
            ),
            Figure("10,000 comparisons of means", milliseconds["many means"], "ms", at_most=20),
            Figure("10 comparisons of proportions", milliseconds["proportions"], "ms", at_most=0.2),
            Figure("10,000 comparisons of proportions", milliseconds["many proportions"], "ms", at_most=20),
        ),
    )


def _moments(metrics: int) -> Moments:
    """Returns conversions, whose moments are those of any metric: proportions take them, too."""
    rng = np.random.default_rng(1)
    counts = rng.integers(9_000, 11_000, (metrics, ARMS))
    return Moments.of_successes(rng.binomial(counts, rng.uniform(0.02, 0.2, (metrics, 1))), counts)


def _compare_means(moments: Moments) -> Comparison:
    arms = means(moments)
    return compare(arms[:, 1:], arms[:, :1])


def _compare_proportions(moments: Moments) -> Comparison:
    counts, successes = moments.count, np.rint(moments.count * moments.mean[..., 0])
    return compare_proportions(
        treatment_successes=successes[:, 1:],
        treatment_count=counts[:, 1:],
        control_successes=successes[:, :1],
        control_count=counts[:, :1],
    )


def _aggregates(moments: Moments) -> list[list[Aggregates]]:
    mean, variance = moments.mean[..., 0], moments.covariance()[..., 0, 0]
    return [
        [
            Aggregates(int(count), {"value": float(value)}, {"value": float(spread)}, {})
            for count, value, spread in zip(*metric, strict=True)
        ]
        for metric in zip(moments.count, mean, variance, strict=True)
    ]


def _tea_tasting(aggregates: list[list[Aggregates]]) -> list[Any]:
    metric = tt.Mean("value")
    return [metric.analyze_aggregates(arms[0], treatment) for arms in aggregates for treatment in arms[1:]]


def _median_of(calls: int, measured: Callable[[], object]) -> Callable[[], float]:
    def seconds() -> float:
        taken: list[float] = []
        for _ in range(calls):
            started = perf_counter()
            measured()
            taken.append(perf_counter() - started)
        return median(taken)

    return seconds
