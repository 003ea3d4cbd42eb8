"""Numbers, shares and instants as people read them."""

from datetime import timedelta

import pytest

from services.gateway.dashboard import formatting
from tests.gateway.dashboard.examples import instant

MINUS = "\u2212"
DASH = "\u2013"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, DASH),
        (float("nan"), DASH),
        (0, "0"),
        (1234567, "1,234,567"),
        (12.345, "12.3"),
        (-0.00012345, f"{MINUS}0.000123"),
        (1e-13, "\u2248 0"),
        (-1.5e300, f"{MINUS}1.50\u00b710^300"),
    ],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert formatting.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0912, "+9.1 %"),
        (-0.004, f"{MINUS}0.40 %"),
        (0.0, "0.0 %"),
        (-0.0, "0.0 %"),
        (-0.00001, "0.00 %"),
        (12.5, "+1,250.0 %"),
        (1.7e308, "+1.70\u00b710^310 %"),
        (None, DASH),
    ],
)
def test_changes(value: float | None, shown: str) -> None:
    assert formatting.change(value) == shown


def test_changes_in_other_units() -> None:
    assert formatting.change(1.5, relative=False) == "+1.50"
    assert formatting.points(0.0095) == "+0.95 pp"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.5, "50.0 %"), (1.0, "> 99.9 %"), (0.99999, "> 99.9 %"), (0.0, "< 0.1 %"), (None, DASH)]
)
def test_nothing_is_called_certain(value: float | None, shown: str) -> None:
    assert formatting.probability(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(1e-9, "< 0.0001"), (0.002, "0.0020"), (0.42, "0.420"), (None, DASH)])
def test_p_values(value: float | None, shown: str) -> None:
    assert formatting.p_value(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1, "10.0 %"), (0.0213, "2.13 %"), (0.000123, "0.0123 %"), (0.0, "0.0 %")]
)
def test_rates_keep_their_digits(value: float, shown: str) -> None:
    assert formatting.rate(value) == shown


def test_instants() -> None:
    assert formatting.instant(instant()) == "2026-03-01 12:30 UTC"
    assert formatting.ago(instant() - timedelta(hours=3), instant()) == "3 h ago"
    assert formatting.ago(instant() + timedelta(days=13), instant()) == "in 13 d"
    assert formatting.ago(None, instant()) == DASH


def test_counts_of_things() -> None:
    assert formatting.plural(1, "hypothesis", "hypotheses") == "1 hypothesis"
    assert formatting.plural(1200, "hypothesis", "hypotheses") == "1,200 hypotheses"
