"""Tests the embedded Postgres on real servers."""

import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.errors import Reason, Unavailable
from shared.ids import new_id
from shared.store import engine
from shared.store.embedded import EmbeddedPostgres

QUICK = {"fsync": "off", "shared_buffers": "16MB"}
TIMEOUT_SECONDS = 30
ROOT = os.geteuid() == 0

STARTER = """
import sys
from pathlib import Path
from typing import Any
from shared.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"})
server.start()
print(server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def directory(open_directory: Path) -> Path:
    return open_directory / new_id("d")[:10]


def server_in(directory: Path, settings: Mapping[str, str] = QUICK) -> EmbeddedPostgres:
    return EmbeddedPostgres(directory, settings=settings, refuge=directory.parent)


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    arguments = engine.connect_arguments(engine.parse_url(url, application_name="test"))
    with psycopg.connect(**arguments) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def wait_until_gone(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    try:
        assert select.select([descriptor], [], [], TIMEOUT_SECONDS)[0], "the process goes on"
    finally:
        os.close(descriptor)


def starter(directory: Path) -> subprocess.Popen[str]:
    """Returns a process that starts the server, prints its number or None, and stops it when its input ends."""
    command = [sys.executable, "-c", STARTER, str(directory)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_start_when_the_directory_is_new_then_the_store_is_durable(directory: Path) -> None:
    with server_in(directory, {}) as server:
        settings = execute(
            server.url,
            "SELECT name, setting FROM pg_settings WHERE name IN"
            " ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'TimeZone') ORDER BY name",
        )

    assert dict(settings) == {
        "fsync": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
    }


def test_start_when_it_ran_before_then_the_rows_are_there(directory: Path) -> None:
    with server_in(directory) as server:
        execute(server.url, "CREATE TABLE kept AS SELECT 42 AS value")

    with server_in(directory) as server:
        assert execute(server.url, "SELECT value FROM kept") == [(42,)]


def test_start_when_the_server_was_killed_then_committed_rows_are_there(directory: Path) -> None:
    with server_in(directory) as server:
        execute(server.url, "CREATE TABLE kept AS SELECT 42 AS value")
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)

        server.start()

        assert server.pid not in {None, killed}
        assert execute(server.url, "SELECT value FROM kept") == [(42,)]


def test_start_when_it_runs_already_then_it_is_adopted_and_outlives_who_adopted_it(directory: Path) -> None:
    with server_in(directory) as owner:
        with server_in(directory) as adopter:
            assert adopter.pid is None
            assert adopter.url == owner.url

        assert execute(owner.url, "SELECT 1") == [(1,)]


def test_start_when_processes_race_then_one_starts_the_server(directory: Path) -> None:
    processes = [starter(directory) for _ in range(3)]

    lines = sorted(first_line(process) for process in processes)
    for process in processes:
        process.communicate(timeout=TIMEOUT_SECONDS)

    assert lines[0].isdecimal()
    assert lines[1:] == ["None", "None"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_server_when_its_owner_is_killed_then_it_ends_cleanly(directory: Path) -> None:
    with starter(directory) as owner:
        pid = int(first_line(owner))

        owner.kill()

        wait_until_gone(pid)
    assert "database system is shut down" in (directory / "server.log").read_text()


def test_start_when_the_server_was_not_made_to_the_end_then_it_is_made_anew(directory: Path) -> None:
    with server_in(directory):
        pass
    home = (directory / "postgres").resolve()
    (home / "cluster").rename(home / "draft")
    (home / "draft" / "PG_VERSION").unlink()

    with server_in(directory) as server:
        assert execute(server.url, "SELECT 1") == [(1,)]


def test_start_when_the_environment_names_another_port_then_it_is_reached_all_the_same(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")

    with server_in(directory) as server:
        assert execute(server.url, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("name", ["x" * 120, "a, b%20'c"])
def test_start_when_the_path_is_unfit_for_a_socket_then_it_is_reached_all_the_same(directory: Path, name: str) -> None:
    with server_in(directory / name) as server, server_in(directory / name) as adopter:
        assert adopter.pid is None
        assert execute(server.url, "SELECT 1") == [(1,)]

    run = directory / name / "postgres" / "run"
    assert run.is_symlink()
    run.resolve().rmdir()


def test_start_when_postgres_refuses_then_unavailable_tells_why(directory: Path) -> None:
    server = EmbeddedPostgres(directory, settings=QUICK | {"max_connections": "many"}, start_timeout_seconds=0.2)

    with pytest.raises(Unavailable, match='invalid value for parameter "max_connections"') as caught:
        server.start()

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert server.pid is None


def test_start_when_others_look_then_they_are_kept_out(directory: Path) -> None:
    with server_in(directory):
        assert (directory / "postgres").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not ROOT, reason="only root runs the server as somebody else")
def test_start_when_its_account_may_not_enter_then_the_data_are_kept_elsewhere(
    open_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    private = open_directory / new_id("p")[:10]
    private.mkdir(mode=0o700)
    caplog.set_level(logging.INFO)
    with EmbeddedPostgres(private / "server", settings=QUICK, refuge=open_directory) as server:
        execute(server.url, "CREATE TABLE kept AS SELECT 42 AS value")
    elsewhere = (private / "server" / "postgres").readlink()

    with EmbeddedPostgres(private / "server", settings=QUICK, refuge=open_directory) as server:
        rows = execute(server.url, "SELECT value FROM kept")

    assert rows == [(42,)]
    assert elsewhere.parent == open_directory
    assert [record.message for record in caplog.records].count(
        "data kept elsewhere, the directory is out of reach"
    ) == 1
