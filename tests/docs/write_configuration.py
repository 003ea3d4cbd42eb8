"""Writes docs/configuration.md from the configurations themselves: python -m tests.docs.write_configuration."""

from pathlib import Path

from services.ai import config as ai
from services.bandit import config as bandit
from services.gateway import config as gateway
from services.review import config as review
from shared.config import describe

TARGET = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"

_SERVICES = (
    (
        "bandit: replica (`python -m services.bandit`) and learner (`python -m services.bandit.worker`)",
        bandit.Config,
        bandit.PREFIX,
    ),
    ("review (`python -m services.review`)", review.Config, review.PREFIX),
    ("ai (`python -m services.ai`) and its workers (`python -m services.ai worker`)", ai.Config, ai.PREFIX),
    ("gateway (`python -m services.gateway`)", gateway.Config, gateway.PREFIX),
)


def document() -> str:
    """Returns the page."""
    lines = [
        "# Configuration",
        "",
        "Every process reads its environment once, when it starts. An unknown variable with its prefix, or a bad",
        "value, stops it. A secret can be given as a file instead: `<NAME>_FILE`.",
        "Written by `python -m tests.docs.write_configuration`.",
    ]
    for title, config_class, prefix in _SERVICES:
        lines += ["", f"## {title}", "", "| variable | type | default | allowed | meaning |", "|---|---|---|---|---|"]
        for row in describe(config_class, prefix):
            kind = f"{row.kind}, {row.unit}" if row.unit else row.kind
            default = "" if row.kind == "Secret" or not row.default else f"`{row.default}`"
            lines.append(f"| `{row.variable}` | {kind} | {default} | {row.allowed} | {row.doc} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
