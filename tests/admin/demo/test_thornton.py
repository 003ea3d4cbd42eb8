"""The real data as arms."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from services.admin.demo import thornton

NAN = float("nan")


def test_arms_of_when_on_the_edge_of_a_band_then_counts_below() -> None:
    bands = (thornton.Band("a", "A", 0.0), thornton.Band("b", "B", 1.0), thornton.Band("c", "C", float("inf")))

    field = thornton.arms_of(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 0.1, 1.0, 1.01]), bands=bands)

    assert [arm.outcomes for arm in field.arms] == [(0,), (1, 0), (1,)]


def test_arms_of_when_a_value_is_missing_then_leaves_the_row_out_and_counts_it() -> None:
    bands = (thornton.Band("a", "A", 0.0), thornton.Band("b", "B", float("inf")))

    field = thornton.arms_of(np.array([1.0, NAN, 1.0]), np.array([0.0, 0.0, NAN]), bands=bands)

    assert field.dropped_count == 2
    assert [arm.outcomes for arm in field.arms] == [(1,), ()]


def test_load_when_called_then_has_the_people_of_the_study() -> None:
    field = thornton.load()

    assert field.dropped_count == 1986
    assert {arm.arm_id: len(arm.outcomes) for arm in field.arms} == {
        "none": 623,
        "up-to-25c": 212,
        "up-to-50c": 348,
        "up-to-1usd": 580,
        "over-1usd": 1071,
    }
    # Table 4 of the paper: 34 % of those without an incentive came.
    assert round(field.arms[0].rate, 2) == 0.34


def test_load_when_called_then_heavy_packages_stay_away() -> None:
    program = (
        "import sys; from services.admin.demo import thornton; thornton.load(); print('statsmodels' in sys.modules)"
    )

    # A process of its own: other tests import statsmodels as an oracle.
    finished = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        cwd=Path(__file__).parents[3],
        text=True,
        timeout=120,
    )

    assert finished.stdout.strip() == "False"
