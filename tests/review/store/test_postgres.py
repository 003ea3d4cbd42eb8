"""What only Postgres can promise: append-only tables, news on commit, hashes of what is really stored."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.exc import DBAPIError

from services.review.domain import apply, audit, changes, digests
from services.review.domain.change_request import RequestKey
from services.review.domain.model import AuditFilter, Revision
from services.review.store.experiments import CHANNEL
from services.review.store.postgres import PostgresReviewStore
from shared import errors
from shared.store import engine as store_engine
from tests.review.examples import LATER, NOW, draft

WAIT_SECONDS = 10


@pytest.fixture
def store(engine: sqlalchemy.Engine) -> PostgresReviewStore:
    return PostgresReviewStore(engine)


@pytest.fixture
def listener(database_url: str) -> Iterator[psycopg.Connection]:
    arguments = store_engine.connect_arguments(store_engine.parse_url(database_url, application_name="test"))
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def _fill(store: PostgresReviewStore) -> None:
    made = draft()
    with store.transaction() as transaction:
        transaction.experiments.create(Revision(made, "ann", NOW), RequestKey())
        transaction.experiments.save(Revision(apply.apply(changes.Start(), made, now=LATER), "bob", LATER))
        transaction.audit.append(audit.Entry("ann", "act", "experiments/checkout", {"a": "é\\ 1e400"}, NOW))


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("experiment_revisions", "UPDATE experiment_revisions SET author = 'eve'"),
        ("experiment_revisions", "DELETE FROM experiment_revisions"),
        ("experiment_revisions", "TRUNCATE experiment_revisions"),
        ("audit_events", "UPDATE audit_events SET actor = 'eve'"),
        ("audit_events", "DELETE FROM audit_events"),
        ("audit_events", "TRUNCATE audit_events"),
    ],
)
def test_append_only_when_a_row_would_change_then_it_is_refused(
    store: PostgresReviewStore, engine: sqlalchemy.Engine, table: str, statement: str
) -> None:
    _fill(store)

    with pytest.raises(DBAPIError, match=f"{table} is append-only"), engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_save_when_committed_then_the_experiment_is_announced(
    store: PostgresReviewStore, listener: psycopg.Connection
) -> None:
    _fill(store)

    heard = [news.payload for news in listener.notifies(timeout=WAIT_SECONDS, stop_after=1)]

    assert heard == ["checkout"]


def test_create_when_rolled_back_then_nothing_is_announced(
    store: PostgresReviewStore, listener: psycopg.Connection
) -> None:
    def fail() -> None:
        with store.transaction() as transaction:
            transaction.experiments.create(Revision(draft(experiment_id="lost"), "ann", NOW), RequestKey())
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    _fill(store)

    heard = [news.payload for news in listener.notifies(timeout=WAIT_SECONDS, stop_after=1)]

    assert heard == ["checkout"]


def test_experiments_when_saved_then_the_columns_that_others_read_are_there(
    store: PostgresReviewStore, engine: sqlalchemy.Engine
) -> None:
    _fill(store)

    with engine.begin() as connection:
        query = "SELECT experiment_id, state, revision, definition->>'state', updated_at, created_at FROM experiments"
        row = connection.exec_driver_sql(query).one()

    assert tuple(row) == ("checkout", "RUNNING", 2, "EXPERIMENT_STATE_RUNNING", LATER, NOW)


def test_etag_when_computed_from_what_is_stored_then_it_is_the_same(store: PostgresReviewStore) -> None:
    _fill(store)

    with store.transaction() as transaction:
        stored = transaction.experiments.find("checkout")

    assert stored is not None
    assert digests.etag(stored) == stored.etag


def test_list_audit_when_read_back_then_the_chain_holds(store: PostgresReviewStore) -> None:
    _fill(store)
    with store.transaction() as transaction:
        transaction.audit.append(audit.Entry("bob", "act", "experiments/checkout", {}, LATER))

    with store.transaction() as transaction:
        events = transaction.audit.list_events(AuditFilter(), before=None, limit=10)
        later = transaction.audit.list_events(AuditFilter(after_sequence=1), before=None, limit=10)

    assert audit.is_intact(events)
    assert [event.sequence for event in events] == [1, 2]
    assert later == events[1:]


def test_transaction_when_the_store_is_away_then_unavailable() -> None:
    away = store_engine.create_engine("postgresql://postgres@127.0.0.1:1/none", application_name="test")

    with pytest.raises(errors.Unavailable) as caught, PostgresReviewStore(away).transaction():
        pass

    assert caught.value.reason is errors.Reason.STORE_UNAVAILABLE
    away.dispose()
