"""The budget of a day: what the ledger knows and what is held counts, and nothing is sent beyond it."""

from datetime import timedelta

import pytest

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderFailure, Usage
from services.ai.domain.calls import RecordCall, Spend, SpendLedger
from services.ai.llm.budget import Budget
from tests.ai.call_records import call
from tests.ai.llm.questions import NOW, Clocks
from tests.ai.spend_ledger_contract import SpendLedgerContract
from tests.fakes.spend_ledger import InMemorySpendLedger

LIMIT = Spend(1.0, 10_000)
MOST = Spend(0.4, 1000)


class TestInMemorySpendLedger(SpendLedgerContract):
    @pytest.fixture
    def ledger(self) -> tuple[SpendLedger, RecordCall]:
        ledger = InMemorySpendLedger()
        return ledger, ledger.record


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def ledger() -> InMemorySpendLedger:
    return InMemorySpendLedger()


@pytest.fixture
def budget(ledger: InMemorySpendLedger, clocks: Clocks) -> Budget:
    return Budget(ledger, LIMIT, now=clocks.now)


def _is_denied(budget: Budget, most: Spend = MOST) -> bool:
    try:
        with budget.held(most):
            return False
    except ProviderFailure as failure:
        told = "budget" in failure.message and failure.status is CallStatus.NOT_SENT
        return told and failure.reason is FallbackReason.BUDGET_SPENT


def test_budget_when_the_most_of_a_call_fits_then_it_is_let_through(budget: Budget) -> None:
    assert not _is_denied(budget, LIMIT)


@pytest.mark.parametrize("most", [Spend(1.01, 1), Spend(0.01, 10_001)], ids=["money", "tokens"])
def test_budget_when_the_most_of_a_call_does_not_fit_then_it_is_denied(budget: Budget, most: Spend) -> None:
    assert _is_denied(budget, most)


def test_budget_when_it_is_zero_then_everything_is_denied(ledger: InMemorySpendLedger, clocks: Clocks) -> None:
    assert _is_denied(Budget(ledger, Spend(), now=clocks.now), Spend(0.0, 1))


def test_budget_when_calls_are_under_way_then_what_they_hold_counts(budget: Budget) -> None:
    with budget.held(MOST), budget.held(MOST):
        assert budget.remaining() == Spend(pytest.approx(0.2), 8000)  # type: ignore[arg-type]
        assert _is_denied(budget)

    assert not _is_denied(budget)
    assert budget.remaining() == LIMIT


def test_budget_when_other_processes_spent_then_that_counts(budget: Budget, ledger: InMemorySpendLedger) -> None:
    ledger.record(call(cost_usd=0.7, usage=Usage(10)))

    assert _is_denied(budget)
    assert not _is_denied(budget, Spend(0.3, 1))


def test_budget_when_a_process_starts_anew_then_knows_what_was_spent(
    ledger: InMemorySpendLedger, clocks: Clocks
) -> None:
    ledger.record(call(cost_usd=0.99, at=NOW.replace(hour=0)))

    assert _is_denied(Budget(ledger, LIMIT, now=clocks.now))


def test_budget_when_the_day_is_over_then_begins_anew(
    budget: Budget, ledger: InMemorySpendLedger, clocks: Clocks
) -> None:
    ledger.record(call(cost_usd=1.0))
    assert _is_denied(budget)

    clocks.seconds = timedelta(hours=12).total_seconds()

    assert not _is_denied(budget)


def test_budget_when_nobody_knows_what_a_call_cost_then_its_most_is_held_until_the_day_is_over(
    budget: Budget, clocks: Clocks
) -> None:
    with budget.held(Spend(0.9, 1)) as hold:
        hold.unclear = True

    assert _is_denied(budget)
    clocks.seconds = timedelta(hours=12).total_seconds()
    assert not _is_denied(budget)


def test_budget_when_more_is_spent_than_there_is_then_nothing_remains(
    budget: Budget, ledger: InMemorySpendLedger
) -> None:
    ledger.record(call(cost_usd=7.0, usage=Usage(1_000_000)))

    assert budget.remaining() == Spend()
