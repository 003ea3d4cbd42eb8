"""Examples below the help of a command."""

from typing import Final

PROMPT: Final = "$ "


def examples(*commands: str) -> str:
    """Returns the text below a command's help; the commands are typed as they stand there."""
    # Empty lines keep the lines apart; a bracket would begin a style.
    return "\n\n".join(["Examples:", *(PROMPT + command.replace("[", "\\[") for command in commands)])
