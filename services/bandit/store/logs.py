"""The logs of allocations, exposures and outcomes: rows as COPY text, and the COPY into Postgres.

Text form: https://www.postgresql.org/docs/current/sql-copy.html, File Formats. Ids hold no control characters, so only
the backslash needs escaping.
"""

import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, LiteralString, cast

import psycopg
from sqlalchemy import Connection, Engine, exc

from services.bandit.domain.events import Durability
from services.bandit.domain.ports import AllocationRow, OutcomeRow
from services.bandit.store.journal import Journal, RowsRefusedError
from shared.errors import DeadlineExceeded, Reason
from shared.store.engine import transaction, translate_errors

_STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS allocation_staging (
  experiment_id text, unit_id text, trial_id text, arm_id text, policy_version bigint, propensity double precision,
  reason text, at_ms bigint, allocated boolean, exposed boolean,
  context bytea
) ON COMMIT DELETE ROWS
"""
_UNSTAGE = """
INSERT INTO allocations
  (experiment_id, unit_id, trial_id, arm_id, policy_version, propensity, reason, allocated_at, context)
SELECT
  experiment_id, unit_id, trial_id, arm_id, policy_version, propensity, reason, to_timestamp(at_ms / 1000.0), context
FROM allocation_staging WHERE allocated;
INSERT INTO exposures (experiment_id, unit_id, trial_id, arm_id, policy_version, exposed_at)
SELECT experiment_id, unit_id, trial_id, arm_id, policy_version, to_timestamp(at_ms / 1000.0)
FROM allocation_staging WHERE exposed;
"""
_COPY_ALLOCATIONS: Final = "COPY allocation_staging FROM STDIN"
_COPY_OUTCOMES: Final = "COPY outcomes (experiment_id, trial_id, metric_id, event_id, value, occurred_at) FROM STDIN"


_NULL: Final = "\\N"

_digits = lru_cache(maxsize=4096)(repr)
"""Propensities are few, and their digits take longer than all the rest of a line."""


_stamp = lru_cache(maxsize=4096)(str)
"""Rows without a time of their own share the instant of their arrival."""


def allocation_line(row: AllocationRow) -> str:
    """Returns a row as a line of COPY text."""
    experiment_id, unit_id, trial_id, arm_id, version, propensity, reason, at_ms, allocated, exposed, context = row
    line = (
        f"{experiment_id}\t{unit_id}\t{trial_id}\t{arm_id}\t{version}\t{_digits(propensity)}"
        f"\t{reason}\t{at_ms}\t{'t' if allocated else 'f'}\t{'t' if exposed else 'f'}\t"
    )
    escaped = line.replace("\\", "\\\\") if "\\" in line else line
    return f"{escaped}{_packed(context) if context else _NULL}\n"


def _packed(numbers: tuple[float, ...]) -> str:
    """Returns 8-byte floats, little-endian, as a bytea in hexadecimal: a tenth of the time that their digits take."""
    return f"\\\\x{struct.pack(f'<{len(numbers)}d', *numbers).hex()}"


def outcome_line(row: OutcomeRow) -> str:
    """Returns a row as a line of COPY text."""
    experiment_id, trial_id, metric_id, event_id, value, occurred_at = row
    line = f"{experiment_id}\t{trial_id}\t{metric_id}\t{event_id}\t{value!r}\t{_stamp(occurred_at)}\n"
    return line.replace("\\", "\\\\") if "\\" in line else line


def _copy(connection: Connection, statement: LiteralString, block: bytes) -> None:
    # COPY is beyond SQLAlchemy, so it goes to the driver.
    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(block)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tells rows that can never be written (SQLSTATE classes 22 and 23) from a store that takes none at present."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError, exc.DataError, exc.IntegrityError) as error:
        raise RowsRefusedError(str(error)) from error


class PostgresCopy:
    """Writes blocks of lines into the logs, a transaction each. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    def allocations(self, block: bytes) -> None:
        """Writes lines of allocations.

        Raises:
            RowsRefusedError: Some of them can never be written.
            Unavailable: STORE_UNAVAILABLE; whether they were written is not known.
        """
        with _refusals(), transaction(self._engine) as connection:
            connection.exec_driver_sql(_STAGING)
            _copy(connection, _COPY_ALLOCATIONS, block)
            connection.exec_driver_sql(_UNSTAGE)

    def outcomes(self, block: bytes) -> None:
        """Writes lines of outcomes.

        Raises:
            RowsRefusedError: Some of them can never be written.
            Unavailable: STORE_UNAVAILABLE; whether they were written is not known.
        """
        # COPY alone is a transaction; BEGIN and COMMIT would be two more journeys that callers wait for.
        with _refusals(), translate_errors(), self._autocommit.connect() as connection:
            _copy(connection, _COPY_OUTCOMES, block)


class JournaledAllocationLog:
    """Takes allocations and exposures through a journal."""

    def __init__(self, journal: Journal, *, timeout_seconds: float, turn: threading.Lock) -> None:
        self._journal = journal
        self._timeout_seconds = timeout_seconds
        self._turn = turn

    def append(self, row: AllocationRow) -> bool:
        """Keeps a row beyond the end of this process, without waiting; returns False where there is no room."""
        return self._journal.append(allocation_line(row).encode())

    def record(self, rows: Sequence[AllocationRow]) -> Durability:
        """Returns when the rows are durable."""
        with self._turn:
            block = "".join(map(allocation_line, rows)).encode()
        return _record(self._journal, block, self._timeout_seconds)


class JournaledOutcomeLog:
    """Takes outcomes through a journal."""

    def __init__(self, journal: Journal, *, timeout_seconds: float, turn: threading.Lock) -> None:
        self._journal = journal
        self._timeout_seconds = timeout_seconds
        self._turn = turn

    def record(self, rows: Sequence[OutcomeRow]) -> Durability:
        """Returns when the rows are durable."""
        with self._turn:
            block = "".join(map(outcome_line, rows)).encode()
        return _record(self._journal, block, self._timeout_seconds)


def _record(journal: Journal, block: bytes, timeout_seconds: float) -> Durability:
    try:
        return journal.record(block, timeout_seconds=timeout_seconds)
    except TimeoutError as error:
        raise DeadlineExceeded(
            Reason.DEADLINE_EXCEEDED, "the rows were not durable in time; send them again, repeats count once"
        ) from error
