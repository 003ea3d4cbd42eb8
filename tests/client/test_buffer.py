"""The buffer is bounded, keeps its order and its numbers, and loses nothing."""

import threading

import pytest

from experimentation_client import ClosedError, RowCounts
from experimentation_client.buffer import Buffer


def buffer(capacity: int = 10, batch_rows: int = 3) -> Buffer[str]:
    return Buffer(capacity, batch_rows=batch_rows, nudge=lambda: None)


def filled(*rows: str, capacity: int = 10) -> Buffer[str]:
    made = buffer(capacity)
    for row in rows:
        assert made.add(row)
    return made


def taken(source: Buffer[str], now: float = 0.0) -> list[tuple[int, str]]:
    return [(pending.number, pending.row) for pending in source.take(now)]


def test_add_when_full_then_refuses_and_counts_what_is_on_its_way() -> None:
    rows = filled(*"abcd", capacity=4)
    rows.take(0)

    assert not rows.add("e")
    rows.settle(rejected=0)

    assert rows.add("e")
    assert rows.counts() == RowCounts(waiting=2, delivered=3, rejected=0, refused=1)


def test_take_when_a_batch_is_in_hand_then_is_that_batch_again() -> None:
    rows = filled(*"abcd")

    assert taken(rows) == [(1, "a"), (2, "b"), (3, "c")] == taken(rows)
    rows.settle(rejected=1)
    assert taken(rows) == [(4, "d")]
    assert rows.counts() == RowCounts(waiting=1, delivered=2, rejected=1, refused=0)


def test_settle_when_rows_are_kept_then_they_stay_in_hand() -> None:
    rows = filled(*"abc")
    batch = rows.take(0)

    rows.settle(rejected=2, kept=batch[2:])

    assert taken(rows) == [(3, "c")]


def test_defer_when_the_time_has_not_come_then_newer_rows_go_first() -> None:
    rows = filled(*"abcd")
    batch = rows.take(0)
    rows.defer(batch[:1], until=5.0)
    rows.settle(rejected=0)

    assert taken(rows, now=4.9) == [(4, "d")]
    assert rows.wait_seconds(now=4.9, most=1.0) == pytest.approx(0.1)
    assert rows.wait_seconds(now=0.0, most=1.0) == 1.0
    rows.settle(rejected=0)
    assert taken(rows, now=4.9) == []
    assert [(one.number, one.row, one.deferrals) for one in rows.take(5.0)] == [(1, "a", 1)]


def test_is_settled_when_an_early_row_waits_then_is_false_whatever_came_later() -> None:
    rows = filled(*"abcd")
    target = rows.last_number()
    rows.defer(rows.take(0)[:1], until=5.0)
    rows.settle(rejected=0)
    rows.take(0)
    rows.settle(rejected=0)
    assert rows.add("later")

    assert not rows.is_settled(target)
    rows.take(5.0)
    assert not rows.is_settled(target)
    rows.settle(rejected=1)
    assert rows.is_settled(target)
    assert not rows.is_settled(rows.last_number())


def test_is_settled_when_nothing_was_added_then_is_true() -> None:
    assert buffer().is_settled(0)


def test_nudge_when_a_batch_fills_up_then_is_called_once() -> None:
    nudges: list[int] = []
    rows: Buffer[str] = Buffer(10, batch_rows=2, nudge=lambda: nudges.append(1))

    for row in "abcd":
        rows.add(row)

    assert len(nudges) == 1


def test_add_when_closed_then_is_an_error_full_or_not() -> None:
    rows = filled(*"abcd", capacity=4)
    rows.close("because")

    with pytest.raises(ClosedError, match="because"):
        rows.add("e")
    rows.take(0)
    rows.settle(rejected=0)
    with pytest.raises(ClosedError, match="because"):
        rows.add("e")


def test_add_when_threads_compete_with_the_taker_then_every_row_is_taken_once() -> None:
    rows, each = buffer(capacity=100_000, batch_rows=50), 5_000
    threads = [
        threading.Thread(target=lambda name=name: [rows.add(f"{name} {number}") for number in range(each)])
        for name in "abc"
    ]
    seen: list[tuple[int, str]] = []

    for thread in threads:
        thread.start()
    while len(seen) < 3 * each:
        seen += taken(rows)
        rows.settle(rejected=0)
    for thread in threads:
        thread.join()

    assert [number for number, _ in seen] == list(range(1, 3 * each + 1))
    assert {row for _, row in seen} == {f"{name} {number}" for name in "abc" for number in range(each)}
    assert rows.counts() == RowCounts(0, 3 * each, 0, 0)
