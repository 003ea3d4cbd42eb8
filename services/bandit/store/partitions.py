"""Monthly partitions of the logs, made ahead of time."""

from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, text

LOGS = ("allocations", "exposures", "outcomes")


def month_starts(now: datetime, *, count: int) -> list[str]:
    """Returns the first days of this month and those after it, `count` of them, as ISO dates."""
    months = [now.year * 12 + now.month - 1 + offset for offset in range(count)]
    return [f"{month // 12:04d}-{month % 12 + 1:02d}-01" for month in months]


def ensure_partitions(connection: Connection, *, now: datetime) -> None:
    """Makes the partitions of the next two months where they are missing.

    The present month is left to the default partition when that already holds rows of it.
    """
    # A new partition locks the log for a moment; whoever writes must not queue behind us.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
    starts = month_starts(now, count=4)
    for log in LOGS:
        for start, end in pairwise(starts[1:]):
            name = f"{log}_{start[:7].replace('-', '_')}"
            if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is None:
                connection.exec_driver_sql(
                    f"CREATE TABLE {name} PARTITION OF {log} FOR VALUES FROM ('{start}Z') TO ('{end}Z')"
                )
