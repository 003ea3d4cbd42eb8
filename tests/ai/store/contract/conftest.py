"""Both stores of the AI service: the one in Postgres, and the one in memory; and ways to bring jobs on."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url, text

from services.ai.domain.ports import AiStore
from services.ai.store.postgres import PostgresAiStore
from shared.store.embedded import EmbeddedPostgres
from shared.store.engine import create_engine, transaction
from tests.ai.store.contract.desk import Desk
from tests.fakes.ai_store import InMemoryAiStore

_DATABASE = "contract_of_ai_stores"
# As a replica, tables that rows are only added to let go of them.
_EMPTY = text(
    "SET LOCAL session_replication_role = replica; TRUNCATE jobs, hypotheses, hypothesis_reviews,"
    " design_adoptions, designs, analyses, evidence_packs, llm_calls, system_texts"
)


@pytest.fixture(scope="session")
def connections(postgres: EmbeddedPostgres, administration: Engine, template: str) -> Iterator[Engine]:
    """Connections to one database for all of these tests: to make one for each takes longer than they do."""
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {_DATABASE} TEMPLATE {template}"))
    url = make_url(postgres.url).set(database=_DATABASE).render_as_string(hide_password=False)
    engine = create_engine(url, application_name="test")
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> AiStore:
    """An empty store."""
    if request.param == "memory":
        return InMemoryAiStore()
    engine: Engine = request.getfixturevalue("connections")
    with transaction(engine) as connection:
        connection.execute(_EMPTY)
    return PostgresAiStore(engine)


@pytest.fixture
def desk(store: AiStore) -> Desk:
    """Brings jobs of the store on."""
    return Desk(store)
