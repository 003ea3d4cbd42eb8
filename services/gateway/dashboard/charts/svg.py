"""A picture in SVG: shapes as strings, coloured by the style sheet alone, with a title and a description."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from markupsafe import Markup, escape

from services.gateway.dashboard.plain_text import plain

COLOURS: Final = 8
DASHES: Final = ("", "7 3", "2 3", "10 3 2 3", "14 4", "5 2 2 2", "1 4", "12 3")

_NAME: Final = re.compile("[a-z0-9-]+")

Point = tuple[float, float]


class Drawing:
    """Collects the parts of a picture."""

    def __init__(self, width: float, height: float, *, name: str, title: str, description: str) -> None:
        """Starts a picture.

        Args:
            width: In pixels.
            height: In pixels.
            name: Makes its ids unique on a page.
            title: What it shows.
            description: What one sees, for those who do not.

        Raises:
            ValueError: The name is not made of lower-case letters, digits and hyphens.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a picture")
        self.width, self.height, self.name = width, height, name
        size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" {size} role="img"',
            f' aria-labelledby="svg-{name}-title svg-{name}-description">',
            f'<title id="svg-{name}-title">{_text(title)}</title>',
            f'<desc id="svg-{name}-description">{_text(description)}</desc>',
        ]

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> None:
        """Writes words; `anchor` is start, middle or end."""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{_class(kind)}>{_text(words)}</text>')

    def line(self, first: Point, last: Point, kind: str, *, dash: str = "") -> None:
        """Draws a straight line."""
        (x1, y1), (x2, y2) = first, last
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{_class(kind)}{dashed}/>')

    def path(self, points: Sequence[Point], kind: str, *, dash: str = "") -> None:
        """Draws a line through points."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(f'<polyline points="{_points(points)}"{_class(kind)}{dashed}/>')

    def shape(self, points: Sequence[Point], kind: str) -> None:
        """Fills a shape."""
        self._parts.append(f'<polygon points="{_points(points)}"{_class(kind)}/>')

    def box(self, x: float, y: float, width: float, height: float, kind: str, *, radius: float = 0) -> None:
        """Draws a rectangle."""
        rounded = f' rx="{radius:g}"' if radius else ""
        size = f'width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size}{rounded}{_class(kind)}/>')

    def dot(self, x: float, y: float, kind: str, *, radius: float = 3.5) -> None:
        """Draws a circle."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"{_class(kind)}/>')

    @contextmanager
    def hovered(self) -> Iterator[None]:
        """Shows the tip that is drawn within where the pointer rests on what else is."""
        # Empty, so that the browser does not show the title of the whole picture beside it.
        self._parts.append('<g class="hover"><title></title>')
        yield
        self._parts.append("</g>")

    def tip(self, x: float, y: float, lines: Sequence[str]) -> None:
        """Draws lines of words in a box that the style sheet shows while the group around it is hovered."""
        width = 12 + 6.4 * max(len(each) for each in lines)
        height = 10 + 15 * len(lines)
        left = min(max(x - width / 2, 2), max(self.width - width - 2, 2))
        top = max(min(y, self.height - height - 2), 2)
        self._parts.append('<g class="tip" aria-hidden="true">')
        self.box(left, top, width, height, "tip-box", radius=4)
        for place, words in enumerate(lines):
            self.text(left + 6, top + 16 + 15 * place, words, kind="tip-text")
        self._parts.append("</g>")

    def done(self) -> Markup:
        """Returns the picture."""
        return Markup("".join([*self._parts, "</svg>"]))  # noqa: S704 - every text in it was escaped above


def colour(place: int) -> str:
    """Returns the style class of the colour of a series."""
    return f"c{place % COLOURS}"


def dash(place: int) -> str:
    """Returns the dashes of a series, so that colour is not needed to tell it."""
    return DASHES[place % COLOURS]


def _text(words: str) -> str:
    return str(escape(plain(words)))


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
