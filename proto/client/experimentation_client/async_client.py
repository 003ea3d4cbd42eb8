"""The client for asyncio."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import grpc

from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation_client.authorization import Authorization
from experimentation_client.channel import ChannelOptions, Metadata, channel_arguments
from experimentation_client.counts import Undelivered
from experimentation_client.delivery import NO_PAUSE, Delivery, Pause, log_rejection
from experimentation_client.in_process_bandit import InProcessBandit
from experimentation_client.rows import RejectedRow
from experimentation_client.rpc_failure import UNHEARD, Failure, failure_of
from experimentation_client.settings import Settings
from experimentation_client.unique_ids import unique_ids

_logger = logging.getLogger("experimentation_client")


class AsyncClient(InProcessBandit):
    """Allocates in this process, and delivers what came of it from tasks of the running loop.

    One for each loop, made while it runs. Use it in an `async with` statement, or close it: a loop that ends takes rows
    that wait with it. `allocate` and `record_...` are plain functions, which any thread may call.
    """

    def __init__(
        self,
        target: str,
        *,
        experiment_ids: Iterable[str] = (),
        credentials: grpc.ChannelCredentials | None = None,
        channel_options: ChannelOptions = (),
        metadata: Metadata = (),
        token: str | None = None,
        token_file: str | Path | None = None,
        settings: Settings = Settings(),  # noqa: B008 - it cannot be changed
        snapshot_file: str | Path | None = None,
        on_rejected: Callable[[RejectedRow], None] = log_rejection,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        rng: Random | None = None,
        new_id: Callable[[], str] | None = None,
    ) -> None:
        """Begins to subscribe; `wait_until_ready` tells when there is something to allocate.

        Args:
            target: Where the bandit is; this and the others as in `Client`.
            experiment_ids: The experiments to follow. Empty: all.
            credentials: For TLS. None: no TLS.
            channel_options: Options of the gRPC channel.
            metadata: Is sent with every call.
            token: Says who calls. None: nobody does, unless the file or the metadata say so.
            token_file: Holds the token, and is read for every call: a new token takes the place of the old one there.
            settings: How much is held, and how often and how long is tried.
            snapshot_file: Keeps the newest policies. None: no file.
            on_rejected: Is told, on the loop, of every row that the server will not take. Default: logs.
            clock: Seconds since 1970.
            monotonic: Seconds since whenever, for pauses and ages.
            rng: Spreads the pauses. None: one that differs from process to process.
            new_id: Makes event and allocation ids. None: unique ones.

        Raises:
            RuntimeError: No loop is running.
        """
        self._loop = asyncio.get_running_loop()
        self._progress = asyncio.Condition()
        self._exposures_nudged, self._outcomes_nudged = asyncio.Event(), asyncio.Event()
        super().__init__(
            experiment_ids,
            settings=settings,
            snapshot_file=snapshot_file,
            on_rejected=on_rejected,
            clock=clock,
            monotonic=monotonic,
            rng=rng or Random(),  # noqa: S311 - nothing depends on it
            new_id=new_id or unique_ids(),
            nudges=(self._nudger(self._exposures_nudged), self._nudger(self._outcomes_nudged)),
        )
        self._authorization = Authorization(metadata, token=token, token_file=token_file)
        arguments = channel_arguments(channel_options)
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(target, arguments)
        else:
            self._channel = grpc.aio.secure_channel(target, credentials, arguments)
        self._stub = BanditServiceStub(self._channel)
        self._is_closed = False
        exposures, outcomes = self._deliveries()
        self._tasks = [
            self._loop.create_task(run, name=f"experimentation-{name}")
            for name, run in (
                ("policies", self._follow()),
                ("exposures", self._deliver(exposures, self._stub.RecordExposure, self._exposures_nudged)),
                ("outcomes", self._deliver(outcomes, self._stub.RecordOutcomes, self._outcomes_nudged)),
            )
        ]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def wait_until_ready(self, timeout_seconds: float | None = None) -> bool:
        """Returns once the server told all its policies, or cannot be reached while the snapshot file has them.

        Returns:
            Whether there is something to allocate: of every experiment that is to be followed, where any are named.
            After the timeout, too, the policies of the snapshot file will do. None waits for ever.
        """
        await self._wait_for(lambda: self._book.is_ready, timeout_seconds)
        return self._book.can_serve

    async def flush(self, timeout_seconds: float | None = None) -> bool:
        """Returns True once all that was recorded before is delivered or rejected; False at the timeout."""
        targets = [(buffer, buffer.last_number()) for buffer in (self._exposures, self._outcomes)]
        self._nudge()
        return await self._wait_for(
            lambda: all(buffer.is_settled(number) for buffer, number in targets), timeout_seconds
        )

    async def close(self, timeout_seconds: float | None = None) -> Undelivered:
        """Delivers what waits, within the timeout, and ends the client; only `expose=False` still allocates.

        Args:
            timeout_seconds: None: that of the settings.

        Returns:
            How many rows the server did not acknowledge; they are lost. Both 0: none.
        """
        was_open, self._is_closed = not self._is_closed, True
        for buffer in (self._exposures, self._outcomes):
            buffer.close("the client is closed")
        if was_open:
            await self.flush(self._settings.close_timeout_seconds if timeout_seconds is None else timeout_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close()
        undelivered = self._waiting()
        if was_open and any(undelivered):
            _logger.error("%d exposures and %d outcomes could not be delivered", *undelivered)
        return undelivered

    def _nudger(self, event: asyncio.Event) -> Callable[[], None]:
        def nudge() -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(event.set)

        return nudge

    def _nudge(self) -> None:
        self._exposures_nudged.set()
        self._outcomes_nudged.set()

    async def _tell(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    async def _wait_for(self, holds: Callable[[], bool], timeout_seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(timeout_seconds), self._progress:
                return await self._progress.wait_for(holds)
        except TimeoutError:
            return holds()

    async def _follow(self) -> None:
        """Subscribes, again and again."""
        failure_count = 0
        while True:
            heard, failure = await self._listen()
            failure_count = 1 if heard else failure_count + 1
            if failure is not None:
                if self._book.lose():
                    _logger.warning("policies cannot be followed, the last ones serve: %s", failure.message)
                await self._tell()
                pause = max(failure.retry_after_seconds, self._backoff.seconds(failure_count))
                await asyncio.sleep(pause)

    async def _listen(self) -> tuple[bool, Failure | None]:
        """Returns whether anything was heard, and why no more is; None where the subscription ended as planned."""
        heard = False
        try:
            async for message in self._stub.WatchPolicies(
                self._subscription, timeout=self._settings.stream_seconds, metadata=self._authorization.metadata()
            ):
                if self._book.hear(message) and self._file:
                    await asyncio.to_thread(self._file.write, self._book.snapshots())
                if not heard:
                    _logger.info("policies are followed")
                    self._nudge()  # who is back takes rows again
                heard = True
                await self._tell()
        except grpc.RpcError as error:
            failure = failure_of(error)
            ended_as_planned = heard and failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
            return heard, None if ended_as_planned else failure
        except Exception:  # whatever it is, the last policies serve and the next attempt may succeed
            _logger.exception("policies cannot be followed")
        return heard, UNHEARD

    # Requests and responses differ by kind, and the delivery made them.
    async def _deliver(self, delivery: Delivery[Any], method: Any, nudged: asyncio.Event) -> None:
        while True:
            pause = await self._deliver_one(delivery, method)
            await self._tell()
            if pause is None:
                await _wait(nudged, delivery.wait_seconds(self._settings.delivery_interval_seconds))
            elif pause is not NO_PAUSE:
                await asyncio.sleep(pause.at_least_seconds)
                await _wait(nudged, pause.seconds - pause.at_least_seconds)

    async def _deliver_one(self, delivery: Delivery[Any], method: Any) -> Pause | None:
        """Returns the pause before the next call; None where there was nothing to send."""
        try:
            request = delivery.next_request()
            if request is None:
                return None
            response = await method(
                request, timeout=self._settings.call_timeout_seconds, metadata=self._authorization.metadata()
            )
            delivery.succeeded(response)
        except grpc.RpcError as error:
            return delivery.failed(error)
        except Exception:  # the rows stay, the next attempt may succeed
            _logger.exception("rows cannot be delivered")
            return Pause(0.0, self._settings.max_backoff_seconds)
        return NO_PAUSE


async def _wait(nudged: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await nudged.wait()
    except TimeoutError:
        pass
    nudged.clear()
