"""A chart as a page shows it: a picture, what one sees in it, and its numbers as a table."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from services.gateway.dashboard.plain_text import plain

# What a spreadsheet would take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Is a chart.

    Attributes:
        name: Names it on its page, and its files: lower-case letters and hyphens.
        title: What it shows.
        description: What one sees, for those who do not.
        svg: The picture.
        columns: The heads of the table.
        rows: The numbers, exact, one row each.
    """

    name: str
    title: str
    description: str
    svg: Markup
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def csv(self) -> str:
        """Returns the table as a file for spreadsheets."""
        page = io.StringIO()
        writer = csv.writer(page, lineterminator="\r\n")
        writer.writerow([_harmless(column) for column in self.columns])
        writer.writerows([_harmless(cell) for cell in row] for row in self.rows)
        return page.getvalue()


def _harmless(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    # Programs that read tables pass over what is blank.
    return f"'{plain(cell)}" if cell.strip().startswith(_FORMULA) else plain(cell)
