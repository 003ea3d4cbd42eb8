"""How an authenticator is kept up to date."""

import queue
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from shared.errors import Reason, Unauthenticated, Unavailable
from shared.identity.authentication import Authenticator
from shared.identity.credential_book import CredentialBook
from shared.identity.following import CredentialRefresher, IdentityFollower, KeyRefresher
from shared.identity.jwt import JwtVerifier
from tests.shared.identity.examples import ANN, NOW, SHOP, book, secret
from tests.shared.identity.issuer import AUDIENCE, URL, Issuer

WAIT_SECONDS = 10.0
HEADER = f"Bearer {secret('good')}"


class Store:
    """Is a source whose truth is set by hand; away while it has none."""

    def __init__(self, truth: CredentialBook | None) -> None:
        self.truth = truth

    def read(self) -> CredentialBook:
        if self.truth is None:
            raise Unavailable(Reason.STORE_UNAVAILABLE, "away")
        return self.truth


class Shelf:
    """Is a file in memory."""

    def __init__(self, held: CredentialBook | None = None, *, full: bool = False) -> None:
        self.held = held
        self.full = full

    def read(self) -> CredentialBook | None:
        return self.held

    def write(self, book: CredentialBook) -> None:
        if self.full:
            raise OSError("no space left")
        self.held = book


class Bell:
    """Tells news when it is rung, and that somebody waits for it."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._rung = threading.Semaphore(0)

    def wait(self, timeout_seconds: float) -> None:
        self.waiting.put(timeout_seconds)
        self._rung.acquire(timeout=WAIT_SECONDS)

    def ring(self) -> None:
        self._rung.release()

    close = ring


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator(clock=lambda: NOW)


def test_refresh_when_the_truth_changes_then_it_is_known_kept_and_told_once(authenticator: Authenticator) -> None:
    shelf, changes = Shelf(), list[bool]()
    refresher = CredentialRefresher(authenticator, Store(book()), file=shelf, on_change=lambda: changes.append(True))

    assert (refresher.refresh(), refresher.refresh()) == (True, False)

    assert authenticator.authenticate(HEADER).principal == ANN
    assert (shelf.held, changes) == (book(), [True])


def test_refresh_when_the_store_is_away_then_the_last_credentials_are_good(authenticator: Authenticator) -> None:
    store = Store(book())
    refresher = CredentialRefresher(authenticator, store)
    refresher.refresh()
    store.truth = None

    with pytest.raises(Unavailable):
        refresher.refresh()

    assert authenticator.authenticate(HEADER).principal == ANN


def test_restore_when_there_is_a_file_then_its_callers_are_known_without_the_store(
    authenticator: Authenticator,
) -> None:
    assert not CredentialRefresher(authenticator, Store(None), file=Shelf()).restore()
    assert not CredentialRefresher(authenticator, Store(None)).restore()

    assert CredentialRefresher(authenticator, Store(None), file=Shelf(book())).restore()

    assert authenticator.authenticate(HEADER).principal == ANN


def test_refresh_when_the_file_cannot_be_written_then_who_may_call_changes_all_the_same(
    authenticator: Authenticator, caplog: pytest.LogCaptureFixture
) -> None:
    assert CredentialRefresher(authenticator, Store(book()), file=Shelf(full=True)).refresh()

    assert authenticator.authenticate(HEADER).principal == ANN
    assert "credentials are not kept" in caplog.text


@pytest.fixture
def bell() -> Bell:
    return Bell()


def test_follower_when_news_come_then_looks_again_whatever_failed_before(
    authenticator: Authenticator, bell: Bell, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(None)
    follower = IdentityFollower(CredentialRefresher(authenticator, store), bell, poll_interval_seconds=7.0)
    follower.start()
    assert bell.waiting.get(timeout=WAIT_SECONDS) == 7.0
    store.truth = book()
    bell.ring()
    bell.waiting.get(timeout=WAIT_SECONDS)
    known = authenticator.authenticate(HEADER)
    store.truth = CredentialBook([ANN], [])
    bell.ring()
    bell.waiting.get(timeout=WAIT_SECONDS)
    follower.close()

    assert known.principal == ANN
    with pytest.raises(Unauthenticated):
        authenticator.authenticate(HEADER)
    assert "store is away" in caplog.text


def test_follower_when_reading_has_a_defect_then_goes_on(
    authenticator: Authenticator, bell: Bell, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Store):
        broken = False

        def read(self) -> CredentialBook:
            if self.broken:
                raise ValueError("no such column")
            return super().read()

    store = Broken(CredentialBook([], []))
    follower = IdentityFollower(CredentialRefresher(authenticator, store), bell, poll_interval_seconds=1.0)
    follower.start()
    bell.waiting.get(timeout=WAIT_SECONDS)
    store.broken = True
    bell.ring()
    bell.waiting.get(timeout=WAIT_SECONDS)
    store.broken, store.truth = False, book()
    bell.ring()
    bell.waiting.get(timeout=WAIT_SECONDS)
    follower.close()

    assert authenticator.authenticate(HEADER).principal == ANN
    assert "credentials cannot be read" in caplog.text


class Published:
    """Is a source of keys that is set by hand, and tells of each reading."""

    def __init__(self, issuer: Issuer) -> None:
        self.key_set: Mapping[str, Any] | None = issuer.key_set
        self.readings = threading.Semaphore(0)

    def read(self) -> Mapping[str, Any]:
        self.readings.release()
        if self.key_set is None:
            raise OSError("nobody answers")
        return self.key_set


class Federation:
    """Is an authenticator that takes an issuer's tokens, with what keeps its keys."""

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.published = Published(self.issuer)
        self.keys = KeyRefresher(self.published)
        self.verifier = JwtVerifier(URL, AUDIENCE, on_unknown_key=self.keys.ask)
        self.authenticator = Authenticator(clock=lambda: NOW, jwt=self.verifier)
        self.authenticator.replace(book())

    def refresh(self) -> bool:
        return self.keys.refresh(self.verifier, self.authenticator)

    def caller(self, issuer: Issuer) -> str:
        return self.authenticator.authenticate(f"Bearer {issuer.token('shop')}").principal_id


@pytest.fixture
def federation() -> Federation:
    return Federation()


def test_keys_when_they_are_read_then_tokens_are_good_until_they_are_replaced(federation: Federation) -> None:
    assert (federation.refresh(), federation.refresh()) == (True, False)
    token = federation.issuer.token("shop")
    assert federation.authenticator.authenticate(f"Bearer {token}").principal == SHOP

    federation.published.key_set = Issuer("k2").key_set
    assert federation.refresh()

    with pytest.raises(Unauthenticated):
        federation.authenticator.authenticate(f"Bearer {token}")


def test_keys_when_they_cannot_be_read_then_the_last_ones_stay(
    federation: Federation, caplog: pytest.LogCaptureFixture
) -> None:
    federation.refresh()
    nothing: tuple[Mapping[str, Any] | None, ...] = (None, {"keys": []})
    for broken in nothing:
        federation.published.key_set = broken
        assert not federation.refresh()

    assert federation.caller(federation.issuer) == "shop"
    assert "the issuer's keys cannot be read" in caplog.text


def test_follower_when_a_token_names_a_new_key_then_the_keys_are_read_soon(federation: Federation, bell: Bell) -> None:
    newer = Issuer("k2")
    refresher = CredentialRefresher(federation.authenticator, Store(book()))
    follower = IdentityFollower(refresher, bell, poll_interval_seconds=1.0)
    follower.start()
    follower.follow_keys(
        federation.keys,
        federation.verifier,
        federation.authenticator,
        interval_seconds=3600,
        least_pause_seconds=0,
    )
    assert federation.published.readings.acquire(timeout=WAIT_SECONDS)
    federation.published.key_set = newer.key_set

    with pytest.raises(Unauthenticated):
        federation.caller(newer)

    assert federation.published.readings.acquire(timeout=WAIT_SECONDS)
    follower.close()
    assert federation.caller(newer) == "shop"
