"""Which warehouses there are: the file that names them, in TOML.

[lake]
parquet = "exports"

[shop]
url = "duckdb:///srv/shop.duckdb"

[sales]
url_file = "secrets/sales-url"

A directory has a table for each file `<table>.parquet`, or for each directory `<table>` of such files; dots in the name
of a table stand for directories. A URL is whatever `ibis.connect` takes; one that holds a password belongs into a file.
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import ibis
from ibis.backends import BaseBackend

from shared.config import ConfigError, Secret

_KEYS: Final = ("parquet", "url", "url_file")
_DUCKDB: Final = "duckdb://"


class UnusableUrl(Exception):  # noqa: N818 (it says what is wrong)
    """Says that nothing can be connected to by a URL, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class ParquetDirectory:
    """Is a directory whose Parquet files are tables."""

    path: Path

    @contextmanager
    def opened(self) -> Iterator[BaseBackend]:
        """Gives an engine of our own, which keeps nothing."""
        backend = ibis.duckdb.connect()
        try:
            yield backend
        finally:
            backend.disconnect()

    def table(self, backend: BaseBackend, name: str) -> ibis.Table | None:
        """Returns a table; None: there is none of that name."""
        where = self.path.joinpath(*name.split("."))
        file = where.with_name(f"{where.name}.parquet")
        if file.is_file():
            return backend.read_parquet(file)
        files = sorted(where.glob("*.parquet")) if where.is_dir() else []
        return backend.read_parquet(files) if files else None


@dataclass(frozen=True, slots=True)
class Engine:
    """Is an engine that is called by URL; what its account may do there, only its owner can bound."""

    url: Secret

    @contextmanager
    def opened(self) -> Iterator[BaseBackend]:
        """Gives a connection; to a DuckDB file one that cannot write.

        Raises:
            UnusableUrl: It cannot be read, or there is no such engine.
        """
        backend = self._connected()
        try:
            yield backend
        finally:
            backend.disconnect()

    def _connected(self) -> BaseBackend:
        own = {"read_only": True} if self.url.value.startswith(_DUCKDB) else {}
        try:
            return ibis.connect(self.url.value, **own)
        except ValueError as error:
            # Its message may repeat the URL, and that the password.
            raise UnusableUrl(f"the URL cannot be used ({type(error).__name__})") from None

    def table(self, backend: BaseBackend, name: str) -> ibis.Table | None:
        """Returns a table; None: there is none of that name."""
        *database, table = name.split(".")
        place: tuple[str, ...] | str | None = tuple(database) if len(database) > 1 else "".join(database) or None
        try:
            return backend.table(table, database=place)
        except ibis.common.exceptions.TableNotFound:
            return None


Connection: TypeAlias = ParquetDirectory | Engine


def read(path: Path) -> Mapping[str, Connection]:
    """Returns the connections by name; paths in the file are looked for from its directory.

    Raises:
        ConfigError: It cannot be read, or some of it is not usable; no URL is repeated.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # Their messages may repeat a line, and that a password.
        raise ConfigError([f"{path}: cannot be read ({type(error).__name__})"]) from None
    problems: list[str] = []
    found = {
        name: _connection(entry, f"{path.name}: {name}", path.parent, problems) for name, entry in document.items()
    }
    if problems:
        raise ConfigError(problems)
    return {name: connection for name, connection in found.items() if connection is not None}


def _connection(entry: Any, where: str, directory: Path, problems: list[str]) -> Connection | None:
    """Returns a connection, or notes what is wrong with it."""
    keys = [key for key in _KEYS if isinstance(entry, dict) and key in entry]
    if len(keys) != 1 or set(entry) != set(keys) or not isinstance(entry[keys[0]], str):
        problems.append(f"{where}: must have one of {', '.join(_KEYS)}, a text, and nothing else")
        return None
    value: str = entry[keys[0]]
    if keys[0] == "parquet":
        found = directory / value
        if not found.is_dir():
            problems.append(f"{where}: parquet: is no directory")
        return ParquetDirectory(found)
    if keys[0] == "url":
        return Engine(Secret(value))
    try:
        return Engine(Secret((directory / value).read_text(encoding="utf-8").strip()))
    except (OSError, ValueError) as error:
        problems.append(f"{where}: url_file: cannot be read ({type(error).__name__})")
        return None
