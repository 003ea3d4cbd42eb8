"""Both stores of the AI service: the one in Postgres, and the one in memory; and ways to bring jobs on."""

import pytest

from services.ai.domain.ports import AiStore
from services.ai.store.postgres import PostgresAiStore
from tests.ai.store.contract.desk import Desk
from tests.fakes.ai_store import InMemoryAiStore


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> AiStore:
    """An empty store."""
    if request.param == "memory":
        return InMemoryAiStore()
    return PostgresAiStore(request.getfixturevalue("engine"))


@pytest.fixture
def desk(store: AiStore) -> Desk:
    """Brings jobs of the store on."""
    return Desk(store)
