"""The in-process client: allocate in plain Python, with and without its exposure, beside the server's own work."""

from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from experimentation_client import Client, ExposureState, Settings
from experimentation_client.snapshot_file import SnapshotFile
from services.bandit import kernels
from services.bandit.domain.publishing import next_snapshot
from services.bandit.store.journal import Journal
from services.bandit.store.spool import Spool
from shared import clock
from shared.policy.convert import snapshot_to_proto
from tests.bench import machine, service, world
from tests.bench.figures import Figure, Section, in_turn, ratios

ROUNDS = 5
CALLS = 20_000
ROOM = Settings(buffer_rows=CALLS * (ROUNDS + 1))
READY_SECONDS = 60.0

METHOD = f"""\
{CALLS:,} calls a round in one thread, one after the other, another unit id of 36 characters in every call, ten arms;
p50 and p99 over the calls, the clock's own cost included. *Deferred*: the arm alone, with `expose=False`. *Buffered*:
with its exposure, which is kept in memory as the server is away. *Delivered*: the same, while the client's threads
bring the exposures to a replica on the other core. *Outcome*: `record_outcome` with a fresh event id, delivered
likewise. *Server* is `Allocate` of the service layer without gRPC, from the parsed request to the response message, its
exposure appended to a spool on disk, as in the section on the service layer."""


def section() -> Section:
    """Returns what was measured."""
    kernels.warm_up()
    with ExitStack() as stack:
        where = stack.enter_context(world.directory())
        journal = Journal(
            Spool(where / "allocations.spool", capacity_bytes=1 << 28),
            lambda _block: None,
            refused=where / "refused",
            drain_interval_seconds=3600,
        )
        stack.callback(journal.close)
        connected = _connected(where, stack)
        stack.enter_context(machine.on_cores(frozenset({machine.server_core()})))
        away, servicer, starts = (
            _away(where, stack),
            service.bare_servicer(journal, service.fixed_snapshot()),
            count(0, CALLS),
        )
        rounds = in_turn(
            {
                "deferred": lambda: _timed_allocate(away, next(starts), expose=False),
                "buffered": lambda: _timed_allocate(away, next(starts), expose=True),
                "delivered": lambda: _timed_allocate(connected, next(starts), expose=True),
                "outcome": lambda: _timed_outcome(connected, next(starts)),
                "server": lambda: service.timed_allocate(servicer, service.requests(next(starts))),
            },
            rounds=ROUNDS,
        )
        assert connected.flush(READY_SECONDS)
        assert away.close(0).exposure_count == CALLS * (ROUNDS + 1)
    return Section("In-process client", METHOD, _figures(rounds))


def _figures(rounds: dict[str, list[list[float]]]) -> tuple[Figure, ...]:
    middle = {name: [median(times) for times in values] for name, values in rounds.items()}
    tail = {name: [sorted(times)[int(0.99 * CALLS)] for times in values] for name, values in rounds.items()}
    return (
        Figure("allocate, deferred, p50", tuple(middle["deferred"]), "us", at_most=3),
        *(Figure(f"allocate, {name}, p50", tuple(middle[name]), "us") for name in ("buffered", "delivered")),
        *(Figure(f"allocate, {name}, p99", tuple(tail[name]), "us") for name in ("deferred", "buffered", "delivered")),
        Figure("record_outcome, p50", tuple(middle["outcome"]), "us"),
        Figure("server's Allocate without gRPC, p50", tuple(middle["server"]), "us"),
        *(
            Figure(f"p50, {name} / server's Allocate", ratios(middle[name], middle["server"]))
            for name in ("deferred", "buffered", "delivered")
        ),
    )


def _away(where: Path, stack: ExitStack) -> Client:
    """Returns a client that has its policies from a file and nobody to talk to."""
    snapshot = next_snapshot(world.experiment(), {}, None, frozen=False, now=clock.now())
    assert snapshot is not None
    SnapshotFile(where / "policies").write([snapshot_to_proto(snapshot)])
    client = stack.enter_context(Client(f"unix:{where}/nobody", settings=ROOM, snapshot_file=where / "policies"))
    assert client.wait_until_ready(READY_SECONDS)
    return client


def _connected(where: Path, stack: ExitStack) -> Client:
    """Returns a client of a replica that has the other cores."""
    url = stack.enter_context(world.postgres(where))
    engine = stack.enter_context(world.connections(url))
    world.insert(engine, [world.experiment()])
    world.publish(engine)
    address = stack.enter_context(world.replica(url, where / "state", cores=sorted(machine.load_cores())))
    world.wait_for_policy(address)
    client = stack.enter_context(Client(address, settings=ROOM, token=world.TOKEN.value))
    assert client.wait_until_ready(READY_SECONDS)
    return client


def _timed_allocate(client: Client, start: int, *, expose: bool) -> list[float]:
    times, allocate = [], client.allocate
    wanted = ExposureState.BUFFERED if expose else ExposureState.DEFERRED
    for unit_id in world.unit_ids(start, CALLS):
        started = perf_counter_ns()
        allocation = allocate(world.EXPERIMENT_ID, unit_id, expose=expose)
        times.append((perf_counter_ns() - started) / 1000)
        assert allocation.exposure_state is wanted
    return times


def _timed_outcome(client: Client, start: int) -> list[float]:
    times, record = [], client.record_outcome
    for unit_id in world.unit_ids(start, CALLS):
        started = perf_counter_ns()
        record(world.EXPERIMENT_ID, unit_id, world.METRIC_ID, 1.0)
        times.append((perf_counter_ns() - started) / 1000)
    return times
