"""Numbers that people wrote, against the facts of what a text is about."""

import pytest

from services.ai.domain.grounding.raw_prose import check_prose
from services.ai.evaluation.cases import cases

PACK = cases()[0].pack  # 12.4 % -> 13.07 %, a lift of 5.4 %, 0.67 pp, [3.1 %, 7.7 %], p = 0.0002; 48,000 units, 14 days


def _faults(text: str) -> list[str]:
    return [one.got for one in check_prose(text, PACK, metric="M1", arm="V2", baseline="V1")]


@pytest.mark.parametrize(
    "text",
    [
        "one-page-checkout raised checkout_rate by 5.4 %.",
        "It rose by 5 %.",
        "It rose from 12.4 % to 13.1 %.",
        "It rose by 0.67 pp, or 0.7 percentage points.",
        "The lift is +5.4 % (3.1 % to 7.7 %).",
        "There were 48,000 units over 14 days, that is 2 weeks.",
        "p < 0.001, below 0.0005.",
        "About 5.5 % more.",
        "In all, 95,783 units.",
    ],
)
def test_number_when_a_fact_bears_it_then_passes(text: str) -> None:
    assert not _faults(text)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("It rose by 5.5 %.", "by 5.5 %"),
        ("It rose by 54 %.", "by 54 %"),
        ("It rose by 5.4 pp.", "by 5.4 pp"),
        ("It rose by 0.67 %.", "by 0.67 %"),
        ("It rose by \u22125.4 %.", "by \u22125.4 %"),
        ("It rose from 13.1 % to 12.4 %.", "from 13.1 %"),
        ("There were 84,000 units.", "84,000"),
        ("It took 41 days.", "41 days"),
        ("p < 0.0001.", "< 0.0001"),
        ("About 9 % more.", "About 9 %"),
        ("The lift of M2 is 1.1 %.", "2"),
        ("It doubled.", "doubled"),
        ("It rose by five.", "five"),
        ("It costs $5.40.", "$5.40"),
    ],
)
def test_number_when_no_fact_bears_it_then_is_found(text: str, got: str) -> None:
    assert got in _faults(text)
