"""A group of commands, such as `expctl review`."""

import typer


def command_group(help_text: str) -> typer.Typer:
    """Returns a group without commands yet; called without one it shows its help."""
    return typer.Typer(help=help_text, no_args_is_help=True)
