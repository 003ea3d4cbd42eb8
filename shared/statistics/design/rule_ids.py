"""The rules by their ids, in order."""

from typing import Final

RULE_IDS: Final = tuple(f"D{number:02}" for number in range(1, 36))
