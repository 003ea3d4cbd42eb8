"""The statistics pages name what is there, and all of it can be found from their first one."""

import ast
import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any

import pytest

from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.fixed.rates import compare_rates
from shared.statistics.planning.plan import Plan
from shared.statistics.result.obstacles import Caution, Obstacle

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "shared/statistics"
FIRST = ROOT / "docs/statistics.md"
PAGES = sorted(ROOT.glob("docs/statistics/*.md"))
PACKAGES = (
    "aggregates",
    "estimates",
    "fixed",
    "sequential",
    "bayesian",
    "adaptive",
    "off_policy",
    "health",
    "planning",
    "design",
    "decision",
    "result",
)
NAME = re.compile(rf"(?:{'|'.join(PACKAGES)})\.(?:\*|\w+(?:\.\w+)*(?:\.\*)?)")
CODES: tuple[type[IntEnum] | type[IntFlag], ...] = (Obstacle, Caution)
KNOWN = {name for kind in CODES for name, code in kind.__members__.items() if code}
READERS = {"decision.case"}
"""Modules that name codes which others set."""


def names_in(text: str) -> list[str]:
    """Returns the dotted names that stand in backticks; of a call only the name, of several names all."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    spans = re.findall(r"`([^`]+)`", prose)
    return [found.group() for span in spans if (found := NAME.match(span.strip()))]


def is_there(name: str) -> bool:
    """Says whether a name leads to a module of the library, or to something in one."""
    path = ["shared", "statistics", *name.removesuffix(".*").split(".")]
    for length in range(len(path), 2, -1):
        try:
            found: Any = importlib.import_module(".".join(path[:length]))
        except ModuleNotFoundError:
            continue
        for part in path[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def setters() -> dict[str, set[str]]:
    """Returns the modules in which each code is named, without `result` itself."""
    found: dict[str, set[str]] = {code: set() for code in KNOWN}
    kinds = {kind.__name__ for kind in CODES}
    for file in LIBRARY.glob("*/*.py"):
        package, module = file.parent.name, f"{file.parent.name}.{file.stem}"
        if package not in PACKAGES or package == "result" or module in READERS:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in kinds:
                found.get(node.attr, set()).add(module)
    return found


def table_of_codes() -> dict[str, list[str]]:
    """Returns what the page says sets each code; rows without a code go on with the one before."""
    page = (ROOT / "docs/statistics/aggregates.md").read_text(encoding="utf-8")
    rows = page.split("| code | what it means | set by |")[1].splitlines()[2:]
    found: dict[str, list[str]] = {}
    codes: list[str] = []
    for row in rows:
        code, _, names = (cell.strip() for cell in row.split("|")[1:-1])
        codes = code.split(", ") if code else codes
        for one in codes:
            found.setdefault(one, []).extend(names_in(names))
    return found


def test_first_page_when_it_lists_pages_then_lists_them_all() -> None:
    links = re.findall(r"^- \[.+\]\(statistics/(.+)\)$", FIRST.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert sorted(links) == [page.name for page in PAGES]


@pytest.mark.parametrize("page", [FIRST, *PAGES], ids=lambda page: page.name)
def test_page_when_it_names_something_in_the_library_then_that_is_there(page: Path) -> None:
    names = names_in(page.read_text(encoding="utf-8"))

    assert [name for name in names if not is_there(name)] == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("`fixed.dunnett`, `planning`", ["fixed.dunnett"]),
        ("`health.*` and `fixed.rates.compare_rates(events, exposure)`", ["health.*", "fixed.rates.compare_rates"]),
        ("`result.obstacles.Obstacle.NO_UNITS`", ["result.obstacles.Obstacle.NO_UNITS"]),
        ("```\nfixed.nothing `fixed.nothing`\n```\n`numpy.cov`", []),
    ],
)
def test_names_in_a_text(text: str, names: list[str]) -> None:
    assert names_in(text) == names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fixed.dunnett", True),
        ("health.*", True),
        ("result.obstacles.Obstacle.NO_UNITS", True),
        ("aggregates.moments.Moments.of", True),
        ("fixed.nothing", False),
        ("fixed.dunnett.nothing", False),
        ("result.obstacles.Obstacle.NOTHING", False),
    ],
)
def test_name_is_there(name: str, expected: bool) -> None:  # noqa: FBT001
    assert is_there(name) is expected


def test_page_when_it_lists_codes_then_lists_them_all() -> None:
    assert set(table_of_codes()) == KNOWN


def test_page_when_it_says_who_sets_a_code_then_leaves_no_module_out() -> None:
    table = table_of_codes()

    for code, modules in setters().items():
        named = {".".join(name.split(".")[:2]) for name in table[code]}
        missing = {module for module in modules if module not in named and f"{module.split('.')[0]}.*" not in named}
        assert not missing, f"{code} is set by {missing}"


def test_code_when_the_library_knows_it_then_something_sets_it() -> None:
    assert [code for code, modules in setters().items() if not modules] == []


def test_planning_page_when_it_lists_fields_of_a_plan_then_lists_them_all() -> None:
    page = (ROOT / "docs/statistics/planning.md").read_text(encoding="utf-8")
    rows = page.split("## Plans: `plan.Plan`")[1].split("\n## ")[0]

    assert re.findall(r"^\| `(\w+)` \|", rows, flags=re.MULTILINE) == [field.name for field in fields(Plan)]


@pytest.mark.parametrize("function", [compare_proportions, compare_rates])
def test_fixed_look_page_when_it_shows_a_call_then_names_all_arguments(function: Callable[..., Any]) -> None:
    page = (ROOT / "docs/statistics/fixed-look.md").read_text(encoding="utf-8")

    call = re.search(rf"`{function.__name__}\((.+?)\)`", page, flags=re.DOTALL)

    assert call is not None
    assert re.findall(r"(\w+)=", call[1]) == list(inspect.signature(function).parameters)
