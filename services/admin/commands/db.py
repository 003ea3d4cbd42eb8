"""The commands of the store's schema."""

import typer
from rich.text import Text

from services.admin import claim
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.session import Session, session_of
from services.admin.urls import without_password
from shared.errors import FailedPrecondition, Reason
from shared.store.schema import Schema

app = command_group("Shows the schema of the store, and brings it up to date.")


@app.command("status", epilog=examples("expctl db status", "DATABASE_URL=postgresql://... expctl db status"))
def status(context: typer.Context) -> None:
    """Shows whether the schema is the one that this release needs: exit code 0; 1 if it is not."""
    from shared.store import migrate  # noqa: PLC0415 - takes long to load

    session = session_of(context)
    url = _url(session)
    found = migrate.schema(url)
    _answer(session, url, found)
    if not found.is_current:
        session.output.suggest(("To bring it up to date", ("db", "migrate")))
        raise typer.Exit(ExitCode.ERROR)


@app.command("migrate", epilog=examples("expctl db migrate", "DATABASE_URL=postgresql://... expctl db migrate"))
def apply_missing(context: typer.Context) -> None:
    """Applies the steps that are missing, all or none; safe to run again, and at once by many."""
    from shared.store import migrate  # noqa: PLC0415 - takes long to load

    session = session_of(context)
    url = _url(session)
    migrate.upgrade(url)
    _answer(session, url, migrate.schema(url))


def _url(session: Session) -> str:
    """Returns the store that is meant: of DATABASE_URL, or of the local stack.

    Raises:
        FailedPrecondition: INVALID_STATE, there is none.
    """
    if session.settings.database_url.value:
        return session.settings.database_url.value
    found = claim.running(session.access.directory)
    if found is None or "database" not in found.addresses:
        raise FailedPrecondition(
            Reason.INVALID_STATE,
            f"give DATABASE_URL: no stack is ready in {session.access.directory}, whose store could be meant "
            "(a local stack brings its own up to date whenever it starts)",
        )
    return found.addresses["database"]


def _answer(session: Session, url: str, found: Schema) -> None:
    where = without_password(url)
    document = {
        "database": where,
        "applied": sorted(found.applied),
        "needed": sorted(found.needed),
        "current": found.is_current,
    }
    session.output.document(document, lambda: _line(where, found))


def _line(where: str, found: Schema) -> Text:
    applied, needed = ", ".join(sorted(found.applied)) or "nothing", ", ".join(sorted(found.needed))
    if found.is_current:
        return Text.assemble((where, "bold"), f": the schema is current (step {applied})")
    return Text.assemble((where, "bold"), f": the schema is at {applied}, this release needs step {needed}")
