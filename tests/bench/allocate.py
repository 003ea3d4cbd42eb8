"""Allocate over gRPC against empty methods of the same server: what our own work costs on top of the transport."""

from contextlib import ExitStack
from itertools import count

from experimentation.v1 import bandit_service_pb2 as pb
from tests.bench import h2_load, machine, world
from tests.bench.figures import Figure, Section, in_turn, ratios
from tests.bench.replica import ALLOCATE, EMPTY, EMPTY_WRAPPED

ROUNDS = 4
CALLS = 8_000
CONNECTIONS, STREAMS = 8, 8

METHOD = f"""\
A replica with its own Postgres, server on one core, load and Postgres on the others. {CONNECTIONS} connections with
{STREAMS} calls under way on each, {CALLS:,} calls a round, another unit id in every call, exposures recorded as by
default. The load is bare HTTP/2 frames (`tests/bench/h2_load.py`); every answer's size is checked, and with it that the
call succeeded. *Empty* is a method on the same server and pool that parses the AllocateRequest and returns the bytes of
a constant answer of the same size, without any wrapper of ours. *Empty, wrapped* goes through our wrapper (request id,
metrics, error mapping) and serialises its answer. *Allocate again* asks for the same units in every round, so that
nearly no exposure is new: what it gains over *Allocate* is the cost of writing exposures down and of
moving them to Postgres."""


def section() -> Section:
    """Returns what was measured."""
    with ExitStack() as stack:
        server_core = machine.server_core()
        stack.enter_context(machine.on_cores(machine.load_cores()))
        where = stack.enter_context(world.directory())
        url = stack.enter_context(world.postgres(where))
        engine = stack.enter_context(world.connections(url))
        world.insert(engine, [world.experiment()])
        world.publish(engine)
        address = stack.enter_context(world.replica(url, where / "state", cores=[server_core]))
        return _measured(address)


def _measured(address: str) -> Section:
    size = world.wait_for_policy(address).ByteSize()
    starts = count(CALLS, CALLS)
    loads = in_turn(
        {
            "Allocate": lambda: _load(address, ALLOCATE, size, first_unit=next(starts)),
            "empty": lambda: _load(address, EMPTY, size, first_unit=next(starts)),
            "empty wrapped": lambda: _load(address, EMPTY_WRAPPED, size, first_unit=next(starts)),
            "Allocate again": lambda: _load(address, ALLOCATE, size, first_unit=0),
        },
        rounds=ROUNDS,
    )
    speed = {name: [load.calls_per_second for load in rounds] for name, rounds in loads.items()}
    middle = {name: [load.quantile_us(0.5) for load in rounds] for name, rounds in loads.items()}
    tail = {name: [load.quantile_us(0.99) for load in rounds] for name, rounds in loads.items()}
    return Section(
        "Allocate over gRPC",
        METHOD,
        (
            Figure("throughput, Allocate / empty", ratios(speed["Allocate"], speed["empty"]), at_least=0.85),
            Figure("p99 latency, Allocate / empty", ratios(tail["Allocate"], tail["empty"]), at_most=1.3),
            Figure("p50 latency, Allocate / empty", ratios(middle["Allocate"], middle["empty"])),
            Figure("throughput, Allocate again / empty", ratios(speed["Allocate again"], speed["empty"])),
            Figure("throughput, empty wrapped / empty", ratios(speed["empty wrapped"], speed["empty"])),
            Figure("throughput, Allocate / empty wrapped", ratios(speed["Allocate"], speed["empty wrapped"])),
            *(Figure(f"throughput, {name}", tuple(values), "calls/s") for name, values in speed.items()),
            *(Figure(f"p50 latency, {name}", tuple(values), "us") for name, values in middle.items()),
            *(Figure(f"p99 latency, {name}", tuple(values), "us") for name, values in tail.items()),
        ),
    )


def _load(address: str, path: str, size: int, *, first_unit: int) -> h2_load.Load:
    payloads = [_request(unit_id) for unit_id in world.unit_ids(first_unit, CALLS)]
    load = h2_load.run(
        address,
        path,
        payloads,
        connections=CONNECTIONS,
        streams=STREAMS,
        response_bytes=size,
        metadata=world.AUTHORIZATION,
    )
    answer = pb.AllocateResponse.FromString(load.last_response).allocation
    assert answer.experiment_id == world.EXPERIMENT_ID
    assert path != ALLOCATE or answer.exposure_state == pb.EXPOSURE_STATE_RECORDED
    return load


def _request(unit_id: str) -> bytes:
    return pb.AllocateRequest(experiment_id=world.EXPERIMENT_ID, unit_id=unit_id).SerializeToString()
