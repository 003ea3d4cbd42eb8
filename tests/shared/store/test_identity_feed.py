"""An authenticator that follows the store."""

import json
import queue
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared import clock
from shared.config import ConfigError, Secret, load
from shared.errors import Reason, Unauthenticated, Unavailable
from shared.identity.options import IdentityOptions
from shared.rpc.options import ServerOptions
from shared.store import notify
from shared.store.credentials import CHANNEL
from shared.store.identity_feed import IdentityFeed
from tests.fakes import identity
from tests.shared.identity.issuer import AUDIENCE, URL, Issuer

WAIT_SECONDS = 20.0
HEADER = f"Bearer {identity.ADA.value}"
# Only news help: the next poll comes too late for the test.
BY_NEWS = IdentityOptions(poll_interval=timedelta(hours=1))
BY_POLL = IdentityOptions(poll_interval=timedelta(seconds=0.05))

Open = Callable[[str, IdentityOptions], IdentityFeed]


@pytest.fixture
def changes() -> "queue.SimpleQueue[bool]":
    return queue.SimpleQueue()


@pytest.fixture
def open_feed(changes: "queue.SimpleQueue[bool]") -> Iterator[Open]:
    opened: list[IdentityFeed] = []

    def start(url: str, options: IdentityOptions) -> IdentityFeed:
        feed = IdentityFeed(Secret(url), options, clock=clock.now, on_change=lambda: changes.put(True))
        opened.append(feed)
        feed.start()
        return feed

    yield start
    for feed in opened:
        feed.close()


@pytest.mark.parametrize("options", [BY_NEWS, BY_POLL], ids=["news", "poll"])
def test_feed_when_a_token_is_revoked_then_it_is_refused_soon(
    engine: Engine,
    database_url: str,
    open_feed: Open,
    changes: "queue.SimpleQueue[bool]",
    options: IdentityOptions,
) -> None:
    identity.install(engine)
    feed = open_feed(database_url, options)
    assert feed.authenticator.authenticate(HEADER).principal_id == "ada"
    changes.get(timeout=WAIT_SECONDS)

    with engine.begin() as connection:
        connection.execute(text("UPDATE api_tokens SET revoked_at = now() WHERE principal_id = 'ada'"))
        if options is BY_NEWS:
            notify.notify(connection, CHANNEL, "ada")
    changes.get(timeout=WAIT_SECONDS)

    with pytest.raises(Unauthenticated) as caught:
        feed.authenticator.authenticate(HEADER)
    assert caught.value.metadata == {"problem": "revoked"}


def test_feed_when_this_process_changed_something_then_it_is_known_at_once(
    engine: Engine, database_url: str, open_feed: Open
) -> None:
    feed = open_feed(database_url, BY_NEWS)
    identity.install(engine)

    feed.refresh()

    assert feed.authenticator.authenticate(HEADER).principal_id == "ada"


def test_feed_when_the_store_is_away_from_the_start_then_nobody_is_known_yet(open_feed: Open) -> None:
    feed = open_feed("postgresql://postgres@127.0.0.1:1/none", BY_NEWS)

    with pytest.raises(Unavailable) as caught:
        feed.authenticator.authenticate(HEADER)

    assert caught.value.reason is Reason.STORE_UNAVAILABLE


def test_feed_when_an_issuer_is_configured_then_its_tokens_are_good_for_mapped_subjects(
    engine: Engine, database_url: str, open_feed: Open, tmp_path: Path
) -> None:
    issuer, keys = Issuer(), tmp_path / "keys.json"
    keys.write_text(json.dumps(issuer.key_set))
    identity.install(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO external_ids VALUES (:id, 'service')"), {"id": f"oidc:{URL}#shop"})
    options = IdentityOptions(jwt_issuer=URL, jwt_audience=AUDIENCE, jwt_keys=str(keys))

    feed = open_feed(database_url, options)

    assert feed.authenticator.authenticate(f"Bearer {issuer.token('shop')}").principal_id == "service"


def test_options_when_an_issuer_is_given_alone_then_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs identity_jwt_audience and identity_jwt_keys"):
        load(ServerOptions, "X_", environ={"X_IDENTITY_JWT_ISSUER": URL})


@pytest.mark.parametrize("algorithms", ["HS256", "RS256,none", ""])
def test_options_when_an_algorithm_is_not_safe_then_are_refused(algorithms: str) -> None:
    with pytest.raises(ConfigError, match="must be of RS256, ES256"):
        load(ServerOptions, "X_", environ={"X_IDENTITY_JWT_ALGORITHMS": algorithms})
