"""Brings the schema of the store up to date, and tells whether it is."""

from pathlib import Path
from typing import Final

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from shared import errors
from shared.store import engine as store_engine
from shared.store.schema import Schema

SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK = sqlalchemy.text("SELECT pg_advisory_xact_lock(:key)")
_LOCK_KEY: Final = 0x6578706D696772  # "expmigr"


def upgrade(url: str, *, scripts: Path = SCRIPTS) -> None:
    """Applies the steps that are missing, all in one transaction: all or none. Safe to run again, and at once by many.

    Args:
        url: Of the database, as in `shared.store.engine.parse_url`.
        scripts: Directory with `env.py` and `versions/`.

    Raises:
        Unavailable: STORE_UNAVAILABLE.
        FailedPrecondition: INVALID_STATE, the schema is newer than this release.
    """
    engine = store_engine.create_engine(url, application_name="migrate", pool_size=1)
    try:
        with store_engine.transaction(engine) as connection:
            # Held until the commit: who waited here finds nothing left to do.
            connection.execute(_LOCK, {"key": _LOCK_KEY})
            config = _config(scripts)
            _refuse_unknown(_applied(connection), ScriptDirectory.from_config(config))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def schema(url: str, *, scripts: Path = SCRIPTS) -> Schema:
    """Returns how far a database's schema is.

    Raises:
        Unavailable: STORE_UNAVAILABLE.
    """
    engine = store_engine.create_engine(url, application_name="migrate", pool_size=1)
    try:
        with store_engine.transaction(engine) as connection:
            applied = frozenset(_applied(connection))
    finally:
        engine.dispose()
    return Schema(applied, frozenset(ScriptDirectory.from_config(_config(scripts)).get_heads()))


def check_current(engine: sqlalchemy.Engine, *, scripts: Path = SCRIPTS) -> None:
    """Returns if the schema is the one that this release is written for.

    Raises:
        Unavailable: STORE_UNAVAILABLE.
        FailedPrecondition: INVALID_STATE, the schema is older or newer.
    """
    directory = ScriptDirectory.from_config(_config(scripts))
    with store_engine.transaction(engine) as connection:
        applied = _applied(connection)
    _refuse_unknown(applied, directory)
    needed = set(directory.get_heads())
    if applied != needed:
        raise _mismatch(applied, needed, "apply the migrations first")


def _config(scripts: Path) -> Config:
    config = Config()
    # The parser behind it gives a meaning to the percent sign.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _applied(connection: sqlalchemy.Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _refuse_unknown(applied: set[str], directory: ScriptDirectory) -> None:
    known = {script.revision for script in directory.walk_revisions()}
    if not applied <= known:
        raise _mismatch(applied, set(directory.get_heads()), "this release is too old for it, start a newer one")


def _mismatch(applied: set[str], needed: set[str], advice: str) -> errors.FailedPrecondition:
    present, wanted = ",".join(sorted(applied)) or "none", ",".join(sorted(needed)) or "none"
    return errors.FailedPrecondition(
        errors.Reason.INVALID_STATE,
        f"the schema of the database is at step {present}, this release needs step {wanted}: {advice}",
        metadata={"applied": present, "needed": wanted},
    )
