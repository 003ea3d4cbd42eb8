"""Jobs while the Messages API fails in any way that it has: each ends with an answer, within its calls and money."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.ai.domain.asking import CallStatus, FallbackReason, ProviderName
from services.ai.domain.calls import Asker, Spend
from services.ai.domain.ports import Calls
from services.ai.domain.records import JobResult
from services.ai.llm.anthropic_provider import AnthropicProvider
from services.ai.llm.breaker import Breaker
from services.ai.llm.budget import Budget
from services.ai.llm.guarded import GuardedProvider
from services.ai.llm.metrics import LlmMetrics
from services.ai.service.task import TryLater
from tests.ai.call_records import call
from tests.ai.llm.failures import FAILURES
from tests.ai.llm.questions import Clocks, options
from tests.ai.service.answering_world import World, job_of
from tests.ai.service.test_hypotheses_task import ASKED, DRAFT, saying
from tests.ai.stand_in.behaviours import Behaviour, Captured, Sent, answers, breaks_off, rate_limited
from tests.ai.stand_in.messages_api import MessagesApi

MOST_WAITS = 5
# How a job goes on depends on what a failure means: one of each is enough here.
ONE_OF_EACH = {(one.reason, one.status, one.retryable): name for name, one in FAILURES.items()}.values()


@contextmanager
def world_of(*behaviours: Behaviour) -> Iterator[tuple[World, MessagesApi]]:
    """Yields a world that asks the stand-in by the real client; the last behaviour is that of all later requests."""
    left, clocks = list(behaviours), Clocks()

    def behave(request: Captured) -> Sent:
        return (left.pop(0) if len(left) > 1 else left[0])(request)

    with MessagesApi(usual=behave) as api:
        provider = AnthropicProvider(options(api), now=clocks.now)

        def asking(calls: Calls, metrics: LlmMetrics) -> Asker:
            return GuardedProvider(
                provider,
                max_tokens=8192,
                budget=Budget(calls, Spend(5.0, 10_000_000), now=clocks.now),
                breaker=Breaker(failure_count=99, open_seconds=60, monotonic=clocks.monotonic),
                metrics=metrics,
                now=clocks.now,
                monotonic=clocks.monotonic,
            )

        yield World(asking=asking), api
        provider.close()


def ended(world: World) -> tuple[JobResult, list[float]]:
    """Returns what the job leaves behind once it is done, and for how long it waited before."""
    waits = list[float]()
    while len(waits) < MOST_WAITS:
        try:
            return world.hypotheses.run(job_of(ASKED), world.watch), waits
        except TryLater as later:
            waits.append(later.after_seconds)
            world.watch.remaining -= later.after_seconds
    raise AssertionError(f"the job does not end: {waits}")


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_job_when_the_provider_keeps_failing_then_has_the_engines_answer(name: str) -> None:
    failure = FAILURES[name]
    with world_of(failure.behaviour) as (world, api):
        result, waits = ended(world)

    assert result.hypotheses
    assert result.provenance.provider is ProviderName.HEURISTIC
    assert result.provenance.fallback_reason is failure.reason
    assert len(waits) == (2 if failure.retryable else 0)
    calls = world.store.calls.list_calls("job_1", after=None, limit=9)
    # The real client may follow no redirect and repeat nothing: a request is a call.
    assert len(api.requests) == len(calls) == len(waits) + 1
    assert all(stored.call.status is failure.status for stored in calls)


def test_job_when_the_provider_recovers_then_has_its_answer() -> None:
    with world_of(rate_limited("7"), breaks_off(), answers(saying(DRAFT), thinking=True)) as (world, _):
        result, waits = ended(world)

    assert result.provenance.provider is ProviderName.ANTHROPIC
    assert [one.hypothesis.intervention for one in result.hypotheses] == [DRAFT["intervention"]]
    assert waits == [7.0, 4.0]
    statuses = [stored.call.status for stored in world.store.calls.list_calls("job_1", after=None, limit=9)]
    assert statuses == [CallStatus.RATE_LIMITED, CallStatus.DISCONNECTED, CallStatus.OK]


def test_job_when_the_budget_is_spent_then_nothing_is_sent() -> None:
    with world_of(answers()) as (world, api):
        world.store.calls.begin("call_before", "job_0", call(cost_usd=4.99), system="")
        result, _ = ended(world)

    assert result.provenance.fallback_reason is FallbackReason.BUDGET_SPENT
    assert api.requests == []
    assert world.store.calls.count_for("job_1") == 0
