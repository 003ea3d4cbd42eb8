"""Units are placed by the rule that the golden vectors state, here and in the batch kernel."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh64_intdigest

from shared.definition.model import AnalysisUnit, ExperimentState, Traffic
from shared.policy import placement
from shared.policy.placement import PlacementReason, Placer
from tests.shared.policy import make_golden
from tests.shared.policy.examples import golden_cases, golden_snapshot
from tests.shared.policy.reference_xxh64 import xxh64

GOLDEN = golden_cases()


def test_golden_when_made_again_then_the_file_is_the_same() -> None:
    assert json.loads(make_golden.PATH.read_text(encoding="utf-8")) == make_golden.document()


def test_golden_when_read_then_every_reason_and_both_analysis_units_are_in_it() -> None:
    reasons = Counter(vector["reason"] for case in GOLDEN for vector in case["vectors"])

    assert set(reasons) == set(PlacementReason) - {PlacementReason.PINNED}
    assert {case["analysis_unit"] for case in GOLDEN} == set(AnalysisUnit)
    assert {len(vector["unit_id"].encode()) % 32 for vector in GOLDEN[0]["vectors"]} >= {0, 1, 3, 4, 7, 8, 12, 31}


def test_golden_when_a_border_is_at_the_unit_then_one_position_decides() -> None:
    named = {case["name"]: case for case in GOLDEN}
    placed = {
        name: (vector["reason"], vector["arm"])
        for name in (case.name for case in make_golden.border_cases())
        for vector in named[name]["vectors"]
        if vector["unit_id"] == make_golden.BORDER_UNIT
    }

    assert placed["traffic ends at the unit"][0] == "NOT_IN_TRAFFIC"
    assert placed["traffic ends behind the unit"][0] == "SPLIT"
    assert placed["the holdout begins at the unit"][0] == "HOLDOUT"
    assert placed["the holdout begins behind the unit"][0] == "SPLIT"
    assert placed["a segment begins at the unit"] == ("SPLIT", 1)
    assert placed["a segment begins behind the unit"] == ("SPLIT", 0)
    assert placed["the analysis split ends at the unit"][0] == "SPLIT"
    assert placed["the analysis split ends behind the unit"][0] == "ANALYSIS"
    assert placed["a segment of the analysis split begins at the unit"] == ("ANALYSIS", 1)
    assert placed["a segment of the analysis split begins behind the unit"] == ("ANALYSIS", 0)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_place_when_golden_then_arm_and_reason_are_those_of_the_vector(case: dict[str, Any]) -> None:
    placer = Placer(golden_snapshot(case))

    for vector in case["vectors"]:
        placed = placer.place(vector["unit_id"], vector["allocation_id"])
        assert placed == (vector["arm"], vector["reason"]), vector


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_position_when_golden_then_it_is_the_upper_half_of_the_hash(case: dict[str, Any]) -> None:
    for vector in case["vectors"]:
        assert placement.position(vector["unit_id"], int(case["traffic_salt"], 16)) == int(
            vector["traffic_hash"][:8], 16
        )


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 2**64 - 1))
def test_reference_when_given_any_bytes_then_it_is_the_hash_of_the_library(data: bytes, seed: int) -> None:
    assert xxh64(data, seed) == xxh64_intdigest(data, seed)


# From the specification's sanity checks.
@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [(b"", 0, 0xEF46DB3751D8E999), (b"", 0x9E3779B1, 0xAC75FDA2929B17EF), (b"abc", 0, 0x44BC2CF5AD770999)],
)
def test_reference_when_given_published_inputs_then_the_published_hash(data: bytes, seed: int, expected: int) -> None:
    assert xxh64(data, seed) == expected


def test_place_when_shares_are_exact_then_borders_belong_to_the_upper_part() -> None:
    snapshot = golden_snapshot(GOLDEN[0])
    for share, holdout, end, start in [
        (1.0, 0.0, 2**32, 2**32),
        (0.5, 0.5, 2**31, 2**31),
        (0.25, 0.125, 2**30, 7 * 2**29),
    ]:
        traffic = replace(snapshot, traffic=Traffic(share, holdout))
        assert (placement.traffic_end(traffic), placement.holdout_start(traffic)) == (end, start)


def test_place_when_not_running_then_nobody_is_hashed_to_traffic_or_holdout() -> None:
    for state in (ExperimentState.PAUSED, ExperimentState.STOPPED):
        placer = Placer(replace(golden_snapshot(GOLDEN[0]), state=state, traffic=Traffic(0.1, 0.9), default_arm=1))
        assert {placer.place(f"unit-{number}") for number in range(50)} == {(1, PlacementReason(state.value))}
