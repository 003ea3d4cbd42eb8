"""The counts of the Open Bandit Dataset, and the rows that they stand for."""

import csv
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

CAMPAIGNS: Final = ("all", "men", "women")
_FILE: Final = Path(__file__).parent / "shown.csv"


class Campaign(NamedTuple):
    """Holds the cells of one campaign, an item at a position each; arrays have shape (cells,).

    Attributes:
        random_propensity: Of each item at each position.
    """

    random_propensity: float
    position: Floats
    random_shown: Floats
    random_clicks: Floats
    bts_shown: Floats
    bts_clicks: Floats
    bts_mean_propensity: Floats

    @property
    def bts_chance(self) -> Floats:
        """Returns with which chance BernoulliTS showed the item at the position, over the week: how often it did.

        Propensities moved all the time. Rows were logged as often as a propensity was high, so that the mean over
        rows is not that over time; the share of rows is.
        """
        of_position = np.bincount(self.position.astype(int), weights=self.bts_shown)
        return np.asarray(self.bts_shown / of_position[self.position.astype(int)])

    @property
    def bts_value(self) -> float:
        """Returns the clicks per row that BernoulliTS really had."""
        return float(self.bts_clicks.sum() / self.bts_shown.sum())


class Decisions(NamedTuple):
    """Holds one row for each row of the Random log: its cell, and whether there was a click."""

    cell: NDArray[np.intp]
    click: Floats


def campaign(name: str) -> Campaign:
    """Returns one campaign."""
    with _FILE.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["campaign"] == name]
    columns = {column: np.array([float(row[column]) for row in rows]) for column in Campaign._fields[1:]}
    return Campaign(1 / len({row["item_id"] for row in rows}), **columns)


def random_log(cells: Campaign) -> Decisions:
    """Returns the rows of the Random log, in an order that means nothing."""
    shown, clicks = cells.random_shown.astype(int), cells.random_clicks.astype(int)
    cell = np.repeat(np.arange(len(shown)), shown)
    click = np.concatenate([np.arange(count) < clicked for count, clicked in zip(shown, clicks, strict=True)])
    order = np.random.default_rng(1).permutation(len(cell))
    return Decisions(cell[order], click[order].astype(float))
