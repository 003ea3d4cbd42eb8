"""The card of segments: every segment with its interval and verdict, said to decide nothing; none without segments."""

import html
import re

import pytest

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard.views.segments import segment_table
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.paths import EXPERIMENT
from tests.gateway.dashboard.visitor import Visitor


def card_of(text: str) -> str:
    """Returns the card of a page."""
    [card] = re.findall(r"<section[^>]* id=\"segments\".*?</section>", text, re.DOTALL)
    return html.unescape(card)


@pytest.mark.parametrize("path", [EXPERIMENT, f"{EXPERIMENT}/report"])
def test_a_page_of_results_shows_segments_and_that_they_decide_nothing(rob: Visitor, path: str) -> None:
    card = card_of(rob.see(path).text)

    assert "For learning: nothing is decided by these." in card
    assert "allow for all 3 comparisons" in card
    for words in ("device=mobile", "+14.2 %", "p = 0.0004", "p = 0.012", "Better", "7,100", "The units are few."):
        assert words in card
    assert card.count("<svg") == 2
    assert "Left out for want of room" in card
    assert "browser=lynx" in card


def test_segments_are_shown_in_points_where_results_are(rob: Visitor) -> None:
    assert "+1.4 pp" in card_of(rob.see(f"{EXPERIMENT}?scale=absolute").text)


def test_a_table_is_none_without_segments() -> None:
    analysis = analysis_pb2.ExperimentAnalysis()
    analysis.CopyFrom(examples.analysis())
    analysis.ClearField("segments")

    assert segment_table(analysis, scale="relative", arms={}, metrics={}) is None
