"""Charts are XML that says what it shows, and marks stand where their values are."""

import math
from xml.etree import ElementTree as ET

import pytest

from services.bandit.lab.charts import Curve, Row, curves_chart, percent, rows_chart, ticks
from services.bandit.lab.measures import Estimate

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    Row("one & <two>", (Estimate(0.1, 0.05, 0.15), Estimate(0.2, 0.2, 0.2)), 0.3),
    Row("three", (None, Estimate(0.4, math.nan, math.nan))),
]


def drawn(picture: str) -> ET.Element:
    page = ET.fromstring(picture)
    assert page.tag == f"{SVG}svg"
    return page


def test_page_when_read_aloud_then_title_and_description() -> None:
    page = drawn(rows_chart("Gains & losses", "Ten < twenty.", ["a", "b"], ROWS))

    assert page.get("role") == "img"
    assert page.get("aria-labelledby") == "title description"
    assert [page.find(f"{SVG}{tag}").text for tag in ("title", "desc")] == ["Gains & losses", "Ten < twenty."]  # type: ignore[union-attr]
    assert "prefers-color-scheme:dark" in (page.find(f"{SVG}style").text or "")  # type: ignore[union-attr]


def test_rows_when_drawn_then_a_mark_for_each_value_at_its_place() -> None:
    page = drawn(rows_chart("t", "d", ["a", "b"], ROWS, reference=0.2, highest=0.5))
    # The first two circles are the legend's.
    circles = page.findall(f"{SVG}circle")[2:]
    places = [float(circle.get("cx", "")) for circle in circles]
    grid = {
        text.text: float(text.get("x", ""))
        for text in page.findall(f"{SVG}text")
        if text.get("text-anchor") == "middle"
    }

    assert len(circles) == 3
    assert places == pytest.approx([grid["10 %"], grid["20 %"], grid["40 %"]], abs=0.1)
    reference = next(line for line in page.findall(f"{SVG}line") if line.get("class") == "reference")
    assert float(reference.get("x1", "")) == pytest.approx(grid["20 %"], abs=0.1)
    assert len([line for line in page.findall(f"{SVG}line") if line.get("class") == "limit"]) == 1
    assert len([line for line in page.findall(f"{SVG}line") if (line.get("class") or "").startswith("bar")]) == 2


def test_rows_when_a_value_is_beyond_the_axis_then_at_its_edge() -> None:
    page = drawn(rows_chart("t", "d", ["a"], [Row("far", (Estimate(9.0, 8.0, 10.0),))], highest=0.5))

    assert all(float(circle.get("cx", "")) <= float(page.get("width", "")) for circle in page.findall(f"{SVG}circle"))


def test_rows_when_there_are_many_series_then_the_legend_takes_more_lines() -> None:
    names = [f"a series of a long name, number {number}" for number in range(6)]
    page = drawn(rows_chart("t", "d", names, [Row("row", tuple(Estimate(0.1, 0.0, 0.2) for _ in names))]))
    heights = {text.get("y") for text in page.findall(f"{SVG}text") if text.text in names}

    assert len(heights) > 1


def test_curves_when_drawn_then_from_the_origin_and_named() -> None:
    curves = [Curve("up", [0, 10], [0, 5], [0, 4], [0, 6]), Curve("flat", [0, 10], [0, 0], [0, 0], [0, 0])]
    page = drawn(curves_chart("t", "d", curves, x_label="units", y_label="lost"))
    # Each curve has a line in the plot, and one in the legend.
    lines = [line.get("points", "").split() for line in page.findall(f"{SVG}polyline")]

    assert len(lines) == 4
    assert lines[0][0] == lines[2][0]
    assert float(lines[0][1].split(",")[1]) < float(lines[2][1].split(",")[1])
    assert {"up", "flat", "units", "lost"} <= {text.text for text in page.findall(f"{SVG}text")}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.05, 0.3, [-0.0, 0.1, 0.2, 0.3]),
        (0, 10_000, [0, 2000, 4000, 6000, 8000, 10_000]),
    ],
)
def test_ticks_when_asked_for_then_round_numbers_inside(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_percent_when_short_then_no_zeros() -> None:
    assert percent(0.2) == "20 %"
    assert percent(0.025) == "2.5 %"
