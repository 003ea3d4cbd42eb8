"""Makes proto/golden/context.json, the vectors by which other languages check that they place units in contexts alike.

    python -m tests.shared.policy.make_context_golden

It shares no code with `services.bandit.domain.context_placement`: plain Python numbers, one rule after the other.
"""

import base64
import json
import random
import struct
from math import sqrt
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[3] / "proto" / "golden" / "context.json"
RANGE = 1 << 32

EXPLANATION = (
    "coefficients: 4-byte floats, little-endian, by row, then arm, then column, in base64. A context's numbers are"
    " rounded to 4-byte floats first. A score is the sum of coefficient x number in the order of the columns, in 8-byte"
    " floats, starting from 0. Shares: ContextualModel in bandit_service.proto; of INVERSE_GAP the best arm has 1 less"
    " the others in their order. Weights: lower bound + (1 - sum of lower bounds) x share, at least 0 in the bracket."
    " Borders: running sum of weights x 2^32, rounded, halves to the even neighbour; the last one is 2^32. The arm is"
    " the first whose border is above the position; its propensity is its length over 2^32. All sums run from the first"
    " arm to the last."
)


def single(number: float) -> float:
    """Returns the nearest 4-byte float."""
    rounded: float = struct.unpack("<f", struct.pack("<f", number))[0]
    return rounded


def place(
    mode: str, bank: list[list[list[float]]], gamma: float, *, least: list[float], context: list[float], position: int
) -> tuple[int, int]:
    """Returns the arm and the length of its share of the range."""
    told = [single(number) for number in context]
    shares = {"DRAWS": draws, "UPPER_BOUND": upper_bound, "INVERSE_GAP": inverse_gap}[mode](bank, told, gamma)
    total = 0.0
    for bound in least:
        total += bound
    free = max(1.0 - total, 0.0)
    borders, running = [], 0.0
    for bound, share in zip(least, shares, strict=True):
        running += bound + free * share
        borders.append(round(running * RANGE))
    borders[-1] = RANGE
    arm = next(arm for arm, border in enumerate(borders) if border > position)
    return arm, borders[arm] - (borders[arm - 1] if arm else 0)


def score(coefficients: list[float], told: list[float]) -> float:
    """Returns the sum of products."""
    total = 0.0
    for coefficient, number in zip(coefficients, told, strict=True):
        total += coefficient * number
    return total


def draws(bank: list[list[list[float]]], told: list[float], gamma: float) -> list[float]:
    """Returns the share of rows that each arm wins."""
    wins = [0] * len(bank[0])
    for row in bank:
        scores = [score(arm, told) for arm in row]
        wins[scores.index(max(scores))] += 1
    return [count / len(bank) for count in wins]


def upper_bound(bank: list[list[list[float]]], told: list[float], gamma: float) -> list[float]:
    """Returns 1 for the highest bound."""
    bounds = []
    for arm in range(len(bank[0])):
        squares = 0.0
        for row in bank[1:]:
            squares += score(row[arm], told) ** 2
        bounds.append(score(bank[0][arm], told) + sqrt(squares))
    best = bounds.index(max(bounds))
    return [float(arm == best) for arm in range(len(bounds))]


def inverse_gap(bank: list[list[list[float]]], told: list[float], gamma: float) -> list[float]:
    """Returns shares that fall with the gap."""
    scores = [score(arm, told) for arm in bank[0]]
    best = scores.index(max(scores))
    shares = [1.0 / (len(scores) + gamma * (scores[best] - one)) for one in scores]
    rest = 1.0
    for arm, share in enumerate(shares):
        if arm != best:
            rest -= share
    shares[best] = rest
    return shares


def case(
    rng: random.Random, name: str, mode: str, *, rows: int, arms: int, columns: int, least: float
) -> dict[str, Any]:
    """Returns a model with placements."""
    bank = [[[single(rng.gauss(0, 1)) for _ in range(columns)] for _ in range(arms)] for _ in range(rows)]
    gamma = rng.uniform(1, 50) if mode == "INVERSE_GAP" else 0.0
    bounds = [least] * arms
    placements = []
    for _ in range(40):
        context = [1.0, *(rng.choice([0.0, 1.0, 0.5, rng.uniform(-8, 8)]) for _ in range(columns - 1))]
        position = rng.choice([0, RANGE - 1, rng.randrange(RANGE)])
        arm, length = place(mode, bank, gamma, least=bounds, context=context, position=position)
        placements.append({"context": context, "position": position, "arm": arm, "length": length})
    packed = struct.pack(f"<{rows * arms * columns}f", *(number for row in bank for arm in row for number in arm))
    return {
        "name": name,
        "mode": mode,
        "row_count": rows,
        "column_count": columns,
        "gamma": gamma,
        "lower_bounds": bounds,
        "coefficients": base64.b64encode(packed).decode(),
        "placements": placements,
    }


def document() -> dict[str, Any]:
    """Returns the content of the file."""
    rng = random.Random(2026)
    cases = [
        case(rng, "two arms, sixteen draws", "DRAWS", rows=16, arms=2, columns=3, least=0.0),
        case(rng, "seven arms with floors", "DRAWS", rows=64, arms=7, columns=5, least=0.01),
        case(rng, "twenty arms, constant only", "DRAWS", rows=32, arms=20, columns=1, least=0.05),
        case(rng, "bounds", "UPPER_BOUND", rows=5, arms=4, columns=4, least=0.02),
        case(rng, "gaps", "INVERSE_GAP", rows=1, arms=5, columns=6, least=0.0),
        case(rng, "gaps with floors", "INVERSE_GAP", rows=1, arms=11, columns=2, least=0.03),
    ]
    return {"explanation": EXPLANATION, "cases": cases}


if __name__ == "__main__":
    PATH.write_text(json.dumps(document(), indent=1) + "\n", encoding="utf-8")
