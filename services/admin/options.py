"""The options that every command takes, before or after its name."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer
from typer.core import TyperGroup

from services.admin.formats import Format

# Click's own classes are no public part of Typer.
ClickCommand: TypeAlias = Any

_PANEL: Final = "Options of every command, before or after its name"


@dataclass(frozen=True, slots=True)
class Options:
    """Is what was given of them; None and False: nothing was."""

    directory: Path | None = None
    identity: str | None = None
    profile: str | None = None
    address: str | None = None
    review_address: str | None = None
    bandit_address: str | None = None
    ai_address: str | None = None
    gateway_address: str | None = None
    output: Format | None = None
    quiet: bool = False
    no_color: bool = False
    no_pager: bool = False
    no_input: bool = False

    def place(self) -> tuple[str, ...]:
        """Returns those that say where the services are, as they would be typed."""
        given_places = {
            "--directory": self.directory,
            "--profile": self.profile,
            "--address": self.address,
            "--review-address": self.review_address,
            "--bandit-address": self.bandit_address,
            "--ai-address": self.ai_address,
            "--gateway-address": self.gateway_address,
        }
        return tuple(part for name, value in given_places.items() if value for part in (name, str(value)))


def declared(
    context: typer.Context,
    *,
    directory: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the local stack keeps its data, logs and secrets. Default: .experimentation.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Who calls, of the local stack: ada (admin), ann (default), rob (reviewer), service, agent.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The profile in config.toml to use.", rich_help_panel=_PANEL),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Where the service answers that the command calls.", rich_help_panel=_PANEL
        ),
    ] = None,
    review_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where review answers.", rich_help_panel=_PANEL)
    ] = None,
    bandit_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where the bandit answers.", rich_help_panel=_PANEL)
    ] = None,
    ai_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where the AI service answers.", rich_help_panel=_PANEL)
    ] = None,
    gateway_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where the gateway answers.", rich_help_panel=_PANEL)
    ] = None,
    output: Annotated[
        Format | None, typer.Option("-o", "--output", help="The format of the answer.", rich_help_panel=_PANEL)
    ] = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Leave out what is no answer.", rich_help_panel=_PANEL)
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Write no colours.", rich_help_panel=_PANEL)] = False,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Never use a pager.", rich_help_panel=_PANEL)] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask.", rich_help_panel=_PANEL)] = False,
) -> None:
    """Keeps what was given before the command's name."""
    context.obj = Options(
        directory=directory,
        identity=identity,
        profile=profile,
        address=address,
        review_address=review_address,
        bandit_address=bandit_address,
        ai_address=ai_address,
        gateway_address=gateway_address,
        output=output,
        quiet=quiet,
        no_color=no_color,
        no_pager=no_pager,
        no_input=no_input,
    )


def given(context: typer.Context) -> Options:
    """Returns what was given so far on the command line."""
    found = context.find_root().obj
    return found if isinstance(found, Options) else Options()


def allow_everywhere(root: ClickCommand) -> None:
    """Makes every command below the root take the root's options, too; those after the name win."""
    known = {field.name for field in fields(Options)}
    options = [option for option in root.params if option.name in known]
    for command in _below(root):
        taken = {name for parameter in command.params for name in parameter.opts}
        if not command.ignore_unknown_options:
            command.params.extend(_hidden(option) for option in options if taken.isdisjoint(option.opts))


def _below(group: ClickCommand) -> Iterator[ClickCommand]:
    for command in group.commands.values():
        yield command
        if isinstance(command, TyperGroup):
            yield from _below(command)


def _hidden(option: ClickCommand) -> ClickCommand:
    late = copy.copy(option)
    late.hidden, late.expose_value, late.callback = True, False, _keep
    return late


def _keep(context: typer.Context, parameter: Any, value: Any) -> Any:
    if value:
        root = context.find_root()
        root.obj = replace(given(context), **{parameter.name: value})
    return value
