"""What can be configured in the AI service and its workers: variables with the prefix `AI_`, and `DATABASE_URL`."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.config import Secret, setting
from shared.rpc.client import ClientTls
from shared.rpc.options import ServerOptions

PREFIX = "AI_"

# A header cannot hold anything else, and the error for that would show the key.
_KEY: Final = re.compile(r"[!-~]*")
_URL: Final = re.compile(r"https?://[^\s?#]+")


@dataclass(frozen=True, slots=True)
class LlmOptions:
    """Configures who puts results into words, and what that may cost; a part of `Config`, as `AI_LLM_...`."""

    provider: str = field(
        default="anthropic",
        metadata=setting(
            "Is who is asked; without a key, anthropic stands for the engine's own words.",
            choices=("anthropic", "heuristic", "replay"),
        ),
    )
    anthropic_api_key: Secret = field(
        default=Secret(""),
        metadata=setting(
            "Is the key for the Messages API; it is looked for nowhere else. Not given: the engine's own words.",
            variable="AI_ANTHROPIC_API_KEY",
        ),
    )
    base_url: str = field(
        default="https://api.anthropic.com", metadata=setting("Is where the Messages API is: a URL without its /v1.")
    )
    proxy: Secret = field(
        default=Secret(""),
        metadata=setting("Is the HTTP proxy on the way there, as a URL; those of the environment are not used."),
    )
    model: str = field(default="claude-sonnet-5-5", metadata=setting("Is the model that is asked."))
    effort: str = field(
        default="medium",
        metadata=setting("Is how much the model thinks.", choices=("low", "medium", "high", "xhigh", "max")),
    )
    max_tokens: int = field(
        default=8192,
        metadata=setting("Is the most that one answer may hold, thinking included.", minimum=4096, maximum=128_000),
    )
    timeout: timedelta = field(
        default=timedelta(seconds=90),
        metadata=setting("Is how long one answer may take.", minimum=1, maximum=600),
    )
    daily_budget_usd: float = field(
        default=5.0, metadata=setting("Is the most to spend a day (UTC). 0: nothing is sent.", unit="USD", minimum=0)
    )
    daily_budget_tokens: int = field(
        default=2_000_000,
        metadata=setting("Is the most tokens a day (UTC), read and written. 0: nothing is sent.", minimum=0),
    )
    circuit_failure_count: int = field(
        default=5,
        metadata=setting("Is after how many failures in a row nobody is asked for a while.", minimum=1, maximum=1000),
    )
    circuit_open: timedelta = field(
        default=timedelta(seconds=60), metadata=setting("Is for how long then.", minimum=1, maximum=3600)
    )
    replay_directory: Path | None = field(
        default=None, metadata=setting("Is where recorded exchanges are, for the provider replay.")
    )

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.anthropic_api_key.value):
            raise ValueError("AI_ANTHROPIC_API_KEY has spaces, line ends or other characters that no key has")
        if not _URL.fullmatch(self.base_url):
            raise ValueError(f"base_url == {self.base_url!r}, must be an http or https URL without a query")
        if self.proxy.value and not _URL.fullmatch(self.proxy.value):
            raise ValueError("proxy must be an http or https URL")
        if not self.model.strip():
            raise ValueError("model == '', must name a model")
        if self.provider == "replay" and self.replay_directory is None:
            raise ValueError("replay_directory is not given, and the provider replay needs it")


@dataclass(frozen=True, slots=True)
class JobOptions:
    """Says how jobs are carried and done; a part of `Config`, as `AI_JOB_...`."""

    broker_url: Secret = field(
        default=Secret("embedded"),
        metadata=setting(
            "Is what carries jobs: embedded (this process does them, the default), redis://... or amqp://...",
            variable="AI_BROKER_URL",
        ),
    )
    interactive_thread_count: int = field(
        default=2, metadata=setting("Is how many jobs that people wait for are done at once.", minimum=0, maximum=64)
    )
    bulk_thread_count: int = field(
        default=1, metadata=setting("Is how many others are done at once beside them.", minimum=0, maximum=64)
    )
    queue_limit: int = field(
        default=10_000, metadata=setting("Is how many jobs may wait in all; more are refused.", minimum=1)
    )
    attempt_count: int = field(
        default=3,
        metadata=setting("Is how often a job is taken up with the provider asked.", minimum=1, maximum=20),
    )
    question_count: int = field(
        default=3,
        metadata=setting("Is how often a job sends its question in all, beside one repair.", minimum=1, maximum=20),
    )
    wall_budget: timedelta = field(
        default=timedelta(seconds=120),
        metadata=setting("Is how long a job may take, waits included, before the engine answers.", minimum=1),
    )
    lease: timedelta = field(
        default=timedelta(seconds=30),
        metadata=setting("Is how long a process that does a job may show no sign of life.", minimum=1),
    )
    sweep_interval: timedelta = field(
        default=timedelta(seconds=2), metadata=setting("Is how often lost jobs are looked for.", minimum=0.01)
    )
    resend_after: timedelta = field(
        default=timedelta(seconds=30),
        metadata=setting("Is after how long a job that nobody took up is sent again.", minimum=0.01),
    )
    kept: timedelta = field(
        default=timedelta(days=30),
        metadata=setting("Is for how long jobs are kept that ended without an answer.", minimum=60),
    )


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """Says where proposals go, and as whom; a part of `Config`, as `AI_REVIEW_...`."""

    address: str = field(
        default="127.0.0.1:50052", metadata=setting("Is where review answers: host:port or unix:/path.")
    )
    token: Secret = field(
        default=Secret(""),
        metadata=setting("Is the token of an agent, as which experiments and changes are proposed."),
    )
    timeout: timedelta = field(
        default=timedelta(seconds=10), metadata=setting("Is how long a call may take.", minimum=0.01, maximum=300)
    )
    tls: bool = field(default=False, metadata=setting("Says whether review is called over TLS."))
    tls_ca: Path | None = field(
        default=None,
        metadata=setting("Is who must have signed its certificate (PEM). Not given: who the machine trusts."),
    )
    tls_certificate: Path | None = field(
        default=None, metadata=setting("Is the certificate chain to show it (PEM). Not given: none.")
    )
    tls_key: Path | None = field(default=None, metadata=setting("Is that certificate's private key (PEM)."))

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("review tls_certificate and tls_key must be given together")

    def client_tls(self) -> ClientTls | None:
        """Returns whom to trust and what to show; None without TLS."""
        return ClientTls(self.tls_ca, self.tls_certificate, self.tls_key) if self.tls else None


@dataclass(frozen=True, slots=True)
class Config(ServerOptions):
    """Configures the service and its workers: gRPC server, store, provider, jobs, and whom it speaks to."""

    address: str = field(
        default="127.0.0.1:50053", metadata=setting("Is where to listen: host:port (port 0: a free one) or unix:/path.")
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
    llm: LlmOptions = field(default=LlmOptions())
    job: JobOptions = field(default=JobOptions())
    review: ReviewOptions = field(default=ReviewOptions())
    analysis_interval: timedelta = field(
        default=timedelta(days=1),
        metadata=setting("Is how old the newest analysis of a running experiment may become.", minimum=60),
    )
    analysis_proposes: bool = field(
        default=False, metadata=setting("Says whether those analyses may open change requests, as an agent's.")
    )
    periodic_interval: timedelta = field(
        default=timedelta(seconds=60),
        metadata=setting("Is how often analyses that are due, results and old jobs are looked for.", minimum=0.01),
    )
    warehouses_file: Path | None = field(
        default=None,
        metadata=setting("Is which warehouses analyses may read (.toml, docs/ai.md). Not given: none."),
    )
    drain_grace: timedelta = field(
        default=timedelta(seconds=10),
        metadata=setting("Is how long calls and jobs under way may take when the process stops.", minimum=0),
    )

    def __post_init__(self) -> None:
        # Not super(): slots make a new class, which the bare form does not find.
        ServerOptions.__post_init__(self)
        if not self.metrics_address.rpartition(":")[2].isdecimal():
            raise ValueError(f"metrics_address == {self.metrics_address!r}, must be host:port")
