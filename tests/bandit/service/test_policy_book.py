"""The book serves the newest policies, and the refresher keeps it up to date."""

from dataclasses import replace

import pytest

from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.refreshing import PolicyRefresher
from shared.errors import FailedPrecondition, NotFound, Reason, Unavailable
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW, experiment, published
from tests.fakes.bandit import HandClock, InMemoryPolicyStore, InMemorySnapshotFile

FIRST = published(experiment())
SECOND = replace(FIRST, policy_version=2)
THIRD = replace(FIRST, policy_version=3)
SEARCH = published(experiment(experiment_id="search"))


class Replica:
    """Is a book with its refresher."""

    def __init__(self, *snapshots: PolicySnapshot, on_disk: tuple[PolicySnapshot, ...] = ()) -> None:
        self.clock = HandClock(NOW)
        self.store = InMemoryPolicyStore()
        for snapshot in snapshots:
            self.store.add(snapshot)
        self.file = InMemorySnapshotFile(list(on_disk))
        self.book = PolicyBook(self.store, monotonic=self.clock.monotonic, stale_after_seconds=5)
        self.refresher = PolicyRefresher(self.book, self.store, self.file)

    def versions(self) -> dict[str, int]:
        return {one: policy.version for one, policy in self.book.policies().items()}


def test_refresh_when_first_then_the_newest_of_every_experiment_and_the_file_has_them() -> None:
    replica = Replica(FIRST, SEARCH, SECOND)

    assert replica.refresher.refresh()

    assert replica.versions() == {"checkout": 2, "search": 1}
    assert sorted(replica.file.snapshots, key=lambda one: one.experiment_id) == [SECOND, SEARCH]
    assert replica.book.stale_seconds() is None


def test_refresh_when_nothing_is_new_then_false_and_still_fresh() -> None:
    replica = Replica(FIRST)
    replica.refresher.refresh()
    replica.file.snapshots.clear()

    assert not replica.refresher.refresh()
    assert replica.file.snapshots == []
    assert replica.book.stale_seconds() is None


def test_refresh_when_versions_were_published_since_then_the_last_of_them() -> None:
    replica = Replica(FIRST)
    replica.refresher.refresh()
    replica.store.add(SECOND)
    replica.store.add(SEARCH)
    replica.store.add(THIRD)

    assert replica.refresher.refresh()
    assert replica.versions() == {"checkout": 3, "search": 1}


def test_refresh_when_the_store_was_empty_at_first_then_what_comes_is_seen() -> None:
    replica = Replica()
    assert not replica.refresher.refresh()
    replica.store.add(FIRST)

    assert replica.refresher.refresh()
    assert replica.versions() == {"checkout": 1}


def test_refresh_when_the_store_is_away_then_the_book_keeps_what_it_has_and_later_catches_up() -> None:
    replica = Replica(FIRST)
    replica.refresher.refresh()
    replica.store.add(SECOND)
    replica.store.away = True
    with pytest.raises(Unavailable):
        replica.refresher.refresh()
    kept = replica.versions()
    replica.store.away = False

    assert kept == {"checkout": 1}
    assert replica.refresher.refresh()
    assert replica.versions() == {"checkout": 2}


def test_restore_when_the_store_is_away_then_the_file_serves() -> None:
    replica = Replica(on_disk=(SECOND, SEARCH))

    assert replica.refresher.restore() == 2
    assert replica.versions() == {"checkout": 2, "search": 1}
    assert replica.book.stale_seconds() == 0


def test_restore_when_the_store_has_newer_ones_then_they_replace_the_file() -> None:
    replica = Replica(FIRST, SECOND, THIRD, on_disk=(SECOND,))
    replica.refresher.restore()

    assert replica.refresher.refresh()
    assert replica.versions() == {"checkout": 3}
    assert replica.file.snapshots == [THIRD]


def test_replace_when_a_version_is_older_then_it_is_passed_over() -> None:
    book = Replica().book

    assert book.replace([SECOND])
    assert not book.replace([FIRST, SECOND])
    assert book.policy("checkout").version == 2


def test_policy_when_unknown_then_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        Replica().book.policy("checkout")

    assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND


def test_version_when_it_is_the_newest_then_from_memory() -> None:
    replica = Replica(FIRST)
    replica.refresher.refresh()
    replica.store.away = True

    assert replica.book.version("checkout", 1).version == 1


def test_version_when_older_then_from_the_store_once_and_then_from_memory() -> None:
    replica = Replica(FIRST, SECOND)
    replica.refresher.refresh()
    first = replica.book.version("checkout", 1)
    replica.store.away = True

    assert first.version == 1
    assert replica.book.version("checkout", 1) is first


@pytest.mark.parametrize("version", [0, -5, 4])
def test_version_when_never_published_then_unknown_without_asking_the_store(version: int) -> None:
    replica = Replica(FIRST, SECOND, THIRD)
    replica.refresher.refresh()

    with pytest.raises(FailedPrecondition) as caught:
        replica.book.version("checkout", version)

    assert caught.value.reason is Reason.POLICY_VERSION_UNKNOWN
    assert caught.value.metadata == {"experiment_id": "checkout", "policy_version": str(version)}
    assert replica.store.asked == 0


def test_version_when_very_many_are_asked_for_then_the_least_used_are_forgotten() -> None:
    versions = [replace(FIRST, policy_version=number) for number in range(1, 300)]
    replica = Replica(*versions)
    replica.refresher.refresh()
    for number in range(1, 299):
        replica.book.version("checkout", number)
    asked = replica.store.asked

    replica.book.version("checkout", 298)
    assert replica.store.asked == asked
    replica.book.version("checkout", 1)
    assert replica.store.asked == asked + 1
