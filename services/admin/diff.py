"""What a change alters, as a unified view: what goes in red, what comes in green."""

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from services.admin.plain_text import plain

_STYLES: Final = {"-": "red", "+": "green", " ": "dim"}
_CONTEXT_LINES: Final = 2
_NO_CHANGE: Final = "It alters no field."


def drawing(request: pb.ChangeRequest) -> RenderableType:
    """Returns the fields that a change alters; lines that are too long go on below."""
    if not request.diff:
        return Text(_NO_CHANGE, style="dim")
    before = f"--- {target(request)}, revision {request.base_revision}"
    after = f"+++ {request.change_request_id or 'the change'}, edit {request.request_revision or 1}"
    head = [Text(before, style="bold"), Text(after, style="bold")]
    return Group(*head, *(part for field in request.diff for part in _field(field)))


def target(request: pb.ChangeRequest) -> str:
    """Returns what a change request changes."""
    return request.experiment_id or "the policy rules"


def _field(field: review_pb2.FieldDiff) -> Iterator[RenderableType]:
    yield Text(f"@@ {field.path} @@", style="cyan", overflow="fold")
    rows = Table.grid(padding=(0, 1, 0, 0))
    rows.add_column(no_wrap=True, width=1)
    rows.add_column(overflow="fold")
    for sign, line in _compared(_lines(field.before), _lines(field.after)):
        rows.add_row(Text(sign, style=_STYLES[sign]), Text(line, style=_STYLES[sign]))
    yield rows


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in difflib.unified_diff(before, after, lineterm="", n=_CONTEXT_LINES):
        if not line.startswith(("---", "+++", "@@")):
            yield line[0], line[1:]


def _lines(value: str) -> Sequence[str]:
    """Returns a JSON value as lines: a text of several lines as it is, all else as JSON; none where there is none."""
    if not value:
        return ()
    try:
        found: Any = json.loads(value)
    except ValueError:
        return (value,)
    if isinstance(found, str) and "\n" in found:
        return plain(found).split("\n")
    return plain(json.dumps(found, indent=2, ensure_ascii=False)).split("\n")
