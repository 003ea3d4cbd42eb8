"""The client for asyncio does what the one for threads does, on the loop."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation_client import (
    AsyncClient,
    BufferFullError,
    Client,
    ClosedError,
    ExposureState,
    Freshness,
    RejectedRow,
    RowCounts,
    Undelivered,
)
from experimentation_client.in_process_bandit import InProcessBandit
from shared.errors import Reason, ResourceExhausted
from tests.client.examples import QUICK, WAIT_SECONDS, message
from tests.client.server import ScriptedBandit, fail_with, lose_answer, reject


@asynccontextmanager
async def connected(bandit: ScriptedBandit, **arguments: Any) -> AsyncIterator[AsyncClient]:
    """Yields a client that has the bandit's policies."""
    async with AsyncClient(bandit.address, **dict[str, Any](settings=QUICK) | arguments) as client:
        assert await client.wait_until_ready(WAIT_SECONDS)
        yield client


async def when(client: AsyncClient, holds: Callable[[], bool]) -> None:
    """Returns once something holds of the client, which tells of every change."""
    assert await client._wait_for(holds, WAIT_SECONDS)


def test_surface_when_compared_with_the_client_for_threads_then_is_the_same() -> None:
    own = [{name for name in vars(kind) if not name.startswith("_")} for kind in (Client, AsyncClient)]

    assert own[0] == own[1] == {"wait_until_ready", "flush", "close"}
    for name in ("__init__", *own[0]):
        assert inspect.signature(getattr(Client, name)) == inspect.signature(getattr(AsyncClient, name))
    assert {name for name in vars(InProcessBandit) if not name.startswith("_")} == {
        "age_seconds",
        "allocate",
        "counts",
        "experiment_ids",
        "freshness",
        "record_exposure",
        "record_outcome",
    }


def test_client_when_no_loop_runs_then_is_refused() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        AsyncClient("127.0.0.1:1")


def test_rows_when_recorded_then_are_delivered_and_policies_followed(bandit: ScriptedBandit) -> None:
    async def use() -> None:
        async with connected(bandit) as client:
            assert client.allocate("checkout", "u").freshness is Freshness.FRESH
            bandit.publish(message(version=2))
            await when(client, lambda: client.allocate("checkout", "u", expose=False).policy_version == 2)
            client.record_exposure(client.allocate("checkout", "v", expose=False))
            client.record_outcome("checkout", "u", "conversion", 1, event_id="e")
            assert await client.flush(WAIT_SECONDS)
            assert client.counts().outcomes == RowCounts(waiting=0, delivered=1, rejected=0, refused=0)

    asyncio.run(use())

    assert [(row.unit_id, row.policy_version) for row in bandit.exposures] == [("u", 1), ("v", 2)]
    assert [row.event_id for row in bandit.outcomes] == ["e"]


def test_rows_when_recorded_from_other_threads_then_are_delivered(bandit: ScriptedBandit) -> None:
    async def use() -> None:
        settings = replace(QUICK, batch_rows=10, delivery_interval_seconds=3600)
        async with connected(bandit, settings=settings) as client:

            def record() -> None:
                for number in range(10):
                    client.record_outcome("checkout", f"u{number}", "conversion", 1)

            await asyncio.to_thread(record)
            await asyncio.to_thread(bandit.wait_for, lambda: len(bandit.outcomes) == 10)

    asyncio.run(use())


def test_rows_when_calls_fail_or_answers_are_lost_then_are_sent_again(bandit: ScriptedBandit) -> None:
    busy = ResourceExhausted(Reason.SPOOL_FULL, "no room", retry_after_seconds=0.001)
    bandit.script += [fail_with(busy), lose_answer]

    async def use() -> None:
        async with connected(bandit) as client:
            client.record_outcome("checkout", "u", "conversion", 1, event_id="e")
            assert await client.flush(WAIT_SECONDS)

    asyncio.run(use())

    assert [row.event_id for row in bandit.outcomes] == ["e", "e"]


def test_rows_when_rejected_or_early_then_are_reported_or_sent_again(
    bandit: ScriptedBandit, rejected: list[RejectedRow]
) -> None:
    bad = pb.RowRejection(index=0, reason="INVALID_FIELD", message="no", field="value")
    early = pb.RowRejection(index=0, reason="POLICY_VERSION_UNKNOWN", message="not yet")

    async def use() -> None:
        async with connected(bandit, on_rejected=rejected.append) as client:
            bandit.script.append(reject(bad))
            client.record_outcome("checkout", "u", "conversion", 7)
            assert await client.flush(WAIT_SECONDS)
            bandit.script.append(reject(early))
            client.allocate("checkout", "u")
            assert await client.flush(WAIT_SECONDS)

    asyncio.run(use())

    assert [(one.reason, one.field) for one in rejected] == [("INVALID_FIELD", "value")]
    assert [row.unit_id for row in bandit.exposures] == ["u"]


def test_server_when_it_goes_and_comes_back_then_serving_goes_on_and_rows_follow(bandit: ScriptedBandit) -> None:
    async def use() -> None:
        async with connected(bandit, settings=replace(QUICK, buffer_rows=2)) as client:
            await asyncio.to_thread(bandit.stop)
            await when(client, lambda: client.freshness is Freshness.STALE)
            states = [client.allocate("checkout", unit).exposure_state for unit in "abc"]
            assert states == [ExposureState.BUFFERED, ExposureState.BUFFERED, ExposureState.NOT_BUFFERED]
            for _ in range(2):
                client.record_outcome("checkout", "a", "conversion", 1)
            with pytest.raises(BufferFullError):
                client.record_outcome("checkout", "a", "conversion", 1)
            assert not await client.flush(0.05)
            await asyncio.to_thread(bandit.start)
            await when(client, lambda: client.freshness is Freshness.FRESH)
            assert await client.flush(WAIT_SECONDS)

    asyncio.run(use())

    assert {row.unit_id for row in bandit.exposures} == {"a", "b"}
    assert len({row.event_id for row in bandit.outcomes}) == 2


def test_close_when_the_server_is_away_then_says_how_many_rows_are_lost(bandit: ScriptedBandit) -> None:
    async def use() -> tuple[Undelivered, Undelivered]:
        async with connected(bandit) as client:
            await asyncio.to_thread(bandit.stop)
            client.allocate("checkout", "u")
            client.record_outcome("checkout", "u", "conversion", 1)
            first = await client.close(0.05)
            with pytest.raises(ClosedError):
                client.record_outcome("checkout", "u", "conversion", 1)
            return first, await client.close()

    assert asyncio.run(use()) == (Undelivered(1, 1), Undelivered(1, 1))


def test_close_when_rows_wait_then_they_are_delivered_and_nothing_is_left_running(bandit: ScriptedBandit) -> None:
    async def use() -> set[str]:
        async with connected(bandit, settings=replace(QUICK, delivery_interval_seconds=3600)) as client:
            client.record_outcome("checkout", "u", "conversion", 1)
        return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("experimentation-")}

    assert asyncio.run(use()) == set()
    assert len(bandit.outcomes) == 1


def test_restart_when_the_server_is_away_then_the_file_serves(bandit: ScriptedBandit, tmp_path: Path) -> None:
    async def use() -> tuple[Freshness, Freshness]:
        async with connected(bandit, snapshot_file=tmp_path / "policies") as first:
            fresh = first.allocate("checkout", "u", expose=False)
        await asyncio.to_thread(bandit.stop)
        async with connected(bandit, snapshot_file=tmp_path / "policies") as second:
            restored = second.allocate("checkout", "u", expose=False)
        assert restored == fresh._replace(freshness=Freshness.STALE)
        return fresh.freshness, restored.freshness

    assert asyncio.run(use()) == (Freshness.FRESH, Freshness.STALE)


def test_subscription_when_its_time_is_over_then_is_renewed(bandit: ScriptedBandit) -> None:
    async def use() -> None:
        async with connected(bandit, settings=replace(QUICK, stream_seconds=0.5)) as client:
            await when(client, lambda: bandit.stream_count >= 3)
            assert client.freshness is Freshness.FRESH

    asyncio.run(use())


def test_rejections_when_reported_then_on_the_loops_thread(bandit: ScriptedBandit) -> None:
    threads: list[int] = []
    bandit.script.append(reject(pb.RowRejection(index=0, reason="INVALID_FIELD", message="no", field="value")))

    async def use() -> None:
        async with connected(bandit, on_rejected=lambda _: threads.append(threading.get_ident())) as client:
            client.record_outcome("checkout", "u", "conversion", 7)
            assert await client.flush(WAIT_SECONDS)

    asyncio.run(use())

    assert threads == [threading.get_ident()]
