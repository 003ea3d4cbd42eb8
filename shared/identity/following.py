"""Keeps an authenticator up to date: the store's principals and tokens, and an issuer's keys."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from shared import errors, log
from shared.identity.authentication import Authenticator
from shared.identity.credential_book import CredentialBook
from shared.identity.jwt import JwtVerifier

_logger = logging.getLogger(__name__)

LEAST_PAUSE_SECONDS: Final = 5.0


class CredentialSource(Protocol):
    """Has the truth about principals and tokens."""

    def read(self) -> CredentialBook:
        """Returns what is true now.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """


class CredentialFile(Protocol):
    """Keeps the newest book on this machine, for a start while the store is away."""

    def read(self) -> CredentialBook | None:
        """Returns what was last written; None where there is no file or it is damaged."""

    def write(self, book: CredentialBook) -> None:
        """Replaces the file, whole or not at all."""


class KeySource(Protocol):
    """Has an issuer's keys."""

    def read(self) -> Mapping[str, Any]:
        """Returns the JSON Web Key Set.

        Raises:
            OSError: It cannot be read.
            ValueError: It is none.
        """


class News(Protocol):
    """Tells when there may be something new."""

    def wait(self, timeout_seconds: float) -> object:
        """Returns when something was notified, or after the timeout, or when it was closed."""

    def close(self) -> None:
        """Ends the waiting."""


class CredentialRefresher:
    """Moves the truth into an authenticator, and into a file where there is one. Safe for threads."""

    def __init__(
        self,
        authenticator: Authenticator,
        source: CredentialSource,
        *,
        file: CredentialFile | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Makes a refresher.

        Args:
            authenticator: Is given what is read.
            source: Is read.
            file: Keeps the newest book. None: a start needs the source.
            on_change: Is called after every change: streams look again whether their callers may stay.
        """
        self._authenticator = authenticator
        self._source = source
        self._file = file
        self._on_change = on_change
        # An older reading must not take the place of a newer one.
        self._turn = threading.Lock()

    def restore(self) -> bool:
        """Loads the file; returns whether there was one."""
        book = self._file.read() if self._file else None
        return book is not None and self._authenticator.replace(book)

    def refresh(self) -> bool:
        """Reads the truth; returns whether it was new.

        Raises:
            Unavailable: STORE_UNAVAILABLE: the authenticator keeps what it has.
        """
        with self._turn:
            book = self._source.read()
            changed = self._authenticator.replace(book)
            if changed and self._file:
                self._write(self._file, book)
        if changed:
            self._on_change()
        return changed

    def _write(self, file: CredentialFile, book: CredentialBook) -> None:
        try:
            file.write(book)
        except OSError as error:
            # Who may call has changed in any case; only a restart without the store would know less.
            log.failure(_logger, "credentials are not kept on this machine", error)


class KeyRefresher:
    """Moves an issuer's keys into a verifier. For one thread; `ask` is safe from any."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._last: Mapping[str, Any] | None = None
        self._asked = threading.Event()

    def ask(self) -> None:
        """Wants the keys to be read soon."""
        self._asked.set()

    def wait(self, seconds: float) -> None:
        """Returns when the keys are to be read again: after the seconds, or soon after somebody asked."""
        self._asked.wait(seconds)
        self._asked.clear()

    def refresh(self, verifier: JwtVerifier, authenticator: Authenticator) -> bool:
        """Reads the keys; returns whether they were new. What cannot be read is logged, and the last ones stay."""
        try:
            found = self._source.read()
            if found == self._last:
                return False
            verifier.replace_keys(found)
        except (OSError, ValueError) as error:
            log.event(_logger, "the issuer's keys cannot be read", level=logging.ERROR, error=str(error))
            return False
        self._last = found
        authenticator.forget()
        return True


class IdentityFollower:
    """Refreshes from threads of its own, from `start` to `close`."""

    def __init__(self, refresher: CredentialRefresher, news: News, *, poll_interval_seconds: float) -> None:
        self._refresher = refresher
        self._news = news
        self._poll_interval_seconds = poll_interval_seconds
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._keys: KeyRefresher | None = None

    def start(self) -> None:
        """Reads the store once, if it is there, and goes on in the background."""
        with contextlib.suppress(errors.Unavailable):
            self._refresher.refresh()
        self._run("identities", self._follow)

    def follow_keys(
        self,
        keys: KeyRefresher,
        verifier: JwtVerifier,
        authenticator: Authenticator,
        *,
        interval_seconds: float,
        least_pause_seconds: float = LEAST_PAUSE_SECONDS,
    ) -> None:
        """Reads an issuer's keys once, and goes on in the background.

        Args:
            keys: Reads them; `ask` makes it do so soon.
            verifier: Is given what is read.
            authenticator: Forgets whom it knew by older keys.
            interval_seconds: How long after one reading comes the next, where nobody asks.
            least_pause_seconds: How long after one reading comes the next, whoever asks.
        """
        self._keys = keys
        keys.refresh(verifier, authenticator)

        def follow() -> None:
            while not self._stopping.wait(min(least_pause_seconds, interval_seconds)):
                keys.wait(interval_seconds)
                if not self._stopping.is_set():
                    keys.refresh(verifier, authenticator)

        self._run("issuer-keys", follow)

    def close(self) -> None:
        """Ends the threads; returns when they have ended."""
        self._stopping.set()
        self._news.close()
        if self._keys is not None:
            self._keys.ask()
        for thread in self._threads:
            thread.join()

    def _run(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _follow(self) -> None:
        away = False
        while not self._stopping.is_set():
            try:
                if self._refresher.refresh():
                    log.event(_logger, "principals or tokens have changed")
                away = False
            except errors.Unavailable:
                if not away:
                    log.event(_logger, "store is away, the last credentials are good", level=logging.WARNING)
                away = True
            except Exception as error:
                log.failure(_logger, "credentials cannot be read, the last ones are good", error)
            self._news.wait(self._poll_interval_seconds)
