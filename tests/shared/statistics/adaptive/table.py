"""Prints what was measured of adaptive inference: `python -m tests.shared.statistics.adaptive.table [repetitions]`."""

import sys
from collections.abc import Iterator
from itertools import chain
from typing import Final

import numpy as np

from shared.statistics.adaptive import aipw, bols
from shared.statistics.adaptive.arm_means import arm_means
from shared.statistics.adaptive.batches import Batches
from shared.statistics.adaptive.confidence_sequence import compare_any_time
from shared.statistics.adaptive.stopping_rules import AnyTime, PlannedLooks, StoppingRule
from shared.statistics.adaptive.superiority import superiority_margins
from shared.statistics.estimates.means import means
from shared.statistics.fixed import difference
from shared.statistics.result.comparison import Comparison
from tests.shared.statistics.adaptive import plain_formula
from tests.shared.statistics.adaptive.bandits import Floats, Scenario, pooled, simulate
from tests.shared.statistics.adaptive.scenarios import DRIFT, LOOKS_40, NEW, NULL_2, PUBLISHED, UNEQUAL, daily
from tests.shared.statistics.adaptive.stopping import (
    Booleans,
    beyond_proved_threshold,
    differs_by_welch,
    probably_best,
)

LOOKS_1000: Final = {
    "two arms, 1,000 looks": Scenario((0.0, 0.0), 1000, 20, 0.05),
    "drift, 1,000 looks": Scenario((0.0, 0.0), 1000, 20, 0.05, drift=0.5),
}
DAYS: Final = {
    "2 equal": daily(0.1, 0.1),
    "3 equal": daily(0.1, 0.1, 0.1),
    "5 equal": daily(*[0.1] * 5),
    "3, best + 5 %": daily(0.1, 0.105, 0.1),
    "3, best + 5 %, top two": daily(0.1, 0.105, 0.1, is_top_two=True),
    "3, best + 10 %, top two": daily(0.1, 0.11, 0.1, is_top_two=True),
}


def intervals(repetitions: int) -> Iterator[str]:
    """Yields coverage (mean width) of intervals of 95 %, and the biases of the plain and of the AIPW mean."""
    yield "| scenario | Welch | bias of plain mean | bias of AIPW mean | BOLS | AW-AIPW | plain formula |"
    yield "|---|---|---|---|---|---|---|"
    for name, published in PUBLISHED.items():
        yield _interval_row(name, published.scenario, simulate(published.scenario, repetitions, seed=20))
        before = (f"{one.coverage:.3f} ({one.width:.3f})" for one in published[1:])
        yield "| *published* | {} | | | {} | {} | |".format(*before)
    for scenarios, seed in ((NEW, 21), (UNEQUAL, 22)):
        for name, scenario in scenarios.items():
            yield _interval_row(name, scenario, simulate(scenario, repetitions, seed=seed))


def any_time(repetitions: int) -> Iterator[str]:
    """Yields how often sequences and repeated fixed looks ever miss."""
    yield "\n| scenario | sequence ever misses | repeated AW-AIPW | final width of a fixed look's |\n|---|---|---|---|"
    for name, scenario in (LOOKS_40 | LOOKS_1000).items():
        batches = simulate(scenario, repetitions, seed=42 if name in LOOKS_1000 else 41)
        found = compare_any_time(batches, treatment=1, optimal_unit_count=scenario.unit_count)
        yield f"| {name} | {_ever_misses(found, scenario.effect)} | {_width_ratio(batches, found)} |"
    for name, scenario in (("null 2, 25 looks", NULL_2), ("weekly drift, 14 looks", DRIFT)):
        batches = simulate(scenario, repetitions, seed=43)
        found = compare_any_time(batches, treatment=1, optimal_unit_count=scenario.unit_count)
        yield f"| {name} | {_ever_misses(found, scenario.effect)} | {_width_ratio(batches, found)} |"


def stopping(repetitions: int) -> Iterator[str]:
    """Yields how often rules ever declare an arm in 28 daily looks, and how often the first one is not the best."""
    yield f"\n| rule | {' | '.join(DAYS)} |\n|---|" + "---|" * len(DAYS)
    runs = {name: simulate(scenario, repetitions, seed=50) for name, scenario in DAYS.items()}
    rules: dict[str, StoppingRule] = {"any time": AnyTime(56_000), "planned looks": PlannedLooks(56_000)}
    for level in (0.95, 0.99):
        yield f"| P(best) >= {level} | {_row({name: probably_best(run, level) for name, run in runs.items()})}"
    welch = (f"{_ever(differs_by_welch(run))} |" for run in runs.values())
    yield f"| Welch's p < .05 against the first | {' '.join(welch)}"
    proved = (f"{beyond_proved_threshold(run).any(axis=1).mean():.4f} |" for run in runs.values())
    yield f"| likelihood ratio, proved threshold | {' '.join(proved)}"
    for title, rule in rules.items():
        shown = {name: superiority_margins(run, rule=rule) >= 0 for name, run in runs.items()}
        yield f"| superiority, {title} | {_row(shown)}"


def _interval_row(name: str, scenario: Scenario, batches: Batches) -> str:
    arms = means(pooled(batches))
    plain = difference.compare(arms[:, 1], arms[:, 0])
    truth = scenario.effect
    figures = [_covers(one, truth) for one in (plain, bols.compare(batches, treatment=1))]
    figures.append(_covers(aipw.compare(batches, treatment=1), truth))
    drift = scenario.drift * np.sin(2 * np.pi * np.arange(scenario.batch_count) / 7).mean()
    expected = scenario.means[0] + drift
    biases = [_bias(value - expected) for value in (arms.value[:, 0], arm_means(batches).mean[:, 0])]
    low, high = plain_formula.interval(batches)
    formula = f"{((low <= truth) & (truth <= high)).mean():.3f} ({(high - low).mean():.4f})"
    return f"| {name} | {figures[0]} | {biases[0]} | {biases[1]} | {figures[1]} | {figures[2]} | {formula} |"


def _covers(found: Comparison, truth: float) -> str:
    told = found.obstacle == 0
    low, high = found.difference_low[told], found.difference_high[told]
    return f"{((low <= truth) & (truth <= high)).mean():.3f} ({(high - low).mean():.4f})"


def _bias(error: Floats) -> str:
    return f"{error.mean():+.5f} +- {1.96 * error.std() / np.sqrt(error.size):.5f}"


def _ever_misses(found: Comparison, truth: float) -> str:
    """Returns the rates of the sequence and of fixed looks of 95 % that are repeated."""
    misses = (found.difference_low > truth) | (found.difference_high < truth)
    repeated = np.abs(found.difference - truth) > 1.96 * found.standard_error
    return f"{_ever(misses)} | {_ever(repeated)}"


def _ever(happened: Booleans) -> str:
    return f"{happened.any(axis=(1, 2)).mean():.4f}"


def _width_ratio(batches: Batches, found: Comparison) -> str:
    fixed = aipw.compare(batches, treatment=1)
    ratio = (found.difference_high - found.difference_low)[:, -1] / (fixed.difference_high - fixed.difference_low)
    return f"{ratio.mean():.3f} (at most {ratio.max():.3f})"


def _row(runs: dict[str, Booleans]) -> str:
    return " ".join(f"{_declared(shown, DAYS[name])} |" for name, shown in runs.items())


def _declared(shown: Booleans, scenario: Scenario) -> str:
    """Returns how often an arm is ever declared; and, where one is the best, how often first another one."""
    stops: Booleans = np.logical_or.reduce(shown, axis=2)
    first = np.take_along_axis(shown, stops.argmax(axis=1)[:, None, None], axis=1)[:, 0].argmax(axis=1)
    ever = np.logical_or.reduce(stops, axis=1)
    is_wrong = ever & (first != int(np.argmax(scenario.means)))
    has_best = len(set(scenario.means)) > 1
    return f"{ever.mean():.3f}" + (f" / {is_wrong.mean():.3f}" if has_best else "")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    for line in chain(intervals(count), any_time(count), stopping(count)):
        sys.stdout.write(f"{line}\n")
