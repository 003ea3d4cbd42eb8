"""What the command can be told by the environment; the rest are options."""

from dataclasses import dataclass, field

from shared.config import Secret, setting

PREFIX = "EXPCTL_"


@dataclass(frozen=True, slots=True)
class Config:
    """Configures the command."""

    database_url: Secret = field(
        default=Secret(""),
        metadata=setting("Is the Postgres that `up` uses. Not given: one of its own.", variable="DATABASE_URL"),
    )
