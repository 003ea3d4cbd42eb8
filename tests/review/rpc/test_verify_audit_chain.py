"""VerifyAuditChain: whatever a superuser does to the log in the database is found, with the place."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
import sqlalchemy

from experimentation.v1 import audit_service_pb2 as audit
from services.review.domain import digests
from services.review.domain.audit import Event
from services.review.domain.model import AuditFilter
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.rpc.calls import INVALID_FIELD
from tests.review.verbs import drafted, proposed, renamed

Tamper = Callable[..., None]
LAST = 7


@pytest.fixture
def tamper(engine: sqlalchemy.Engine) -> Tamper:
    """Does what a superuser can: it takes the trigger away, and puts it back."""

    def run(*statements: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE audit_events DISABLE TRIGGER append_only")
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql("ALTER TABLE audit_events ENABLE TRIGGER append_only")

    return run


@pytest.fixture(autouse=True)
def log(desk: Desk) -> list[Event]:
    """Is a log of 7 events."""
    drafted(desk)
    for name in ("one", "two", "three"):
        proposed(desk, renamed(name))
    events = read(desk)
    assert len(events) == LAST
    return events


def read(desk: Desk) -> list[Event]:
    with desk.store.transaction() as transaction:
        return transaction.audit.list_events(AuditFilter(), before=None, limit=100)


def verified(desk: Desk, **known: Any) -> audit.VerifyAuditChainResponse:
    return desk["vic"].audits.VerifyAuditChain(audit.VerifyAuditChainRequest(**known))


def assert_broken(answer: audit.VerifyAuditChainResponse, at: int, log: list[Event], problem: str) -> None:
    """Asserts that the log is found to be broken there, and unaltered before."""
    assert (answer.intact, answer.broken_sequence, answer.intact_count) == (False, at, at - 1)
    last_hash = log[at - 2].hash if at > 1 else "0" * 64
    assert (answer.last_sequence, answer.last_hash) == (at - 1, last_hash)
    assert problem in answer.problem


def test_verify_when_nothing_happened_to_it_then_intact(desk: Desk, log: list[Event]) -> None:
    answer = verified(desk)

    assert answer == audit.VerifyAuditChainResponse(
        intact=True, intact_count=LAST, last_sequence=LAST, last_hash=log[-1].hash
    )
    assert verified(desk, known_sequence=3, known_hash=log[2].hash) == answer


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'eve'",
        "action = 'change_request.approve'",
        "target = 'experiments/other'",
        'details = details || \'{"state": "else"}\'',
        "details = '{}'",
        "details = '[]'",
        "details = jsonb_build_object('state', 1e400 + 0.5)",
        "occurred_at = occurred_at + interval '1 microsecond'",
        "occurred_at = 'infinity'",
        "occurred_at = '0044-03-15 00:00:00+00 BC'",
        "hash = repeat('0', 64)",
        "hash = ''",
    ],
)
def test_verify_when_a_field_was_altered_then_the_place_is_named(
    desk: Desk, log: list[Event], tamper: Tamper, change: str
) -> None:
    tamper("CREATE TABLE unaltered AS SELECT * FROM audit_events")
    for place in (2, 4, LAST):
        tamper(f"UPDATE audit_events SET {change} WHERE sequence = {place}")

        assert_broken(verified(desk), place, log, f"event {place} is not what its hash was made of")
        tamper("DELETE FROM audit_events", "INSERT INTO audit_events SELECT * FROM unaltered")
    assert verified(desk).intact


def test_verify_when_the_hash_before_was_altered_then_the_place_is_named(
    desk: Desk, log: list[Event], tamper: Tamper
) -> None:
    tamper(f"UPDATE audit_events SET previous_hash = '{log[0].hash}' WHERE sequence = 4")

    assert_broken(verified(desk), 4, log, "event 4 does not continue the event before it")


@pytest.mark.parametrize("place", [1, 4])
def test_verify_when_a_row_was_deleted_then_the_gap_is_named(
    desk: Desk, log: list[Event], tamper: Tamper, place: int
) -> None:
    tamper(f"DELETE FROM audit_events WHERE sequence = {place}")

    assert_broken(verified(desk), place, log, f"event {place} is missing; {place + 1} follows")


def test_verify_when_a_row_was_deleted_and_the_others_moved_up_then_found(
    desk: Desk, log: list[Event], tamper: Tamper
) -> None:
    tamper(
        "DELETE FROM audit_events WHERE sequence = 4",
        *[f"UPDATE audit_events SET sequence = {number - 1} WHERE sequence = {number}" for number in (5, 6, 7)],
    )

    assert_broken(verified(desk), 4, log, "event 4 does not continue the event before it")


def test_verify_when_two_rows_were_swapped_then_the_first_of_them_is_named(
    desk: Desk, log: list[Event], tamper: Tamper
) -> None:
    tamper(
        "UPDATE audit_events SET sequence = 100 WHERE sequence = 3",
        "UPDATE audit_events SET sequence = 3 WHERE sequence = 5",
        "UPDATE audit_events SET sequence = 5 WHERE sequence = 100",
    )

    assert_broken(verified(desk), 3, log, "event 3 does not continue the event before it")


def test_verify_when_the_end_was_cut_off_then_only_a_known_place_tells(
    desk: Desk, log: list[Event], tamper: Tamper
) -> None:
    tamper("DELETE FROM audit_events WHERE sequence > 5")

    assert (verified(desk).intact, verified(desk).last_sequence) == (True, 5)
    answer = verified(desk, known_sequence=LAST, known_hash=log[-1].hash)
    assert_broken(answer, 6, log, f"ends before event {LAST}")


def test_verify_when_everything_was_deleted_then_a_known_place_tells(
    desk: Desk, log: list[Event], tamper: Tamper
) -> None:
    tamper("DELETE FROM audit_events")

    assert_broken(verified(desk, known_sequence=1, known_hash=log[0].hash), 1, log, "ends before event 1")


def test_verify_when_it_was_written_anew_from_some_place_on_then_a_known_hash_tells(
    desk: Desk, log: list[Event], tamper: Tamper
) -> None:
    tamper(*rewritten(log, 4))

    assert verified(desk).intact
    assert verified(desk, known_sequence=3, known_hash=log[2].hash).intact
    assert_broken(verified(desk, known_sequence=4, known_hash=log[3].hash), 4, log, "written anew")
    late = verified(desk, known_sequence=LAST, known_hash=log[-1].hash)
    assert (late.intact, late.broken_sequence) == (False, LAST)


def test_verify_when_another_hash_was_known_then_it_says_so(desk: Desk, log: list[Event]) -> None:
    answer = verified(desk, known_sequence=LAST, known_hash="0" * 64)

    assert_broken(answer, LAST, log, "another hash than the one known from before")


@pytest.mark.parametrize(
    ("known", "path"),
    [
        ({"known_sequence": -1}, "known_sequence"),
        ({"known_sequence": 1, "known_hash": "x" * 65}, "known_hash"),
        ({"known_sequence": 1, "known_hash": "a\0"}, "known_hash"),
    ],
)
def test_verify_when_a_field_is_bad_then_it_is_named(
    desk: Desk, refused: Refused, known: dict[str, Any], path: str
) -> None:
    refusal = refused(desk["vic"].audits.VerifyAuditChain, audit.VerifyAuditChainRequest(**known))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])


def rewritten(log: list[Event], first: int) -> list[str]:
    """Returns what makes eve the actor from some event on, all hashes made anew."""
    statements, previous = [], log[first - 2].hash
    for event in log[first - 1 :]:
        said = {"sequence": event.sequence, "previous_hash": previous, **asdict(event.entry), "actor": "eve"}
        made = digests.sha256(said)
        statements.append(
            f"UPDATE audit_events SET actor = 'eve', previous_hash = '{previous}', hash = '{made}'"
            f" WHERE sequence = {event.sequence}"
        )
        previous = made
    return statements
