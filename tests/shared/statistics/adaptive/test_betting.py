"""Bets on importance-weighted rows: an e-process by enumeration, false alarms, harm that is noticed, refusals."""

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.errors import InvalidArgument, Reason
from shared.statistics.adaptive.betting import CONTROL, OTHER, TREATMENT, LoggedRows, log_evidence
from tests.shared.statistics.simulation import Rate

Floats = NDArray[np.float64]

FLOOR = 0.1
ARMS = (CONTROL, TREATMENT, OTHER)
CONTEXTS = (0.3, 0.7)
"""The chances of two contexts."""


def rows_of(rows: Sequence[tuple[int, float, float]], *, least: float = FLOOR) -> LoggedRows:
    """Returns rows of (arm, value, propensity)."""
    arms, values, propensities = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    size = len(rows)
    return LoggedRows(
        np.array(arms, np.int64), np.array(values, float), np.array(propensities, float), *[np.full(size, least)] * 2
    )


def plain(rows: LoggedRows, shift: float, factor: float) -> list[float]:
    """Returns the e-process row by row, written out."""
    shares = [0.9 / 3**power for power in range(6)]
    wealth = {(kind, share): 1.0 for kind in ("careful", "centred") for share in shares}
    sums = {arm: [0.5, 1.0] for arm in (CONTROL, TREATMENT)}
    found = []
    for arm, value, propensity, least_t, least_c in zip(
        rows.arms, rows.values, rows.propensities, rows.least_treatment, rows.least_control, strict=True
    ):
        means = {one: part / whole for one, (part, whole) in sums.items()}
        for kind, (m, n) in {"careful": (0.0, 1.0), "centred": (means[TREATMENT], means[CONTROL])}.items():
            g = m + ((value - m) / propensity if arm == TREATMENT else 0.0)
            h = n + ((value - n) / propensity if arm == CONTROL else 0.0)
            lows = [m / least_t if m else 0.0, factor * (1 - n) / least_c if factor * (1 - n) else 0.0]
            floor = m - shift - factor * n - max(lows)
            for share in shares:
                wealth[kind, share] *= 1 + share / -floor * (g - shift - factor * h)
        if arm != OTHER:
            sums[int(arm)] = [sums[int(arm)][0] + value / propensity, sums[int(arm)][1] + 1 / propensity]
        found.append(sum(wealth.values()) / len(wealth))
    return found


def propensities(history: Sequence[tuple[int, float, float]], context: int) -> Floats:
    """Returns chances of the arms that follow the context and whatever was seen: whoever earned something is liked."""
    liked = np.ones(3)
    for arm, value, _ in history:
        liked[ARMS.index(arm)] += 3 * value
    liked[context] *= 4
    return np.asarray(FLOOR + (1 - 3 * FLOOR) * liked / liked.sum())


def means(context: int, *, of_treatment: float, of_control: float) -> dict[int, float]:
    """Returns means that differ by context as much as they can, and are as given on average."""
    tilt = min(of_treatment, 1 - of_treatment, of_control, 1 - of_control) / max(CONTEXTS)
    lean = tilt * (CONTEXTS[1] if context == 0 else -CONTEXTS[0])
    return {TREATMENT: of_treatment + lean, CONTROL: of_control - lean, OTHER: 0.5}


def expectation(length: int, *, shift: float, factor: float, of_treatment: float, of_control: float) -> float:
    """Returns the e-process's expectation over all contexts, arms and values, which follow what was seen before."""

    def spread(history: tuple[tuple[int, float, float], ...]) -> float:
        if len(history) == length:
            return math.exp(log_evidence(rows_of(history), shift=shift, factor=factor)[-1])
        total = 0.0
        for context, (arm, value) in product(range(2), product(ARMS, (0.0, 1.0))):
            chance = float(propensities(history, context)[ARMS.index(arm)])
            mean = means(context, of_treatment=of_treatment, of_control=of_control)[arm]
            probability = CONTEXTS[context] * chance * (mean if value else 1 - mean)
            total += probability * spread((*history, (arm, value, chance))) if probability else 0.0
        return total

    return spread(())


@pytest.mark.parametrize(("shift", "factor"), [(0.0, 1.0), (0.0, 1.2), (0.3, 0.7), (1.0, 0.0)])
def test_log_evidence_when_rows_are_bet_on_one_by_one_then_the_same(shift: float, factor: float) -> None:
    rng = np.random.default_rng(4)
    rows = LoggedRows(
        rng.choice(ARMS, 200),
        rng.uniform(0, 1, 200),
        rng.uniform(0.2, 1, 200),
        rng.choice([0.0, 0.05, 0.2], 200),
        rng.choice([0.0, 0.01, 0.2], 200),
    )

    found = log_evidence(rows, shift=shift, factor=factor)

    # Where a propensity may be 0 whoever takes the means bets nothing: written out, the floor is infinite.
    with np.errstate(divide="ignore"):
        assert found == pytest.approx(np.log(plain(rows, shift, factor)).tolist(), abs=1e-9)


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize(
    ("shift", "factor", "of_treatment", "of_control"),
    [(0.0, 1.0, 0.4, 0.4), (0.0, 1.5, 0.3, 0.2), (0.2, 0.8, 0.36, 0.2)],
)
def test_log_evidence_when_the_hypothesis_just_holds_then_its_expectation_is_1_whatever_contexts_do(
    length: int, shift: float, factor: float, of_treatment: float, of_control: float
) -> None:
    found = expectation(length, shift=shift, factor=factor, of_treatment=of_treatment, of_control=of_control)

    assert found == pytest.approx(1, abs=1e-9)


def test_log_evidence_when_the_treatment_is_better_then_its_expectation_is_below_1_and_worse_above() -> None:
    assert expectation(2, shift=0.0, factor=1.0, of_treatment=0.2, of_control=0.6) < 0.95
    assert expectation(2, shift=0.0, factor=1.0, of_treatment=0.6, of_control=0.2) > 1.05


def simulated(rng: np.random.Generator, size: int, *, control: float, treatment: float, floor: float) -> LoggedRows:
    """Returns rows of a policy that gives half of the units mostly the treatment, the other half mostly the control.

    Units who mostly get the treatment have three times the others' rate: plain means would blame it.
    """
    is_first = rng.random(size) < 0.5
    chances = np.where(is_first[:, None], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1])
    chances = floor + (1 - 3 * floor) * chances
    arms = (rng.random(size)[:, None] > chances.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    rates = np.where(is_first, 1.5, 0.5) * np.array([control, treatment, control])[arms]
    return LoggedRows(
        np.array(ARMS)[arms],
        (rng.random(size) < rates).astype(np.float64),
        chances[np.arange(size), arms],
        *[np.full(size, floor)] * 2,
    )


@pytest.mark.parametrize("floor", [0.0, 0.01])
def test_log_evidence_when_there_is_no_harm_and_every_row_is_looked_at_then_seldom_an_alarm(floor: float) -> None:
    alpha, runs = 0.05, 300
    alarms = sum(
        bool(
            (
                log_evidence(simulated(np.random.default_rng([1, seed]), 3000, control=0.2, treatment=0.2, floor=floor))
                >= -math.log(alpha)
            ).any()
        )
        for seed in range(runs)
    )

    assert Rate(alarms, runs).is_at_most(alpha)


def test_log_evidence_when_rates_double_then_it_is_noticed_within_3000_rows_nine_times_of_ten() -> None:
    runs = 200
    noticed = sum(
        bool(
            (
                log_evidence(simulated(np.random.default_rng([2, seed]), 3000, control=0.1, treatment=0.2, floor=0.05))
                >= -math.log(0.05)
            ).any()
        )
        for seed in range(runs)
    )

    assert Rate(noticed, runs).interval[1] >= 0.9, noticed / runs


def test_log_evidence_when_there_are_no_rows_then_none() -> None:
    assert log_evidence(rows_of([])).shape == (0,)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"values": np.array([0.5, 1.5])}, "values"),
        ({"values": np.array([0.5, np.nan])}, "values"),
        ({"propensities": np.array([0.5, 0.0])}, "propensities"),
        ({"propensities": np.array([0.5])}, "propensities"),
        ({"least_treatment": np.array([0.6, 0.1])}, "propensities"),
        ({"least_control": np.array([0.1, -0.1])}, "least_control"),
        ({"arms": np.array([TREATMENT])}, "propensities"),
    ],
)
def test_rows_when_a_column_is_wrong_then_names_it(changes: dict[str, Any], field: str) -> None:
    fine: dict[str, Any] = {
        "arms": np.array([TREATMENT, CONTROL]),
        "values": np.array([0.5, 1.0]),
        "propensities": np.array([0.5, 0.5]),
        "least_treatment": np.array([0.1, 0.1]),
        "least_control": np.array([0.1, 0.1]),
    }

    with pytest.raises(InvalidArgument) as caught:
        LoggedRows(**{**fine, **changes})

    assert (caught.value.reason, caught.value.violations[0].field) == (Reason.INVALID_FIELD, field)


@pytest.mark.parametrize(("shift", "factor"), [(-0.1, 1.0), (0.0, -1.0), (0.0, 0.0), (math.nan, 1.0)])
def test_log_evidence_when_the_hypothesis_makes_no_sense_then_is_refused(shift: float, factor: float) -> None:
    with pytest.raises(InvalidArgument) as caught:
        log_evidence(rows_of([(TREATMENT, 1.0, 0.5)]), shift=shift, factor=factor)

    assert (caught.value.reason, caught.value.violations[0].field) == (Reason.INVALID_FIELD, "shift")
