"""Rows are judged one by one: bad ones are named, good ones are kept."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.bandit.domain.events import Durability, Exposure, Outcome, Receipt
from services.bandit.domain.trial import HOLDOUT_ARM_ID
from shared.definition.model import AnalysisUnit, ExperimentState, MetricRole, Traffic
from shared.errors import InvalidArgument, Reason, ResourceExhausted, Unavailable
from shared.policy.placement import PlacementReason, Placer
from shared.policy.snapshot import PolicySnapshot
from shared.rpc import pagination
from tests.bandit.examples import CONVERSION, MINUTE, NOW, NOW_MS, REVENUE, experiment, published, signer, split
from tests.bandit.service.world import World

CHECKOUT = published(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
VIEWS = published(experiment(experiment_id="views", analysis_unit=AnalysisUnit.ALLOCATION))
HALF = published(experiment(experiment_id="half", traffic=Traffic(0.3, 0.3)))
PAUSED = published(experiment(experiment_id="paused", state=ExperimentState.PAUSED))

AHEAD = timedelta(minutes=5)


def outcome(**fields: Any) -> Outcome:
    """Returns a good outcome, unless the fields given are not."""
    good = Outcome("e-1", "conversion", 1.0, experiment_id="checkout", unit_id="u-1")
    return good._replace(**fields)


def exposure(**fields: Any) -> Exposure:
    """Returns a good exposure without a token, unless the fields given are not."""
    return Exposure(experiment_id="checkout", unit_id="u-1", policy_version=1)._replace(**fields)


def replica() -> World:
    return World(CHECKOUT, VIEWS, HALF, PAUSED)


def token_of(world: World, experiment_id: str = "checkout", unit_id: str = "u-1") -> bytes:
    return world.serving.allocate(experiment_id, unit_id, expose=False).token


def forged() -> bytes:
    return token_of(World(CHECKOUT, signed_by=signer(secret=b"another-secret-16")))


def expired() -> bytes:
    world = World(CHECKOUT)
    world.clock.advance(-timedelta(days=90, milliseconds=1))
    return token_of(world)


def of_an_experiment_that_is_gone() -> bytes:
    return token_of(World(replace(CHECKOUT, experiment_id="gone")), "gone")


PAGE_TOKEN = pagination.encode([1], {"rpc": "ListPolicySnapshots"}).encode()

# What is wrong with a row, and what is said of it.
ID_FAULTS: list[tuple[dict[str, Any], Reason, str]] = [
    ({"experiment_id": "nothing"}, Reason.EXPERIMENT_NOT_FOUND, ""),
    ({"experiment_id": ""}, Reason.EXPERIMENT_NOT_FOUND, ""),
    ({"unit_id": ""}, Reason.INVALID_FIELD, "unit_id"),
    ({"unit_id": "x" * 257}, Reason.INVALID_FIELD, "unit_id"),
    ({"unit_id": "a\tb"}, Reason.INVALID_FIELD, "unit_id"),
    ({"unit_id": "a\x1fb"}, Reason.INVALID_FIELD, "unit_id"),
    ({"token": forged()}, Reason.INVALID_TOKEN, ""),
    ({"token": b"nonsense"}, Reason.INVALID_TOKEN, ""),
    ({"token": PAGE_TOKEN}, Reason.INVALID_TOKEN, ""),
    ({"token": expired()}, Reason.EXPIRED_TOKEN, ""),
    ({"token": of_an_experiment_that_is_gone(), "experiment_id": ""}, Reason.EXPERIMENT_NOT_FOUND, ""),
    ({"token": of_an_experiment_that_is_gone()}, Reason.INVALID_FIELD, "experiment_id"),
    ({"experiment_id": "views"}, Reason.INVALID_FIELD, "allocation_id"),
    ({"experiment_id": "views", "allocation_id": "a\nb"}, Reason.INVALID_FIELD, "allocation_id"),
    ({"experiment_id": "views", "allocation_id": "x" * 65}, Reason.INVALID_FIELD, "allocation_id"),
]
OUTCOME_FAULTS = [
    *ID_FAULTS,
    ({"metric_id": "nothing"}, Reason.INVALID_FIELD, "metric_id"),
    ({"metric_id": ""}, Reason.INVALID_FIELD, "metric_id"),
    ({"event_id": ""}, Reason.INVALID_FIELD, "event_id"),
    ({"event_id": "x" * 65}, Reason.INVALID_FIELD, "event_id"),
    ({"event_id": "a\x00b"}, Reason.INVALID_FIELD, "event_id"),
    ({"value": math.nan}, Reason.INVALID_FIELD, "value"),
    ({"value": math.inf}, Reason.INVALID_FIELD, "value"),
    ({"value": -math.inf}, Reason.INVALID_FIELD, "value"),
    ({"value": 0.5}, Reason.INVALID_FIELD, "value"),
    ({"value": 2.0}, Reason.INVALID_FIELD, "value"),
    ({"value": -1.0}, Reason.INVALID_FIELD, "value"),
    ({"metric_id": "revenue", "value": math.nan}, Reason.INVALID_FIELD, "value"),
    ({"metric_id": "revenue", "value": math.nextafter(1000.0, math.inf)}, Reason.INVALID_FIELD, "value"),
    ({"metric_id": "revenue", "value": -100.5}, Reason.INVALID_FIELD, "value"),
    ({"occurred_at": NOW + AHEAD + timedelta(microseconds=1)}, Reason.INVALID_FIELD, "occurred_at"),
    ({"occurred_at": datetime.max.replace(tzinfo=UTC)}, Reason.INVALID_FIELD, "occurred_at"),
]
EXPOSURE_FAULTS = [
    *ID_FAULTS,
    ({"policy_version": 0}, Reason.POLICY_VERSION_UNKNOWN, ""),
    ({"policy_version": 2}, Reason.POLICY_VERSION_UNKNOWN, ""),
    ({"policy_version": -2}, Reason.POLICY_VERSION_UNKNOWN, ""),
    ({"exposed_at": NOW + AHEAD + timedelta(microseconds=1)}, Reason.INVALID_FIELD, "exposed_at"),
]


def said(receipt: Receipt) -> list[tuple[int, str, str]]:
    return [(row.position, row.reason, row.field) for row in receipt.rejections]


@pytest.mark.parametrize(("fields", "reason", "field"), OUTCOME_FAULTS)
def test_outcomes_when_one_is_bad_then_it_is_named_and_the_others_are_kept(
    fields: dict[str, Any], reason: Reason, field: str
) -> None:
    world = replica()
    good = [outcome(event_id="first"), outcome(event_id="last")]

    receipt = world.recording.record_outcomes([good[0], outcome(**fields), good[1]])

    assert (receipt.accepted_count, receipt.durability) == (2, Durability.COMMITTED)
    assert said(receipt) == [(1, reason, field)]
    assert receipt.rejections[0].message
    assert [row.event_id for row in world.outcomes.rows] == ["first", "last"]


@pytest.mark.parametrize(("fields", "reason", "field"), EXPOSURE_FAULTS)
def test_exposures_when_one_is_bad_then_it_is_named_and_the_others_are_kept(
    fields: dict[str, Any], reason: Reason, field: str
) -> None:
    world = replica()

    receipt = world.recording.record_exposures([exposure(unit_id="a"), exposure(**fields), exposure(unit_id="b")])

    assert (receipt.accepted_count, receipt.durability) == (2, Durability.COMMITTED)
    assert said(receipt) == [(1, reason, field)]
    assert [row.unit_id for row in world.allocations.rows] == ["a", "b"]


def test_outcomes_when_every_row_is_bad_then_the_call_fails_and_names_each() -> None:
    world = replica()

    with pytest.raises(InvalidArgument) as caught:
        world.recording.record_outcomes([outcome(value=7.0), outcome(experiment_id="nothing")])

    assert caught.value.reason is Reason.ALL_ROWS_REJECTED
    assert [violation.field for violation in caught.value.violations] == ["outcomes[0].value", "outcomes[1]"]
    assert caught.value.violations[1].description.startswith("EXPERIMENT_NOT_FOUND: ")
    assert world.outcomes.rows == []


def test_exposures_when_every_row_is_bad_then_the_call_fails_and_names_each() -> None:
    world = replica()

    with pytest.raises(InvalidArgument) as caught:
        world.recording.record_exposures([exposure(unit_id=""), exposure(token=b"x")])

    assert caught.value.reason is Reason.ALL_ROWS_REJECTED
    assert [violation.field for violation in caught.value.violations] == ["exposures[0].unit_id", "exposures[1]"]
    assert world.allocations.rows == []


def test_outcomes_when_given_by_id_or_by_token_then_the_same_row() -> None:
    world = replica()
    token = token_of(world)

    world.recording.record_outcomes(
        [
            outcome(occurred_at=NOW - MINUTE),
            outcome(token=token, experiment_id="", unit_id="", occurred_at=NOW - MINUTE),
        ]
    )

    first, second = world.outcomes.rows
    assert first == second == ("checkout", "u-1", "conversion", "e-1", 1.0, NOW - MINUTE)


def test_outcomes_when_a_token_contradicts_the_ids_then_the_row_is_refused() -> None:
    world = replica()
    rows = [
        outcome(token=token_of(world), experiment_id="views"),
        outcome(token=token_of(world), unit_id="somebody else"),
        outcome(token=token_of(world), experiment_id="", unit_id=""),
    ]

    receipt = world.recording.record_outcomes(rows)

    assert said(receipt) == [
        (0, Reason.INVALID_FIELD, "experiment_id"),
        (1, Reason.INVALID_FIELD, "unit_id"),
    ]
    assert [(row.experiment_id, row.trial_id) for row in world.outcomes.rows] == [("checkout", "u-1")]


def test_outcomes_when_allocations_count_then_the_trial_is_the_allocation() -> None:
    world = replica()
    answer = world.serving.allocate("views", "u-1")
    by_token = outcome(token=answer.token)
    by_id = outcome(experiment_id="views", allocation_id=answer.allocation_id)

    world.recording.record_outcomes([by_token, by_id])

    assert {row.trial_id for row in world.outcomes.rows} == {world.allocations.rows[0].trial_id}


def test_outcomes_when_units_count_then_an_allocation_id_means_nothing() -> None:
    world = replica()

    world.recording.record_outcomes([outcome(allocation_id="whatever \n it is")])

    assert [row.trial_id for row in world.outcomes.rows] == ["u-1"]


@pytest.mark.parametrize("value", [0.0, 1.0, -0.0])
def test_outcomes_when_a_proportion_is_0_or_1_then_it_is_taken(value: float) -> None:
    assert replica().recording.record_outcomes([outcome(value=value)]).accepted_count == 1


@pytest.mark.parametrize("value", [-100.0, 1000.0, 0.1, 5e-324])
def test_outcomes_when_a_value_is_within_its_bounds_then_it_is_kept_to_the_last_bit(value: float) -> None:
    world = replica()

    world.recording.record_outcomes([outcome(metric_id="revenue", value=value)])

    assert [row.value for row in world.outcomes.rows] == [value]


def test_outcomes_when_a_proportion_has_narrower_bounds_then_they_hold() -> None:
    never = replace(CONVERSION, max_value=0.0)
    world = World(published(experiment(metrics=(never,))))

    receipt = world.recording.record_outcomes([outcome(value=0.0), outcome(value=1.0)])

    assert said(receipt) == [(1, Reason.INVALID_FIELD, "value")]


@pytest.mark.parametrize("ahead", [timedelta(0), AHEAD, -timedelta(days=400)])
def test_rows_when_their_time_is_possible_then_it_is_kept(ahead: timedelta) -> None:
    world = replica()

    world.recording.record_outcomes([outcome(occurred_at=NOW + ahead)])
    world.recording.record_exposures([exposure(exposed_at=NOW + ahead)])

    assert [row.occurred_at for row in world.outcomes.rows] == [NOW + ahead]
    assert [row.at_ms for row in world.allocations.rows] == [int((NOW + ahead).timestamp() * 1000)]


def test_rows_when_no_time_is_given_then_that_of_arrival() -> None:
    world = replica()
    token = token_of(world)
    world.allocations.rows.clear()
    world.clock.advance(MINUTE)

    world.recording.record_outcomes([outcome(token=token)])
    world.recording.record_exposures([exposure(token=token)])

    assert [row.occurred_at for row in world.outcomes.rows] == [NOW + MINUTE]
    assert [row.at_ms for row in world.allocations.rows] == [NOW_MS + 60_000]


def test_exposures_when_given_by_token_or_by_version_then_the_same_row() -> None:
    world = replica()
    token = token_of(world)
    world.allocations.rows.clear()

    world.recording.record_exposures([exposure(token=token), exposure()])

    first, second = world.allocations.rows
    arm = CHECKOUT.arms[Placer(CHECKOUT).place("u-1")[0]]
    assert first == second
    assert (first.experiment_id, first.unit_id, first.trial_id) == ("checkout", "u-1", "u-1")
    assert (first.arm_id, first.propensity, first.policy_version) == (arm.arm_id, arm.weight, 1)
    assert (first.allocated, first.exposed) == (False, True)


def test_exposures_when_the_version_is_an_older_one_then_its_arm_from_the_store_asked_once() -> None:
    world = replica()
    second = published(experiment(revision=2, allocation_policy=split(0.0, 0.0, 1.0)), CHECKOUT)
    world.publish(second, replace(second, policy_version=3))

    world.recording.record_exposures([exposure(unit_id=unit, policy_version=1) for unit in ("a", "b", "c")])

    place = Placer(CHECKOUT).place
    expected = [CHECKOUT.arms[place(unit)[0]].arm_id for unit in ("a", "b", "c")]
    assert [row.arm_id for row in world.allocations.rows] == expected
    assert {row.policy_version for row in world.allocations.rows} == {1}
    assert world.store.asked == 1


def test_exposures_when_an_older_version_is_wanted_while_the_store_is_away_then_unavailable_and_nothing_is_kept() -> (
    None
):
    world = replica()
    world.publish(replace(CHECKOUT, policy_version=2))
    world.store.away = True

    with pytest.raises(Unavailable) as caught:
        world.recording.record_exposures([exposure(policy_version=2), exposure(policy_version=1)])

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert world.allocations.rows == []


def unit_of(snapshot: PolicySnapshot, reason: PlacementReason) -> str:
    place = Placer(snapshot).place
    return next(unit for unit in map(str, range(1000)) if place(unit)[1] is reason)


@pytest.mark.parametrize("by_token", [True, False])
@pytest.mark.parametrize(
    ("snapshot", "reason"), [(HALF, PlacementReason.NOT_IN_TRAFFIC), (PAUSED, PlacementReason.PAUSED)]
)
def test_exposures_when_the_unit_does_not_count_then_it_is_accepted_and_leaves_no_trace(
    snapshot: PolicySnapshot, reason: PlacementReason, *, by_token: bool
) -> None:
    world = replica()
    unit = unit_of(snapshot, reason)
    name = {"experiment_id": snapshot.experiment_id, "unit_id": unit}
    row = Exposure(token=token_of(world, **name)) if by_token else exposure(**name)

    receipt = world.recording.record_exposures([row])

    assert receipt == (1, (), Durability.COMMITTED)
    assert world.allocations.rows == []


@pytest.mark.parametrize("by_token", [True, False])
def test_exposures_when_the_unit_is_held_out_then_it_is_logged_as_such(*, by_token: bool) -> None:
    world = replica()
    name = {"experiment_id": "half", "unit_id": unit_of(HALF, PlacementReason.HOLDOUT)}
    row = Exposure(token=token_of(world, **name)) if by_token else exposure(**name)
    world.allocations.rows.clear()

    world.recording.record_exposures([row])

    assert [(row.arm_id, row.propensity) for row in world.allocations.rows] == [(HOLDOUT_ARM_ID, 1.0)]


Record = Callable[[World], Receipt]
BOTH: list[Record] = [
    lambda world: world.recording.record_outcomes([outcome()]),
    lambda world: world.recording.record_exposures([exposure()]),
]


@pytest.mark.parametrize("record", BOTH, ids=["outcomes", "exposures"])
def test_rows_when_the_store_is_away_then_they_are_spooled(record: Record) -> None:
    world = replica()
    world.outcomes.away = world.allocations.away = True

    assert record(world).durability is Durability.SPOOLED


@pytest.mark.parametrize("record", BOTH, ids=["outcomes", "exposures"])
def test_rows_when_the_store_is_away_and_the_spool_is_full_then_they_are_refused_with_a_hint(record: Record) -> None:
    world = replica()
    world.outcomes.away = world.allocations.away = True
    world.outcomes.full = world.allocations.full = True

    with pytest.raises(ResourceExhausted) as caught:
        record(world)

    assert caught.value.reason is Reason.SPOOL_FULL
    assert caught.value.retry_after_seconds


def test_outcomes_when_the_metric_is_secondary_then_it_is_taken_as_well() -> None:
    assert REVENUE.role is MetricRole.SECONDARY
    assert replica().recording.record_outcomes([outcome(metric_id="revenue", value=12.5)]).accepted_count == 1
