"""What the command can be told by the environment; the rest are options."""

from dataclasses import dataclass, field

from services.admin.formats import Format
from shared.config import Secret, setting

PREFIX = "EXPCTL_"


@dataclass(frozen=True, slots=True)
class Config:
    """Configures the command."""

    profile: str = field(
        default="", metadata=setting("Is the profile to use where neither --profile nor --as is given.")
    )
    output: Format = field(default=Format.TABLE, metadata=setting("Is the format where -o is not given."))
    token: Secret = field(
        default=Secret(""), metadata=setting("Is the token to send; a variable or file for programs, before profiles.")
    )
    pager: str | None = field(
        default=None, metadata=setting("Is the pager of long output on a terminal; empty or `cat`: none.")
    )
    fallback_pager: str = field(
        default="less", metadata=setting("Is the pager where EXPCTL_PAGER is not set.", variable="PAGER")
    )
    visual: str = field(default="", metadata=setting("Is the editor for comments.", variable="VISUAL"))
    editor: str = field(default="vi", metadata=setting("Is the editor where VISUAL is not set.", variable="EDITOR"))
    config_home: str = field(
        default="",
        metadata=setting(
            "Is the directory that holds expctl/config.toml. Default: ~/.config.", variable="XDG_CONFIG_HOME"
        ),
    )
    database_url: Secret = field(
        default=Secret(""),
        metadata=setting(
            "Is the Postgres that `up` and `db` use. Not given: the local stack's own.", variable="DATABASE_URL"
        ),
    )
