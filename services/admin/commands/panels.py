"""The parts that the help sorts the commands into."""

from typing import Final

EXPERIMENTS: Final = "Experiments"
AI: Final = "Hypotheses, designs and analyses"
CALLERS: Final = "Who may call"
LOCAL: Final = "This machine"
COMMAND: Final = "The command itself"
