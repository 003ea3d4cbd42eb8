"""One unit in all experiments."""

import pytest

from services.bandit.service.answers import DEFERRED
from shared.errors import InvalidArgument, NotFound, Reason
from tests.bandit.service.serving.snapshots import PAUSED, SPLIT, STOPPED, VIEWS, fault
from tests.bandit.service.world import World


def test_all_when_nothing_is_named_then_the_running_ones_by_id_and_deferred() -> None:
    world = World(SPLIT, PAUSED, VIEWS, STOPPED)

    answers = world.serving.allocate_all("u")

    assert [answer.experiment_id for answer in answers] == ["checkout", "views"]
    assert {answer.exposure_state for answer in answers} == {DEFERRED}
    assert [answer.allocation_id for answer in answers] == ["", "fresh-1"]


def test_all_when_some_are_named_then_those_whatever_their_state() -> None:
    world = World(SPLIT, PAUSED, VIEWS)

    answers = world.serving.allocate_all("u", ["paused", "checkout", "paused"], expose=True)

    assert [(answer.experiment_id, answer.reason) for answer in answers] == [
        ("checkout", "SPLIT"),
        ("paused", "PAUSED"),
    ]
    assert answers[0] == world.serving.allocate("checkout", "u")


def test_all_when_one_is_unknown_then_not_found_and_nothing_is_logged() -> None:
    world = World(SPLIT)

    with pytest.raises(NotFound) as caught:
        world.serving.allocate_all("u", ["checkout", "nothing"], expose=True)

    assert caught.value.metadata == {"experiment_id": "nothing"}
    assert world.allocations.rows == []


def test_all_when_the_unit_id_is_bad_then_it_is_named() -> None:
    with pytest.raises(InvalidArgument) as caught:
        World(SPLIT).serving.allocate_all("")

    assert fault(caught) == (Reason.INVALID_FIELD, ["unit_id"])
