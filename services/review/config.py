"""What can be configured in the review process: variables with the prefix `REVIEW_`, and `DATABASE_URL`."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.config import Secret, setting
from shared.rpc.options import ServerOptions

PREFIX = "REVIEW_"

# Neither spaces nor what ends a link in a message.
_LINK: Final = re.compile(r"https?://[^\s<>|]*\{change_request_id\}[^\s<>|]*")


@dataclass(frozen=True, slots=True)
class Config(ServerOptions):
    """Configures review: its gRPC server, and what it needs beside."""

    address: str = field(
        default="127.0.0.1:50052", metadata=setting("Is where to listen: host:port (port 0: a free one) or unix:/path.")
    )
    metrics_address: str = field(
        default="127.0.0.1:0",
        metadata=setting("Is where Prometheus finds the metrics: host:port (port 0: a free one)."),
    )
    database_url: Secret = field(
        default=Secret(""), metadata=setting("Is the Postgres to use. Required.", variable="DATABASE_URL")
    )
    waiting_thread_count: int = field(
        default=8,
        metadata=setting("Is how many calls use the store at once, each its own connection.", minimum=1, maximum=1024),
    )
    sweep_interval: timedelta = field(
        default=timedelta(seconds=1),
        metadata=setting("Is how often requests that expire or are due are looked for.", minimum=0.01),
    )
    bootstrap_admin_token: Secret = field(
        default=Secret(""),
        metadata=setting("Is a token, exp_<token id>_<43 url-safe characters>, that is made good for the first admin."),
    )
    bootstrap_admin_id: str = field(
        default="admin", metadata=setting("Is the id of that admin, who is created where there is no admin yet.")
    )
    webhooks_file: Path | None = field(
        default=None,
        metadata=setting("Is who is told of change requests (.toml or .json, docs/review.md). Not given: nobody."),
    )
    webhook_timeout: timedelta = field(
        default=timedelta(seconds=10),
        metadata=setting("Is how long a webhook may take to answer.", minimum=0.1, maximum=30),
    )
    link_template: str = field(
        default="",
        metadata=setting("Is where people see a change request: a URL with {change_request_id}. Not given: nowhere."),
    )
    drain_grace: timedelta = field(
        default=timedelta(seconds=10),
        metadata=setting("Is how long calls under way may take when the server stops.", minimum=0),
    )

    def __post_init__(self) -> None:
        # Not super(): slots make a new class, which the bare form does not find.
        ServerOptions.__post_init__(self)
        if not self.metrics_address.rpartition(":")[2].isdecimal():
            raise ValueError(f"metrics_address == {self.metrics_address!r}, must be host:port")
        if self.link_template and not _LINK.fullmatch(self.link_template):
            raise ValueError(f"link_template == {self.link_template!r}, must be a URL with {{change_request_id}} in it")
