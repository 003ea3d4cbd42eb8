"""What every record of switches does, the one in Postgres and the one in memory."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from services.bandit.domain.ports import SwitchStore
from services.bandit.domain.switches import LearningSwitch, SwitchKind
from services.bandit.store.switches import PostgresSwitchStore
from shared.errors import AlreadyExists, Reason
from tests.fakes.bandit import InMemorySwitchStore

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> SwitchStore:
    if request.param == "memory":
        return InMemorySwitchStore()
    engine: Engine = request.getfixturevalue("engine")
    return PostgresSwitchStore(engine)


def entry(kind: SwitchKind, experiment_id: str = "checkout", *, reason: str = "odd data") -> LearningSwitch:
    return LearningSwitch(experiment_id, kind, reason, "ann", NOW)


def test_add_when_the_request_id_is_repeated_then_the_entry_it_made(store: SwitchStore) -> None:
    first = store.add(entry(SwitchKind.FREEZE), request_id="r")

    again = store.add(entry(SwitchKind.FREEZE)._replace(switched_at=NOW + timedelta(hours=1)), request_id="r")

    assert first == again == entry(SwitchKind.FREEZE)


@pytest.mark.parametrize(
    "other",
    [
        entry(SwitchKind.SERVE_CONTROL),
        entry(SwitchKind.FREEZE, "search"),
        entry(SwitchKind.FREEZE, reason="something else"),
    ],
)
def test_add_when_the_request_id_made_another_entry_then_it_is_refused(
    store: SwitchStore, other: LearningSwitch
) -> None:
    store.add(entry(SwitchKind.FREEZE), request_id="r")

    with pytest.raises(AlreadyExists) as caught:
        store.add(other, request_id="r")

    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert store.serving_control() == {}


def test_add_when_no_request_id_is_given_then_every_call_makes_an_entry(store: SwitchStore) -> None:
    store.add(entry(SwitchKind.SERVE_CONTROL, reason="first"), request_id="")
    store.add(entry(SwitchKind.SERVE_CONTROL, reason="second"), request_id="")

    assert store.serving_control()["checkout"].reason == "second"


def test_serving_control_when_there_are_many_entries_then_the_newest_of_its_kinds_says(store: SwitchStore) -> None:
    made = [
        entry(SwitchKind.SERVE_CONTROL, "served"),
        entry(SwitchKind.FREEZE, "served"),
        entry(SwitchKind.UNFREEZE, "served"),
        entry(SwitchKind.SERVE_CONTROL, "undone"),
        entry(SwitchKind.SERVE_ARMS, "undone"),
        entry(SwitchKind.SERVE_ARMS, "again"),
        entry(SwitchKind.SERVE_CONTROL, "again"),
        entry(SwitchKind.FREEZE, "frozen"),
    ]
    for number, one in enumerate(made):
        store.add(one, request_id=f"r{number}")

    assert store.serving_control() == {"served": made[0], "again": made[6]}
