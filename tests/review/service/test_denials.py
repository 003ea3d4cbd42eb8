"""Denied attempts on the audit log: each once a minute, and never in anybody's way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from services.review.service.denials import DeniedAttempts, action_of
from shared import errors
from shared.errors import Reason
from shared.identity.permission import PERMISSION_OF
from shared.identity.principal import Authentication, Caller, Principal, PrincipalKind, Role
from tests.fakes.review_store import InMemoryReviewStore, InMemoryTransaction

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
APPROVE = "/experimentation.v1.ReviewService/ApproveChangeRequest"
WAIT_SECONDS = 10.0


def called(principal_id: str) -> Caller:
    principal = Principal(principal_id, PrincipalKind.HUMAN, principal_id, frozenset({Role.VIEWER}))
    return Caller(principal, frozenset(), Authentication.TOKEN)


class Flaky(InMemoryReviewStore):
    """Is away for so many transactions."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        super().__init__()
        self.failures = failures
        self.error = error or errors.Unavailable(Reason.STORE_UNAVAILABLE, "away")
        self.failed = threading.Semaphore(0)

    @contextmanager
    def transaction(self) -> Iterator[InMemoryTransaction]:
        if self.failures:
            self.failures -= 1
            self.failed.release()
            raise self.error
        with super().transaction() as transaction:
            yield transaction


class Desk:
    def __init__(self, store: Flaky | None = None, most_waiting: int = 100) -> None:
        self.now = NOW
        self.store = store or Flaky()
        self.denials = DeniedAttempts(
            self.store, clock=lambda: self.now, most_waiting=most_waiting, retry_seconds=0.001
        )

    def written(self) -> list[tuple[str, str]]:
        """Writes what waits; returns who tried what."""
        self.denials.close()
        self.denials.write_until_closed()
        return [(event.entry.actor, event.entry.action) for event in self.store.events]


def test_denied_when_told_then_is_written_with_who_and_what() -> None:
    desk = Desk()

    desk.denials.denied_call(called("vic"), APPROVE)
    desk.denials.denied(called("ann"), "token.create")

    assert desk.written() == [("vic", "change_request.approve.denied"), ("ann", "token.create.denied")]
    entry = desk.store.events[0].entry
    assert (entry.target, entry.details, entry.occurred_at) == ("principals/vic", {"authentication": "token"}, NOW)


def test_denied_when_repeated_then_one_row_a_minute_for_each_principal_and_action() -> None:
    desk = Desk()

    for second in range(121):
        desk.now = NOW + timedelta(seconds=second)
        desk.denials.denied_call(called("vic"), APPROVE)
    desk.denials.denied_call(called("ann"), APPROVE)
    desk.denials.denied(called("vic"), "token.create")

    assert desk.written() == [
        *[("vic", "change_request.approve.denied")] * 3,
        ("ann", "change_request.approve.denied"),
        ("vic", "token.create.denied"),
    ]


def test_denied_when_very_many_wait_then_the_rest_is_logged_and_nobody_waits(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(most_waiting=2)

    for number in range(5):
        desk.denials.denied(called(f"p{number}"), "token.create")

    assert [actor for actor, _ in desk.written()] == ["p0", "p1"]
    assert caplog.text.count("a denied attempt is not on the audit log") == 3


def test_writing_when_the_store_is_away_then_goes_on_when_it_is_back() -> None:
    desk = Desk(Flaky(3))
    writer = threading.Thread(target=desk.denials.write_until_closed)
    writer.start()
    desk.denials.denied(called("vic"), "token.create")
    for _ in range(3):
        assert desk.store.failed.acquire(timeout=WAIT_SECONDS)
    desk.denials.denied(called("ann"), "token.create")

    while len(desk.store.events) < 2:
        writer.join(0.001)
    desk.denials.close()
    writer.join(WAIT_SECONDS)

    assert [event.entry.actor for event in desk.store.events] == ["vic", "ann"]
    assert not writer.is_alive()


def test_writing_when_the_store_stays_away_then_the_end_does_not_wait_for_it(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Flaky(1000))
    for number in range(50):
        desk.denials.denied(called(f"p{number}"), "token.create")

    assert desk.written() == []

    assert desk.store.failures >= 998
    assert "denied attempts are not on the audit log" in caplog.text


def test_writing_when_one_has_a_defect_then_the_others_are_written(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Flaky(1, ValueError("no such column")))
    desk.denials.denied(called("vic"), "token.create")
    desk.denials.denied(called("ann"), "token.create")

    assert desk.written() == [("ann", "token.create.denied")]
    assert "a denied attempt is not on the audit log" in caplog.text


def test_actions_when_rpcs_are_named_then_each_has_words_of_its_own() -> None:
    assert action_of("/experimentation.v1.ExperimentService/CreateExperiment") == "experiment.create"
    assert action_of("/experimentation.v1.AuditService/VerifyAuditChain") == "audit_chain.verify"
    assert action_of("/experimentation.v1.ReviewService/EmergencyApply") == "change_request.emergency_apply"
    assert all(action_of(path).count(".") == 1 and action_of(path).islower() for path in PERMISSION_OF)
