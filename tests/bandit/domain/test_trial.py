"""Ids of units, events and allocations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain import trial


@pytest.mark.parametrize(
    "unit_id", ["a", "user 42", "é" * 128, "x" * 256, "用户", "~!@#$%^&*()", "back\\slash", "\u2028"]
)
def test_unit_id_fault_when_it_can_name_a_unit_then_none(unit_id: str) -> None:
    assert trial.unit_id_fault(unit_id) == ""


@pytest.mark.parametrize(
    ("unit_id", "fault"),
    [
        ("", "must not be empty"),
        ("x" * 257, "must have at most 256 bytes"),
        ("é" * 129, "must have at most 256 bytes"),
        *((f"a{chr(code)}b", "must not contain control characters") for code in (*range(32), 127)),
    ],
)
def test_unit_id_fault_when_it_cannot_then_what_is_wrong(unit_id: str, fault: str) -> None:
    assert trial.unit_id_fault(unit_id) == fault


@pytest.mark.parametrize(
    ("value", "required", "fault"),
    [
        ("", True, "must not be empty"),
        ("", False, ""),
        ("é" * 64, True, ""),
        ("x" * 65, False, "must have at most 64 characters"),
        ("a\nb", True, "must not contain control characters"),
    ],
)
def test_id_fault_when_judged_then_what_is_wrong(value: str, fault: str, *, required: bool) -> None:
    assert trial.id_fault(value, required=required) == fault


ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@settings(deadline=None)
@given(ids, ids, ids, ids)
def test_trial_id_when_unit_or_allocation_differ_then_it_differs(
    unit: str, allocation: str, other_unit: str, other_allocation: str
) -> None:
    same = (unit, allocation) == (other_unit, other_allocation)

    assert (trial.trial_id(unit, allocation) == trial.trial_id(other_unit, other_allocation)) == same
    assert trial.trial_id(unit, allocation) != trial.trial_id(other_unit)
