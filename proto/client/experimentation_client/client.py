"""The client for threads."""

import atexit
import logging
import os
import threading
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

_JOIN_SECONDS = 5.0


class Client(InProcessBandit):
    """Allocates in this process, and delivers what came of it from threads of its own. Safe for threads.

    One for each process, made after forking. Use it in a `with` statement, or close it.
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
            target: Where the bandit is: `host:port`, `unix:path`, or any other name that gRPC resolves.
            experiment_ids: The experiments to follow. Empty: all, including those that start later.
            credentials: For TLS, such as `grpc.ssl_channel_credentials()`. None: no TLS.
            channel_options: Options of the gRPC channel.
            metadata: Is sent with every call.
            token: Says who calls. None: nobody does, unless the file or the metadata say so.
            token_file: Holds the token, and is read for every call: a new token takes the place of the old one there.
            settings: How much is held, and how often and how long is tried.
            snapshot_file: Keeps the newest policies, for a start while the server is away. None: no file.
            on_rejected: Is told, on a thread of the client, of every row that the server will not take. It must not
                wait for the client. Default: logs.
            clock: Seconds since 1970.
            monotonic: Seconds since whenever, for pauses and ages.
            rng: Spreads the pauses. None: one that differs from process to process.
            new_id: Makes event and allocation ids. None: unique ones.
        """
        self._pid = os.getpid()
        self._stopping = threading.Event()
        self._progress = threading.Condition()
        self._exposures_nudged, self._outcomes_nudged = threading.Event(), threading.Event()
        super().__init__(
            experiment_ids,
            settings=settings,
            snapshot_file=snapshot_file,
            on_rejected=on_rejected,
            clock=clock,
            monotonic=monotonic,
            rng=rng or Random(),  # noqa: S311 - nothing depends on it
            new_id=new_id or unique_ids(),
            nudges=(self._exposures_nudged.set, self._outcomes_nudged.set),
        )
        self._authorization = Authorization(metadata, token=token, token_file=token_file)
        options = channel_arguments(channel_options)
        if credentials is None:
            self._channel = grpc.insecure_channel(target, options)
        else:
            self._channel = grpc.secure_channel(target, credentials, options)
        self._stub = BanditServiceStub(self._channel)
        exposures, outcomes = self._deliveries()
        self._threads = [
            threading.Thread(target=run, args=arguments, name=f"experimentation-{name}", daemon=True)
            for name, run, arguments in (
                ("policies", self._follow, ()),
                ("exposures", self._deliver, (exposures, self._stub.RecordExposure, self._exposures_nudged)),
                ("outcomes", self._deliver, (outcomes, self._stub.RecordOutcomes, self._outcomes_nudged)),
            )
        ]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait_until_ready(self, timeout_seconds: float | None = None) -> bool:
        """Returns once the server told all its policies, or cannot be reached while the snapshot file has them.

        Returns:
            Whether there is something to allocate: of every experiment that is to be followed, where any are named.
            After the timeout, too, the policies of the snapshot file will do. None waits for ever.
        """
        with self._progress:
            self._progress.wait_for(lambda: self._book.is_ready, timeout_seconds)
        return self._book.can_serve

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Returns True once all that was recorded before is delivered or rejected; False at the timeout."""
        targets = [(buffer, buffer.last_number()) for buffer in (self._exposures, self._outcomes)]
        self._nudge()
        with self._progress:
            return self._progress.wait_for(
                lambda: all(buffer.is_settled(number) for buffer, number in targets), timeout_seconds
            )

    def close(self, timeout_seconds: float | None = None) -> Undelivered:
        """Delivers what waits, within the timeout, and ends the client; only `expose=False` still allocates.

        Args:
            timeout_seconds: None: that of the settings.

        Returns:
            How many rows the server did not acknowledge; they are lost with this process. Both 0: none.
        """
        if os.getpid() != self._pid:
            return Undelivered(0, 0)
        was_open = not self._stopping.is_set()
        for buffer in (self._exposures, self._outcomes):
            buffer.close("the client is closed")
        if was_open:
            self.flush(self._settings.close_timeout_seconds if timeout_seconds is None else timeout_seconds)
        self._end()
        undelivered = self._waiting()
        if was_open and any(undelivered):
            _logger.error("%d exposures and %d outcomes could not be delivered", *undelivered)
        return undelivered

    def _end(self) -> None:
        self._stopping.set()
        self._nudge()
        self._channel.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_SECONDS)
        atexit.unregister(self.close)

    def _nudge(self) -> None:
        self._exposures_nudged.set()
        self._outcomes_nudged.set()

    def _tell(self) -> None:
        with self._progress:
            self._progress.notify_all()

    def _follow(self) -> None:
        """Subscribes, again and again."""
        failure_count = 0
        while not self._stopping.is_set():
            heard, failure = self._listen()
            failure_count = 1 if heard else failure_count + 1
            if failure is not None:
                if self._book.lose() and not self._stopping.is_set():
                    _logger.warning("policies cannot be followed, the last ones serve: %s", failure.message)
                self._tell()
                pause = max(failure.retry_after_seconds, self._backoff.seconds(failure_count))
                self._stopping.wait(pause)

    def _listen(self) -> tuple[bool, Failure | None]:
        """Returns whether anything was heard, and why no more is; None where the subscription ended as planned."""
        heard = False
        try:
            for message in self._stub.WatchPolicies(
                self._subscription, timeout=self._settings.stream_seconds, metadata=self._authorization.metadata()
            ):
                if self._book.hear(message) and self._file:
                    self._file.write(self._book.snapshots())
                if not heard:
                    _logger.info("policies are followed")
                    self._nudge()  # who is back takes rows again
                heard = True
                self._tell()
        except grpc.RpcError as error:
            failure = failure_of(error)
            ended_as_planned = heard and failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
            return heard, None if ended_as_planned else failure
        except Exception:  # whatever it is, the last policies serve and the next attempt may succeed
            if not self._stopping.is_set():
                _logger.exception("policies cannot be followed")
        return heard, UNHEARD

    # Requests and responses differ by kind, and the delivery made them.
    def _deliver(self, delivery: Delivery[Any], method: Any, nudged: threading.Event) -> None:
        while not self._stopping.is_set():
            pause = self._deliver_one(delivery, method)
            self._tell()
            if pause is None:
                nudged.wait(delivery.wait_seconds(self._settings.delivery_interval_seconds))
                nudged.clear()
            elif pause is not NO_PAUSE:
                self._stopping.wait(pause.at_least_seconds)
                nudged.wait(pause.seconds - pause.at_least_seconds)
                nudged.clear()

    def _deliver_one(self, delivery: Delivery[Any], method: Any) -> Pause | None:
        """Returns the pause before the next call; None where there was nothing to send."""
        try:
            request = delivery.next_request()
            if request is None:
                return None
            response = method(
                request, timeout=self._settings.call_timeout_seconds, metadata=self._authorization.metadata()
            )
            delivery.succeeded(response)
        except grpc.RpcError as error:
            return delivery.failed(error)
        except Exception:  # the rows stay, the next attempt may succeed
            if not self._stopping.is_set():
                _logger.exception("rows cannot be delivered")
            return Pause(0.0, self._settings.max_backoff_seconds)
        return NO_PAUSE
