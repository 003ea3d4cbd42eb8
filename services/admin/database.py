"""The store of a stack, its schema up to date: a Postgres of our own, or one that runs elsewhere."""

import threading
from collections.abc import Mapping
from pathlib import Path

from services.admin.urls import without_password
from shared.errors import Unavailable
from shared.store import migrate
from shared.store.embedded import EmbeddedPostgres


class EmbeddedDatabase:
    """Is a Postgres of our own, below a directory."""

    name = "database"

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedPostgres(directory)
        self._adopted = False

    @property
    def url(self) -> str:
        """Its URL, once it was started."""
        return self._server.url

    @property
    def pid(self) -> int | None:
        """The number of its process; None if it has ended."""
        return self._server.pid

    @property
    def alive(self) -> bool:
        """Whether its process is there; one that somebody else started is theirs to keep."""
        return self._adopted or self.pid is not None

    def start(self, _cancelled: threading.Event) -> Mapping[str, str]:
        """Starts it, applies the migrations and returns its URL.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
            FailedPrecondition: INVALID_STATE, the schema is newer than this release.
            OSError: There are no programs for it, or no directory.
        """
        self._server.start()
        self._adopted = self.pid is None
        try:
            migrate.upgrade(self.url)
        except BaseException:
            self.stop()
            raise
        return {"url": self.url}

    def stop(self) -> None:
        """Stops it, cleanly."""
        self._server.stop()


class ExternalDatabase:
    """Is a Postgres that somebody else runs."""

    name = "database"
    pid = None
    alive = True

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self, _cancelled: threading.Event) -> Mapping[str, str]:
        """Applies the migrations and returns the URL without its password.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
            FailedPrecondition: INVALID_STATE, the schema is newer than this release.
        """
        try:
            migrate.upgrade(self.url)
        except Unavailable as error:
            where = without_password(self.url)
            message = f"the Postgres of DATABASE_URL, {where}, cannot be reached: {error.__cause__}"
            raise Unavailable(error.reason, message) from error
        return {"url": without_password(self.url)}

    def stop(self) -> None:
        """Leaves it alone."""
