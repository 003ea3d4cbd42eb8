"""RecordOutcomes, durable, over gRPC against a plain COPY of the same rows in the same Postgres."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from time import perf_counter
from typing import LiteralString

import psycopg

from experimentation.v1 import bandit_service_pb2 as pb
from services.bandit.domain import token
from services.bandit.domain.ports import OutcomeRow
from services.bandit.store.logs import outcome_line
from shared import clock
from shared.store.engine import connect_arguments, parse_url
from tests.bench import grpc_load, machine, world
from tests.bench.figures import Figure, Section, in_turn, ratios
from tests.bench.replica import RECORD_OUTCOMES

ROUNDS = 3
BATCH_ROWS = 1_000
BATCHES = 64
CLIENTS = 8
ROWS = BATCHES * BATCH_ROWS

METHOD = f"""\
{ROWS:,} outcomes of as many units a round, in requests of {BATCH_ROWS:,} that were built beforehand, from {CLIENTS}
clients at once; each call returns when its rows are committed, with fsync on. The same rows go by one COPY, in one
transaction, into a table of the same columns and defaults without indexes or partitions (*plain*), and into `outcomes`
itself (partitioned, two indexes). Tables are emptied before each. Nothing is kept to a core: server, clients and
Postgres share the machine, as a sidecar would."""

_PLAIN_TABLE = "CREATE TABLE plain_outcomes (LIKE outcomes INCLUDING DEFAULTS)"
_EMPTY_TABLES = "TRUNCATE outcomes, plain_outcomes"
_COLUMNS = "(experiment_id, trial_id, metric_id, event_id, value, occurred_at)"
_COPY_PLAIN = f"COPY plain_outcomes {_COLUMNS} FROM STDIN"
_COPY_REAL = f"COPY outcomes {_COLUMNS} FROM STDIN"


def section() -> Section:
    """Returns what was measured."""
    with ExitStack() as stack:
        where = stack.enter_context(world.directory())
        url = stack.enter_context(world.postgres(where))
        engine = stack.enter_context(world.connections(url))
        world.insert(engine, [world.experiment()])
        world.publish(engine)
        arguments = connect_arguments(parse_url(url, application_name="bench"))
        connection = stack.enter_context(psycopg.connect(**arguments, autocommit=True))
        connection.execute(_PLAIN_TABLE)
        address = stack.enter_context(world.replica(url, where / "state", cores=sorted(machine.all_cores())))
        world.wait_for_policy(address)
        return _measured(address, connection)


def _measured(address: str, connection: psycopg.Connection) -> Section:
    outcomes = _outcomes()
    block = "".join(map(_line, outcomes)).encode()
    seconds = in_turn(
        {
            "by ids": _record(address, connection, _requests(outcomes)),
            "by tokens": _record(address, connection, _requests(_with_tokens(outcomes))),
            "plain": _copy(connection, _COPY_PLAIN, block),
            "real": _copy(connection, _COPY_REAL, block),
        },
        rounds=ROUNDS,
    )
    speed = {name: [ROWS / one for one in values] for name, values in seconds.items()}
    return Section(
        "Durable outcomes over gRPC",
        METHOD,
        (
            Figure("RecordOutcomes by unit ids / plain COPY", ratios(speed["by ids"], speed["plain"]), at_least=0.2),
            Figure("RecordOutcomes by tokens / plain COPY", ratios(speed["by tokens"], speed["plain"]), at_least=0.2),
            Figure("RecordOutcomes by unit ids / COPY into outcomes", ratios(speed["by ids"], speed["real"])),
            Figure("COPY into outcomes / plain COPY", ratios(speed["real"], speed["plain"])),
            Figure("RecordOutcomes by unit ids", tuple(speed["by ids"]), "rows/s"),
            Figure("RecordOutcomes by tokens", tuple(speed["by tokens"]), "rows/s"),
            Figure("COPY into outcomes", tuple(speed["real"]), "rows/s"),
            Figure("plain COPY", tuple(speed["plain"]), "rows/s"),
        ),
    )


def _outcomes() -> list[pb.Outcome]:
    now = clock.now()
    outcomes = [
        pb.Outcome(
            event_id=f"order-{number:012}",
            experiment_id=world.EXPERIMENT_ID,
            unit_id=unit_id,
            metric_id=world.METRIC_ID,
            value=number % 2,
        )
        for number, unit_id in enumerate(world.unit_ids(0, ROWS))
    ]
    for outcome in outcomes:
        outcome.occurred_at.FromDatetime(now)
    return outcomes


def _with_tokens(outcomes: Sequence[pb.Outcome]) -> list[pb.Outcome]:
    signer, issued_at_ms = world.signer(), int(clock.now().timestamp() * 1000)
    prefix = token.prefix(world.EXPERIMENT_ID, "arm1", 1, 1 / world.ARM_COUNT, counts=True)
    return [
        pb.Outcome(
            event_id=one.event_id,
            token=signer.sign(prefix, one.unit_id, "", issued_at_ms=issued_at_ms),
            metric_id=one.metric_id,
            value=one.value,
            occurred_at=one.occurred_at,
        )
        for one in outcomes
    ]


def _requests(outcomes: Sequence[pb.Outcome]) -> list[bytes]:
    batches = [outcomes[start : start + BATCH_ROWS] for start in range(0, len(outcomes), BATCH_ROWS)]
    return [pb.RecordOutcomesRequest(outcomes=batch).SerializeToString() for batch in batches]


def _line(outcome: pb.Outcome) -> str:
    occurred_at = outcome.occurred_at.ToDatetime(clock.now().tzinfo)
    return outcome_line(
        OutcomeRow(
            outcome.experiment_id, outcome.unit_id, outcome.metric_id, outcome.event_id, outcome.value, occurred_at
        )
    )


def _record(address: str, connection: psycopg.Connection, requests: Sequence[bytes]) -> Callable[[], float]:
    def measure() -> float:
        connection.execute(_EMPTY_TABLES)
        seconds = grpc_load.run(
            address, RECORD_OUTCOMES, requests, clients=CLIENTS, metadata=(world.AUTHORIZATION,), check=_check
        )
        assert connection.execute("SELECT count(*) FROM outcomes").fetchone() == (ROWS,)
        return seconds

    return measure


def _check(answer: bytes) -> None:
    response = pb.RecordOutcomesResponse.FromString(answer)
    assert (response.accepted_count, response.durability) == (BATCH_ROWS, pb.DURABILITY_COMMITTED)


def _copy(connection: psycopg.Connection, statement: LiteralString, block: bytes) -> Callable[[], float]:
    def measure() -> float:
        connection.execute(_EMPTY_TABLES)
        started = perf_counter()
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(block)
        return perf_counter() - started

    return measure
