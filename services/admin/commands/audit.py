"""The commands of the audit log."""

import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from experimentation.v1 import audit_service_pb2 as pb
from services.admin import audit_events, formats
from services.admin.commands.group import command_group
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.formats import Format
from services.admin.session import session_of
from services.admin.words import plural
from shared.errors import invalid_field
from shared.rpc import client

_LONG_SECONDS = 600.0
_PLACE = re.compile(r"([0-9]{1,19}):([0-9a-f]{64})")

Actor = Annotated[str, typer.Option(metavar="NAME", help="Those of this actor.")]
Action = Annotated[str, typer.Option(metavar="TEXT", help="Those whose action begins so, such as change_request.")]
Target = Annotated[str, typer.Option(metavar="NAME", help="Those of this target, such as experiments/checkout.")]

app = command_group("Reads and checks the audit log.")


@app.command(
    "tail",
    epilog=examples(
        "expctl audit tail",
        "expctl audit tail --target experiments/checkout --limit 100",
        "expctl audit tail --follow -o jsonl",
    ),
)
def tail(
    context: typer.Context,
    *,
    actor: Actor = "",
    action: Action = "",
    target: Target = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="How many of the latest.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each new one, until Ctrl-C.")] = False,
) -> None:
    """Shows the latest events, the newest last."""
    session = session_of(context)
    request = pb.ListAuditEventsRequest(actor=actor, action_prefix=action, target=target, newest_first=True)
    with session.audit() as stub:
        latest = list(audit_events.pages(stub, request, limit=limit))[::-1]
        if not follow:
            session.output.many(latest, audit_events.lines)
            return
        for event in latest:
            session.output.next(event, audit_events.line)
        request = pb.ListAuditEventsRequest(actor=actor, action_prefix=action, target=target)
        request.after_sequence = latest[-1].sequence if latest else 0
        for event in audit_events.followed(stub, request):
            session.output.next(event, audit_events.line)


@app.command(
    "verify",
    epilog=examples(
        "expctl audit verify",
        "expctl audit verify --known \\\n    812:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
)
def verify(
    context: typer.Context,
    *,
    known: Annotated[
        str,
        typer.Option(metavar="SEQUENCE:HASH", help="A place known from before: finds a log that was cut or rewritten."),
    ] = "",
) -> None:
    """Recomputes the hashes of the whole log; exit code 1 where it is broken, with the place."""
    session = session_of(context)
    sequence, known_hash = _place(known)
    request = pb.VerifyAuditChainRequest(known_sequence=sequence, known_hash=known_hash)
    with session.audit() as stub:
        found = client.call(stub.VerifyAuditChain, request, timeout_seconds=_LONG_SECONDS)
    session.output.one(found, _verdict)
    if not found.intact:
        raise typer.Exit(ExitCode.ERROR)
    if found.last_sequence:
        session.output.say(
            f"Keep this place: a later `audit verify --known` finds a log that was cut.\n"
            f"{found.last_sequence}:{found.last_hash}"
        )


@app.command("export", epilog=examples("expctl audit export > audit.jsonl", "expctl audit export --to audit.jsonl"))
def export(
    context: typer.Context,
    *,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; a new file. Default: standard output.")
    ] = None,
    after: Annotated[int, typer.Option(min=0, max=2**63 - 1, metavar="N", help="Those after this sequence.")] = 0,
    actor: Actor = "",
    action: Action = "",
    target: Target = "",
) -> None:
    """Writes the log as JSON Lines, oldest first; each line has the hashes that make the chain."""
    session = session_of(context)
    request = pb.ListAuditEventsRequest(actor=actor, action_prefix=action, target=target, after_sequence=after)
    count = 0
    with session.audit() as stub, to.open("x", encoding="utf-8") if to else nullcontext(sys.stdout) as file:
        for event in audit_events.pages(stub, request):
            file.write(formats.one(Format.JSONL, event))
            count += 1
    session.output.say(f"{plural(count, 'event')} written{f' to {to}' if to else ''}.")


def _verdict(found: pb.VerifyAuditChainResponse) -> Text:
    if found.intact:
        return Text.assemble(("intact", "green"), f": {plural(found.intact_count, 'event')}")
    return Text.assemble(
        ("BROKEN", "bold red"),
        f" at event {found.broken_sequence}: {found.problem}; intact before it: {plural(found.intact_count, 'event')}",
    )


def _place(known: str) -> tuple[int, str]:
    if not known:
        return 0, ""
    found = _PLACE.fullmatch(known)
    if found is None or not 0 < int(found[1]) < 2**63:
        raise invalid_field(
            "--known", f"{known!r} is not like 812:9f86d0..., a sequence from 1 and a hash of 64 hexadecimal digits"
        )
    return int(found[1]), found[2]
