"""A provider within its limits: what is let through, what is recorded, and what many threads may spend together."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from services.ai.domain.asking import (
    CallStatus,
    FallbackReason,
    ProviderFailure,
    Question,
    Repair,
    Reply,
    Usage,
)
from services.ai.domain.calls import Asker, CallRecord, Spend
from services.ai.llm.breaker import Breaker
from services.ai.llm.budget import Budget
from services.ai.llm.guarded import GuardedProvider
from services.ai.llm.metrics import LlmMetrics
from tests.ai.llm.questions import NOW, QUESTION, USAGE, Clocks, ScriptedProvider, failing
from tests.fakes.spend_ledger import InMemorySpendLedger

MAX_TOKENS = 4096


class Setting:
    """Is a guarded provider with all that it needs."""

    def __init__(self, limit: Spend = Spend(5.0, 1_000_000)) -> None:  # noqa: B008 (it does not change)
        self.clocks = Clocks()
        self.ledger = InMemorySpendLedger()
        self.provider = ScriptedProvider()
        self.registry = CollectorRegistry()
        self.budget = Budget(self.ledger, limit, now=self.clocks.now)
        self.breaker = Breaker(failure_count=2, open_seconds=60, monotonic=self.clocks.monotonic)
        self.guarded = GuardedProvider(
            self.provider,
            max_tokens=MAX_TOKENS,
            budget=self.budget,
            breaker=self.breaker,
            metrics=LlmMetrics(self.registry),
            now=self.clocks.now,
            monotonic=self.clocks.monotonic,
        )

    def ask(self, question: Question = QUESTION) -> Reply:
        """Asks, and records in the ledger."""
        asker: Asker = self.guarded
        return asker.ask(question, timeout_seconds=30, record=self.ledger.record)

    def failure(self) -> ProviderFailure:
        """Asks, and returns why there is no answer."""
        with pytest.raises(ProviderFailure) as raised:
            self.ask()
        return raised.value

    def count(self, name: str, **labels: str) -> float:
        """Returns a metric; 0 where it is not there."""
        return self.registry.get_sample_value(name, labels) or 0.0


def test_answer_when_it_comes_then_is_recorded_and_counted() -> None:
    setting = Setting()

    reply = setting.ask(replace(QUESTION, repair=Repair("{}", "[]")))

    (kept,) = setting.ledger.calls
    assert (kept.status, kept.fallback_reason, kept.message) == (CallStatus.OK, None, "")
    assert (kept.response_text, kept.usage, kept.cost_usd, kept.at) == (reply.text, USAGE, 0.01, NOW)
    assert (kept.data, kept.repair) == (QUESTION.data, Repair("{}", "[]"))
    assert len(kept.system_sha256) == 64
    assert setting.count("llm_requests_total", provider="anthropic", status="OK") == 1
    assert setting.budget.remaining().cost_usd == pytest.approx(4.99)


def test_failure_when_it_was_charged_then_its_cost_is_recorded() -> None:
    setting = Setting()
    setting.provider.does = failing(
        CallStatus.TRUNCATED, FallbackReason.TRUNCATED, usage=Usage(10, 4096), cost_usd=0.05
    )

    failure = setting.failure()

    (kept,) = setting.ledger.calls
    assert (kept.status, kept.fallback_reason) == (CallStatus.TRUNCATED, FallbackReason.TRUNCATED)
    assert (kept.cost_usd, kept.usage, kept.message) == (0.05, Usage(10, 4096), failure.message)
    assert setting.budget.remaining() == Spend(pytest.approx(4.95), 1_000_000 - 4106)  # type: ignore[arg-type]
    assert setting.count("llm_truncations_total", operation="SUGGEST_HYPOTHESES") == 1


def test_budget_when_it_is_spent_then_nothing_is_sent_or_recorded() -> None:
    setting = Setting(Spend(0.001, 1_000_000))

    assert setting.failure().reason is FallbackReason.BUDGET_SPENT
    assert not setting.provider.asked
    assert not setting.ledger.calls
    assert setting.count("llm_requests_total", provider="anthropic", status="NOT_SENT") == 1


def test_circuit_when_it_is_open_then_nothing_is_sent_and_nothing_held() -> None:
    setting = Setting()
    setting.provider.does = failing(CallStatus.OVERLOADED)
    for _ in range(2):
        assert setting.failure().reason is FallbackReason.PROVIDER_UNAVAILABLE

    assert setting.failure().reason is FallbackReason.CIRCUIT_OPEN
    assert len(setting.provider.asked) == len(setting.ledger.calls) == 2
    assert setting.budget.remaining() == Spend(5.0, 1_000_000)
    setting.clocks.seconds = 61
    setting.provider.does = ScriptedProvider().does
    assert setting.ask().text == "{}"


def test_question_when_the_provider_has_no_key_then_is_not_recorded() -> None:
    setting = Setting()
    setting.provider.does = failing(CallStatus.NOT_SENT, FallbackReason.NO_KEY)

    assert setting.failure().reason is FallbackReason.NO_KEY
    assert not setting.ledger.calls
    assert not setting.breaker.is_open


@pytest.mark.parametrize(
    ("status", "counts"),
    [(CallStatus.TIMED_OUT, True), (CallStatus.DISCONNECTED, True), (CallStatus.UNREACHABLE, False)],
)
def test_failure_when_it_may_have_been_charged_then_its_most_counts_in_all_processes(
    status: CallStatus, *, counts: bool
) -> None:
    setting = Setting()
    worst = setting.guarded._most(QUESTION) if counts else Spend()
    setting.provider.does = failing(status)

    setting.failure()

    anew = Budget(setting.ledger, Spend(5.0, 1_000_000), now=setting.clocks.now)
    for budget in (setting.budget, anew):
        assert budget.remaining().cost_usd == pytest.approx(5.0 - worst.cost_usd)
        assert budget.remaining().tokens == 1_000_000 - worst.tokens
    assert setting.count("llm_cost_usd_total", model="claude-sonnet-5-5", operation="SUGGEST_HYPOTHESES") == 0


def test_attempt_when_it_is_put_on_record_before_then_with_the_most_that_it_can_cost() -> None:
    setting, begun = Setting(), list[CallRecord]()
    worst = setting.guarded._most(QUESTION)
    left = list[float]()

    def begin(call: CallRecord) -> None:
        begun.append(call)
        setting.ledger.record(call)

    def answer(question: Question) -> Reply:
        left.append(setting.budget.remaining().cost_usd)
        return ScriptedProvider().does(question)

    setting.provider.does = answer
    setting.guarded.ask(QUESTION, timeout_seconds=30, record=lambda _: None, begin=begin)

    assert (begun[0].cost_usd, begun[0].usage.total_tokens) == (worst.cost_usd, worst.tokens)
    assert begun[0].status is CallStatus.UNKNOWN
    assert left == [pytest.approx(5.0 - worst.cost_usd)], "what the ledger counts is not held besides"


def test_attempt_when_it_cannot_be_put_on_record_before_then_nothing_is_sent() -> None:
    setting = Setting()

    def lost(_: CallRecord) -> None:
        raise OSError("no store")

    with pytest.raises(OSError, match="no store"):
        setting.guarded.ask(QUESTION, timeout_seconds=30, record=setting.ledger.record, begin=lost)

    assert not setting.provider.asked
    assert not setting.breaker.is_open
    assert setting.budget.remaining() == Spend(5.0, 1_000_000)


def test_attempt_when_it_cannot_be_recorded_then_its_most_stays_held() -> None:
    setting = Setting()

    def lost(_: CallRecord) -> None:
        raise OSError("no store")

    with pytest.raises(OSError, match="no store"):
        setting.guarded.ask(QUESTION, timeout_seconds=30, record=lost)

    assert setting.budget.remaining().cost_usd < 4.96


def test_defect_when_a_provider_has_one_then_the_next_question_is_let_through() -> None:
    setting = Setting()

    def broken(_: Question) -> Reply:
        raise ZeroDivisionError

    setting.provider.does = broken
    with pytest.raises(ZeroDivisionError):
        setting.ask()
    setting.provider.does = ScriptedProvider().does

    assert setting.ask().text == "{}"
    assert setting.budget.remaining().cost_usd == pytest.approx(4.99)


def test_budget_when_many_ask_at_once_then_as_many_are_sent_as_are_paid_for_at_worst() -> None:
    most = Setting()
    with most.budget.held(Spend()):
        worst = most.guarded._most(QUESTION)
    setting = Setting(Spend(3.5 * worst.cost_usd, 1_000_000))
    everybody, release = threading.Semaphore(0), threading.Event()

    def slow(_: Question) -> Reply:
        everybody.release()
        release.wait()
        return Reply("{}", "claude-sonnet-5-5", cost_usd=worst.cost_usd, usage=Usage(worst.tokens))

    def ask() -> FallbackReason | None:
        try:
            setting.ask()
        except ProviderFailure as failure:
            everybody.release()
            return failure.reason
        return None

    setting.provider.does = slow
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask) for _ in range(8)]
        for _ in range(8):
            everybody.acquire()
        release.set()
    results = [one.result() for one in asked]

    assert len(setting.provider.asked) == results.count(None) == 3
    assert results.count(FallbackReason.BUDGET_SPENT) == 5
    assert setting.ledger.spent_since(NOW).cost_usd <= 3.5 * worst.cost_usd


def test_budget_when_processes_ask_at_once_then_each_overshoots_by_one_call_at_most() -> None:
    worst = Setting().guarded._most(QUESTION)
    first, second = (Setting(Spend(worst.cost_usd, 1_000_000)) for _ in range(2))
    second.ledger.calls = first.ledger.calls

    def charged(question: Question) -> Reply:
        if not second.provider.asked:
            second.ask()
        return Reply("{}", "claude-sonnet-5-5", cost_usd=worst.cost_usd)

    first.provider.does = charged
    second.provider.does = charged
    first.ask()

    assert first.failure().reason is second.failure().reason is FallbackReason.BUDGET_SPENT
    assert first.ledger.spent_since(NOW).cost_usd == pytest.approx(2 * worst.cost_usd)
