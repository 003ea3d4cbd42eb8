"""Command lines and how they end: code, message, format."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.admin.run import run


def test_run_when_nothing_is_asked_then_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: expctl" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["nope"], "No such command 'nope'; see `expctl --help`"),
        (["experiment", "show"], "Missing argument 'experiment_id'; see `expctl experiment show --help`"),
        (["experiment", "list", "--nope"], "No such option"),
        (["experiment", "list", "-o", "xml"], "'xml' is not one of"),
        (["experiment", "list", "--as", "a", "--profile", "b"], "--as"),
        (["experiment", "show", "\udcff"], "an argument is not UTF-8"),
    ],
)
def test_run_when_the_line_is_wrong_then_2_and_one_message(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line) == 2

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("expctl: ")
    assert said in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    "where", [["-o", "json"], ["--output=json"], ["-ojson"], ["--output", "jsonl"], ["-o", "yaml"]]
)
def test_run_when_machines_read_then_errors_are_one_object(
    where: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run([*where, "experiment", "list", "--directory", str(tmp_path)]) == 1
    assert run(["experiment", "nope", *where]) == 2

    first, second = (json.loads(line)["error"] for line in capsys.readouterr().err.splitlines())
    assert first.keys() == second.keys() == {"code", "reason", "message", "metadata", "violations"}
    assert (first["code"], first["reason"]) == ("FAILED_PRECONDITION", "INVALID_STATE")
    assert (second["code"], second["reason"]) == ("INVALID_ARGUMENT", "INVALID_FIELD")


def test_run_when_a_field_is_wrong_then_the_object_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-o", "json", "bandit", "evaluate", "x", "--weights", "a=2", "--address", "127.0.0.1:1"]) == 2

    error = json.loads(capsys.readouterr().err)["error"]
    assert [violation["field"] for violation in error["violations"]] == ["--weights"]


def test_run_when_nobody_answers_then_7_and_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["experiment", "list", "--address", "127.0.0.1:1"]) == 7
    assert "no review service answers at 127.0.0.1:1" in capsys.readouterr().err


def test_run_when_the_environment_is_wrong_then_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXPCTL_NONSENSE", "1")

    assert run(["experiment", "list"]) == 2
    assert "EXPCTL_NONSENSE" in capsys.readouterr().err


def test_run_when_options_stand_before_and_after_then_those_after_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late = tmp_path / "late"

    assert run(["--directory", "early", "experiment", "--directory", "between", "list", "--directory", str(late)]) == 1
    assert f"no stack is ready in {late}" in capsys.readouterr().err


def test_run_when_a_file_cannot_be_read_then_1(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["evaluate", "/none.csv", "--reward", "r", "--propensity", "p", "--target-propensity", "t"]

    assert run(line) == 1
    assert "/none.csv" in capsys.readouterr().err


def test_run_when_it_starts_then_loads_nothing_that_takes_long() -> None:
    slow = {"scipy", "numba", "numpy", "sqlalchemy", "alembic", "pandas"}
    program = f"import sys, services.admin.run; sys.exit(', '.join({slow} & set(sys.modules)) or 0)"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("line", [["--help"], ["completion", "bash"]])
def test_run_when_nobody_reads_then_ends_without_a_word(line: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        command = [sys.executable, "-m", "services.admin", *line]
        ended = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (1, "")
