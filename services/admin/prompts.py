"""Asks the person at the terminal; where there is none, says which flag takes the place of the answer."""

import getpass
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from services.admin.screen import messages
from shared.errors import InvalidArgument, invalid_field

_YES: Final = frozenset({"y", "yes"})
_COMMENT_MARK: Final = "#"


class Prompts:
    """Asks. Questions go to standard error, answers come from standard input."""

    def __init__(self, *, interactive: bool, editor: str) -> None:
        self.interactive = interactive
        self._editor = editor

    def confirm(self, question: str, *, flag: str) -> bool:
        """Returns whether the answer is yes; no answer is a no.

        Raises:
            InvalidArgument: INVALID_FIELD, nobody can be asked; it names the flag.
        """
        self._require(flag, question)
        return self._answer(f"{question} [y/N] ").strip().lower() in _YES

    def severe(self, question: str, expected: str, *, given: str) -> None:
        """Returns if the name that a severe action asks for was given beforehand, or is typed now.

        Raises:
            InvalidArgument: INVALID_FIELD, it is another one, or nobody can be asked; it names --confirm.
        """
        if not given:
            self._require("--confirm", question)
            given = self._answer(f"{question}\nType {expected} to go on: ").strip()
        if given != expected:
            raise invalid_field("--confirm", f"must be {expected}; nothing was done")

    def text(self, heading: str, *, flag: str) -> str:
        """Returns what the person writes in an editor, without the lines that begin with a hash sign.

        Raises:
            InvalidArgument: INVALID_FIELD, nobody can be asked, or nothing was written; it names the flag.
        """
        self._require(flag, heading)
        with tempfile.TemporaryDirectory(prefix="expctl-") as directory:
            path = Path(directory) / "comment.txt"
            path.write_text(f"\n# {heading}\n# Lines that begin with # are left out.\n", encoding="utf-8")
            self._edit(path, flag)
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        text = "\n".join(line for line in lines if not line.startswith(_COMMENT_MARK)).strip()
        if not text:
            raise invalid_field(flag, "nothing was written")
        return text

    def secret(self, question: str) -> str:
        """Returns what the person types unseen; without a terminal, the first line of standard input.

        Raises:
            InvalidArgument: INVALID_FIELD, it is empty.
        """
        line = getpass.getpass(question, stream=sys.stderr) if self.interactive else sys.stdin.readline()
        if not line.strip():
            raise invalid_field("standard input", "must hold the token")
        return line.strip()

    def _edit(self, path: Path, flag: str) -> None:
        try:
            ended = subprocess.run([*shlex.split(self._editor), str(path)], check=False)  # noqa: S603 - the user's own
        except (OSError, ValueError) as error:
            raise invalid_field(flag, f"give it: the editor cannot be started ({error})") from error
        if ended.returncode:
            raise invalid_field(flag, f"the editor ended with {ended.returncode}")

    def _require(self, flag: str, question: str) -> None:
        if not self.interactive:
            raise needed(flag, question)

    def _answer(self, question: str) -> str:
        messages().print(question, end="", markup=False)
        line = sys.stdin.readline()
        if not line.endswith("\n"):
            messages().print()
        return line


def needed(flag: str, question: str) -> InvalidArgument:
    """Returns the error for a question that nobody can be asked."""
    return invalid_field(flag, f"is needed where nobody can be asked: {question.splitlines()[0]}")
