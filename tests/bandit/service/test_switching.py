"""Switches take effect at once here, wait on the disk while the store is away, and go on record exactly once."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.bandit.domain.switches import LearningSwitch, LocalRecord, RecordedSwitch, SwitchKind, WaitingSwitch
from services.bandit.service.local_switches import LocalSwitches
from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.switching import SwitchService
from shared.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
    PlatformError,
    Reason,
    ResourceExhausted,
    Unavailable,
)
from shared.ids import new_id
from tests.bandit.examples import NOW, experiment, published
from tests.fakes.bandit import HandClock, InMemoryPolicyStore, InMemorySwitchFile, InMemorySwitchStore, store_is_away

FREEZE, UNFREEZE, SERVE_CONTROL, SERVE_ARMS = SwitchKind
CHECKOUT, SEARCH = published(experiment()), published(experiment(experiment_id="search"))


class Replica:
    """Is a replica's switches with its disk; the store may be shared."""

    def __init__(
        self, store: InMemorySwitchStore | None = None, file: InMemorySwitchFile | None = None, *, max_waiting: int = 9
    ) -> None:
        self.store, self.file = store or InMemorySwitchStore(), file or InMemorySwitchFile()
        self.clock = HandClock(NOW)
        self.announced = 0
        self.on_announcement: Callable[[], object] = lambda: None
        self.book = PolicyBook(InMemoryPolicyStore(), monotonic=self.clock.monotonic, stale_after_seconds=5)
        self.book.replace([CHECKOUT, SEARCH])
        self.local = LocalSwitches(self.book, self.file, max_waiting=max_waiting)
        self.service = SwitchService(
            self.book,
            self.local,
            self.store,
            now=self.clock,
            new_request_id=lambda: new_id("switch"),
            announce=self._announce,
        )
        self.local.restore()

    def switch(self, kind: SwitchKind, experiment_id: str = "checkout", **changes: Any) -> RecordedSwitch:
        asked = {"reason": "odd data", "actor": "ann", "request_id": ""} | changes
        return self.service.switch(kind, experiment_id, **asked)

    def serves_control(self, experiment_id: str = "checkout") -> bool:
        return self.book.policy(experiment_id).snapshot.control_served

    def _announce(self) -> None:
        self.announced += 1
        self.on_announcement()


def entry(kind: SwitchKind, **changes: Any) -> LearningSwitch:
    return LearningSwitch("checkout", kind, "odd data", "ann", NOW)._replace(**changes)


def refusal(call: Callable[[], object], kind: type[PlatformError]) -> Reason:
    with pytest.raises(kind) as caught:
        call()
    return caught.value.reason


@pytest.mark.parametrize("kind", SwitchKind)
def test_switch_when_the_store_is_there_then_it_is_on_record(kind: SwitchKind) -> None:
    replica = Replica()

    assert replica.switch(kind) == (entry(kind), True)

    assert replica.store.entries == [entry(kind)]
    assert replica.file.record.waiting == ()
    assert replica.serves_control() == (kind is SERVE_CONTROL)


@pytest.mark.parametrize("kind", SwitchKind)
def test_switch_when_repeated_then_the_entry_it_made(kind: SwitchKind) -> None:
    replica = Replica()
    first = replica.switch(kind, request_id="r")
    replica.clock.advance(timedelta(hours=1))

    assert replica.switch(kind, request_id="r") == first
    assert len(replica.store.entries) == 1


@pytest.mark.parametrize("kind", SwitchKind)
def test_switch_when_the_request_id_made_another_entry_then_it_is_refused_and_nothing_changes(kind: SwitchKind) -> None:
    replica = Replica()
    replica.switch(FREEZE, "search", request_id="r")

    assert refusal(lambda: replica.switch(kind, request_id="r"), AlreadyExists) is Reason.REQUEST_ID_REUSED

    assert replica.store.entries == [entry(FREEZE, experiment_id="search")]
    assert replica.file.record == LocalRecord()
    assert not replica.serves_control()
    assert not replica.service.refresh()
    assert len(replica.store.entries) == 1


@pytest.mark.parametrize("kind", SwitchKind)
def test_switch_when_nobody_knows_the_experiment_then_not_found(kind: SwitchKind) -> None:
    replica = Replica()

    assert refusal(lambda: replica.switch(kind, "nothing"), NotFound) is Reason.EXPERIMENT_NOT_FOUND
    assert replica.store.entries == []


@pytest.mark.parametrize("field", ["reason", "request_id"])
def test_switch_when_a_text_has_a_nul_then_it_is_refused(field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Replica().switch(FREEZE, **{field: "a\0b"})

    assert (caught.value.reason, [one.field for one in caught.value.violations]) == (Reason.INVALID_FIELD, [field])


@pytest.mark.parametrize("kind", [FREEZE, SERVE_CONTROL])
def test_reducing_harm_when_the_store_is_away_then_it_holds_here_and_is_stored_once_later(kind: SwitchKind) -> None:
    replica = Replica()
    replica.store.away = True

    assert replica.switch(kind, request_id="r") == (entry(kind), False)
    assert replica.switch(kind, request_id="r") == (entry(kind), False)
    assert replica.serves_control() == (kind is SERVE_CONTROL)
    with pytest.raises(Unavailable):
        replica.service.refresh()
    replica.store.away = False
    replica.clock.advance(timedelta(hours=1))
    for _ in range(2):
        replica.service.refresh()

    assert replica.store.entries == [entry(kind)]
    assert replica.file.record.waiting == ()
    assert replica.serves_control() == (kind is SERVE_CONTROL)
    assert replica.switch(kind, request_id="r") == (entry(kind), True)


@pytest.mark.parametrize("kind", [UNFREEZE, SERVE_ARMS])
def test_undoing_when_the_store_is_away_then_it_is_refused_and_everything_stays(kind: SwitchKind) -> None:
    replica = Replica()
    replica.switch(SERVE_CONTROL)
    replica.store.away = True

    assert refusal(lambda: replica.switch(kind), Unavailable) is Reason.STORE_UNAVAILABLE

    assert replica.serves_control()
    assert len(replica.store.entries) == 1


def test_undoing_when_switches_wait_here_then_they_go_on_record_before() -> None:
    replica = Replica()
    replica.store.away = True
    replica.switch(SERVE_CONTROL)
    replica.switch(FREEZE)
    replica.store.away = False

    replica.switch(SERVE_ARMS)

    assert [one.kind for one in replica.store.entries] == [SERVE_CONTROL, FREEZE, SERVE_ARMS]
    assert not replica.serves_control()


def test_reducing_harm_when_the_answer_of_the_store_is_lost_then_it_is_stored_once() -> None:
    replica = Replica()
    replica.store.lost_answers = 1

    assert not replica.switch(SERVE_CONTROL).stored
    replica.store.lost_answers = 1
    with pytest.raises(Unavailable):
        replica.switch(UNFREEZE)
    assert replica.serves_control()
    replica.service.refresh()

    assert [one.kind for one in replica.store.entries] == [SERVE_CONTROL, UNFREEZE]
    assert replica.file.record == LocalRecord((), (entry(SERVE_CONTROL),))


def test_restart_when_the_store_is_away_then_what_waits_and_what_the_store_said_hold() -> None:
    before = Replica()
    before.switch(SERVE_CONTROL, "search")
    before.store.away = True
    before.switch(SERVE_CONTROL)

    after = Replica(before.store, before.file)

    assert after.serves_control()
    assert after.serves_control("search")
    before.store.away = False
    after.service.refresh()
    assert [one.experiment_id for one in before.store.entries] == ["search", "checkout"]


def test_other_replica_when_it_refreshes_then_it_follows() -> None:
    here = Replica()
    there = Replica(here.store)
    here.switch(SERVE_CONTROL, actor="ada")

    assert there.service.refresh()
    assert not there.service.refresh()
    assert there.serves_control()
    assert there.service.control_switch("checkout") == (entry(SERVE_CONTROL, actor="ada"), True)
    here.switch(SERVE_ARMS)
    assert there.service.refresh()
    assert not there.serves_control()
    assert there.service.control_switch("checkout") is None


def test_control_when_another_machine_was_cut_off_then_its_switch_counts_when_it_arrives() -> None:
    here, there = Replica(), Replica()
    there.store.away = True
    there.switch(SERVE_CONTROL, reason="told there")
    here.switch(SERVE_ARMS)
    late = Replica(here.store, there.file)

    late.service.refresh()
    here.service.refresh()

    assert here.serves_control()
    assert [one.reason for one in here.store.entries] == ["odd data", "told there"]


def test_control_switch_when_it_waits_then_it_is_said_to() -> None:
    replica = Replica()
    assert replica.service.control_switch("checkout") is None
    replica.store.away = True
    replica.switch(FREEZE)
    replica.switch(SERVE_CONTROL)

    assert replica.service.control_switch("checkout") == (entry(SERVE_CONTROL), False)
    assert replica.service.control_switch("search") is None


def test_streams_when_what_is_served_changes_then_they_are_told_and_only_then() -> None:
    replica = Replica()
    counts = []
    for kind in (FREEZE, SERVE_CONTROL, SERVE_CONTROL, UNFREEZE, SERVE_ARMS):
        replica.switch(kind)
        counts.append(replica.announced)

    assert counts == [0, 1, 1, 1, 2]


def test_waiting_when_the_request_id_turns_out_to_be_used_then_it_goes_on_record_all_the_same_and_once() -> None:
    replica = Replica()
    replica.store.away = True
    replica.switch(SERVE_CONTROL, request_id="r")
    replica.store.away = False
    replica.store.add(entry(FREEZE, experiment_id="search"), request_id="r")
    replica.store.lost_answers = 1

    with pytest.raises(Unavailable):
        replica.service.refresh()
    replica.service.refresh()

    assert replica.store.entries == [entry(FREEZE, experiment_id="search"), entry(SERVE_CONTROL)]
    assert replica.serves_control()


def test_waiting_when_the_request_id_is_used_for_something_else_here_then_that_is_refused() -> None:
    replica = Replica()
    replica.store.away = True
    replica.switch(SERVE_CONTROL, request_id="r")

    refused = refusal(lambda: replica.switch(SERVE_CONTROL, "search", request_id="r"), AlreadyExists)

    assert refused is Reason.REQUEST_ID_REUSED
    assert (replica.serves_control(), replica.serves_control("search")) == (True, False)
    assert len(replica.file.record.waiting) == 1


class ChokingStore(InMemorySwitchStore):
    """Fails for one experiment, as a store does that has a defect."""

    def add(self, entry: LearningSwitch, *, request_id: str) -> LearningSwitch:
        if entry.experiment_id == "search" and not self.away:
            raise RuntimeError("a defect")
        return super().add(entry, request_id=request_id)


def test_waiting_when_one_cannot_be_stored_then_it_holds_and_the_others_are(caplog: pytest.LogCaptureFixture) -> None:
    replica = Replica(ChokingStore())
    replica.store.away = True
    replica.switch(SERVE_CONTROL, "search", request_id="a")
    replica.switch(SERVE_CONTROL, request_id="b")
    replica.store.away = False

    replica.service.refresh()

    assert [one.experiment_id for one in replica.store.entries] == ["checkout"]
    assert replica.serves_control("search")
    assert [one.request_id for one in replica.file.record.waiting] == ["a"]
    assert "a switch cannot be stored, it stays in effect here" in caplog.messages


def test_waiting_when_there_are_too_many_then_no_more_are_taken() -> None:
    replica = Replica(max_waiting=2)
    replica.store.away = True
    for number in range(2):
        replica.switch(FREEZE, request_id=f"r{number}")

    assert refusal(lambda: replica.switch(SERVE_CONTROL), ResourceExhausted) is Reason.SPOOL_FULL
    assert not replica.serves_control()


def test_disk_when_it_is_full_then_nothing_is_promised_and_what_others_switch_is_followed() -> None:
    replica = Replica()
    replica.file.full = True

    assert refusal(lambda: replica.switch(SERVE_CONTROL), ResourceExhausted) is Reason.SPOOL_FULL
    assert not replica.serves_control()
    replica.store.add(entry(SERVE_CONTROL), request_id="")
    assert replica.service.refresh()
    assert replica.serves_control()


def test_disk_when_nothing_changes_then_it_is_left_alone() -> None:
    replica = Replica()
    replica.switch(SERVE_CONTROL)
    written = replica.file.write_count

    for _ in range(3):
        replica.service.refresh()

    assert replica.file.write_count == written


class HangingStore(InMemorySwitchStore):
    """Keeps whoever adds waiting until it is let go, as a store whose network is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = threading.Event(), threading.Event()

    def add(self, entry: LearningSwitch, *, request_id: str) -> LearningSwitch:
        self.asked.set()
        assert self.let_go.wait(20)
        raise store_is_away()


def test_reducing_harm_when_the_store_hangs_then_it_holds_before_the_store_answers() -> None:
    store = HangingStore()
    replica = Replica(store)
    answers: list[RecordedSwitch] = []
    call = threading.Thread(target=lambda: answers.append(replica.switch(SERVE_CONTROL)))
    call.start()
    assert store.asked.wait(20)

    held, waiting = replica.serves_control(), replica.file.record.waiting
    store.let_go.set()
    call.join()

    assert held
    assert [one.switch for one in waiting] == [entry(SERVE_CONTROL)]
    assert answers == [(entry(SERVE_CONTROL), False)]


def test_refresh_when_a_call_is_under_way_then_it_leaves_its_switch_to_it() -> None:
    replica = Replica()
    replica.store.add(entry(FREEZE, experiment_id="search"), request_id="r")
    waiting: list[tuple[WaitingSwitch, ...]] = []

    def refresh_meanwhile() -> None:
        replica.on_announcement = lambda: None
        replica.service.refresh()
        waiting.append(replica.local.waiting())

    replica.on_announcement = refresh_meanwhile

    assert refusal(lambda: replica.switch(SERVE_CONTROL, request_id="r"), AlreadyExists) is Reason.REQUEST_ID_REUSED
    assert waiting == [(WaitingSwitch(entry(SERVE_CONTROL), "r"),)]
    assert (len(replica.store.entries), replica.serves_control(), replica.announced) == (1, False, 2)
