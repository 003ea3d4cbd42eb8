"""Runs one command line, and turns every way it can end into an exit code and a message."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import typer

from services.admin import exit_codes, failures
from services.admin.app import NAME, build
from services.admin.exit_codes import ExitCode
from services.admin.formats import Format
from shared.config import ConfigError
from shared.errors import InvalidArgument, Kind, PlatformError, Reason

_NO_COLOR: Final = "NO_COLOR"


def run(arguments: Sequence[str]) -> int:
    """Returns the exit code of a command line, without the program's name."""
    kind = _format(arguments)
    with _colours(wanted="--no-color" not in arguments):
        try:
            _refuse_unreadable(arguments)
            ended = build().main(list(arguments), prog_name=NAME, standalone_mode=False)
            sys.stdout.flush()
        except BrokenPipeError:
            return _hung_up()
        except Exception as error:
            return _told(error, kind)
    return ended if isinstance(ended, int) else ExitCode.OK


def _told(error: Exception, kind: Format) -> int:
    match error:
        case PlatformError():
            failures.tell(error, kind)
            return exit_codes.of(error)
        case ConfigError():
            failures.tell_other(error, kind, code=Kind.INVALID_ARGUMENT)
            return ExitCode.USAGE
        case typer.TyperException():
            # Without a message: the help was shown in its place.
            if error.format_message():
                failures.tell_usage(error, kind)
            return error.exit_code
        case typer.Abort():
            return ExitCode.INTERRUPTED
        case OSError():
            failures.tell_other(error, kind)
            return ExitCode.ERROR
        case _:
            failures.tell_defect(error, kind)
            return ExitCode.ERROR


def _refuse_unreadable(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if not argument.isascii() and argument != argument.encode(errors="replace").decode():
            raise InvalidArgument(Reason.INVALID_FIELD, "an argument is not UTF-8")


def _format(arguments: Sequence[str]) -> Format:
    """Returns the format that errors are told in: of what was asked for, even where the rest cannot be read."""
    asked = os.environ.get("EXPCTL_OUTPUT", "")
    for name, value in zip(arguments, [*arguments, ""][1:], strict=True):
        if name in {"-o", "--output"}:
            asked = value
        elif name.startswith("--output="):
            asked = name.partition("=")[2]
        elif name.startswith("-o") and len(name) > 2:
            asked = name[2:]
    return Format(asked) if asked in list(Format) else Format.TABLE


@contextmanager
def _colours(*, wanted: bool) -> Iterator[None]:
    """Keeps all that writes, help and processes of ours included, from using colours where none are wanted."""
    before = os.environ.get(_NO_COLOR)
    if not wanted:
        os.environ[_NO_COLOR] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_NO_COLOR, None)
        else:
            os.environ[_NO_COLOR] = before


def _hung_up() -> int:
    # Whoever read has enough; the interpreter's own flush at the end must not complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.ERROR
