"""Tables and lists as all commands draw them: no lines, and what is too long goes on below."""

from collections.abc import Collection, Iterable

from rich.table import Table
from rich.text import Text


def rows(*titles: str, right: Collection[str] = ()) -> Table:
    """Returns a table without rows; the columns named in `right` are numbers."""
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in right else "left")
    return table


def entries(ids: Iterable[str], *titles: str) -> Table:
    """Returns a table whose first column has ids, each whole, so that it can be copied, and words below it.

    Args:
        ids: Of all rows.
        titles: Of the columns.
    """
    first, *others = titles
    table = Table(box=None, pad_edge=False)
    table.add_column(first, overflow="fold", width=max(map(len, [first, *ids])))
    for title in others:
        table.add_column(title, overflow="fold")
    return table


def entry(name: str, words: str) -> Text:
    """Returns what is in the first column of a row of `entries`."""
    return Text.assemble((name, "bold"), f"\n{words}" if words else "")


def facts() -> Table:
    """Returns a table of names and what there is to say of them, without rows."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def bullets(sentences: Iterable[str]) -> Table:
    """Returns a list of sentences, what is too long indented below its beginning."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in sentences:
        table.add_row("  -", Text(each))
    return table
