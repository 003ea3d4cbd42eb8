"""The supervisor with parts that only pretend: order, restarts, failures."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest

from services.admin.supervisor import Event, Notice, Supervisor
from shared import errors

TIMEOUT_SECONDS = 10.0


@dataclass
class FakePart:
    """Is a part without a process; what it does is written into the journal that it shares with others."""

    name: str
    journal: list[str]
    failures: list[Exception] = field(default_factory=list)
    alive: bool = False
    start_count: int = 0
    hold: threading.Event | None = None

    @property
    def pid(self) -> int | None:
        return 1 if self.alive else None

    def start(self, cancelled: threading.Event) -> Mapping[str, str]:
        self.journal.append(f"start {self.name}")
        if self.hold is not None:
            self.hold.set()
            assert cancelled.wait(TIMEOUT_SECONDS)
            raise errors.Aborted(errors.Reason.INVALID_STATE, "cancelled")
        if self.failures:
            raise self.failures.pop(0)
        self.alive = True
        self.start_count += 1
        return {"grpc": f"{self.name}:{self.start_count}"}

    def stop(self) -> None:
        self.journal.append(f"stop {self.name}")
        self.alive = False


Supervise: TypeAlias = Callable[[Sequence[FakePart]], tuple[Supervisor, "queue.Queue[Notice]"]]


@pytest.fixture
def supervise() -> Iterator[Supervise]:
    made: list[Supervisor] = []

    def make(parts: Sequence[FakePart]) -> tuple[Supervisor, "queue.Queue[Notice]"]:
        notices: queue.Queue[Notice] = queue.Queue()
        made.append(Supervisor(parts, report=notices.put))
        return made[-1], notices

    yield make
    for supervisor in made:
        supervisor.stop()


def next_event(notices: "queue.Queue[Notice]", event: Event) -> Notice:
    while (notice := notices.get(timeout=TIMEOUT_SECONDS)).event is not event:
        pass
    return notice


def unlucky() -> errors.Internal:
    return errors.Internal(errors.Reason.INTERNAL, "no such luck")


def test_supervisor_when_started_and_stopped_then_parts_stop_in_reverse(supervise: Supervise) -> None:
    journal: list[str] = []
    supervisor, _ = supervise([FakePart("a", journal), FakePart("b", journal)])

    supervisor.start()
    supervisor.stop()

    assert journal == ["start a", "start b", "stop b", "stop a"]


def test_supervisor_when_started_then_shows_addresses_and_processes(supervise: Supervise) -> None:
    supervisor, _ = supervise([FakePart("a", []), FakePart("b", [])])

    supervisor.start()

    assert supervisor.addresses == {"a": {"grpc": "a:1"}, "b": {"grpc": "b:1"}}
    assert supervisor.pids == {"a": 1, "b": 1}


def test_supervisor_when_a_part_fails_at_first_then_stops_the_others_and_raises(supervise: Supervise) -> None:
    journal: list[str] = []
    supervisor, _ = supervise([FakePart("a", journal), FakePart("b", journal, [unlucky()]), FakePart("c", journal)])

    with pytest.raises(errors.Internal, match="no such luck"):
        supervisor.start()

    assert journal == ["start a", "start b", "stop b", "stop a"]


def test_supervisor_when_a_part_ends_then_starts_it_again(supervise: Supervise) -> None:
    part = FakePart("a", [])
    supervisor, notices = supervise([part])
    supervisor.start()
    next_event(notices, Event.READY)

    part.alive = False

    assert next_event(notices, Event.ENDED) == Notice("a", Event.ENDED, "a ended; it starts again in 0.2 s")
    assert next_event(notices, Event.READY).part == "a"
    assert supervisor.addresses == {"a": {"grpc": "a:2"}}


def test_supervisor_when_a_part_cannot_start_again_then_tries_again_later(supervise: Supervise) -> None:
    part = FakePart("a", [])
    supervisor, notices = supervise([part])
    supervisor.start()
    next_event(notices, Event.READY)

    part.failures = [unlucky(), OSError("no file")]
    part.alive = False

    assert next_event(notices, Event.FAILED).message == "a no such luck; it starts again in 0.4 s"
    assert next_event(notices, Event.FAILED).message == "a no file; it starts again in 0.8 s"
    assert next_event(notices, Event.READY).part == "a"


def test_supervisor_when_stopped_while_a_part_starts_again_then_ends(supervise: Supervise) -> None:
    part = FakePart("a", [])
    supervisor, notices = supervise([part])
    supervisor.start()
    next_event(notices, Event.READY)
    part.hold = threading.Event()
    part.alive = False
    assert part.hold.wait(TIMEOUT_SECONDS)

    supervisor.stop()

    assert part.journal == ["start a", "start a", "stop a"]


def test_supervisor_when_a_part_has_a_defect_then_stops_all_and_wait_raises_it(supervise: Supervise) -> None:
    journal: list[str] = []
    defective = FakePart("b", journal)
    supervisor, _ = supervise([FakePart("a", journal), defective])
    supervisor.start()

    defective.failures = [ZeroDivisionError()]
    defective.alive = False

    with pytest.raises(ZeroDivisionError):
        supervisor.wait()
    assert journal[-2:] == ["stop b", "stop a"]
