"""Writes the table of docs/api.md from the table of routes: python -m tests.docs.write_api."""

from itertools import groupby
from pathlib import Path
from typing import Final

from services.gateway.rest.openapi.comments import comment
from services.gateway.rest.table import ROUTES

TARGET: Final = Path(__file__).resolve().parents[2] / "docs" / "api.md"
BEGIN: Final = "<!-- written by python -m tests.docs.write_api -->\n"
END: Final = "<!-- end -->\n"


def table() -> str:
    """Returns the table: one row for each route."""
    lines = []
    for tag, routes in groupby(ROUTES, key=lambda route: route.tag):
        lines += ["", f"### {tag[0].upper()}{tag[1:]}", "", "| | path | answers | |", "|---|---|---|---|"]
        for route in routes:
            status = "events" if route.events else str(route.status)
            summary = comment(route.operation.full_name).partition(". ")[0].rstrip(".").replace("|", "\\|")
            lines.append(f"| `{route.method}` | `{route.path}` | {status} | {summary} (`{route.rpc}`) |")
    return "\n".join([*lines, "", ""])


def document(page: str) -> str:
    """Returns the page with the table as it should be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    TARGET.write_text(document(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
