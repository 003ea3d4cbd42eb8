"""BatchAllocateColumns over gRPC: hashes and ids, the server on one core; beside it, its work without gRPC."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit import kernels
from services.bandit.convert import allocations
from services.bandit.domain.publishing import next_snapshot
from services.bandit.service.columns import allocate_columns
from services.bandit.service.policy_book import PolicyBook
from shared import clock
from tests.bench import grpc_load, machine, world
from tests.bench.figures import Figure, Section, in_turn

PATH = "/experimentation.v1.BanditService/BatchAllocateColumns"
ROUNDS = 7
CLIENTS = 4
UNITS = 2_000_000
"""In a round."""

HASHES_PER_CALL = 100_000
IDS_PER_CALL = 20_000

METHOD = f"""\
{UNITS:,} units a round, over gRPC, from {CLIENTS} clients, server on one core, clients on the others, requests built
beforehand; ten arms, all traffic, no holdout. *Hashes*: {HASHES_PER_CALL:,} in a call, 8 bytes each. *Ids*:
{IDS_PER_CALL:,} in a call, of 36 characters, 40 bytes each with their offset. Every answer's length is checked.
*Own work* is the same from the request's bytes to the response's in one thread on that core, parsing and serialising
included, by the thread's own CPU time."""


def section() -> Section:
    """Returns what was measured."""
    kernels.warm_up()
    loads = {
        "hashes": [_hashes(number) for number in range(UNITS // HASHES_PER_CALL)],
        "ids": [_ids(number) for number in range(UNITS // IDS_PER_CALL)],
    }
    with world.directory() as where:
        rounds = _rounds(where, loads)
    figures = (
        Figure("BatchAllocateColumns over gRPC, hashes", tuple(rounds["hashes"]), "units/s", at_least=5_000_000),
        Figure("BatchAllocateColumns over gRPC, ids", tuple(rounds["ids"]), "units/s", at_least=5_000_000),
        Figure("own work, hashes", tuple(rounds["hashes alone"]), "units/s"),
        Figure("own work, ids", tuple(rounds["ids alone"]), "units/s"),
    )
    return Section("Columns over gRPC", METHOD, figures)


def _hashes(number: int) -> bytes:
    hashes = np.random.default_rng(number).integers(0, 2**64, HASHES_PER_CALL, dtype=np.uint64)
    return pb.BatchAllocateColumnsRequest(
        experiment_id=world.EXPERIMENT_ID, unit_hashes=hashes.astype("<u8").tobytes()
    ).SerializeToString()


def _ids(number: int) -> bytes:
    unit_ids = world.unit_ids(number * IDS_PER_CALL, IDS_PER_CALL)
    offsets = np.arange(IDS_PER_CALL + 1, dtype="<i4") * len(unit_ids[0])
    column = pb.UnitIdColumn(data="".join(unit_ids).encode(), offsets=offsets.tobytes())
    return pb.BatchAllocateColumnsRequest(experiment_id=world.EXPERIMENT_ID, unit_ids=column).SerializeToString()


def _rounds(where: Path, loads: dict[str, list[bytes]]) -> dict[str, list[float]]:
    with ExitStack() as stack:
        server_core = machine.server_core()
        stack.enter_context(machine.on_cores(machine.load_cores()))
        url = stack.enter_context(world.postgres(where))
        engine = stack.enter_context(world.connections(url))
        world.insert(engine, [world.experiment()])
        world.publish(engine)
        address = stack.enter_context(world.replica(url, where / "state", cores=[server_core]))
        world.wait_for_policy(address)
        over_grpc = {name: _sent(address, payloads) for name, payloads in loads.items()}
        alone = {f"{name} alone": _worked(payloads, server_core) for name, payloads in loads.items()}
        return in_turn(over_grpc | alone, rounds=ROUNDS)


def _sent(address: str, payloads: list[bytes]) -> Callable[[], float]:
    def check(answer: bytes) -> None:
        response = pb.BatchAllocateColumnsResponse.FromString(answer)
        assert len(response.arm_indexes) == len(response.reasons) == UNITS // len(payloads)
        assert len(response.arms) == world.ARM_COUNT == len(set(response.arm_indexes))

    def measure() -> float:
        return UNITS / grpc_load.run(
            address, PATH, payloads, clients=CLIENTS, metadata=(world.AUTHORIZATION,), check=check
        )

    return measure


def _worked(payloads: list[bytes], core: int) -> Callable[[], float]:
    book = _book()

    def measure() -> float:
        with machine.on_cores(frozenset({core})):
            started = thread_time()
            for payload in payloads:
                request = pb.BatchAllocateColumnsRequest.FromString(payload)
                answer = allocate_columns(book, request.experiment_id, allocations.units_from_proto(request))
                allocations.columns_to_proto(answer).SerializeToString()
            return UNITS / (thread_time() - started)

    return measure


def _book() -> PolicyBook:
    unused: Any = None  # the newest policy is in memory
    book = PolicyBook(unused, monotonic=time.monotonic, stale_after_seconds=3600)
    snapshot = next_snapshot(world.experiment(), {}, None, frozen=False, now=clock.now())
    assert snapshot is not None
    book.replace([snapshot])
    book.confirm()
    return book
