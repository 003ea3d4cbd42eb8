"""A review and an AI service without a key, in this process, which the tests of a module share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from services.ai.config import Config, JobOptions, ReviewOptions
from services.ai.main import Ai
from services.review.config import Config as ReviewConfig
from services.review.main import Review
from shared.config import Secret
from shared.ids import new_id
from shared.store.embedded import EmbeddedPostgres
from shared.store.engine import create_engine
from tests.admin.conftest import TIMEOUT_SECONDS, Expctl
from tests.ai.rpc import lab as labs
from tests.fakes import identity

GRACE = timedelta(seconds=5)


@dataclass(frozen=True)
class Services:
    """Is where the services answer."""

    review: str
    ai: str


@contextmanager
def database(postgres: EmbeddedPostgres, administration: Engine, template: str) -> Iterator[str]:
    """Gives the URL of a database in which everybody has a token."""
    name = new_id("test")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    url = make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(url, application_name="test")
    identity.install(engine)
    engine.dispose()
    yield url
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="module")
def services(postgres: EmbeddedPostgres, administration: Engine, template: str) -> Iterator[Services]:
    """Both services over a database of their own; the AI service proposes as the agent."""
    others = frozenset(threading.enumerate())
    with database(postgres, administration, template) as url:
        review = Review(ReviewConfig(address="127.0.0.1:0", database_url=Secret(url), drain_grace=GRACE))
        review_address = review.start()["grpc"]
        ai = Ai(
            Config(
                address="127.0.0.1:0",
                database_url=Secret(url),
                review=ReviewOptions(address=review_address, token=identity.secret("agent")),
                job=JobOptions(sweep_interval=timedelta(seconds=0.1)),
                drain_grace=GRACE,
            )
        )
        yield Services(review_address, ai.start()["grpc"])
        ai.stop()
        review.stop()
        # Streams whose caller has left may look into the store once more.
        for thread in {thread for thread in threading.enumerate() if thread.name.startswith("rpc-")} - others:
            thread.join(TIMEOUT_SECONDS)


@pytest.fixture(scope="module")
def idle_ai_address(
    services: Services, postgres: EmbeddedPostgres, administration: Engine, template: str
) -> Iterator[str]:
    """Where an AI service answers whose jobs wait for a worker that never comes; it is gone before the others stop."""
    with database(postgres, administration, template) as url:
        engine = create_engine(url, application_name="test")
        with labs.opened(engine) as lab:
            yield lab.address
        engine.dispose()


@pytest.fixture
def ai_address(services: Services) -> str:
    """Where the AI service answers."""
    return services.ai


@pytest.fixture
def expctl(services: Services, ai_address: str, identities: Path, capsys: pytest.CaptureFixture[str]) -> Expctl:
    """The command against both services."""
    return Expctl(identities, services.review, capsys, ai_address)


@pytest.fixture
def waiting(idle_ai_address: str, expctl: Expctl) -> Expctl:
    """The command against the AI service whose jobs wait."""
    return replace(expctl, ai_address=idle_ai_address)
