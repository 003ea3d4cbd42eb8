"""Decides what becomes of a batch: sent, sent again, laid aside, reported. Knows no thread and no loop."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import grpc

from experimentation_client.backoff import Backoff
from experimentation_client.buffer import Buffer, Pending
from experimentation_client.rows import ExposureRow, OutcomeRow, RejectedRow, RowKind, exposure_request, outcome_request
from experimentation_client.rpc_failure import Failure, RowFault, failure_of

_logger = logging.getLogger("experimentation_client")

_Row = TypeVar("_Row", bound=ExposureRow | OutcomeRow)

# Each takes the rows of its own kind.
_REQUESTS: Final[Mapping[RowKind, Callable[[list[Any]], Any]]] = {
    RowKind.EXPOSURE: exposure_request,
    RowKind.OUTCOME: outcome_request,
}


class Pause(NamedTuple):
    """Says how long to wait before the next call.

    Attributes:
        at_least_seconds: What the server asked for.
        seconds: How long, unless there is a sign that the server is back.
    """

    at_least_seconds: float
    seconds: float


NO_PAUSE = Pause(0.0, 0.0)


class Delivery(Generic[_Row]):
    """Brings the rows of one kind to the server, at least once. For one thread or one task."""

    def __init__(
        self,
        kind: RowKind,
        buffer: Buffer[_Row],
        *,
        backoff: Backoff,
        max_deferrals: int,
        monotonic: Callable[[], float],
        is_known: Callable[[str], bool],
        on_rejected: Callable[[RejectedRow], None],
    ) -> None:
        """Takes its collaborators.

        Args:
            kind: What the rows are.
            buffer: Where they wait.
            backoff: Tells the pauses after calls that failed, and how long rows are laid aside.
            max_deferrals: How often a row is laid aside before it counts as rejected.
            monotonic: The clock for pauses.
            is_known: Says whether there is a policy of an experiment here.
            on_rejected: Is told of every row that is given up.
        """
        self._kind = kind
        self._buffer = buffer
        self._request_of = _REQUESTS[kind]
        self._backoff = backoff
        self._max_deferrals = max_deferrals
        self._monotonic = monotonic
        self._is_known = is_known
        self._on_rejected = on_rejected
        self._failure_count = 0

    def next_request(self) -> Any:  # a request message
        """Returns the next request, or None where there is nothing to send now."""
        batch = self._buffer.take(self._monotonic())
        return self._request_of([pending.row for pending in batch]) if batch else None

    def wait_seconds(self, most: float) -> float:
        """Returns how long to wait for something to send, at most as long as said."""
        return self._buffer.wait_seconds(self._monotonic(), most)

    def succeeded(self, response: Any) -> None:  # either Record...Response
        """Takes the answer: good rows are done, bad ones are reported, and some are laid aside."""
        self._recover()
        named = [RowFault(bad.index, bad.reason, bad.message, bad.field) for bad in response.rejections]
        self._judge(self._of_batch(named))

    def failed(self, error: grpc.RpcError) -> Pause:
        """Takes a failure; returns the pause before the next call. Rows that it does not name are sent again."""
        failure = failure_of(error)
        if failure.code is grpc.StatusCode.INVALID_ARGUMENT:
            self._recover()
            self._judge_refusal(failure)
            return NO_PAUSE
        if not self._failure_count:
            _logger.warning("%s rows wait: %s %s", self._kind, failure.code.name, failure.message)
        self._failure_count += 1
        at_least = failure.retry_after_seconds
        return Pause(at_least, max(at_least, self._backoff.seconds(self._failure_count)))

    def _judge_refusal(self, failure: Failure) -> None:
        """Judges the rows that a refusal of all rows names; the others stay in hand, and are named next time."""
        batch = self._buffer.in_hand
        faults = self._of_batch(failure.rows)
        if not faults:
            _logger.error("a whole batch of %s rows was refused: %s", self._kind, failure.message)
            faults = {
                index: RowFault(index, failure.reason or failure.code.name, failure.message, "")
                for index in range(len(batch))
            }
        self._judge(faults, kept=[pending for index, pending in enumerate(batch) if index not in faults])

    def _judge(self, faults: Mapping[int, RowFault], kept: Sequence[Pending[_Row]] = ()) -> None:
        batch = self._buffer.in_hand
        judged = [(batch[index], fault) for index, fault in sorted(faults.items())]
        aside = [pending for pending, fault in judged if self._is_early(pending, fault)]
        rejected = [(pending, fault) for pending, fault in judged if not self._is_early(pending, fault)]
        if aside:
            deferrals = 1 + max(pending.deferrals for pending in aside)
            self._buffer.defer(aside, self._monotonic() + self._backoff.seconds(deferrals))
        for pending, fault in rejected:
            self._report(RejectedRow(self._kind, pending.row, fault.reason, fault.message, fault.field))
        self._buffer.settle(rejected=len(rejected), kept=kept)

    def _of_batch(self, faults: Iterable[RowFault]) -> dict[int, RowFault]:
        count = len(self._buffer.in_hand)
        return {fault.position: fault for fault in faults if 0 <= fault.position < count}

    def _is_early(self, pending: Pending[_Row], fault: RowFault) -> bool:
        """Returns whether the server has not caught up with what is known here: it lags, or has only just started."""
        lags = fault.reason == "POLICY_VERSION_UNKNOWN" or (
            fault.reason == "EXPERIMENT_NOT_FOUND" and self._is_known(pending.row.experiment_id)
        )
        return lags and pending.deferrals < self._max_deferrals

    def _report(self, rejected: RejectedRow) -> None:
        try:
            self._on_rejected(rejected)
        except Exception:  # a caller's fault must not keep the other rows from the server
            _logger.exception("on_rejected failed")

    def _recover(self) -> None:
        if self._failure_count:
            _logger.info("%s rows are delivered again", self._kind)
        self._failure_count = 0


def log_rejection(rejected: RejectedRow) -> None:
    """Writes a row that was rejected to the log, without its unit."""
    where = f"{rejected.row.experiment_id!r}: {rejected.reason} {rejected.field}"
    _logger.error("an %s row was rejected in %s: %s", rejected.kind, where, rejected.message)
