"""The time from an idea to a ready design, beside the model of the way by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.ai.domain.design_time import MANUAL, MANUAL_STEPS, design_time

START = datetime(2026, 11, 27, tzinfo=UTC)


def test_design_time_then_the_median_of_what_was_measured() -> None:
    spans = [timedelta(minutes=minutes) for minutes in (10, 19, 4_000)]

    found = design_time([(START, START + span) for span in spans])

    assert (found.measured_count, found.median, found.manual) == (3, timedelta(minutes=19), MANUAL)
    assert found.saved_share == pytest.approx(0.9)


def test_design_time_when_it_took_longer_than_by_hand_then_nothing_is_saved() -> None:
    assert design_time([(START, START + 3 * MANUAL)]).saved_share == pytest.approx(-2.0)


def test_design_time_when_nothing_was_measured_then_nothing_is_said_of_it() -> None:
    found = design_time([])

    assert (found.measured_count, found.median, found.saved_share) == (0, None, None)


def test_model_then_each_step_has_a_time_and_a_source() -> None:
    assert timedelta(minutes=190) == MANUAL
    assert all(step.minutes > 0 and step.source for step in MANUAL_STEPS)


def test_page_then_it_tells_the_model_step_by_step() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ai.md").read_text()

    assert all(f"| {step.name} | {step.minutes} | {step.source} |" in page for step in MANUAL_STEPS)
    assert f"| **together** | **{MANUAL // timedelta(minutes=1)}** | |" in page
