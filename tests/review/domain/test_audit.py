"""The chain of the audit log."""

from dataclasses import replace

import pytest

from services.review.domain import audit
from tests.review.examples import NOW


def _chain(length: int) -> list[audit.Event]:
    events: list[audit.Event] = []
    for number in range(length):
        entry = audit.Entry("ann", "experiment.create", f"experiments/e{number}", {"revision": "1"}, NOW)
        events.append(audit.chained(entry, previous=events[-1] if events else None))
    return events


def test_chained_when_first_then_it_follows_the_genesis() -> None:
    (first,) = _chain(1)

    assert (first.sequence, first.previous_hash) == (1, audit.GENESIS)


def test_chained_when_hashed_then_the_hash_is_the_documented_one() -> None:
    (first,) = _chain(1)

    # echo -n '{"action":"experiment.create",...}' | sha256sum, the canonical JSON written by hand
    assert first.hash == "bc3785eaa9b4b69b7575b9402c1971dd46d4b43ba92b9428edd3ee40eea6c303"


def test_is_intact_when_nothing_was_touched_then_true() -> None:
    assert audit.is_intact([])
    assert audit.is_intact(_chain(3))


@pytest.mark.parametrize("position", [0, 1, 2])
def test_is_intact_when_an_event_was_altered_then_false(position: int) -> None:
    events = _chain(3)
    entry = replace(events[position].entry, actor="eve")

    events[position] = replace(events[position], entry=entry)

    assert not audit.is_intact(events)


@pytest.mark.parametrize("position", [0, 1])
def test_is_intact_when_an_event_was_removed_then_false(position: int) -> None:
    events = _chain(3)

    del events[position]

    assert not audit.is_intact(events)


def test_is_intact_when_an_event_was_replaced_with_its_own_hash_then_false() -> None:
    events = _chain(3)

    events[1] = audit.chained(replace(events[1].entry, actor="eve"), previous=events[0])

    assert not audit.is_intact(events)
