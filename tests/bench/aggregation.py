"""Aggregation: exact sums of a million rows, against plain passes of numpy.bincount that round."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.statistics.aggregates.sums import sums_from_arrays
from tests.bench.figures import Figure, Section, in_turn, ratios

ROUNDS: Final = 15
ROWS: Final = 1_000_000
METRICS: Final = 5
ARMS: Final = 3

METHOD = f"""\
{ROWS:,} rows, {METRICS} metrics, {ARMS} arms, one thread; count, sums and sums of squares of every arm. *Exact*:
`sums_from_arrays`, which rounds nothing. *bincount*: one pass of `numpy.bincount` for the counts and two for each
metric, with its values and with their squares as weights. Values are log-normal; counts are Poisson."""


def section() -> Section:
    """Returns what was measured."""
    rng = np.random.default_rng(1)
    arms = rng.integers(0, ARMS, ROWS)
    values = rng.lognormal(size=(METRICS, ROWS))
    counts = rng.poisson(3.0, size=(METRICS, ROWS)).astype(np.float64)
    seconds = in_turn(
        {
            "exact": _timed(lambda: sums_from_arrays(arms, values[:, None], arm_count=ARMS)),
            "bincount": _timed(lambda: _bincount_passes(arms, values)),
            "exact counts": _timed(lambda: sums_from_arrays(arms, counts[:, None], arm_count=ARMS)),
        },
        rounds=ROUNDS,
    )
    return Section(
        "Aggregation",
        METHOD,
        (
            Figure("exact sums / bincount", ratios(seconds["exact"], seconds["bincount"]), at_most=1.5),
            Figure(
                "exact sums of counts / bincount", ratios(seconds["exact counts"], seconds["bincount"]), at_most=1.5
            ),
            Figure("exact sums", _milliseconds(seconds["exact"]), "ms"),
            Figure("bincount", _milliseconds(seconds["bincount"]), "ms"),
        ),
    )


def _bincount_passes(arms: NDArray[np.int64], values: NDArray[np.float64]) -> list[NDArray[Any]]:
    passes: list[NDArray[Any]] = [np.bincount(arms, minlength=ARMS)]
    for column in values:
        passes.append(np.bincount(arms, column, ARMS))
        passes.append(np.bincount(arms, column * column, ARMS))
    return passes


def _timed(run: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        started = perf_counter()
        run()
        return perf_counter() - started

    return measure


def _milliseconds(seconds: list[float]) -> tuple[float, ...]:
    return tuple(1e3 * one for one in seconds)
