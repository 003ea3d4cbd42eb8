"""Staleness since the store last spoke."""

from datetime import timedelta

import pytest

from tests.bandit.service.serving.snapshots import SPLIT
from tests.bandit.service.world import STALE_AFTER, World


def test_freshness_when_the_store_is_silent_then_stale_with_the_age_since_it_spoke() -> None:
    world = World(SPLIT)
    world.clock.advance(STALE_AFTER)
    fresh = world.serving.allocate("checkout", "u").stale_seconds
    world.clock.advance(timedelta(seconds=37))
    stale = world.serving.allocate("checkout", "u").stale_seconds
    world.book.confirm()

    assert fresh is None
    assert stale == pytest.approx(42)
    assert world.serving.allocate("checkout", "u").stale_seconds is None


def test_freshness_when_never_confirmed_then_stale_since_the_start() -> None:
    world = World()
    world.book.replace([SPLIT])
    world.clock.advance(timedelta(seconds=3))

    assert world.serving.allocate("checkout", "u").stale_seconds == pytest.approx(3)
    assert world.serving.batch_allocate("checkout", ["u"]).stale_seconds == pytest.approx(3)
