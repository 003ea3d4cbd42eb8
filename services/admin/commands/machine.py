"""The commands about this machine: doctor, completion, version."""

import platform
import sys
from enum import StrEnum
from importlib import metadata
from typing import Annotated, Final

import typer
from rich.text import Text
from typer._completion_shared import get_completion_script

from services.admin import doctor as checkup
from services.admin.commands import panels
from services.admin.examples import examples
from services.admin.exit_codes import ExitCode
from services.admin.session import session_of
from shared import clock

DISTRIBUTION: Final = "experimentation-platform"


class Shell(StrEnum):
    """Names a shell."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def doctor(context: typer.Context) -> None:
    """Looks for what keeps the command from working, and says what mends it. Exit code 1 where something is bad."""
    session = session_of(context)
    found = list(checkup.checks(session.access, clock.now))
    session.output.document(checkup.document(found), lambda: checkup.drawing(found))
    if any(check.health is checkup.Health.BAD for check in found):
        raise typer.Exit(ExitCode.ERROR)


def completion(shell: Annotated[Shell, typer.Argument(help="Your shell.", show_default=False)]) -> None:
    """Writes the script that completes commands and options in your shell."""
    script = get_completion_script(prog_name="expctl", complete_var="_EXPCTL_COMPLETE", shell=shell)
    sys.stdout.write(f"{script}\n")


def version(context: typer.Context) -> None:
    """Shows which version this is."""
    found = {"version": metadata.version(DISTRIBUTION), "python": platform.python_version()}
    session_of(context).output.document(found, lambda: Text(f"expctl {found['version']} (Python {found['python']})"))


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the app."""
    app.command(
        rich_help_panel=panels.LOCAL, epilog=examples("expctl doctor", "expctl doctor --profile staging -o json")
    )(doctor)
    app.command(
        rich_help_panel=panels.COMMAND,
        epilog=examples(
            "expctl completion bash > ~/.local/share/bash-completion/completions/expctl",
            "expctl completion zsh > ~/.zfunc/_expctl",
            "expctl completion fish > ~/.config/fish/completions/expctl.fish",
        ),
    )(completion)
    app.command(rich_help_panel=panels.COMMAND, epilog=examples("expctl version", "expctl version -o json"))(version)
