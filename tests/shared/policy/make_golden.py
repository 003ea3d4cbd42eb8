"""Makes proto/golden/placement.json, the vectors by which other languages check that they place units alike.

    python -m tests.shared.policy.make_golden

It shares no code with `shared.policy.placement`: the hash is `reference_xxh64`, the rule is written out again.
"""

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from tests.shared.policy.reference_xxh64 import xxh64

PATH = Path(__file__).parents[3] / "proto" / "golden" / "placement.json"
RANGE = 1 << 32

EXPLANATION = (
    "position(key, salt) = XXH64(UTF-8 bytes of key, seed = salt) >> 32. A unit's traffic position comes from its id"
    " and traffic_salt; its arm position from its id and arm_salt or, where analysis_unit is ALLOCATION, from unit_id +"
    " U+001F + allocation_id. Reason and arm: control_served: CONTROL_SERVED, the control, which is arm 0 in all cases."
    " PAUSED or STOPPED by state: default_arm. Traffic position >= 2^32 -"
    " round(holdout_share x 2^32): HOLDOUT, default_arm. Traffic position >= round(traffic_share x 2^32):"
    " NOT_IN_TRAFFIC, default_arm. Otherwise, where there is an analysis_split and the position of the id by its salt"
    " < round(its share x 2^32): ANALYSIS, the arm of the last segment of the analysis_split that starts at or before"
    " the arm position. Otherwise SPLIT: the arm of the last segment that starts at or before the arm position. round()"
    " takes halves to the even neighbour. Salts and hashes are 16 hexadecimal digits; arms are positions from 0."
)


class Split(NamedTuple):
    """Is an analysis split."""

    share: float
    salt: int
    segment_starts: list[int]
    segment_arms: list[int]


class Case(NamedTuple):
    """Is a snapshot, as far as placement goes."""

    name: str
    arm_salt: int
    traffic_salt: int
    segment_starts: list[int]
    segment_arms: list[int]
    default_arm: int = 0
    traffic_share: float = 1.0
    holdout_share: float = 0.0
    analysis_unit: str = "UNIT"
    state: str = "RUNNING"
    analysis_split: Split | None = None
    control_served: bool = False


CASES = (
    Case("two arms in halves", 0, 1, [0, RANGE // 2], [0, 1]),
    Case("salts with the highest bit", 0xFFFFFFFFFFFFFFFF, 0x8000000000000000, [0, RANGE // 2], [0, 1]),
    Case(
        "segments that come back",
        0x0123456789ABCDEF,
        7,
        [0, 1, 900_000_000, 2_400_000_000, 4_200_000_000],
        [2, 0, 1, 0, 2],
    ),
    Case("an arm of one position", 99, 98, [0, RANGE - 1], [0, 1]),
    Case(
        "a third of the traffic",
        0xFEDCBA9876543210,
        0x1122334455667788,
        [0, 2_000_000_000],
        [1, 0],
        1,
        traffic_share=1 / 3,
    ),
    Case("a holdout of a tenth", 11, 12, [0, 1_000_000_000, 3_000_000_000], [0, 1, 2], 0, 1.0, 0.1),
    Case("traffic and holdout", 13, 14, [0, RANGE // 2], [1, 0], 0, 0.5, 0.25),
    Case("shares that are halves of a position", 15, 16, [0, RANGE // 2], [0, 1], 1, 0.5 + 2**-33, 0.25 + 2**-33),
    Case("every allocation counts", 17, 18, [0, 1_500_000_000, 3_000_000_000], [0, 1, 2], analysis_unit="ALLOCATION"),
    Case(
        "every allocation counts, with traffic and holdout",
        19,
        20,
        [0, RANGE // 2],
        [0, 1],
        traffic_share=0.6,
        holdout_share=0.2,
        analysis_unit="ALLOCATION",
    ),
    Case(
        "an analysis split of a fifth",
        27,
        28,
        [0, 100_000_000, 4_000_000_000],
        [0, 1, 2],
        analysis_split=Split(0.2, 29, [0, RANGE // 3, 2 * RANGE // 3], [2, 1, 0]),
    ),
    Case(
        "an analysis split with traffic and holdout",
        30,
        31,
        [0, RANGE // 8],
        [0, 1],
        traffic_share=0.6,
        holdout_share=0.2,
        analysis_split=Split(0.5, 0xF0E1D2C3B4A59687, [0, RANGE // 2], [0, 1]),
    ),
    Case(
        "an analysis split where every allocation counts",
        32,
        33,
        [0, RANGE // 8],
        [1, 0],
        analysis_unit="ALLOCATION",
        analysis_split=Split(0.4, 34, [0, RANGE // 2], [0, 1]),
    ),
    Case(
        "an analysis split whose share is half of a position",
        35,
        36,
        [0, RANGE // 2],
        [0, 1],
        analysis_split=Split(0.75 + 2**-33, 37, [0, 3], [1, 0]),
    ),
    Case(
        "paused, with an analysis split",
        38,
        39,
        [0, RANGE // 2],
        [0, 1],
        state="PAUSED",
        analysis_split=Split(0.5, 40, [0, RANGE // 2], [0, 1]),
    ),
    Case("paused", 21, 22, [0, RANGE // 2], [0, 1], 0, 0.5, 0.1, state="PAUSED"),
    Case("stopped, the second arm shipped", 23, 24, [0, RANGE // 2], [0, 1], 1, 0.5, 0.1, state="STOPPED"),
    Case("the control is served", 43, 44, [0, RANGE // 2], [0, 1], 0, 0.5, 0.1, control_served=True),
    Case(
        "the control is served, though the second arm was shipped",
        45,
        46,
        [0, RANGE // 2],
        [0, 1],
        1,
        state="STOPPED",
        control_served=True,
    ),
)

BORDER_UNIT = "user 42"


def border_cases() -> tuple[Case, ...]:
    """Returns cases whose borders are where one unit is, and one position behind it."""
    arm, traffic, split = (xxh64(BORDER_UNIT.encode(), salt) // RANGE for salt in (25, 26, 41))
    halves = [0, RANGE // 2]
    first, second = (Split((split + more) / RANGE, 41, [0, RANGE - 1], [0, 1]) for more in (0, 1))
    begins, ends = (Split(1 - 2**-32, 42, [0, arm + more], [0, 1]) for more in (0, 1))
    return (
        Case("traffic ends at the unit", 25, 26, halves, [0, 1], traffic_share=traffic / RANGE),
        Case("traffic ends behind the unit", 25, 26, halves, [0, 1], traffic_share=(traffic + 1) / RANGE),
        Case("the holdout begins at the unit", 25, 26, halves, [0, 1], holdout_share=(RANGE - traffic) / RANGE),
        Case("the holdout begins behind the unit", 25, 26, halves, [0, 1], holdout_share=(RANGE - traffic - 1) / RANGE),
        Case("a segment begins at the unit", 25, 26, [0, arm], [0, 1]),
        Case("a segment begins behind the unit", 25, 26, [0, arm + 1], [0, 1]),
        Case("the analysis split ends at the unit", 25, 26, halves, [0, 1], analysis_split=first),
        Case("the analysis split ends behind the unit", 25, 26, halves, [0, 1], analysis_split=second),
        Case("a segment of the analysis split begins at the unit", 25, 26, halves, [0, 1], analysis_split=begins),
        Case("a segment of the analysis split begins behind the unit", 25, 26, halves, [0, 1], analysis_split=ends),
    )


# Every length up to two stripes of the hash, and what encodings get wrong.
UNITS = (
    *("x" * length for length in (1, 3, 4, 5, 7, 8, 12, 16, 31, 32, 33, 39, 63, 64, 65, 128, 256)),
    "00000000-0000-4000-8000-000000000000",
    BORDER_UNIT,
    "\\backslash/'quote\"",
    "Ünïcödé",
    "用户-0001",
    "👩‍👩‍👧‍👦",
    "e\u0301 is not \u00e9",
    "\u00e9 is not e\u0301",
    "\ufeffmark",
    "שלום",
    "\U0001d518\U0001d52b\U0001d526\U0001d531",
)


def document() -> dict[str, Any]:  # JSON
    """Returns the vectors."""
    chance = random.Random(20260301)
    drawn = [f"visitor-{chance.randrange(10**9)}" for _ in range(20)]
    return {"explanation": EXPLANATION, "cases": [_case(case, [*UNITS, *drawn]) for case in (*CASES, *border_cases())]}


def main() -> None:
    """Writes the file."""
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(_text(document()), encoding="utf-8")


def _text(whole: dict[str, Any]) -> str:
    """Returns the document with a line for each vector."""
    text = json.dumps(whole, ensure_ascii=False)
    return text.replace('{"name"', '\n{"name"').replace('{"unit_id"', '\n{"unit_id"') + "\n"


def _case(case: Case, unit_ids: list[str]) -> dict[str, Any]:
    split = case.analysis_split
    head = case._asdict() | {
        "arm_salt": f"{case.arm_salt:016x}",
        "traffic_salt": f"{case.traffic_salt:016x}",
        "analysis_split": split._asdict() | {"salt": f"{split.salt:016x}"} if split else None,
    }
    return head | {"vectors": [_vector(case, place, unit_id) for place, unit_id in enumerate(unit_ids)]}


def _vector(case: Case, place: int, unit_id: str) -> dict[str, Any]:
    allocation_id = f"view-{place}-ä" if case.analysis_unit == "ALLOCATION" else ""
    key = f"{unit_id}\x1f{allocation_id}" if allocation_id else unit_id
    traffic_hash, arm_hash = xxh64(unit_id.encode(), case.traffic_salt), xxh64(key.encode(), case.arm_salt)
    split_hash = xxh64(unit_id.encode(), case.analysis_split.salt) if case.analysis_split else None
    reason = _reason(case, traffic_hash // RANGE, split_hash)
    cut = {"SPLIT": case, "ANALYSIS": case.analysis_split}.get(reason)
    arm = _owner(cut, arm_hash // RANGE) if cut is not None else 0 if case.control_served else case.default_arm
    return {
        "unit_id": unit_id,
        "allocation_id": allocation_id,
        "traffic_hash": f"{traffic_hash:016x}",
        "arm_hash": f"{arm_hash:016x}",
        **({"analysis_hash": f"{split_hash:016x}"} if split_hash is not None else {}),
        "arm": arm,
        "reason": reason,
    }


def _reason(case: Case, traffic_position: int, split_hash: int | None) -> str:
    if case.control_served:
        return "CONTROL_SERVED"
    if case.state != "RUNNING":
        return case.state
    if traffic_position >= RANGE - round(Fraction(case.holdout_share) * RANGE):
        return "HOLDOUT"
    if traffic_position >= round(Fraction(case.traffic_share) * RANGE):
        return "NOT_IN_TRAFFIC"
    if case.analysis_split is None or split_hash is None:
        return "SPLIT"
    return "ANALYSIS" if split_hash // RANGE < round(Fraction(case.analysis_split.share) * RANGE) else "SPLIT"


def _owner(cut: Case | Split, arm_position: int) -> int:
    owner = -1
    for start, arm in zip(cut.segment_starts, cut.segment_arms, strict=True):
        if start <= arm_position:
            owner = arm
    return owner


if __name__ == "__main__":
    main()
