"""A child process: ready line, log, failure, stop, leash."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from services.admin.child import Child
from shared import errors

SPEAKER = """
import os, signal, sys
from shared import process
def ready(): return {"grpc": os.environ.get("ADDRESS", "first")}
match os.environ["ROLE"]:
    case "good":
        print("a word")
        sys.stderr.write("a line\\n")
        process.run_until_signalled("speaker", ready, lambda: None)
    case "broken":
        sys.exit("no such luck")
    case "silent":
        sys.stderr.write("thinking")
        signal.pause()
    case "stubborn":
        process.SIGNALS = ()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        process.run_until_signalled("speaker", ready, lambda: None)
    case "secret":
        secret = os.environ.get("KEY", "no KEY") + ", " + os.environ.get("KEY_FILE", "no KEY_FILE")
        process.run_until_signalled("speaker", lambda: {"secret": secret}, lambda: None)
"""

NEVER = threading.Event()

MakeChild: TypeAlias = Callable[..., Child]


@pytest.fixture
def make_child(tmp_path: Path) -> Iterator[MakeChild]:
    (tmp_path / "speaker.py").write_text(SPEAKER)
    made: list[Child] = []

    def make(role: str, *, more: Mapping[str, str] | None = None, **options: Any) -> Child:
        def environment(known: Mapping[str, str]) -> Mapping[str, str]:
            address = {"ADDRESS": f"again {known['grpc']}"} if "grpc" in known else {}
            return {"PYTHONPATH": ":".join([str(tmp_path), *sys.path]), "ROLE": role, **address, **(more or {})}

        made.append(Child("fake", "speaker", environment=environment, log_file=tmp_path / "fake.log", **options))
        return made[-1]

    yield make
    for child in made:
        child.stop()


def test_child_when_ready_then_start_returns_its_addresses(make_child: MakeChild) -> None:
    child = make_child("good")

    assert child.start(NEVER) == {"grpc": "first"}
    assert child.alive


def test_child_when_ready_then_its_log_has_all_but_the_ready_line(make_child: MakeChild, tmp_path: Path) -> None:
    make_child("good").start(NEVER)

    assert sorted((tmp_path / "fake.log").read_text().splitlines()) == ["a line", "a word"]


def test_child_when_started_again_then_environment_is_given_the_addresses_it_had(make_child: MakeChild) -> None:
    child = make_child("good")
    child.start(NEVER)
    child.stop()

    assert child.start(NEVER) == {"grpc": "again first"}


def test_child_when_it_ends_instead_then_error_holds_the_end_of_its_log(make_child: MakeChild) -> None:
    child = make_child("broken")

    with pytest.raises(errors.Internal, match="no such luck") as caught:
        child.start(NEVER)

    assert caught.value.reason is errors.Reason.INTERNAL
    assert not child.alive


def test_child_when_it_says_nothing_then_start_gives_up_and_leaves_no_process(make_child: MakeChild) -> None:
    child = make_child("silent", ready_seconds=1.0)

    with pytest.raises(errors.DeadlineExceeded, match=r"not ready after 1 s") as caught:
        child.start(NEVER)

    assert caught.value.reason is errors.Reason.DEADLINE_EXCEEDED
    assert child.pid is None


def test_child_when_cancelled_then_start_ends_at_once(make_child: MakeChild) -> None:
    cancelled = threading.Event()
    cancelled.set()

    with pytest.raises(errors.Aborted, match="stopped while it started") as caught:
        make_child("silent").start(cancelled)

    assert caught.value.reason is errors.Reason.INVALID_STATE


def test_child_when_stopped_then_its_process_is_gone(make_child: MakeChild, await_end: Callable[[int], None]) -> None:
    child = make_child("good")
    child.start(NEVER)
    pid = child.pid
    assert pid is not None

    child.stop()

    await_end(pid)
    assert not child.alive


def test_child_when_it_does_not_stop_then_it_is_killed(make_child: MakeChild, await_end: Callable[[int], None]) -> None:
    child = make_child("stubborn", stop_seconds=0.2)
    child.start(NEVER)
    pid = child.pid
    assert pid is not None

    child.stop()

    await_end(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the leash")
def test_child_when_the_thread_that_started_it_ends_then_it_ends(
    make_child: MakeChild, await_end: Callable[[int], None]
) -> None:
    child = make_child("good")
    pids: list[int | None] = []

    def start() -> None:
        child.start(NEVER)
        pids.append(child.pid)

    starter = threading.Thread(target=start)
    starter.start()
    starter.join()

    assert pids[0] is not None
    await_end(pids[0])


@pytest.mark.parametrize(
    ("inherited", "given", "seen"),
    [
        ("KEY", {"KEY_FILE": "given"}, "no KEY, given"),
        ("KEY_FILE", {"KEY": "given"}, "given, no KEY_FILE"),
        ("KEY", {}, "inherited, no KEY_FILE"),
    ],
)
def test_child_when_a_secret_is_given_then_it_takes_the_place_of_the_inherited_one(
    make_child: MakeChild,
    monkeypatch: pytest.MonkeyPatch,
    inherited: str,
    given: Mapping[str, str],
    seen: str,
) -> None:
    monkeypatch.setenv(inherited, "inherited")

    assert make_child("secret", more=given).start(NEVER) == {"secret": seen}
