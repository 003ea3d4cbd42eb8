"""The commands about this machine: doctor, db, completion, version."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.admin.run import run
from tests.admin.conftest import Expctl


def test_doctor_when_all_is_well_but_bandit_and_ai_then_says_which(expctl: Expctl) -> None:
    ended = expctl("-o", "json", "doctor", "--bandit-address", "127.0.0.1:1", "--ai-address", "127.0.0.1:1")

    found = {check["name"]: check["health"] for check in ended.json["checks"]}
    assert ended.code == 1
    assert found == {
        "place": "good",
        "token file": "warning",
        "review": "good",
        "identity": "good",
        "store": "good",
        "bandit": "bad",
        "ai": "bad",
    }
    identity = next(check["found"] for check in ended.json["checks"] if check["name"] == "identity")
    assert identity == "ann (experimenter) with token tok_ann"
    assert all(check["remedy"] for check in ended.json["checks"] if check["health"] != "good")


def test_doctor_when_the_token_is_bad_then_says_what_to_do(expctl: Expctl, identities: Path) -> None:
    (identities / "secrets" / "tokens" / "ann").write_text("exp_none_" + "x" * 43)

    shown = expctl("doctor").out

    assert "bad" in shown
    assert "login --profile NAME" in shown


def test_doctor_when_the_profile_is_unknown_then_stops_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--profile", "none"]) == 1
    assert "no profile 'none'" in " ".join(capsys.readouterr().out.split())


def test_db_when_empty_then_status_says_so_and_migrate_mends_it(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    assert run(["db", "status"]) == 1
    assert "the schema is at nothing" in capsys.readouterr().out
    assert run(["db", "migrate"]) == 0
    assert run(["db", "status", "-o", "json"]) == 0
    assert '"current": true' in capsys.readouterr().out


def test_db_when_there_is_none_then_says_what_to_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "status", "--directory", str(tmp_path)]) == 1
    assert "give DATABASE_URL" in capsys.readouterr().err


def test_db_when_it_is_away_then_7(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://eve:secret@127.0.0.1:1/none")

    assert run(["db", "status"]) == 7
    assert "secret" not in capsys.readouterr().err


def test_version_when_asked_then_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == 0
    assert capsys.readouterr().out.startswith("expctl 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_when_asked_then_a_script_for_the_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_EXPCTL_COMPLETE" in capsys.readouterr().out


def test_completion_when_the_shell_asks_then_names_commands() -> None:
    environment = {
        **os.environ,
        "COMP_WORDS": "expctl review a",
        "COMP_CWORD": "2",
        "_EXPCTL_COMPLETE": "complete_bash",
    }
    line = [sys.executable, "-m", "services.admin"]
    completed = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=True)

    assert completed.stdout.split() == ["approve", "apply"]
