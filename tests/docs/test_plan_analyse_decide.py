"""The example from a plan to a verdict says what its numbers are, and its steps agree with each other."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from shared.statistics.planning.plan import StandardError

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/plan_analyse_decide.py"


@pytest.fixture
def found(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Returns the example's names after it ran, and what it printed."""
    names = runpy.run_path(str(EXAMPLE))
    return names | {"printed": capsys.readouterr().out}


def test_example_when_it_gives_reasons_then_names_the_lift_and_the_guardrail(found: dict[str, Any]) -> None:
    printed, lift = found["printed"], found["purchase"].report(0).lift

    bound = re.search(r"the primary metric's lift is (\S+) %; its lower confidence bound, (\S+) %, is above 0", printed)
    assert bound is not None
    assert [float(number) / 100 for number in bound.groups()] == pytest.approx([lift.estimate, lift.low], rel=0.005)
    assert "guardrail latency_ms is shown to be within its margin" in printed


def test_example_when_it_plans_then_the_other_steps_follow_the_plan(found: dict[str, Any]) -> None:
    assert found["plan"].standard_error is StandardError.POOLED
    assert found["design"].days == found["DAYS"]
    assert f"after {found['DAYS']} days" in found["verdict"].treatments[0].reasons[0].text
    assert found["size"].arms.sum() <= found["units"].sum()


def test_example_when_its_design_is_judged_then_is_sound(found: dict[str, Any]) -> None:
    assert found["validate"](found["design"]).findings == ()
