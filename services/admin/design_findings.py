"""What the rules for sound designs say of a plan: for people, and for machines."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.admin.dry_run import Judgement
from services.admin.formats import Document
from shared.statistics.design.severity import Severity
from shared.statistics.design.validate import Validation

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def judgement(validation: Validation) -> Judgement:
    """Returns what the rules say."""
    return Judgement(_document(validation), Group(*_drawings(validation)))


def _document(validation: Validation) -> Document:
    findings = [
        {
            "rule_id": each.rule_id,
            "severity": str(each.severity),
            "title": each.title,
            "message": each.message,
            "fix": each.fix,
            "source": each.source,
        }
        for each in validation.findings
    ]
    unchecked = [
        {"rule_id": each.rule_id, "title": each.title, "because": each.because} for each in validation.not_checked
    ]
    return {"recommendable": validation.is_recommendable, "findings": findings, "not_checked": unchecked}


def _drawings(validation: Validation) -> Iterator[RenderableType]:
    yield Text(f"Design: {_verdict(validation)}", style="bold")
    if validation.findings:
        rows = Table(box=None, show_header=False, pad_edge=False)
        rows.add_column(no_wrap=True)
        rows.add_column(no_wrap=True)
        rows.add_column(overflow="fold")
        for each in validation.findings:
            severity = Text(each.severity.lower(), style=_STYLES[each.severity])
            rows.add_row(each.rule_id, severity, Text(f"{each.message}; {each.fix}"))
        yield rows
    if validation.not_checked:
        names = ", ".join(f"{each.rule_id} ({each.because})" for each in validation.not_checked)
        yield Text(f"not checked: {names}", style="dim")


def _verdict(validation: Validation) -> str:
    if not validation.findings:
        return "no rule is broken"
    return "can be recommended, with findings" if validation.is_recommendable else "cannot be recommended"
