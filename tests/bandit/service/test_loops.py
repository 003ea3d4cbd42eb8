"""The loops go on whatever fails, until they are told to stop. The script acts while a loop waits for news."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from services.bandit.domain.ports import LearnerSession
from services.bandit.service.loops import Refresher, learn_until, refresh_until
from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.refreshing import PolicyRefresher
from shared.errors import Unavailable
from tests.bandit.examples import NOW, experiment, published
from tests.fakes.bandit import (
    HandClock,
    InMemoryLearnerSession,
    InMemoryPolicyStore,
    InMemorySnapshotFile,
    store_is_away,
)


class ScriptedNews:
    """Runs the next act of a script whenever somebody waits, and stops the loop after the last."""

    def __init__(self, stopping: threading.Event, *acts: Callable[[], object]) -> None:
        self._stopping = stopping
        self._acts = iter(acts)

    def wait(self, timeout_seconds: float) -> None:
        act = next(self._acts, None)
        if act is None:
            self._stopping.set()
        else:
            act()


class Refreshing:
    """Is a refresher with its store."""

    def __init__(self) -> None:
        self.store = InMemoryPolicyStore()
        self.book = PolicyBook(self.store, monotonic=HandClock(NOW).monotonic, stale_after_seconds=5)
        self.file = InMemorySnapshotFile()
        self.announced: list[dict[str, int]] = []

    def run(self, *acts: Callable[[], object], before: Sequence[Refresher] = ()) -> None:
        stopping = threading.Event()
        refresher = PolicyRefresher(self.book, self.store, self.file)
        news = ScriptedNews(stopping, *acts)
        refresh_until(stopping, [*before, refresher], news, poll_interval_seconds=1.0, announce=self._announce)

    def away(self, *, away: bool) -> None:
        self.store.away = away

    def _announce(self) -> None:
        self.announced.append({one: policy.version for one, policy in self.book.policies().items()})


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_refresh_when_something_is_published_then_it_is_announced_and_only_then() -> None:
    refreshing = Refreshing()

    refreshing.run(lambda: None, lambda: refreshing.store.add(published(experiment())), lambda: None)

    assert refreshing.announced == [{"checkout": 1}]


def test_refresh_when_the_store_goes_and_comes_then_each_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    refreshing = Refreshing()

    with caplog.at_level(logging.INFO):
        refreshing.run(
            lambda: refreshing.away(away=True),
            lambda: None,
            lambda: refreshing.away(away=False),
            lambda: refreshing.store.add(published(experiment())),
        )

    assert events(caplog) == ["store is away, the last policies serve", "store is back, policies are fresh"]
    assert refreshing.announced == [{"checkout": 1}]


def test_refresh_when_something_else_fails_then_it_is_logged_and_the_loop_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refreshing = Refreshing()
    broken = published(experiment(experiment_id="broken"))
    object.__setattr__(broken, "segments", None)  # as a snapshot that this release cannot read

    refreshing.run(
        lambda: refreshing.store.add(broken),
        refreshing.store.published.clear,
        lambda: refreshing.store.add(published(experiment())),
    )

    assert events(caplog) == ["refresh failed, the last policies serve"]
    assert refreshing.announced == [{"checkout": 1}]


class BrokenRefresher:
    """Has a defect."""

    def refresh(self) -> bool:
        raise RuntimeError("a defect")


def test_refresh_when_one_has_a_defect_then_the_next_one_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    refreshing = Refreshing()
    refreshing.store.add(published(experiment()))

    refreshing.run(before=[BrokenRefresher()])

    assert events(caplog) == ["refresh failed, the last policies serve"]
    assert refreshing.announced == [{"checkout": 1}]


class Learning:
    """Is a learner's loop with the sessions it opens, each a session, a refusal (None) or an error."""

    def __init__(self, *openings: InMemoryLearnerSession | Exception | None) -> None:
        self._openings = iter(openings)
        self._stopping = threading.Event()
        self.closed = 0
        self.reported: list[int] = []

    def run(self, *acts: Callable[[], object]) -> None:
        learn_until(
            self._stopping,
            self._open,
            ScriptedNews(self._stopping, *acts),
            poll_interval_seconds=0.001,
            now=HandClock(NOW),
            report=self.reported.append,
        )

    @contextmanager
    def _open(self) -> Iterator[LearnerSession | None]:
        try:
            opening = next(self._openings)
        except StopIteration:
            self._stopping.set()
            opening = None
        if isinstance(opening, Exception):
            raise opening
        try:
            yield opening
        finally:
            self.closed += 1


def session() -> InMemoryLearnerSession:
    made = InMemoryLearnerSession()
    made.define(experiment())
    return made


def test_learn_when_it_has_the_right_then_it_steps_until_it_is_stopped_and_gives_it_back() -> None:
    learning = Learning(session())

    learning.run(lambda: None, lambda: None)

    assert learning.reported == [1, 0, 0]
    assert learning.closed == 1


def test_learn_when_another_one_has_the_right_then_it_stands_by() -> None:
    learning = Learning(None, None, session())

    learning.run()

    assert learning.reported == [1]
    assert learning.closed == 3


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (store_is_away(), "the right to learn is lost, or the store is away"),
        (RuntimeError("a defect"), "learning failed"),
    ],
)
def test_learn_when_a_session_cannot_be_opened_then_it_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture, error: Exception, event: str
) -> None:
    learning = Learning(error, session())

    learning.run()

    assert events(caplog) == [event]
    assert learning.reported == [1]


def test_learn_when_the_right_is_lost_then_it_is_given_up_and_sought_again(caplog: pytest.LogCaptureFixture) -> None:
    first, second = session(), session()
    learning = Learning(first, second)

    def lose() -> None:
        first.lost = True

    learning.run(lose)

    assert events(caplog) == ["the right to learn is lost, or the store is away"]
    assert learning.reported == [1, 1]
    assert learning.closed == 2
    with pytest.raises(Unavailable):
        first.frozen()
