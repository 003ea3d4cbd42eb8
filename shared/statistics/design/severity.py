"""What a broken rule means."""

from enum import StrEnum


class Severity(StrEnum):
    """Says whether a design must not run, needs a reason, or could be better."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"
