"""Own work of the service layer: Allocate without gRPC, BatchAllocate through it, and the kernel that places units."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, perf_counter_ns
from types import SimpleNamespace
from typing import Any, Never

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit import kernels
from services.bandit.domain.publishing import next_snapshot
from services.bandit.service import batch, serving, unit_columns
from services.bandit.service.evaluation import EvaluationService
from services.bandit.service.insight import InsightService
from services.bandit.service.policy_book import PolicyBook, ServingPolicy
from services.bandit.service.recording import RecordingService
from services.bandit.service.switching import SwitchService
from services.bandit.servicer import BanditServicer
from services.bandit.store.journal import Journal
from services.bandit.store.logs import JournaledAllocationLog
from services.bandit.store.spool import Spool
from shared import clock
from shared.bell import Bell
from shared.policy.snapshot import PolicySnapshot
from shared.rpc import caller
from tests.bench import grpc_load, machine, world
from tests.bench.figures import Figure, Section, in_turn, ratios
from tests.bench.replica import ALLOCATE, BATCH_ALLOCATE
from tests.fakes import identity

ROUNDS = 5
CALLS = 20_000
BATCH_UNITS = 1_000
BATCH_CALLS = 300
BATCH_CLIENTS = 4
KERNEL_UNITS = 1_000_000

METHOD = f"""\
*Allocate*: {CALLS:,} calls a round in one thread, from the parsed request to the response message, another unit id in
every call, each exposure appended to a spool on disk that is not drained meanwhile; p50 and p99 over the calls, the
clock's own cost included. It is put beside the parsing and serialising of the same messages by protobuf.
*Authorizing*: {CALLS:,} times a round, from the metadata of a call with a token seen before to its caller, bound for
the handler. *BatchAllocate*: {BATCH_CALLS} calls a round of {BATCH_UNITS:,} units with ids of 36 characters, over gRPC,
from {BATCH_CLIENTS} clients, server on one core, clients on the others, requests built beforehand. *Kernel*: one call
with {KERNEL_UNITS:,} such ids in a column of bytes, no holdout, all traffic, one thread."""


def section() -> Section:
    """Returns what was measured."""
    kernels.warm_up()
    with world.directory() as where:
        figures = (*_allocate(where), *_authorize(), *_batch(where), *_kernel())
    return Section("Service layer", METHOD, figures)


def _allocate(where: Path) -> tuple[Figure, ...]:
    spool = Spool(where / "allocations.spool", capacity_bytes=1 << 20 << 8)
    # It drains once, when it is closed, into nothing.
    journal = Journal(spool, lambda _block: None, refused=where / "refused", drain_interval_seconds=3600)
    try:
        servicer, starts = bare_servicer(journal, fixed_snapshot()), count(0, CALLS)
        rounds = in_turn(
            {
                "allocate": lambda: timed_allocate(servicer, requests(next(starts))),
                "protobuf": lambda: _timed_protobuf(servicer, requests(next(starts))),
            },
            rounds=ROUNDS,
        )
    finally:
        journal.close()
    middle = {name: [median(times) for times in values] for name, values in rounds.items()}
    tail = [sorted(times)[int(0.99 * CALLS)] for times in rounds["allocate"]]
    return (
        Figure("Allocate without gRPC, p50", tuple(middle["allocate"]), "us", at_most=10),
        Figure("Allocate without gRPC, p99", tuple(tail), "us"),
        Figure("Allocate p50 / protobuf of its messages p50", ratios(middle["allocate"], middle["protobuf"])),
    )


def _authorize() -> tuple[Figure, ...]:
    metadata = (("user-agent", "grpc-python/1.85.1 grpc-c/54.0.0 (linux; chttp2)"), world.AUTHORIZATION)
    # All that is asked of the context.
    context: Any = SimpleNamespace(invocation_metadata=lambda: metadata)
    guard = identity.authorizer().guard(ALLOCATE)
    sent = requests(0)
    rounds = in_turn(
        {
            "authorize": lambda: _mean_us(lambda _: caller.bind(guard(context)), sent),
            "parse": lambda: _mean_us(pb.AllocateRequest.FromString, sent),
        },
        rounds=ROUNDS,
    )
    return (
        Figure("authorizing a call", tuple(rounds["authorize"]), "us", at_most=2),
        Figure("authorizing a call / parsing its AllocateRequest", ratios(rounds["authorize"], rounds["parse"])),
    )


def _mean_us(work: Callable[[bytes], object], payloads: Sequence[bytes]) -> float:
    started = perf_counter()
    for payload in payloads:
        work(payload)
    return (perf_counter() - started) / len(payloads) * 1e6


class _Unused:
    """Stands where Allocate never looks."""

    def __getattr__(self, name: str) -> Never:
        raise AssertionError(name)


def bare_servicer(journal: Journal, snapshot: PolicySnapshot) -> BanditServicer:
    """Returns a servicer that can allocate by one policy, without a server or a store."""
    unused: Any = _Unused()  # typed as whatever is asked for
    book = PolicyBook(unused, monotonic=time.monotonic, stale_after_seconds=3600)
    book.replace([snapshot])
    book.confirm()
    allocation_ids = count()
    allocations = serving.AllocationService(
        book,
        JournaledAllocationLog(journal, timeout_seconds=1, turn=threading.Lock()),
        world.signer(),
        now_ms=lambda: time.time_ns() // 1_000_000,
        new_allocation_id=lambda: f"{next(allocation_ids):x}",
    )
    recording: RecordingService = unused
    insight: InsightService = unused
    evaluation: EvaluationService = unused
    switches: SwitchService = unused
    return BanditServicer(allocations, recording, insight, evaluation, switches, book=book, changes=Bell())


def fixed_snapshot() -> PolicySnapshot:
    """Returns the first policy of the bench's experiment."""
    snapshot = next_snapshot(world.experiment(), {}, None, frozen=False, now=clock.now())
    assert snapshot is not None
    return snapshot


def requests(start: int) -> list[bytes]:
    """Returns requests for CALLS units."""
    return [
        pb.AllocateRequest(experiment_id=world.EXPERIMENT_ID, unit_id=unit_id).SerializeToString()
        for unit_id in world.unit_ids(start, CALLS)
    ]


def timed_allocate(servicer: BanditServicer, requests: list[bytes]) -> list[float]:
    """Returns the microseconds of each call, from the parsed request to the response message."""
    times = []
    context: Any = None  # Allocate asks nothing of it
    allocate = servicer.Allocate
    for request in map(pb.AllocateRequest.FromString, requests):
        started = perf_counter_ns()
        response = allocate(request, context)
        times.append((perf_counter_ns() - started) / 1000)
        assert response.allocation.exposure_state == pb.EXPOSURE_STATE_RECORDED
    return times


def _timed_protobuf(servicer: BanditServicer, requests: list[bytes]) -> list[float]:
    times = []
    context: Any = None
    parse = pb.AllocateRequest.FromString
    response = servicer.Allocate(parse(requests[0]), context)
    for request in requests:
        started = perf_counter_ns()
        parse(request)
        response.SerializeToString()
        times.append((perf_counter_ns() - started) / 1000)
    return times


def _batch(where: Path) -> tuple[Figure, ...]:
    with ExitStack() as stack:
        server_core = machine.server_core()
        stack.enter_context(machine.on_cores(machine.load_cores()))
        url = stack.enter_context(world.postgres(where))
        engine = stack.enter_context(world.connections(url))
        world.insert(engine, [world.experiment()])
        world.publish(engine)
        address = stack.enter_context(world.replica(url, where / "state", cores=[server_core]))
        world.wait_for_policy(address)
        rounds = in_turn(
            {
                "plain": _batch_load(address, include_tokens=False),
                "tokens": _batch_load(address, include_tokens=True),
            },
            rounds=ROUNDS,
        )
    return (
        Figure("BatchAllocate over gRPC", tuple(rounds["plain"]), "units/s", at_least=500_000),
        Figure("BatchAllocate over gRPC with tokens", tuple(rounds["tokens"]), "units/s"),
        Figure("BatchAllocate with tokens / without", ratios(rounds["tokens"], rounds["plain"])),
    )


def _batch_load(address: str, *, include_tokens: bool) -> Callable[[], float]:
    payloads = [
        pb.BatchAllocateRequest(
            experiment_id=world.EXPERIMENT_ID,
            unit_ids=world.unit_ids(number * BATCH_UNITS, BATCH_UNITS),
            include_tokens=include_tokens,
        ).SerializeToString()
        for number in range(BATCH_CALLS)
    ]

    def check(answer: bytes) -> None:
        response = pb.BatchAllocateResponse.FromString(answer)
        assert len(response.arm_indexes) == BATCH_UNITS
        assert len(response.tokens) == (BATCH_UNITS if include_tokens else 0)

    def measure() -> float:
        seconds = grpc_load.run(
            address, BATCH_ALLOCATE, payloads, clients=BATCH_CLIENTS, metadata=(world.AUTHORIZATION,), check=check
        )
        return BATCH_CALLS * BATCH_UNITS / seconds

    return measure


def _kernel() -> tuple[Figure, ...]:
    policy = ServingPolicy(fixed_snapshot())
    # The service's own column and call, so that the kernel is measured as it is used.
    units = unit_columns.id_column(world.unit_ids(0, KERNEL_UNITS))

    def measure() -> float:
        started = perf_counter()
        arms, _ = batch.placed(policy, units, units)
        seconds = perf_counter() - started
        assert len(set(arms[:1000].tolist())) == world.ARM_COUNT
        return KERNEL_UNITS / seconds

    rounds = in_turn({"assign": measure}, rounds=ROUNDS)
    return (Figure("assign kernel alone", tuple(rounds["assign"]), "units/s", at_least=10_000_000),)
