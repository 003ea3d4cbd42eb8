"""Connections to Postgres, and the unit of work on them."""

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import sqlalchemy
from sqlalchemy import exc

from shared import errors

CONNECT_TIMEOUT_SECONDS: Final = 2
_RETRY_AFTER_SECONDS: Final = 1.0

# libpq's names. A peer that vanished without a word is noticed after 25 s when idle, 10 s when it owes an answer.
_DEFAULTS: Final = {
    "connect_timeout": str(CONNECT_TIMEOUT_SECONDS),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}

# Classes of SQLSTATE that say that the server, not the statement, is at fault: connection, resources, operator, system.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_UNAVAILABLE_CLASSES: Final = ("08", "53", "57P", "58")

_dump_json = functools.partial(json.dumps, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def parse_url(url: str, *, application_name: str) -> sqlalchemy.URL:
    """Returns the URL with our driver, the application's name, UTC and our timeouts; what it says itself stays.

    Args:
        url: `postgres://...`, `postgresql://...` or `postgresql+psycopg://...`.
        application_name: What Postgres shows of the connection in `pg_stat_activity`.

    Raises:
        InvalidArgument: INVALID_FIELD, it is no URL of a Postgres; the message does not repeat its password.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except (exc.ArgumentError, ValueError):
        raise _bad_url() from None
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise _bad_url()
    given = {key: value for key, value in parsed.query.items() if key != "options"}
    options = " ".join([*parsed.normalized_query.get("options", ()), "-c timezone=UTC"])
    query = _DEFAULTS | {"application_name": application_name} | given | {"options": options}
    return parsed.set(drivername="postgresql+psycopg", query=query)


def connect_arguments(url: sqlalchemy.URL) -> dict[str, Any]:
    """Returns what `psycopg.connect` takes (any: that is its signature) for a URL of `parse_url`."""
    _, arguments = url.get_dialect()().create_connect_args(url)
    return dict(arguments)


def create_engine(url: str, *, application_name: str, pool_size: int = 5, pre_ping: bool = True) -> sqlalchemy.Engine:
    """Returns an engine; it connects when it is first used. Safe for threads, not across forks; dispose it in the end.

    Args:
        url: As in `parse_url`.
        application_name: As in `parse_url`.
        pool_size: How many connections there are at most; who finds none free waits 2 s, then gets Unavailable.
        pre_ping: Whether a connection is tried before it is lent. Without, the first use after a restart of Postgres
            fails, and saves a journey ever after.

    Raises:
        InvalidArgument: INVALID_FIELD, as in `parse_url`.
    """
    return sqlalchemy.create_engine(
        parse_url(url, application_name=application_name),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
        pool_pre_ping=pre_ping,
        json_serializer=_dump_json,
    )


@contextmanager
def transaction(engine: sqlalchemy.Engine) -> Iterator[sqlalchemy.Connection]:
    """Is a unit of work: commits at its end, rolls back when an error leaves it.

    Raises:
        Unavailable: STORE_UNAVAILABLE. Nothing took effect, unless the connection was lost during the commit itself:
            then nobody knows, so do again only what may be done twice.
    """
    with translate_errors(), engine.begin() as connection:
        yield connection


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what says that Postgres is away into Unavailable; other errors pass as they are.

    Raises:
        Unavailable: STORE_UNAVAILABLE.
    """
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError, psycopg.Error) as error:
        if not _is_unavailable(error):
            raise
        raise errors.Unavailable(
            errors.Reason.STORE_UNAVAILABLE,
            "the store is not available, try again",
            retry_after_seconds=_RETRY_AFTER_SECONDS,
        ) from error


def _is_unavailable(error: exc.DBAPIError | exc.TimeoutError | psycopg.Error) -> bool:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, psycopg.Error) and cause.sqlstate is not None:
        return cause.sqlstate.startswith(_UNAVAILABLE_CLASSES)
    # No state was sent: it comes from the driver, which lost the server or never reached it; or from our pool.
    return isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError, exc.TimeoutError))


def _bad_url() -> errors.InvalidArgument:
    return errors.invalid_field("database_url", "is not of the form postgresql://user:password@host:port/database")
