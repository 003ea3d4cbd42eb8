"""The charts: what is drawn is what the values say, whatever they are, and nobody needs colour to tell it."""

import math
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.gateway.dashboard.charts import interval
from services.gateway.dashboard.charts.chart import Chart
from services.gateway.dashboard.charts.density import Belief, densities
from services.gateway.dashboard.charts.detectable_effect import WeekPoint, effect_by_weeks
from services.gateway.dashboard.charts.estimate_series import EstimateLine, EstimatePoint, estimate_series
from services.gateway.dashboard.charts.interval import IntervalValue
from services.gateway.dashboard.charts.meter import meter
from services.gateway.dashboard.charts.shares import shares
from services.gateway.dashboard.charts.svg import Drawing
from services.gateway.dashboard.charts.weights import WeightVector, weights_over_time
from services.gateway.dashboard.plain_text import plain
from tests.gateway.dashboard.examples import instant

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</svg><script>alert(1)</script>\"'&\u202e"
finite = st.floats(-1e9, 1e9, allow_subnormal=False)


def parsed(svg: str) -> ET.Element:
    """Returns the picture, every number in which is one."""
    assert not re.search(r"\b(?:nan|inf)\b", re.sub(r"<(title|desc|text)[^>]*>[^<]*", "", svg))
    return ET.fromstring(svg)


def drawn(chart: Chart | None) -> ET.Element:
    assert chart is not None
    root = parsed(str(chart.svg))
    assert root.findtext(f"{SVG}title") == plain(chart.title)
    assert root.findtext(f"{SVG}desc") == plain(chart.description)
    assert all(len(row) == len(chart.columns) for row in chart.rows)
    return root


def line(arm: str, *estimates: float) -> EstimateLine:
    points = [
        EstimatePoint(instant() + timedelta(days=place), value, value - 0.1, value + 0.1)
        for place, value in enumerate(estimates)
    ]
    return EstimateLine(arm, points)


def test_lines_differ_in_their_dashes() -> None:
    root = drawn(
        estimate_series([line("a", 0.1, 0.2), line("b", 0.0, 0.1)], metric="m", relative=True, share_metric=True)
    )

    dashes = [each.get("stroke-dasharray", "") for each in root.iter(f"{SVG}polyline")]
    assert len(set(dashes)) == 2


def test_a_single_look_has_its_interval() -> None:
    root = drawn(estimate_series([line("a", 0.1)], metric="m", relative=True, share_metric=True))

    assert len([each for each in root.iter(f"{SVG}line") if "whisker" in str(each.get("class"))]) == 1


def test_the_last_estimates_are_told() -> None:
    chart = estimate_series([line("green", 0.1, 0.2)], metric="Bought", relative=True, share_metric=True)

    assert chart is not None
    assert chart.description.startswith("green ends at +20.0 %")
    assert chart.rows[-1][1:] == ("green", 0.2, 0.2 - 0.1, 0.2 + 0.1)


@pytest.mark.parametrize("low", [None, -1e12])
def test_an_early_look_that_knows_nothing_does_not_flatten_the_rest(low: float | None) -> None:
    first = EstimatePoint(instant(), 0.0, low, None)
    late = line("a", 0.1, 0.1).points
    chart = estimate_series([EstimateLine("a", [first, *late])], metric="m", relative=True, share_metric=True)

    labels = [each.text for each in drawn(chart).iter(f"{SVG}text") if each.text and each.text.endswith("%")]
    assert "+10 %" in labels or "+20 %" in labels


@settings(max_examples=60)
@given(st.lists(finite, min_size=1, max_size=5), st.booleans())
def test_any_estimates_are_drawn(values: list[float], relative: bool) -> None:  # noqa: FBT001
    drawn(estimate_series([line(HOSTILE, *values)], metric=HOSTILE, relative=relative, share_metric=False))


def test_nothing_is_drawn_of_nothing() -> None:
    assert estimate_series([], metric="m", relative=True, share_metric=True) is None
    assert weights_over_time(["a"], [], until=instant()) is None
    assert densities([Belief("a", 0.1, 0.1, 0.1)], metric="m", proportion=True) is None
    assert effect_by_weeks([], planned_weeks=None, wanted_effect=None) is None
    assert shares("split", "Split", []) is None


def test_weights_fill_the_whole() -> None:
    vectors = [WeightVector(1, instant(), [0.5, 0.5]), WeightVector(2, instant() + timedelta(days=1), [0.2, 0.8])]
    chart = weights_over_time(["control", HOSTILE], vectors, until=instant() + timedelta(days=2))

    areas = list(drawn(chart).iter(f"{SVG}polygon"))
    heights = [[float(pair.split(",")[1]) for pair in str(each.get("points")).split()] for each in areas]
    assert max(heights[0]) - min(heights[-1]) == max(max(each) for each in heights) - min(min(each) for each in heights)
    assert chart is not None
    assert chart.rows[1][0] == 2
    assert chart.rows[1][2:] == (0.2, 0.8)
    assert [each.text for each in drawn(chart).iter(f"{SVG}text") if each.text in {"v1", "v2"}] == ["v1", "v2"]


@settings(max_examples=60)
@given(st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 0.4), st.booleans())
def test_any_belief_is_drawn(mean: float, width: float, proportion: bool) -> None:  # noqa: FBT001
    belief = Belief(HOSTILE, mean, max(mean - width, 0.0), min(mean + width, 1.0))

    drawn(densities([belief], metric="m", proportion=proportion))


def test_a_belief_peaks_at_its_mean() -> None:
    chart = densities([Belief("a", 0.1, 0.09, 0.11)], metric="m", proportion=True)

    (curve,) = drawn(chart).iter(f"{SVG}polyline")
    points = [tuple(map(float, pair.split(","))) for pair in str(curve.get("points")).split()]
    xs, top = [x for x, _ in points], min(points, key=lambda point: point[1])
    assert math.isclose(top[0], (min(xs) + max(xs)) / 2, abs_tol=8)


@pytest.mark.parametrize(("a", "b"), [(2, 1), (1, 2), (1, 4), (3, 2), (1, 30)])
def test_a_belief_of_few_units_is_the_beta_distribution_that_it_is(a: int, b: int) -> None:
    truth = stats.beta(a, b)
    low, high = (float(each) for each in truth.interval(0.95))
    chart = densities([Belief("a", a / (a + b), low, high)], metric="m", proportion=True)

    (curve,) = drawn(chart).iter(f"{SVG}polyline")
    points = [tuple(map(float, pair.split(","))) for pair in str(curve.get("points")).split()]
    first, floor = min(x for x, _ in points), max(y for _, y in points)
    heights = [floor - y for _, y in points]
    reach = [max(a / (a + b) - 1.8 * (a / (a + b) - low), 0.0), min(a / (a + b) + 1.8 * (high - a / (a + b)), 1.0)]
    width = max(x for x, _ in points) - first
    true = [float(truth.pdf(reach[0] + (x - first) / width * (reach[1] - reach[0]))) for x, _ in points]
    assert [each / max(heights) for each in heights] == pytest.approx(
        [(each - min(true)) / (max(true) - min(true)) for each in true], abs=0.03
    )


@pytest.mark.parametrize("bounds", [(0.0, math.inf), (-math.inf, -5.0)])
def test_a_belief_beyond_the_bounds_is_drawn_where_it_is(bounds: tuple[float, float]) -> None:
    drawn(densities([Belief("a", -3.0, -4.0, -2.0)], metric="m", proportion=False, bounds=bounds))


def test_nothing_is_drawn_beyond_the_bounds_of_a_metric() -> None:
    chart = densities([Belief("a", 0.5, -1.0, 2.0)], metric="m", proportion=False, bounds=(0.0, 100.0))

    marks = [str(each.text) for each in drawn(chart).iter(f"{SVG}text") if each.get("text-anchor") == "middle"]
    assert marks[0] == "0"
    assert not [each for each in marks if each.startswith("-")]


def test_the_words_of_the_last_mark_are_within_the_picture() -> None:
    root = drawn(densities([Belief("a", 0.9, 0.7, 0.99)], metric="m", proportion=True))

    marks = [(float(str(each.get("x"))), str(each.text)) for each in root.iter(f"{SVG}text") if each.text == "100 %"]
    assert marks
    assert all(x + 3.6 * len(words) <= float(str(root.get("width"))) for x, words in marks)


def test_the_plan_is_marked_among_the_weeks() -> None:
    points = [WeekPoint(week, 0.1 / math.sqrt(week)) for week in (1, 2, 4, 8)]
    chart = effect_by_weeks(points, planned_weeks=4, wanted_effect=0.05)

    assert {"planned", "wanted"} <= {each.text for each in drawn(chart).iter(f"{SVG}text")}
    assert chart is not None
    assert chart.description.endswith("Planned: 4.0 weeks. Wanted: 5.0 %.")


@pytest.mark.parametrize("length", [timedelta(seconds=40), timedelta(minutes=20), timedelta(days=20)])
def test_instants_on_an_axis_are_told_apart(length: timedelta) -> None:
    vectors = [WeightVector(1, instant(), [1.0]), WeightVector(2, instant() + length / 2, [1.0])]

    root = drawn(weights_over_time(["a"], vectors, until=instant() + length))

    marks = [each.text for each in root.iter(f"{SVG}text") if each.get("text-anchor") == "middle"]
    assert len(marks) > 2
    assert len(set(marks)) == len(marks)


def test_shares_are_as_wide_as_they_are() -> None:
    root = drawn(shares("split", "Split", [("control", 0.25), ("variant", 0.75)]))

    widths = [float(str(each.get("width"))) for each in root.iter(f"{SVG}rect") if "area" in str(each.get("class"))]
    assert math.isclose(widths[1] / widths[0], 3, rel_tol=0.02)


@settings(max_examples=60)
@given(finite, st.one_of(st.none(), finite), st.one_of(st.none(), finite))
def test_any_interval_is_drawn(estimate: float, low: float | None, high: float | None) -> None:
    value = IntervalValue(estimate, low, high)

    root = parsed(interval.drawn(value, name="interval-1", words=HOSTILE, within=interval.ends([value]), tone="good"))

    whiskers = [each for each in root.iter(f"{SVG}line") if "whisker" in str(each.get("class"))]
    assert len(whiskers) == (low is not None) + (high is not None)


@pytest.mark.parametrize(("value", "width"), [(0.0, 0), (0.5, 42), (1.0, 84), (7.0, 84), (-1.0, 0)])
def test_a_meter_stays_within_its_track(value: float, width: float) -> None:
    bars = parsed(meter(value, name="m", words="so much")).findall(f"{SVG}rect")

    assert float(str(bars[1].get("width"))) == width


@pytest.mark.parametrize("name", ["", "A", 'x" onload="', "a b"])
def test_a_picture_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a picture"):
        Drawing(1, 1, name=name, title="", description="")
