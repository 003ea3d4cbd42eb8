"""The cookbook on the first statistics page runs as it is printed there."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.report import Interval

PAGE = Path(__file__).resolve().parents[2] / "docs/statistics.md"


def recipes() -> str:
    """Returns the page's Python, all blocks as one program."""
    return "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL))


def test_cookbook_when_run_then_every_recipe_prints_finite_numbers(capsys: Any) -> None:
    found: dict[str, Any] = {}
    exec(compile(recipes(), "cookbook", "exec"), found)

    conversions = found["conversions"].report(1)
    intervals = [found["effect"].difference, found["effect"].lift, conversions.lift, found["anytime"].difference]
    numbers = [number for one in intervals for number in (one.low, one.estimate, one.high)]
    numbers += [found["effect"].p_value, conversions.p_value, found["anytime"].p_value, *found["size"].arms]
    printed = capsys.readouterr().out
    assert all(isinstance(one, Interval) for one in intervals)
    assert all(math.isfinite(number) for number in numbers)
    assert len(printed.splitlines()) == 4
    assert "nan" not in printed
    assert "not estimable" not in printed


def test_cookbook_when_run_then_answers_what_it_says(capsys: Any) -> None:
    found: dict[str, Any] = {}
    exec(compile(recipes(), "cookbook", "exec"), found)

    arm, revenue = found["arm"], found["revenue"]
    assert math.isclose(found["effect"].difference.estimate, revenue[arm == 1].mean() - revenue[arm == 0].mean())
    assert math.isclose(found["conversions"].report(1).lift.estimate, (610 / 10_050) / (500 / 9_980) - 1)
    assert found["anytime"].difference.low < found["effect"].difference.low
    assert capsys.readouterr().out


def test_cookbook_when_run_then_its_size_allows_for_two_treatments(capsys: Any) -> None:
    found: dict[str, Any] = {}
    exec(compile(recipes(), "cookbook", "exec"), found)

    plans = [replace(found["plan"], multiplicity=rule) for rule in (Multiplicity.NONE, Multiplicity.BONFERRONI)]
    least, most = (sample_size(Baseline.proportion(0.04), plan, difference=0.002).total for plan in plans)
    assert found["size"].arms.shape == (3,)
    assert least < found["size"].total < most
    assert capsys.readouterr().out
