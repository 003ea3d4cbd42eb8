"""Any command line ends with a documented code and a message, never with a traceback."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.admin.exit_codes import ExitCode
from services.admin.run import run
from tests.admin.commands.experiment_files import CHECKOUT, written
from tests.admin.conftest import Ended, Expctl
from tests.docs.command_tree import Entry, entries

# They start processes, or do not end by themselves.
STARTING = {"up", "demo", "simulate"}
ENDLESS = {"--watch", "-w", "--follow", "-f"}

COMMANDS = [entry for entry in entries() if not entry.is_group and entry.path[0] not in STARTING]
WORDS = sorted({word for entry in entries() for word in entry.path} - STARTING)
OPTIONS = sorted({name for entry in COMMANDS for each in entry.command.params for name in each.opts if name[0] == "-"})
JUNK = [
    "",
    "-",
    "--",
    "-0",
    "nan",
    "1e999",
    "99999999999999999999",
    "-1",
    "\x00",
    "\x1b[31m",
    "\ud800",
    "漢字" * 30,
    "a" * 3000,
    "../../etc/passwd",
    "%s{}[red]",
    "checkout",
    "cr_1",
    "json",
    "7d",
    "2026-03-01T12:00",
    "a=0.5,b=0.5",
    "1:" + "0" * 64,
]

words = st.one_of(st.sampled_from(JUNK), st.text(max_size=12))


def check(ended: Ended, line: list[str]) -> None:
    assert ended.code in list(ExitCode), line
    assert "Traceback" not in ended.out + ended.err, line
    assert "a defect of" not in ended.err, line
    assert ended.code == 0 or ended.err or ended.out, line


def ending(line: list[str], capsys: pytest.CaptureFixture[str]) -> Ended:
    capsys.readouterr()
    code = run(line)
    output = capsys.readouterr()
    return Ended(code, output.out, output.err)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory without a stack, where the command is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(OPTIONS), words), max_size=7))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_run_when_any_words_are_typed_then_ends_well(
    nowhere: Path, capsys: pytest.CaptureFixture[str], line: list[str]
) -> None:
    check(ending(line, capsys), line)


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """Draws a command with arguments and options of its own, whatever their values."""
    entry: Entry = draw(st.sampled_from(COMMANDS))
    line = list(entry.path)
    for parameter in entry.command.params:
        if parameter.param_type_name == "argument":
            line += [draw(words)] if draw(st.integers(0, 9)) else []
        elif parameter.name != "help" and not parameter.hidden and not ENDLESS & set(parameter.opts):
            line += draw(st.sampled_from([[], [], _given(draw, parameter)]))
    return line


def _given(draw: st.DrawFn, parameter: Any) -> list[str]:
    name = draw(st.sampled_from(parameter.opts))
    return [name] if parameter.is_flag else [name, draw(words)]


@given(lines())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_run_when_a_command_gets_any_values_then_ends_well_against_a_real_server(
    expctl: Expctl, nowhere: Path, line: list[str]
) -> None:
    if not (nowhere / "experiment.yaml").exists():
        assert expctl("experiment", "create", "-f", written(nowhere)).code == 0
    if line[:2] == ["review", "watch"] or line[:2] == ["review", "wait"]:
        line = [*line[:2], "cr_none"]

    check(expctl(*line, who="ada"), line)


@given(
    st.text(max_size=200)
    | st.builds(lambda cut, more: CHECKOUT[:cut] + more + CHECKOUT[cut:], st.integers(0, 170), st.text(max_size=6))
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_run_when_a_file_is_anything_then_ends_well(
    nowhere: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    path = nowhere / "any.yaml"
    path.write_bytes(content.encode(errors="replace"))
    for line in (["experiment", "create", "-f", str(path)], ["policy", "propose", "-m", "x", "-f", str(path)]):
        check(ending(line, capsys), line)
