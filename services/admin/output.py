"""What a command answers: tables for people, documents for machines; advice goes to standard error."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from google.protobuf.message import Message
from rich.console import Console, Group, RenderableType
from rich.text import Text

from services.admin import formats, pager
from services.admin.formats import Document, Format
from services.admin.plain_text import cleaned
from services.admin.screen import command_line, messages, screen

FOR_REVIEWERS: Final = (("review", "approve"), ("review", "sign"))
"""The commands that are suggested to one person and typed by another."""

_Message = TypeVar("_Message", bound=Message)


class Output:
    """Writes the answers of one command."""

    def __init__(
        self,
        kind: Format,
        *,
        quiet: bool = False,
        pager_command: Sequence[str] = (),
        place: Sequence[str] = (),
        reviewer: Sequence[str] = (),
    ) -> None:
        """Says how.

        Args:
            kind: The format of answers.
            quiet: Leaves out what is no answer.
            pager_command: Shows what is longer than the terminal. Empty: nothing does.
            place: The options by which a suggested command finds the same services.
            reviewer: The options by which it calls as somebody else, where only a reviewer can type it.
        """
        self.kind = kind
        self._quiet = quiet
        self._pager = pager_command
        self._place = place
        self._reviewer = reviewer

    def one(self, message: _Message, human: Callable[[_Message], RenderableType]) -> None:
        """Writes one message: for people as the function draws it."""
        if self.kind is Format.TABLE:
            self.draw(human(cleaned(message)))
        else:
            sys.stdout.write(formats.one(self.kind, message))

    def many(self, found: Iterable[_Message], human: Callable[[Sequence[_Message]], RenderableType]) -> None:
        """Writes a list: for people as the function draws it."""
        if self.kind is Format.TABLE:
            self.draw(human([cleaned(each) for each in found]))
        elif self.kind is Format.JSONL:
            for each in found:
                sys.stdout.write(formats.one(self.kind, each))
        else:
            sys.stdout.write(formats.many(self.kind, found))

    def next(self, message: _Message, human: Callable[[_Message], RenderableType]) -> None:
        """Writes one message of a list without end, at once; YAML as documents."""
        if self.kind is Format.TABLE:
            screen().print(human(cleaned(message)))
        else:
            kind = Format.JSONL if self.kind is Format.JSON else self.kind
            sys.stdout.write(formats.one(kind, message) + ("---\n" if kind is Format.YAML else ""))
        sys.stdout.flush()

    def document(self, thing: Document, human: Callable[[], RenderableType]) -> None:
        """Writes what is no message of the contracts."""
        if self.kind is Format.TABLE:
            self.draw(human())
        else:
            sys.stdout.write(formats.one(self.kind, thing))

    def value(self, name: str, value: str) -> None:
        """Writes one value, for people on a line that is never broken: it is copied, or read by a program."""
        if self.kind is Format.TABLE:
            screen().print(value, markup=False, soft_wrap=True)
        else:
            sys.stdout.write(formats.one(self.kind, {name: value}))

    def draw(self, drawing: RenderableType) -> None:
        """Writes a drawing, through the pager where it is longer than the terminal."""
        console = screen()
        if not self._pager or not console.is_terminal:
            console.print(drawing)
            return
        with console.capture() as captured:
            console.print(drawing)
        text = captured.get()
        if text.count("\n") < console.height or not pager.show(text, self._pager):
            sys.stdout.write(text)

    def say(self, text: str) -> None:
        """Writes a message, which is no answer."""
        if not self._quiet:
            messages().print(text, markup=False)

    def suggest(self, *commands: tuple[str, Sequence[str]]) -> None:
        """Says what can be typed next: pairs of what for, and the command's arguments."""
        if not self._quiet and self.kind is Format.TABLE:
            console: Console = messages()
            for purpose, arguments in commands:
                console.print(f"{purpose}:", markup=False)
                who = self._reviewer if tuple(arguments[:2]) in FOR_REVIEWERS else ()
                line = command_line(*self._place, *who, *arguments)
                console.print(f"  {line}", markup=False, soft_wrap=True)


def stacked(drawings: Iterable[RenderableType]) -> RenderableType:
    """Returns drawings as one, an empty line between them."""
    parts: list[RenderableType] = []
    for each in drawings:
        parts += [Text(), each] if parts else [each]
    return Group(*parts)


PLAIN: Final = Output(Format.TABLE)
