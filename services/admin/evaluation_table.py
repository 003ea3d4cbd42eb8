"""What another policy would have earned, for people: a row per estimator, and what the estimates rest on."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shared.statistics.off_policy.values import Estimator
from shared.statistics.result.obstacles import Caution
from shared.statistics.result.report import Interval

_NAMES: Final = {
    Estimator.IPS: "inverse propensity",
    Estimator.SNIPS: "self-normalised",
    Estimator.DOUBLY_ROBUST: "doubly robust",
}


def estimates_table(alpha: float) -> Table:
    """Returns a table without rows."""
    table = Table("estimate", box=None, pad_edge=False)
    for title in ("value", "standard error", f"{100 * (1 - alpha):g} % interval"):
        table.add_column(title, justify="right")
    return table


def add_estimate(table: Table, estimator: str, interval: Interval, error: float) -> None:
    """Adds the row of an estimator, which a newer server may know alone."""
    estimate, low, high = f"{interval.estimate:.5g}", f"{interval.low:.5g}", f"{interval.high:.5g}"
    table.add_row(_name(estimator), estimate, f"{error:.2g}", f"{low} to {high}")


def add_obstacle(table: Table, estimator: str, words: str) -> None:
    """Adds the row of an estimator that has no answer."""
    table.add_row(_name(estimator), words)


def with_grounds(
    table: Table,
    *,
    logged_value: float,
    unit_count: int,
    effective_sample_size: float,
    caution: Caution,
    largest_weight: float | None = None,
) -> RenderableType:
    """Returns the table with what the estimates rest on below it."""
    heaviest = "" if largest_weight is None else f", largest weight {largest_weight:.3g}"
    lines = [
        f"really earned: {logged_value:.5g}",
        f"{unit_count:,} units, effective sample size {effective_sample_size:,.0f}{heaviest}",
        *(f"careful: {text}" for text in caution.texts),
    ]
    return Group(table, *map(Text, lines))


def cautions(names: Iterable[str]) -> Caution:
    """Returns the cautions that are known here: the server may be newer."""
    known = (Caution[name] for name in names if name in Caution.__members__)
    return reduce(or_, known, Caution.NONE)


def _name(estimator: str) -> str:
    return _NAMES[Estimator(estimator)] if estimator in Estimator.__members__ else estimator.replace("_", " ").lower()
