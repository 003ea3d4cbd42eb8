"""Walks the commands of expctl, for the page that lists them and for tests of all of them."""

import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

from services.admin.app import NAME, build
from services.admin.examples import PROMPT


class Entry(NamedTuple):
    """Is a command and the words that call it."""

    path: tuple[str, ...]
    command: Any

    @property
    def line(self) -> str:
        return " ".join((NAME, *self.path))

    @property
    def is_group(self) -> bool:
        return hasattr(self.command, "commands")

    @property
    def examples(self) -> list[str]:
        return [
            part.removeprefix(PROMPT).replace("\\[", "[")
            for part in (self.command.epilog or "").split("\n\n")
            if part.startswith(PROMPT)
        ]


def entries() -> list[Entry]:
    """Returns all commands and groups, the whole first."""
    return list(_below(Entry((), build())))


def arguments(example: str) -> list[str]:
    """Returns what an example gives to the command: without what is piped, redirected or set before it."""
    line = example.replace("\\\n", " ")
    words = shlex.split(re.split(r" [|<>] ?", line)[0])
    return words[words.index(NAME) + 1 :]


def parsed(command: Any, words: list[str], name: str = NAME, parent: Any = None) -> str:
    """Returns the words of the command that a line calls, once all of it was parsed; nothing is run."""
    context = command.make_context(name, list(words), parent=parent)
    if not hasattr(command, "commands"):
        return str(context.command_path)
    below, subcommand, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    return parsed(subcommand, rest, below, context)


def _below(entry: Entry) -> Iterator[Entry]:
    yield entry
    if entry.is_group:
        for name, command in entry.command.commands.items():
            yield from _below(Entry((*entry.path, name), command))
