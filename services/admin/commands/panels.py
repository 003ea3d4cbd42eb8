"""The parts that the help sorts the commands into."""

from typing import Final

EXPERIMENTS: Final = "Experiments"
CALLERS: Final = "Who may call"
LOCAL: Final = "This machine"
COMMAND: Final = "The command itself"
