"""Clients that allocate and record, and insist: what is not acknowledged is sent again with the same event ids."""

import random
import threading
from collections.abc import Callable

import grpc

from experimentation.v1 import bandit_service_pb2 as pb
from tests.e2e.processes import bandit_stub

ROWS_PER_CALL = 20


class Load:
    """Runs clients in threads until it is stopped, and knows what was acknowledged."""

    def __init__(self, address: Callable[[], str], experiment_id: str, *, client_count: int = 3) -> None:
        """Starts the clients.

        Args:
            address: Returns where the replica is now; asked again after every failure.
            experiment_id: The experiment.
            client_count: How many threads.
        """
        self._address = address
        self._experiment_id = experiment_id
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.unit_count = 0
        self.acknowledged_sum = 0
        self.acknowledged_count = 0
        self.allocate_failure_count = 0
        self.failure_count = 0
        self.reasons: set[int] = set()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(client_count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when every client has had its last rows acknowledged."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        rng = random.Random(number)
        stub = bandit_stub(self._address())
        turn = 0
        while not self._stopping.is_set():
            units = [f"client {number} turn {turn} unit {unit}" for unit in range(ROWS_PER_CALL)]
            values = [rng.randrange(1, 100) for _ in units]
            for unit in units:
                request = pb.AllocateRequest(experiment_id=self._experiment_id, unit_id=unit)
                stub = self._insist(stub, lambda stub, request=request: stub.Allocate(request, timeout=10), "allocate")
            rows = [
                pb.Outcome(
                    event_id=f"{unit} paid",
                    experiment_id=self._experiment_id,
                    unit_id=unit,
                    metric_id="revenue",
                    value=value,
                )
                for unit, value in zip(units, values, strict=True)
            ]
            stub = self._insist(
                stub, lambda stub, rows=rows: stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=rows), timeout=10)
            )
            with self._lock:
                self.unit_count += len(units)
                self.acknowledged_count += len(rows)
                self.acknowledged_sum += sum(values)
            turn += 1

    # Stubs are generated and their calls take and return any message.
    def _insist(self, stub, call, kind: str = "record"):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        while True:
            try:
                answer = call(stub)
            except grpc.RpcError:
                with self._lock:
                    self.failure_count += 1
                    self.allocate_failure_count += kind == "allocate"
                self._stopping.wait(0.05)
                stub = bandit_stub(self._address())
            else:
                if kind == "allocate":
                    self.reasons.add(answer.allocation.freshness)
                return stub
