"""The tables of principals and tokens, as the migrations make them."""

from sqlalchemy import TIMESTAMP, Boolean, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

_metadata = MetaData()
_INSTANT = TIMESTAMP(timezone=True)

principals = Table(
    "principals",
    _metadata,
    Column("principal_id", Text, primary_key=True),
    Column("kind", Text),
    Column("display_name", Text),
    Column("person_id", Text),
    Column("roles", JSONB),
    Column("groups", JSONB),
    Column("disabled", Boolean),
    Column("created_at", _INSTANT),
)

external_ids = Table(
    "external_ids",
    _metadata,
    Column("external_id", Text, primary_key=True),
    Column("principal_id", Text),
)

api_tokens = Table(
    "api_tokens",
    _metadata,
    Column("token_id", Text, primary_key=True),
    Column("principal_id", Text),
    Column("secret_hash", Text),
    Column("description", Text),
    Column("scopes", JSONB),
    Column("created_at", _INSTANT),
    Column("expires_at", _INSTANT),
    Column("revoked_at", _INSTANT),
)
