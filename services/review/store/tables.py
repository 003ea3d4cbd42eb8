"""Review's tables, as the migrations make them."""

from sqlalchemy import TIMESTAMP, BigInteger, Boolean, Column, Identity, MetaData, Table, Text
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
    Column("request_revision", BigInteger),
    Column("digest", Text),
    Column("target_etag", Text),
    Column("contributors", JSONB),
    Column("expires_at", _INSTANT),
    Column("scheduled_at", _INSTANT),
    Column("auto_apply", Boolean),
    Column("diff", JSONB),
    Column("assessment", JSONB),
    Column("emergency", JSONB),
    Column("failure", Text),
    Column("updated_at", _INSTANT),
)

verdicts = Table(
    "verdicts",
    _metadata,
    Column("verdict_id", BigInteger, Identity(always=True), primary_key=True),
    Column("change_request_id", Text),
    Column("reviewer", Text),
    Column("person_id", Text),
    Column("roles", JSONB),
    Column("groups", JSONB),
    Column("kind", Text),
    Column("request_revision", BigInteger),
    Column("digest", Text),
    Column("comment", Text),
    Column("created_at", _INSTANT),
)

comments = Table(
    "comments",
    _metadata,
    Column("comment_id", Text, primary_key=True),
    Column("change_request_id", Text),
    Column("author", Text),
    Column("text", Text),
    Column("created_at", _INSTANT),
)

verb_calls = Table(
    "verb_calls",
    _metadata,
    Column("request_id", Text, primary_key=True),
    Column("request_digest", Text),
    Column("change_request_id", Text),
    Column("called_at", _INSTANT),
)

policy_rules = Table(
    "policy_rules",
    _metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("rules", JSONB),
    Column("change_request_id", Text),
    Column("author", Text),
    Column("created_at", _INSTANT),
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
