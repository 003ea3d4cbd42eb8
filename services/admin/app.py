"""Wires the commands together."""

from typing import Final

import typer
from typer._completion_classes import completion_init
from typer.main import get_command

from services.admin.commands import (
    account,
    audit,
    bandit,
    db,
    experiment,
    local,
    machine,
    panels,
    policy,
    principal,
    review,
    token,
)
from services.admin.commands.ai import analysis, design, hypothesis, job, service
from services.admin.examples import examples
from services.admin.options import ClickCommand, allow_everywhere, declared

NAME: Final = "expctl"

_GROUPS: Final = {
    "experiment": (experiment.app, panels.EXPERIMENTS),
    "review": (review.app, panels.EXPERIMENTS),
    "policy": (policy.app, panels.EXPERIMENTS),
    "bandit": (bandit.app, panels.EXPERIMENTS),
    "hypothesis": (hypothesis.app, panels.AI),
    "design": (design.app, panels.AI),
    "analysis": (analysis.app, panels.AI),
    "job": (job.app, panels.AI),
    "ai": (service.app, panels.AI),
    "audit": (audit.app, panels.EXPERIMENTS),
    "token": (token.app, panels.CALLERS),
    "principal": (principal.app, panels.CALLERS),
    "db": (db.app, panels.LOCAL),
}


def build() -> ClickCommand:
    """Returns the command with all commands below it."""
    app = typer.Typer(
        help="Runs, shows and changes experiments.",
        epilog=examples("expctl up", "expctl experiment list", "expctl --as rob review list"),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(declared)
    for name, (group, panel) in _GROUPS.items():
        app.add_typer(group, name=name, rich_help_panel=panel)
    for part in (local, account, machine):
        part.add_to(app)
    # Only with add_completion would Typer do it, whose options are in the way of our own command.
    completion_init()
    root = get_command(app)
    allow_everywhere(root)
    return root
