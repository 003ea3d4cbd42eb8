"""What was switched at the bandit is in the audit log once, in its order, however many tell of it at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from services.review.domain import audit
from services.review.domain.switches import LearningSwitch, audit_entry
from services.review.service.switch_audit import BATCH, SwitchAudit
from services.review.store import rows
from services.review.store.switches import PostgresSwitchStore, PostgresSwitchTransaction
from shared.errors import Reason, Unavailable
from shared.store.engine import create_engine, transaction

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
KINDS = ("FREEZE", "UNFREEZE", "SERVE_CONTROL", "SERVE_ARMS")

_SWITCH = text(
    "INSERT INTO learning_switches (experiment_id, kind, reason, actor, switched_at)"
    " VALUES (:experiment_id, :kind, :reason, 'ann', :at)"
)


def add(engine: Engine, *kinds: str, experiment_id: str = "checkout") -> None:
    with transaction(engine) as connection:
        for number, kind in enumerate(kinds):
            values = {"experiment_id": experiment_id, "kind": kind, "reason": f"r{number}", "at": NOW}
            connection.execute(_SWITCH, values)


def events(engine: Engine) -> list[audit.Event]:
    with transaction(engine) as connection:
        return [
            rows.event_from_row(row) for row in connection.execute(text("SELECT * FROM audit_events ORDER BY sequence"))
        ]


def is_intact(found: list[audit.Event]) -> bool:
    """Returns whether every event is what its entry makes of the one before."""
    before: list[audit.Event | None] = [None, *found]
    return all(one == audit.chained(one.entry, previous=last) for last, one in zip(before, found, strict=False))


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("FREEZE", "bandit.freeze"),
        ("UNFREEZE", "bandit.unfreeze"),
        ("SERVE_CONTROL", "bandit.serve_control"),
        ("SERVE_ARMS", "bandit.serve_arms"),
    ],
)
def test_entry_when_something_was_switched_then_it_says_who_what_when_and_why(kind: str, action: str) -> None:
    entry = audit_entry(LearningSwitch(7, "checkout", kind, "odd data", "ann", NOW))

    told = {"reason": "odd data", "switch_id": "7"}
    assert entry == audit.Entry("ann", action, "experiments/checkout", told, NOW)


def test_sweep_when_something_was_switched_then_the_log_tells_of_it_once_and_in_order(engine: Engine) -> None:
    add(engine, *KINDS)
    sweeper = SwitchAudit(PostgresSwitchStore(engine))

    assert [sweeper.sweep(), sweeper.sweep()] == [4, 0]
    add(engine, "SERVE_CONTROL")
    assert [sweeper.sweep(), sweeper.sweep()] == [1, 0]

    found = events(engine)
    assert [one.entry.action for one in found] == [f"bandit.{kind.lower()}" for kind in (*KINDS, "SERVE_CONTROL")]
    assert [one.entry.details["switch_id"] for one in found] == ["1", "2", "3", "4", "5"]
    assert {one.entry.occurred_at for one in found} == {NOW}
    assert is_intact(found)


def test_sweep_when_there_is_more_than_a_batch_then_the_rest_comes_next(engine: Engine) -> None:
    add(engine, *["FREEZE"] * (BATCH + 1))
    sweeper = SwitchAudit(PostgresSwitchStore(engine))

    assert [sweeper.sweep(), sweeper.sweep(), sweeper.sweep()] == [BATCH, 1, 0]


def test_sweep_when_a_switch_becomes_visible_after_a_later_one_then_the_log_tells_of_it_too(engine: Engine) -> None:
    sweeper = SwitchAudit(PostgresSwitchStore(engine))
    with engine.connect() as slow, slow.begin():
        slow.execute(_SWITCH, {"experiment_id": "slow", "kind": "FREEZE", "reason": "r", "at": NOW})
        add(engine, "FREEZE", experiment_id="quick")
        assert sweeper.sweep() == 1

    assert sweeper.sweep() == 1
    assert [one.entry.target for one in events(engine)] == ["experiments/quick", "experiments/slow"]


class MeetingStore(PostgresSwitchStore):
    """Begins its transactions together with somebody else's."""

    def __init__(self, engine: Engine, barrier: threading.Barrier) -> None:
        super().__init__(engine)
        self._barrier = barrier

    @contextmanager
    def transaction(self) -> Iterator[PostgresSwitchTransaction]:
        with super().transaction() as begun:
            self._barrier.wait(20)
            yield begun


def test_sweep_when_two_do_so_at_once_then_each_switch_is_told_of_once(engine: Engine) -> None:
    barrier = threading.Barrier(2)
    sweepers = [SwitchAudit(MeetingStore(engine, barrier)) for _ in range(2)]
    for _ in range(20):
        add(engine, *KINDS)

        with ThreadPoolExecutor(2) as pool:
            told = [future.result(20) for future in [pool.submit(one.sweep) for one in sweepers]]

        assert sorted(told) == [0, 4]
    found = events(engine)
    assert [one.entry.details["switch_id"] for one in found] == [str(number) for number in range(1, 81)]
    assert is_intact(found)


def test_log_when_a_switch_is_told_of_again_then_postgres_refuses(engine: Engine) -> None:
    entry = audit_entry(LearningSwitch(1, "checkout", "FREEZE", "odd data", "ann", NOW))
    store = PostgresSwitchStore(engine)
    with store.transaction() as begun:
        begun.audit.append(entry)

    with pytest.raises(IntegrityError, match="audit_events_switch"), store.transaction() as begun:
        begun.audit.append(entry)


def test_sweep_when_the_store_is_away_then_unavailable() -> None:
    nobody = create_engine("postgresql://nobody@127.0.0.1:1/nothing", application_name="test")

    with pytest.raises(Unavailable) as caught:
        SwitchAudit(PostgresSwitchStore(nobody)).sweep()

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
