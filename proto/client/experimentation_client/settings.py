"""How much a client holds, and how often and how long it tries."""

from dataclasses import dataclass, fields
from typing import Final

MAX_BATCH_ROWS: Final = 4000
"""A message of so many rows, each as large as can be, stays below the server's 4 MiB."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Configures a client.

    Attributes:
        buffer_rows: How many exposures, and how many outcomes, may wait for the server; about 300 bytes each.
        batch_rows: How many rows a call carries at most, 1 to 4,000.
        delivery_interval_seconds: How long a row waits at most before it is sent, while the server answers.
        call_timeout_seconds: How long the server may take to make rows durable before they are sent again.
        initial_backoff_seconds: The pause after the first failure; it doubles with every further one.
        max_backoff_seconds: The longest pause.
        stale_after_seconds: After how long a silent server's policies are STALE; it sends a sign of life every 20 s.
        stream_seconds: How long a subscription lasts before it is renewed.
        max_deferrals: How often a row is sent again whose policy version the server does not know yet, before it
            counts as rejected; with the default pauses that takes about seven minutes.
        close_timeout_seconds: How long leaving a `with` block, or the end of the process, waits for the last rows.

    Raises:
        ValueError: A setting is out of range.
    """

    buffer_rows: int = 100_000
    batch_rows: int = 1000
    delivery_interval_seconds: float = 0.25
    call_timeout_seconds: float = 15.0
    initial_backoff_seconds: float = 0.1
    max_backoff_seconds: float = 10.0
    stale_after_seconds: float = 50.0
    stream_seconds: float = 600.0
    max_deferrals: int = 60
    close_timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if not 0 < value < float("inf"):
                raise ValueError(f"{setting.name} == {value!r}, must be above 0 and finite")
        if self.batch_rows > MAX_BATCH_ROWS:
            raise ValueError(f"batch_rows == {self.batch_rows}, must be <= {MAX_BATCH_ROWS}")
