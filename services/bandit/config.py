"""What the bandit's processes can be told, each by an environment variable with the prefix BANDIT_."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.config import Secret, setting
from shared.rpc.options import ServerOptions

PREFIX = "BANDIT_"


@dataclass(frozen=True, slots=True)
class Config(ServerOptions):
    """Configures a replica, its gRPC server included, and the learner."""

    address: str = field(
        default="127.0.0.1:50051", metadata=setting("Is where to listen: host:port (port 0: a free one) or unix:/path.")
    )
    database_url: Secret = field(
        default=Secret(""), metadata=setting("Is the Postgres to use. Required.", variable="DATABASE_URL")
    )
    token_keys: Secret = field(
        default=Secret(""),
        metadata=setting(
            "Are the secrets that sign decision tokens, the same on every replica: id:hex pairs separated by commas;"
            " the first one signs, all verify. Required by replicas."
        ),
    )
    state_directory: Path = field(
        default=Path(".experimentation/bandit"),
        metadata=setting("Is where this replica keeps its spools, snapshots and switches; one process only."),
    )
    metrics_address: str = field(default="127.0.0.1:0", metadata=setting("Is where Prometheus finds the metrics."))
    token_time_to_live: timedelta = field(
        default=timedelta(days=90), metadata=setting("Is how long a decision token is good for.", minimum=60)
    )
    stale_after: timedelta = field(
        default=timedelta(seconds=5),
        metadata=setting("Is after how long without the store answers are marked STALE.", minimum=0.1),
    )
    poll_interval: timedelta = field(
        default=timedelta(seconds=1),
        metadata=setting("Is how often the store is asked for news that no notification told.", minimum=0.01),
    )
    spool_bytes: int = field(
        default=64 << 20,
        metadata=setting(
            "Is the room of each of the two spools on this machine's disk, taken when they are made.",
            unit="bytes",
            minimum=1 << 16,
        ),
    )
    record_timeout: timedelta = field(
        default=timedelta(seconds=10),
        metadata=setting("Is how long a call waits for its rows to be durable.", minimum=0.1),
    )
    drain_grace: timedelta = field(
        default=timedelta(seconds=10),
        metadata=setting("Is how long calls under way may take when the server stops.", minimum=0),
    )
