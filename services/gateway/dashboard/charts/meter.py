"""A small bar for a cell of a table: a share of 1."""

from markupsafe import Markup

from services.gateway.dashboard.charts.svg import Drawing

WIDTH, HEIGHT = 84.0, 10.0


def meter(value: float, *, name: str, words: str, kind: str = "c0") -> Markup:
    """Returns the picture of a share from 0 to 1.

    Args:
        value: The share.
        name: Makes its ids unique on a page.
        words: Say the same.
        kind: Is the style class of its colour.
    """
    drawing = Drawing(WIDTH, HEIGHT, name=name, title=words, description="")
    drawing.box(0, 0, WIDTH, HEIGHT, "track", radius=3)
    drawing.box(0, 0, WIDTH * min(max(value, 0.0), 1.0), HEIGHT, f"area {kind}", radius=3)
    return drawing.done()
