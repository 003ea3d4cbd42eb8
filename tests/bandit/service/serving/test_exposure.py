"""Exposure states, and how often a unit is logged."""

from dataclasses import replace

from services.bandit.service.answers import DEFERRED, NOT_RECORDED, RECORDED
from tests.bandit.service.serving.snapshots import SPLIT
from tests.bandit.service.world import World


def test_exposure_when_deferred_then_the_row_says_so() -> None:
    world = World(SPLIT)

    answer = world.serving.allocate("checkout", "u", expose=False)

    assert answer.exposure_state == DEFERRED
    assert [(row.allocated, row.exposed) for row in world.allocations.rows] == [(True, False)]


def test_exposure_when_deferred_and_then_immediate_then_both_are_logged() -> None:
    world = World(SPLIT)

    states = [world.serving.allocate("checkout", "u", expose=expose).exposure_state for expose in (False, True, True)]

    assert states == [DEFERRED, RECORDED, RECORDED]
    assert [row.exposed for row in world.allocations.rows] == [False, True]


def test_exposure_when_the_log_is_full_then_not_recorded_and_recorded_once_there_is_room() -> None:
    world = World(SPLIT)
    world.allocations.full = True
    refused = [world.serving.allocate("checkout", "u", expose=expose).exposure_state for expose in (True, False)]
    world.allocations.full = False

    assert refused == [NOT_RECORDED, DEFERRED]
    assert world.serving.allocate("checkout", "u").exposure_state == RECORDED
    assert len(world.allocations.rows) == 1


def test_seen_when_a_unit_comes_often_then_it_is_logged_once_per_version() -> None:
    world = World(SPLIT)
    for _ in range(5):
        world.serving.allocate("checkout", "u")
    world.publish(replace(SPLIT, policy_version=2))
    for _ in range(5):
        world.serving.allocate("checkout", "u")

    assert [row.policy_version for row in world.allocations.rows] == [1, 2]


def test_seen_when_units_and_experiments_differ_then_each_is_logged() -> None:
    world = World(SPLIT, replace(SPLIT, experiment_id="search"))
    for _ in range(2):
        for experiment_id in ("checkout", "search"):
            for unit in map(str, range(500)):
                world.serving.allocate(experiment_id, unit)

    pairs = {(row.experiment_id, row.unit_id) for row in world.allocations.rows}
    assert len(pairs) == 1000
    # A collision of two marks in a slot logs again: expected 1000^2 / 2^19 = 2 of them.
    assert len(world.allocations.rows) <= 1000 + 40
