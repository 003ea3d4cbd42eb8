"""Knows who calls, from the store on: an authenticator, and what keeps it up to date while a server runs."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from shared.clock import Clock
from shared.config import Secret
from shared.identity.authentication import Authenticator
from shared.identity.following import CredentialFile, CredentialRefresher, IdentityFollower, KeyRefresher
from shared.identity.jwt import JwtVerifier
from shared.identity.key_set import KeySetSource
from shared.identity.options import IdentityOptions
from shared.store.credentials import CHANNEL, PostgresCredentials
from shared.store.engine import create_engine
from shared.store.notify import Listener

_APPLICATION: Final = "identities"


class IdentityFeed:
    """Is the authenticator of one server, with its sources; start and close it once each.

    Attributes:
        authenticator: Says who calls.
    """

    def __init__(
        self,
        url: Secret,
        options: IdentityOptions,
        *,
        clock: Clock,
        file: CredentialFile | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Makes a feed, which knows nobody yet.

        Args:
            url: Of the database; two connections are its own, so that nobody's calls keep news of revocations waiting.
            options: An issuer of more tokens, and how often to look.
            clock: Tells what has expired.
            file: Keeps who is known for a start while the store is away. None: a start needs the store.
            on_change: Is called, on another thread, after every change.

        Raises:
            ValueError: The issuer's keys are at a URL that is not safe.
        """
        self._options = options
        self._engine = create_engine(url.value, application_name=_APPLICATION, pool_size=1)
        self._issuer = _issuer(options) if options.jwt_issuer else None
        self.authenticator = Authenticator(
            clock=clock, seconds=time.time, jwt=self._issuer.verifier if self._issuer else None
        )
        self._refresher = CredentialRefresher(
            self.authenticator, PostgresCredentials(self._engine), file=file, on_change=on_change
        )
        self._follower = IdentityFollower(
            self._refresher,
            Listener(url.value, [CHANNEL], application_name=_APPLICATION),
            poll_interval_seconds=options.poll_interval.total_seconds(),
        )

    def start(self) -> None:
        """Loads the file, reads the store if it is there, and goes on in the background."""
        self._refresher.restore()
        self._follower.start()
        if self._issuer:
            self._follower.follow_keys(
                self._issuer.keys,
                self._issuer.verifier,
                self.authenticator,
                interval_seconds=self._options.jwt_keys_interval.total_seconds(),
            )

    def refresh(self) -> None:
        """Takes in at once what this process has changed itself.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        self._refresher.refresh()

    def close(self) -> None:
        """Ends the background work; returns when that is done. It need not have been started."""
        self._follower.close()
        self._engine.dispose()


class _Issuer(NamedTuple):
    keys: KeyRefresher
    verifier: JwtVerifier


def _issuer(options: IdentityOptions) -> _Issuer:
    keys = KeyRefresher(KeySetSource(options.jwt_keys))
    verifier = JwtVerifier(
        options.jwt_issuer,
        options.jwt_audience,
        algorithms=options.jwt_algorithms,
        leeway=options.jwt_leeway,
        on_unknown_key=keys.ask,
    )
    return _Issuer(keys, verifier)
