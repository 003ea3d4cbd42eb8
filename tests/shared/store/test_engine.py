"""Tests connections and the unit of work against a real Postgres."""

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import Connection, Engine, exc, text

from shared.errors import InvalidArgument, Reason, Unavailable
from shared.store import engine as store_engine

BACKEND = text("SELECT pg_backend_pid()")
TERMINATE = text("SELECT pg_terminate_backend(:pid, 5000)")
NOBODY = "postgresql://u:p@127.0.0.1:1/d"


def count(engine: Engine) -> int:
    with store_engine.transaction(engine) as connection:
        return len(connection.execute(text("SELECT value FROM things")).all())


def end_session(administration: Engine, victim: Connection) -> None:
    pid = victim.execute(BACKEND).scalar_one()
    with administration.connect() as administrator:
        administrator.execute(TERMINATE, {"pid": pid})


@pytest.fixture
def things(engine: Engine) -> Engine:
    """Connections to a database with the table `things`."""
    with store_engine.transaction(engine) as connection:
        connection.execute(text("CREATE TABLE things (value int PRIMARY KEY)"))
    return engine


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_parse_url_when_it_is_of_postgres_then_our_driver_is_in_it(scheme: str) -> None:
    url = store_engine.parse_url(f"{scheme}://user:secret@host:5433/db", application_name="review")

    arguments = store_engine.connect_arguments(url)

    assert url.drivername == "postgresql+psycopg"
    assert arguments["host"] == "host"
    assert arguments["password"] == "secret"
    assert arguments["application_name"] == "review"
    assert arguments["connect_timeout"] == "2"


def test_parse_url_when_it_says_something_itself_then_that_stays() -> None:
    url = store_engine.parse_url(
        "postgresql://host/db?connect_timeout=9&application_name=mine&options=-c%20work_mem%3D8MB", application_name="x"
    )

    assert url.query["connect_timeout"] == "9"
    assert url.query["application_name"] == "mine"
    assert url.query["options"] == "-c work_mem=8MB -c timezone=UTC"


@pytest.mark.parametrize("url", ["", "secret", "mysql://u:secret@h/d", "postgresql://u:secret@h:port/d", "sqlite://"])
def test_parse_url_when_it_is_of_something_else_then_invalid_and_its_secret_is_kept(url: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        store_engine.parse_url(url, application_name="x")

    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.violations[0].field == "database_url"
    assert "secret" not in caught.value.message


def test_create_engine_when_connected_then_postgres_knows_the_name_and_the_time_is_utc(engine: Engine) -> None:
    with store_engine.transaction(engine) as connection:
        row = connection.execute(text("SELECT current_setting('application_name'), current_setting('timezone')")).one()

    assert tuple(row) == ("test", "UTC")


def test_transaction_when_it_ends_then_it_is_committed(things: Engine) -> None:
    with store_engine.transaction(things) as connection:
        connection.execute(text("INSERT INTO things VALUES (1)"))

    assert count(things) == 1


def test_transaction_when_an_error_leaves_it_then_it_is_rolled_back(things: Engine) -> None:
    def insert_and_fail() -> None:
        with store_engine.transaction(things) as connection:
            connection.execute(text("INSERT INTO things VALUES (1)"))
            raise KeyError

    with pytest.raises(KeyError):
        insert_and_fail()

    assert count(things) == 0


def test_transaction_when_nobody_answers_then_unavailable() -> None:
    engine = store_engine.create_engine(NOBODY, application_name="test")

    with pytest.raises(Unavailable) as caught, store_engine.transaction(engine):
        pass

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert caught.value.retry_after_seconds is not None


def test_transaction_when_the_administrator_ends_it_then_unavailable_and_the_next_one_works(
    things: Engine, administration: Engine
) -> None:
    def insert_twice() -> None:
        with store_engine.transaction(things) as connection:
            connection.execute(text("INSERT INTO things VALUES (1)"))
            end_session(administration, connection)
            connection.execute(text("INSERT INTO things VALUES (2)"))

    with pytest.raises(Unavailable) as caught:
        insert_twice()

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert count(things) == 0


def test_transaction_when_an_idle_connection_was_ended_then_another_one_is_taken(
    things: Engine, administration: Engine
) -> None:
    with store_engine.transaction(things) as connection:
        pid = connection.execute(BACKEND).scalar_one()
    with administration.connect() as administrator:
        administrator.execute(TERMINATE, {"pid": pid})

    assert count(things) == 0


def test_transaction_when_no_connection_is_free_then_unavailable(database_url: str) -> None:
    engine = store_engine.create_engine(database_url, application_name="test", pool_size=1)

    with store_engine.transaction(engine), pytest.raises(Unavailable) as caught, store_engine.transaction(engine):
        pass
    engine.dispose()

    assert caught.value.reason is Reason.STORE_UNAVAILABLE


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO things VALUES (1), (1)", exc.IntegrityError),
        ("SELECT nonsense", exc.ProgrammingError),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(10)", exc.OperationalError),
    ],
)
def test_transaction_when_the_statement_is_at_fault_then_its_error_passes(
    things: Engine, statement: str, error: type[exc.DBAPIError]
) -> None:
    with pytest.raises(error), store_engine.transaction(things) as connection:
        connection.exec_driver_sql(statement)


def test_translate_errors_when_the_driver_itself_fails_then_unavailable() -> None:
    with pytest.raises(Unavailable) as caught, store_engine.translate_errors():
        psycopg.connect(NOBODY, connect_timeout=2)

    assert caught.value.reason is Reason.STORE_UNAVAILABLE


def test_create_engine_when_json_holds_no_number_then_it_is_refused(engine: Engine) -> None:
    statement = sqlalchemy.select(sqlalchemy.literal({"value": float("nan")}, sqlalchemy.JSON))

    with pytest.raises(ValueError, match="not JSON compliant"), store_engine.transaction(engine) as connection:
        connection.execute(statement)


@pytest.mark.parametrize("state", ["08006", "53100", "53300", "57P01", "57P03", "58030"])
def test_transaction_when_the_server_is_at_fault_then_unavailable(engine: Engine, state: str) -> None:
    with pytest.raises(Unavailable) as caught, store_engine.transaction(engine) as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
