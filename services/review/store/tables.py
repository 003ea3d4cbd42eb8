"""Review's tables, as the migrations make them."""

from sqlalchemy import TIMESTAMP, BigInteger, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

_metadata = MetaData()
_INSTANT = TIMESTAMP(timezone=True)

experiments = Table(
    "experiments",
    _metadata,
    Column("experiment_id", Text, primary_key=True),
    Column("state", Text),
    Column("revision", BigInteger),
    Column("etag", Text),
    Column("definition", JSONB),
    Column("display_name", Text),
    Column("search_text", Text),
    Column("labels", JSONB),
    Column("create_request_id", Text),
    Column("create_request_digest", Text),
    Column("created_at", _INSTANT),
    Column("updated_at", _INSTANT),
)

experiment_revisions = Table(
    "experiment_revisions",
    _metadata,
    Column("experiment_id", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("definition", JSONB),
    Column("change_request_id", Text),
    Column("author", Text),
    Column("created_at", _INSTANT),
)

change_requests = Table(
    "change_requests",
    _metadata,
    Column("change_request_id", Text, primary_key=True),
    Column("experiment_id", Text),
    Column("change", JSONB),
    Column("reason", Text),
    Column("requester", Text),
    Column("state", Text),
    Column("base_revision", BigInteger),
    Column("applied_revision", BigInteger),
    Column("request_id", Text),
    Column("request_digest", Text),
    Column("created_at", _INSTANT),
    Column("applied_at", _INSTANT),
)

audit_events = Table(
    "audit_events",
    _metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("previous_hash", Text),
    Column("hash", Text),
    Column("actor", Text),
    Column("action", Text),
    Column("target", Text),
    Column("details", JSONB),
    Column("occurred_at", _INSTANT),
)
