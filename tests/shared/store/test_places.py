"""Tests where the embedded Postgres keeps its things."""

import os
from pathlib import Path

import pytest

from shared.store import places
from shared.store.account import account_for


@pytest.fixture
def sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's directory for temporary files, for the test alone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_run_directory_of_when_its_path_is_short_then_it_is_in_the_home(open_directory: Path) -> None:
    run = places.run_directory_of(open_directory, account_for(open_directory / "new"))

    assert run == open_directory / "run"
    assert run.stat().st_mode & 0o777 == 0o700


def test_run_directory_of_when_what_it_points_to_was_swept_away_then_there_is_a_new_one(
    tmp_path: Path, sockets: Path
) -> None:
    home = tmp_path / ("x" * 120)
    home.mkdir()
    account = account_for(home / "new")
    places.run_directory_of(home, account).rmdir()

    run = places.run_directory_of(home, account)

    assert run.is_dir()
    assert run == places.run_directory_of(home, account)
    assert run.is_relative_to(sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes directories of others")
def test_run_directory_of_when_somebody_else_took_its_name_then_it_is_not_used(tmp_path: Path, sockets: Path) -> None:
    home = tmp_path / ("x" * 120)
    home.mkdir()
    account = account_for(home / "new")
    taken = places.run_directory_of(home, account)
    os.chown(taken, account.user_id + 1, account.group_id)

    assert places.run_directory_of(home, account) != taken


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_account_for_when_the_home_is_there_then_it_is_its_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)

    assert account_for(tmp_path).user_id == 65534
