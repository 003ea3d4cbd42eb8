"""What every spend ledger does; a test class of one derives from this and makes it."""

from datetime import timedelta

from services.ai.domain.asking import CallStatus, FallbackReason, Usage
from services.ai.domain.calls import RecordCall, Spend, SpendLedger
from tests.ai.call_records import AT, call

DAY = AT.replace(hour=0)


class SpendLedgerContract:
    """Needs a fixture `ledger`: an empty ledger, and the function that records attempts in it."""

    def test_spend_when_nothing_is_recorded_then_is_nothing(self, ledger: tuple[SpendLedger, RecordCall]) -> None:
        assert ledger[0].spent_since(DAY) == Spend()

    def test_spend_when_calls_are_recorded_then_is_their_sum_with_cached_and_written_tokens(
        self, ledger: tuple[SpendLedger, RecordCall]
    ) -> None:
        spending, record = ledger
        record(call())
        record(call(usage=Usage(1, 2, 3, 4, 2), cost_usd=0.5))

        assert spending.spent_since(DAY) == Spend(0.75, 190)

    def test_spend_when_a_call_failed_then_what_it_cost_counts(self, ledger: tuple[SpendLedger, RecordCall]) -> None:
        spending, record = ledger
        record(call(status=CallStatus.TRUNCATED, fallback_reason=FallbackReason.TRUNCATED))

        assert spending.spent_since(DAY) == Spend(0.25, 180)

    def test_spend_when_calls_are_of_the_day_before_then_they_do_not_count(
        self, ledger: tuple[SpendLedger, RecordCall]
    ) -> None:
        spending, record = ledger
        record(call(at=DAY - timedelta(microseconds=1)))
        record(call(at=DAY))

        assert spending.spent_since(DAY) == Spend(0.25, 180)
