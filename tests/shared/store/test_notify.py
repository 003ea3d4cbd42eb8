"""Tests the news between processes against a real Postgres."""

import queue
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from shared.store.engine import transaction
from shared.store.notify import Listener, notify

TIMEOUT_SECONDS = 30
NEVER_SECONDS = 3600


@pytest.fixture
def listener(database_url: str) -> Iterator[Listener]:
    """A listener that is connected and has told so."""
    listener = Listener(database_url, ["first", "Second-2"], poll_interval_seconds=NEVER_SECONDS)
    assert listener.wait(TIMEOUT_SECONDS) == {"first", "Second-2"}
    yield listener
    listener.close()


def send(engine: Engine, channel: str) -> None:
    with transaction(engine) as connection:
        notify(connection, channel, "payload")


def assert_connected(listener: Listener, *, expected: bool) -> None:
    assert listener.connected is expected


def end_sessions(engine: Engine, *, application_name: str) -> None:
    # Of this test's database alone: others of the same server have listeners of their own.
    statement = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = :name AND datname = current_database()"
    )
    with transaction(engine) as connection:
        ended = connection.execute(text(statement), {"name": application_name}).scalars().all()
    assert ended == [True]


@pytest.mark.parametrize("channel", ["first", "Second-2"])
def test_wait_when_a_transaction_with_news_commits_then_it_returns_the_channel(
    listener: Listener, engine: Engine, channel: str
) -> None:
    send(engine, channel)

    assert listener.wait(TIMEOUT_SECONDS) == {channel}


def test_wait_when_the_transaction_rolls_back_then_there_is_no_news(listener: Listener, engine: Engine) -> None:
    with transaction(engine) as connection:
        notify(connection, "first", "payload")
        connection.rollback()
    send(engine, "Second-2")

    assert listener.wait(TIMEOUT_SECONDS) == {"Second-2"}


def test_wait_when_news_came_before_then_it_returns_them_at_once(listener: Listener, engine: Engine) -> None:
    for channel in ("first", "first", "Second-2"):
        send(engine, channel)

    heard = listener.wait(TIMEOUT_SECONDS)
    while heard != {"first", "Second-2"}:
        heard |= listener.wait(TIMEOUT_SECONDS)

    assert listener.wait(0) == frozenset()


def test_wait_when_the_news_are_of_another_channel_then_there_are_none(listener: Listener, engine: Engine) -> None:
    send(engine, "third")

    assert listener.wait(0.05) == frozenset()


def test_wait_when_the_session_is_ended_then_it_tells_and_comes_back_with_all_channels(
    listener: Listener, engine: Engine
) -> None:
    end_sessions(engine, application_name="listener")

    assert listener.wait(TIMEOUT_SECONDS) == frozenset()
    assert_connected(listener, expected=False)
    assert listener.wait(TIMEOUT_SECONDS) == {"first", "Second-2"}
    assert_connected(listener, expected=True)
    send(engine, "first")
    assert listener.wait(TIMEOUT_SECONDS) == {"first"}


def test_wait_when_nobody_answers_then_it_waits_as_long_as_told_and_is_not_connected() -> None:
    listener = Listener("postgresql://127.0.0.1:1/d", ["first"], poll_interval_seconds=0.3)

    assert listener.wait() == frozenset()

    assert not listener.connected
    listener.close()


def listen(listener: Listener, heard: queue.Queue[frozenset[str]]) -> None:
    for channels in listener:
        heard.put(channels)


def assert_closes(listener: Listener, waiting: threading.Thread) -> None:
    closing = threading.Thread(target=listener.close, daemon=True)
    closing.start()
    for thread in (closing, waiting):
        thread.join(TIMEOUT_SECONDS)
        assert not thread.is_alive()


def listening_thread(listener: Listener, heard: queue.Queue[frozenset[str]]) -> threading.Thread:
    thread = threading.Thread(target=listen, args=(listener, heard), daemon=True)
    thread.start()
    return thread


def test_close_when_a_thread_waits_then_it_returns_at_once(database_url: str) -> None:
    listener = Listener(database_url, ["first"], poll_interval_seconds=NEVER_SECONDS)
    heard: queue.Queue[frozenset[str]] = queue.Queue()
    thread = listening_thread(listener, heard)
    assert heard.get(timeout=TIMEOUT_SECONDS) == {"first"}

    assert_closes(listener, thread)
    assert listener.closed
    assert not listener.connected


def test_close_when_a_thread_waits_and_nobody_answers_then_it_returns_at_once() -> None:
    listener = Listener("postgresql://127.0.0.1:1/d", ["first"], poll_interval_seconds=NEVER_SECONDS)
    heard: queue.Queue[frozenset[str]] = queue.Queue()
    thread = listening_thread(listener, heard)

    assert_closes(listener, thread)
    assert not listener.connected


def test_wait_when_it_is_closed_then_it_returns_at_once(listener: Listener) -> None:
    listener.close()
    listener.close()

    assert listener.wait(NEVER_SECONDS) == frozenset()
    assert list(listener) == []


def test_iteration_when_news_come_then_it_yields_them_until_it_is_closed(listener: Listener, engine: Engine) -> None:
    heard: queue.Queue[frozenset[str]] = queue.Queue()
    thread = listening_thread(listener, heard)

    send(engine, "first")
    assert heard.get(timeout=TIMEOUT_SECONDS) == {"first"}
    assert_closes(listener, thread)
