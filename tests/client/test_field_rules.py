"""What the client refuses is what the server would refuse, with the same words."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experimentation_client import InvalidFieldError
from experimentation_client.field_rules import check_id, check_name, check_unit_id, check_value
from services.bandit.domain import trial


def fault(check: Callable[..., None], *arguments: Any) -> str:
    """Returns what a check finds."""
    try:
        check(*arguments)
    except InvalidFieldError as error:
        return error.description
    return ""


@given(st.text(max_size=300))
def test_unit_id_when_any_text_then_the_fault_is_the_servers(text: str) -> None:
    assert fault(check_unit_id, text) == trial.unit_id_fault(text)


@pytest.mark.parametrize("text", ["", "x" * 256, "x" * 257, "ü" * 128, "ü" * 129, "a\tb", "a\x7f", "a\x85b", "\u200b"])
def test_unit_id_when_at_a_border_then_the_fault_is_the_servers(text: str) -> None:
    assert fault(check_unit_id, text) == trial.unit_id_fault(text)


@given(st.text(max_size=70))
def test_id_when_any_text_then_the_fault_is_the_servers(text: str) -> None:
    assert fault(check_id, "event_id", text) == trial.id_fault(text, required=True)


@pytest.mark.parametrize("bad", [17, None, b"bytes", "\ud800"])
def test_ids_when_no_text_then_are_refused(bad: Any) -> None:
    for check in (check_unit_id, lambda one: check_id("event_id", one), lambda one: check_name("metric_id", one)):
        assert fault(check, bad).startswith("must be ")


@pytest.mark.parametrize(("name", "good"), [("x", True), ("x" * 63, True), ("x" * 64, False), ("", False)])
def test_name_when_its_length_is_at_a_border_then_1_to_63_are_taken(name: str, *, good: bool) -> None:
    assert (fault(check_name, "experiment_id", name) == "") is good


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10**400, "7", None, 1j])
def test_value_when_not_a_finite_number_then_is_refused(bad: Any) -> None:
    assert fault(check_value, bad) == "must be a finite number"


@pytest.mark.parametrize("good", [0, 1, -2.5, True, 10**300])
def test_value_when_finite_then_is_taken(good: float) -> None:
    assert fault(check_value, good) == ""
