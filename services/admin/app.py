"""Wires the commands together."""

import typer
from typer.main import get_command

from services.admin.commands import audit, bandit, experiment, local, review
from services.admin.examples import examples
from services.admin.options import ClickCommand, allow_everywhere, declared

NAME = "expctl"


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
    local.add_to(app)
    app.add_typer(experiment.app, name="experiment")
    app.add_typer(review.app, name="review")
    app.add_typer(bandit.app, name="bandit")
    app.add_typer(audit.app, name="audit")
    root = get_command(app)
    allow_everywhere(root)
    return root
