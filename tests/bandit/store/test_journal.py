"""The journal makes rows durable whatever the store does; here the store is a script."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.bandit.domain.events import Durability
from services.bandit.store import journal as module
from services.bandit.store.journal import Journal, RowsRefusedError
from services.bandit.store.spool import Spool
from shared.errors import Reason, ResourceExhausted, Unavailable
from tests.fakes.bandit import store_is_away

PATIENCE = 20.0
NEVER = 3600.0


class ScriptedStore:
    """Is a copy function that does what it is told; `calls` are the blocks that it was given."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.written: list[bytes] = []
        self.away = False
        self.loses_its_answer = False
        self.is_read_only = False
        self.gate = threading.Event()
        self.gate.set()
        self._changed = threading.Condition()

    def __call__(self, block: bytes) -> None:
        with self._changed:
            self.calls.append(block)
            self._changed.notify_all()
        assert self.gate.wait(PATIENCE)
        if self.away:
            raise store_is_away()
        if self.is_read_only:
            raise RuntimeError("cannot execute COPY FROM in a read-only transaction")
        if b"bad" in block:
            raise RowsRefusedError("no such number")
        with self._changed:
            self.written += block.splitlines()
            self._changed.notify_all()
        if self.loses_its_answer:
            self.loses_its_answer = False
            raise store_is_away()

    def wait_until(self, condition: Callable[["ScriptedStore"], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), PATIENCE)


class Bench:
    """Is a journal over a scripted store, and callers that wait for it."""

    def __init__(self, directory: Path, callers: ThreadPoolExecutor, spool: Spool, intervals: float) -> None:
        self.store = ScriptedStore()
        self.refused = directory / "refused"
        self.journal = Journal(
            spool,
            self.store,
            refused=self.refused,
            drain_interval_seconds=intervals,
            retry_interval_seconds=intervals,
        )
        self._callers = callers

    def record(self, block: bytes, *, timeout_seconds: float = PATIENCE) -> Durability:
        return self.journal.record(block, timeout_seconds=timeout_seconds)

    def record_together(self, *blocks: bytes) -> list["Future[Durability]"]:
        """Lets a call wait for each block while the store is busy with another one; returns them, under way."""
        self.store.gate.clear()
        busy = self._callers.submit(self.record, b"first\n")
        self.store.wait_until(lambda store: len(store.calls) == 1)
        waiting = []
        for count, block in enumerate(blocks, start=1):
            waiting.append(self._callers.submit(self.record, block))
            self._wait_for_requests(count)
        self.store.gate.set()
        assert busy.result(PATIENCE) is Durability.COMMITTED
        return waiting

    def _wait_for_requests(self, count: int) -> None:
        with self.journal._arrived:
            assert self.journal._arrived.wait_for(lambda: len(self.journal._requests) == count, PATIENCE)


@contextmanager
def bench(
    directory: Path, *, intervals: float = NEVER, capacity_bytes: int = 1 << 16, spool: Spool | None = None
) -> Iterator[Bench]:
    """Makes a journal; its drainer works in these intervals, by default not before the end."""
    ring = spool or Spool(directory / "spool", capacity_bytes=capacity_bytes)
    with ThreadPoolExecutor(8) as callers:
        made = Bench(directory, callers, ring, intervals)
        try:
            yield made
        finally:
            made.store.gate.set()
            made.journal.close()


def test_record_when_the_store_is_there_then_committed_once(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        assert made.record(b"a\nb\n") is Durability.COMMITTED

    assert made.store.calls == [b"a\nb\n"]


def test_record_when_many_wait_then_they_share_one_transaction_in_order(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        waiting = made.record_together(b"a\n", b"b\n", b"c\n", b"d\n")

        assert {one.result(PATIENCE) for one in waiting} == {Durability.COMMITTED}
    assert made.store.calls == [b"first\n", b"a\nb\nc\nd\n"]


def test_record_when_what_waits_is_large_then_a_transaction_is_closed_at_its_bound(tmp_path: Path) -> None:
    large = b"x" * (module.MAX_GROUP_BYTES // 2) + b"\n"
    with bench(tmp_path) as made:
        waiting = made.record_together(large, large, large, b"small\n")

        assert {one.result(PATIENCE) for one in waiting} == {Durability.COMMITTED}
    assert [len(call) for call in made.store.calls] == [6, 2 * len(large), len(large) + 6]


def test_record_when_the_store_is_away_then_spooled_and_written_when_it_is_back(tmp_path: Path) -> None:
    with bench(tmp_path, intervals=0.01) as made:
        made.store.away = True
        durabilities = [made.record(block) for block in (b"a\n", b"b\n")]
        waiting_bytes = made.journal.spooled_bytes
        made.store.away = False
        made.store.wait_until(lambda store: store.written == [b"a", b"b"])

    assert durabilities == [Durability.SPOOLED] * 2
    assert waiting_bytes > 0


def test_record_when_the_store_is_known_to_be_away_then_nobody_waits_for_it_again(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.store.away = True
        for block in (b"a\n", b"b\n", b"c\n"):
            made.record(block)

        assert made.store.calls == [b"a\n"]
        made.store.away = False


def test_record_when_the_spool_was_drained_then_committed_again(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.store.away = True
        made.record(b"a\n")
        made.store.away = False
        made.journal._drain()

        assert made.journal.spooled_bytes == 0
        assert made.record(b"b\n") is Durability.COMMITTED
    assert made.store.written == [b"a", b"b"]


def test_record_when_the_spool_is_full_too_then_refused_with_a_hint_and_nothing_is_kept(tmp_path: Path) -> None:
    with bench(tmp_path, capacity_bytes=4096) as made:
        made.store.away = True
        made.record(b"a" * 3000 + b"\n")
        used = made.journal.spooled_bytes
        with pytest.raises(ResourceExhausted) as caught:
            made.record(b"b" * 3000 + b"\n")

        assert caught.value.reason is Reason.SPOOL_FULL
        assert caught.value.retry_after_seconds == NEVER
        assert made.journal.spooled_bytes == used
        assert made.record(b"small\n") is Durability.SPOOLED
        made.store.away = False
    assert [line[:1] for line in made.store.written] == [b"a", b"s"]


def test_record_when_nothing_fitted_the_spool_then_the_store_is_tried_again_once_it_is_back(tmp_path: Path) -> None:
    large = b"x" * 5000 + b"\n"
    with bench(tmp_path, capacity_bytes=4096) as made:
        made.store.away = True
        with pytest.raises(ResourceExhausted):
            made.record(large)
        made.store.away = False
        made.journal._drain()

        assert made.record(large) is Durability.COMMITTED


def test_record_when_the_end_of_the_transaction_was_not_seen_then_spooled_and_written_again(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.store.loses_its_answer = True

        assert made.record(b"a\n") is Durability.SPOOLED
    assert made.store.written == [b"a", b"a"]


def test_record_when_one_block_of_a_group_is_bad_then_the_others_are_committed(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        good, bad, also_good = made.record_together(b"good\n", b"bad\n", b"also good\n")

        assert [one.result(PATIENCE) for one in (good, also_good)] == [Durability.COMMITTED] * 2
        with pytest.raises(RowsRefusedError, match="no such number"):
            bad.result(PATIENCE)
    assert made.store.written == [b"first", b"good", b"also good"]
    assert not made.refused.exists()


def test_record_when_it_takes_too_long_then_timeout_and_it_may_still_take_effect(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.store.gate.clear()
        with pytest.raises(TimeoutError):
            made.record(b"a\n", timeout_seconds=0.01)
        made.store.gate.set()
        made.store.wait_until(lambda store: store.written == [b"a"])


def test_record_when_the_store_fails_in_a_way_that_may_pass_then_spooled_and_nothing_is_put_aside(
    tmp_path: Path,
) -> None:
    with bench(tmp_path) as made:
        made.store.is_read_only = True
        assert made.record(b"a\n") is Durability.SPOOLED
        made.journal._drain()
        assert made.journal.spooled_bytes > 0
        made.store.is_read_only = False

    assert made.store.written == [b"a"]
    assert not made.refused.exists()


class FailingSpool(Spool):
    """Is a spool on a disk that does not take what it is given."""

    fails = True

    def sync(self) -> None:
        if self.fails:
            raise OSError(5, "Input/output error")
        super().sync()


def test_record_when_the_disk_fails_then_the_caller_hears_it_and_the_next_ones_are_served(tmp_path: Path) -> None:
    spool = FailingSpool(tmp_path / "spool", capacity_bytes=1 << 16)
    with bench(tmp_path, spool=spool) as made:
        made.store.away = True
        with pytest.raises(OSError, match="Input/output error"):
            made.record(b"a\n")
        spool.fails = False

        assert made.record(b"b\n") is Durability.SPOOLED
        made.store.away = False
    assert made.store.written[-1:] == [b"b"]


def test_append_when_there_is_room_then_it_reaches_the_store_by_itself(tmp_path: Path) -> None:
    with bench(tmp_path, intervals=0.01) as made:
        assert made.journal.append(b"a\n")
        made.store.wait_until(lambda store: store.written == [b"a"])


def test_append_when_there_is_no_room_then_false(tmp_path: Path) -> None:
    with bench(tmp_path, capacity_bytes=4096) as made:
        assert made.journal.append(b"a" * 4000)
        assert not made.journal.append(b"b" * 4000)
    assert made.store.calls == [b"a" * 4000]


def test_append_when_many_then_they_are_drained_in_few_transactions(tmp_path: Path) -> None:
    with bench(tmp_path, capacity_bytes=1 << 20) as made:
        for number in range(3000):
            assert made.journal.append(b"%099d\n" % number)
    assert made.store.written == [b"%099d" % number for number in range(3000)]
    assert [len(call) for call in made.store.calls] == [262_200, 37_800]


def test_drain_when_the_store_refuses_rows_for_good_then_they_are_put_aside_and_the_others_written(
    tmp_path: Path,
) -> None:
    with bench(tmp_path) as made:
        for block in (b"a\n", b"bad 1\n", b"b\n", b"bad 2\n"):
            made.journal.append(block)
        made.journal._drain()

        assert made.store.written == [b"a", b"b"]
        assert made.refused.read_bytes() == b"bad 1\nbad 2\n"
        assert made.journal.spooled_bytes == 0


def test_drain_when_the_refused_rows_can_not_be_put_aside_then_they_stay_for_the_next_time(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.refused.mkdir()
        made.journal.append(b"bad\n")
        made.journal._drain()
        kept = made.journal.spooled_bytes
        made.refused.rmdir()
        made.journal._drain()

        assert kept > 0
        assert made.refused.read_bytes() == b"bad\n"


def test_drain_when_the_store_goes_away_in_the_middle_then_the_rest_stays(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.journal.append(b"a\n")
        made.store.away = True
        made.journal._drain()

        assert made.journal.spooled_bytes > 0
        assert made.record(b"b\n") is Durability.SPOOLED
        made.store.away = False
    assert made.store.written == [b"a", b"b"]


def test_close_when_rows_are_spooled_then_the_store_has_them(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.journal.append(b"a\n")

    assert made.store.written == [b"a"]


def test_close_when_the_store_is_away_then_the_next_process_finds_the_rows(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.store.away = True
        made.record(b"a\n")
    with bench(tmp_path) as after:
        after.journal.append(b"b\n")

    assert after.store.written == [b"a", b"b"]


def test_close_when_callers_wait_then_they_get_their_answer(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.store.gate.clear()
        with ThreadPoolExecutor(2) as others:
            waiting = others.submit(made.record, b"a\n")
            made.store.wait_until(lambda store: len(store.calls) == 1)
            closing = others.submit(made.journal.close)
            with made.journal._arrived:
                assert made.journal._arrived.wait_for(made.journal._closing.is_set, PATIENCE)
            with pytest.raises(Unavailable) as caught:
                made.record(b"late\n")
            made.store.gate.set()

            assert waiting.result(PATIENCE) is Durability.COMMITTED
            closing.result(PATIENCE)
            made.journal.close = lambda: None  # type: ignore[method-assign]
    assert caught.value.reason is Reason.DRAINING
    assert made.store.written == [b"a"]
