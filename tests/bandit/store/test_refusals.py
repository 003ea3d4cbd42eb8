"""Postgres tells rows that it will never take from a state in which it takes none."""

import pytest
from sqlalchemy import Engine

from services.bandit.store.journal import RowsRefusedError
from services.bandit.store.logs import PostgresCopy
from shared.store.engine import create_engine


@pytest.mark.parametrize(
    "line", [b"checkout\tu\tpaid\te\tnot a number\t2026-01-01\n", b"too\tfew\n", b"\x00\n", b"\xff\n"]
)
def test_outcomes_when_a_line_can_never_be_written_then_refused(engine: Engine, line: bytes) -> None:
    with pytest.raises(RowsRefusedError):
        PostgresCopy(engine).outcomes(line)


def test_allocations_when_a_line_can_never_be_written_then_refused(engine: Engine) -> None:
    endless = b"checkout\tu\tu\tblue\t1\t0.5\tSPLIT\t%d\tt\tt\n" % 10**18

    with pytest.raises(RowsRefusedError):
        PostgresCopy(engine).allocations(endless)


def test_outcomes_when_the_store_is_read_only_then_the_rows_are_not_to_blame(database_url: str) -> None:
    read_only = f"{database_url}&options=-c%20default_transaction_read_only%3Don"
    engine = create_engine(read_only, application_name="test")
    try:
        with pytest.raises(Exception, match="read-only transaction") as caught:
            PostgresCopy(engine).outcomes(b"checkout\tu\tpaid\te\t1.0\t2026-01-01\n")
    finally:
        engine.dispose()
    assert not isinstance(caught.value, RowsRefusedError)
