"""A small SVG page: lines, texts and marks as strings, readable in light and dark, with a title and a description."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

_STYLE: Final = """
text{font-family:system-ui,sans-serif;font-size:12px;fill:#1f2328}
.heading{font-size:14px;font-weight:600}
.axis{stroke:#8c959f;stroke-width:1}
.grid{stroke:#8c959f;stroke-width:.5;opacity:.35}
.reference{stroke:#1f2328;stroke-width:1.2;stroke-dasharray:5 3}
.limit{stroke:#1f2328;stroke-width:3}
.c0{color:#0072b2}.c1{color:#d55e00}.c2{color:#009e73}.c3{color:#b0568c}
.c4{color:#8a6d00}.c5{color:#5c5cc9}.c6{color:#a40e26}.c7{color:#6e7781}
.line,.hollow,.bar{fill:none;stroke:currentColor;stroke-width:2}
.band{fill:currentColor;opacity:.15}
.mark{fill:currentColor}
@media(prefers-color-scheme:dark){
text{fill:#e6edf3}
.reference,.limit{stroke:#e6edf3}
.c0{color:#56b4e9}.c1{color:#ff8c42}.c2{color:#2fd3a2}.c3{color:#e58fc3}
.c4{color:#e6c229}.c5{color:#a5a5ff}.c6{color:#ff8182}.c7{color:#9aa4af}
}
"""

COLOURS: Final = 8
_DASHES: Final = ("", "6 3", "2 2", "8 3 2 3", "12 4", "4 2 1 2", "1 3", "10 2")


class Page:
    """Collects the parts of one picture."""

    def __init__(self, width: int, height: int, *, title: str, description: str) -> None:
        """Starts a page.

        Args:
            width: In pixels.
            height: In pixels.
            title: What it shows; drawn, too.
            description: What one sees, for those who do not.
        """
        self.width, self.height = width, height
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
            f'width="{width}" height="{height}" aria-labelledby="title description">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="description">{escape(description)}</desc>',
            f"<style>{_STYLE}</style>",
        ]
        self.text(12, 22, title, kind="heading")

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> None:
        """Writes words; `anchor` is start, middle or end."""
        named = f' class="{kind}"' if kind else ""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>')

    def line(self, first: tuple[float, float], last: tuple[float, float], kind: str) -> None:
        """Draws a straight line."""
        (x1, y1), (x2, y2) = first, last
        self._parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')

    def path(self, points: Sequence[tuple[float, float]], colour: int) -> None:
        """Draws a line through points, in the dashes of its colour, so that colour is not needed to tell it."""
        dash = _DASHES[colour % COLOURS]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(f'<polyline points="{_points(points)}" class="line c{colour % COLOURS}"{dashed}/>')

    def band(self, points: Sequence[tuple[float, float]], colour: int) -> None:
        """Fills a shape."""
        self._parts.append(f'<polygon points="{_points(points)}" class="band c{colour % COLOURS}"/>')

    def mark(self, x: float, y: float, colour: int) -> None:
        """Draws the mark of a colour: each has a shape of its own, too."""
        kind = f'class="{"hollow" if colour % 2 else "mark"} c{colour % COLOURS}"'
        if colour % COLOURS in {0, 1}:
            self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {kind}/>')
        elif colour % COLOURS in {2, 3}:
            self._parts.append(f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" {kind}/>')
        else:
            corners = [(x, y - 4.5), (x + 4.5, y + 3.5), (x - 4.5, y + 3.5)]
            self._parts.append(f'<polygon points="{_points(corners)}" {kind}/>')

    def done(self) -> str:
        """Returns the picture."""
        return "\n".join([*self._parts, "</svg>", ""])


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
