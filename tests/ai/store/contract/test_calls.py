"""What every store promises of the calls of providers: none is lost, and what is under way counts as spent."""

from datetime import timedelta

import pytest

from services.ai.domain.asking import CallStatus, FallbackReason, Repair, Usage
from services.ai.domain.calls import CallRecord, RecordCall, Spend, SpendLedger
from services.ai.domain.ports import AiStore
from services.ai.domain.queries import Cursor, StoredCall
from shared.ids import new_id
from tests.ai.call_records import AT, call
from tests.ai.spend_ledger_contract import SpendLedgerContract
from tests.ai.store.contract.desk import race

SYSTEM = "Answer with claims alone."


def begun(**changes: object) -> CallRecord:
    return call(response_text="", status=CallStatus.DISCONNECTED, cost_usd=2.0, usage=Usage(1000), **changes)


class TestSpendLedger(SpendLedgerContract):
    @pytest.fixture
    def ledger(self, store: AiStore) -> tuple[SpendLedger, RecordCall]:
        def record(made: CallRecord) -> None:
            store.calls.begin(new_id("call"), "job_1", made, system=SYSTEM)

        return store.calls, record


def test_list_calls_when_one_was_made_then_every_field_comes_back(store: AiStore) -> None:
    repair = Repair("é\x00\ud800", "{}")
    ended = call(repair=repair, response_text="half\ud83d", fallback_reason=FallbackReason.MALFORMED, seconds=0.1 + 0.2)
    store.calls.begin("call_1", "job_1", begun(repair=repair), system=SYSTEM)
    store.calls.end("call_1", ended)
    store.calls.note_violations("call_1", ("R2: E9 is not in the pack", "\x00"))

    assert store.calls.list_calls("job_1", after=None, limit=9) == [
        StoredCall("call_1", "job_1", ended, SYSTEM, ("R2: E9 is not in the pack", "\x00"))
    ]


def test_begin_when_nobody_saw_its_end_then_it_counts_with_the_most_that_it_can_cost(store: AiStore) -> None:
    store.calls.begin("call_1", "job_1", begun(), system=SYSTEM)

    assert store.calls.count_for("job_1") == 1
    assert store.calls.count_for("job_2") == 0
    assert store.calls.spent_since(AT) == Spend(2.0, 1000)


def test_begin_when_it_is_done_again_then_once(store: AiStore) -> None:
    for _ in range(2):
        store.calls.begin("call_1", "job_1", begun(), system=SYSTEM)

    assert store.calls.count_for("job_1") == 1


def test_end_when_it_has_ended_then_nothing_changes(store: AiStore) -> None:
    store.calls.begin("call_1", "job_1", begun(), system=SYSTEM)
    for cost in (0.25, 99.0):
        store.calls.end("call_1", call(cost_usd=cost))

    assert store.calls.spent_since(AT) == Spend(0.25, 180)


def test_list_calls_when_times_are_equal_then_every_call_is_on_one_page(store: AiStore) -> None:
    for name in ("call_b", "call_a", "call_c"):
        store.calls.begin(name, "job_1", begun(), system=SYSTEM)
    store.calls.begin("call_0", "job_1", begun(at=AT + timedelta(microseconds=1)), system=SYSTEM)
    store.calls.begin("call_x", "job_2", begun(), system="Another text.")

    found: list[StoredCall] = []
    while page := store.calls.list_calls(
        "job_1", after=Cursor(found[-1].call.at, found[-1].call_id) if found else None, limit=2
    ):
        found += page

    assert [one.call_id for one in found] == ["call_a", "call_b", "call_c", "call_0"]
    assert {one.system for one in found} == {SYSTEM}


def test_begin_when_many_send_the_same_system_text_at_once_then_all_are_recorded(store: AiStore) -> None:
    race(*[lambda place=place: store.calls.begin(f"c{place}", "job_1", begun(), system=SYSTEM) for place in range(4)])

    assert store.calls.count_for("job_1") == 4
