"""Lines to type: that they can be."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from services.admin.screen import command_line


def test_command_line_when_typed_in_the_repository_then_is_short_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(sys.executable).parents[2])

    line = command_line("bandit", "status", "--help")

    assert line == f"{Path(*Path(sys.executable).parts[-3:-1])}/expctl bandit status --help"
    run = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True)
    assert "Usage: expctl bandit status" in run.stdout


def test_command_line_when_typed_elsewhere_then_has_the_whole_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    assert (
        command_line("up", "--directory", "a b") == f"{Path(sys.executable).with_name('expctl')} up --directory 'a b'"
    )


def test_command_line_when_the_command_is_not_installed_then_names_the_module(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.chdir(tmp_path)

    assert command_line("up") == "bin/python -m services.admin up"
