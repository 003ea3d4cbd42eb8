"""Tables as all commands draw them: no lines, and what is too long goes on below."""

from collections.abc import Collection

from rich.table import Table


def rows(*titles: str, right: Collection[str] = ()) -> Table:
    """Returns a table without rows; the columns named in `right` are numbers."""
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in right else "left")
    return table


def facts() -> Table:
    """Returns a table of names and what there is to say of them, without rows."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table
