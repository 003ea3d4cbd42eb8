"""What is recorded: rows of the logs, ready to be written."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Durability(StrEnum):
    """Says where accepted rows are: committed to the store, or synced to this machine's disk."""

    COMMITTED = "COMMITTED"
    SPOOLED = "SPOOLED"


class Exposure(NamedTuple):
    """Is a claim that a unit saw its arm: by token, or by experiment, unit and policy version.

    Attributes:
        exposed_at: None: when the row arrives.
    """

    token: bytes = b""
    experiment_id: str = ""
    unit_id: str = ""
    policy_version: int = 0
    allocation_id: str = ""
    exposed_at: datetime | None = None


class Outcome(NamedTuple):
    """Is a metric value of a unit: by token, or by experiment and unit.

    Attributes:
        occurred_at: None: when the row arrives.
    """

    event_id: str
    metric_id: str
    value: float
    token: bytes = b""
    experiment_id: str = ""
    unit_id: str = ""
    occurred_at: datetime | None = None
    allocation_id: str = ""


class Rejection(NamedTuple):
    """Names a row that was not taken, and why."""

    position: int
    reason: str
    message: str
    field: str = ""


class Receipt(NamedTuple):
    """Says what became of a batch."""

    accepted_count: int
    rejections: tuple[Rejection, ...]
    durability: Durability
