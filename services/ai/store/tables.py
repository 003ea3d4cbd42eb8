"""The AI service's tables, as the migrations make them."""

from sqlalchemy import TIMESTAMP, BigInteger, Boolean, Column, Double, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

_metadata = MetaData()
_INSTANT = TIMESTAMP(timezone=True)
# Where there is no value there is NULL, not JSON's null.
_PART = JSONB(none_as_null=True)

jobs = Table(
    "jobs",
    _metadata,
    Column("job_id", Text, primary_key=True),
    Column("kind", Text),
    Column("state", Text),
    Column("stage", Text),
    Column("queue", Text),
    Column("creator", Text),
    Column("experiment_id", Text),
    Column("input", JSONB),
    Column("created_at", _INSTANT),
    Column("started_at", _INSTANT),
    Column("ended_at", _INSTANT),
    Column("attempt_count", Integer),
    Column("not_before", _INSTANT),
    Column("lease_owner", Text),
    Column("lease_until", _INSTANT),
    Column("last_sent_at", _INSTANT),
    Column("cancel_requested", Boolean),
    Column("provenance", _PART),
    Column("failure", _PART),
    Column("hypothesis_ids", JSONB),
    Column("design_id", Text),
    Column("analysis_id", Text),
    Column("version", BigInteger),
    Column("request_id", Text),
    Column("request_digest", Text),
)

hypotheses = Table(
    "hypotheses",
    _metadata,
    Column("hypothesis_id", Text, primary_key=True),
    Column("job_id", Text),
    Column("ordinal", Integer),
    Column("state", Text),
    Column("primary_metric_id", Text),
    Column("experiment_id", Text),
    Column("provider", Text),
    Column("confidence", Double),
    Column("score", Double),
    Column("duplicate", Boolean),
    Column("version", BigInteger),
    Column("created_at", _INSTANT),
    Column("document", JSONB),
)

hypothesis_reviews = Table(
    "hypothesis_reviews",
    _metadata,
    Column("creator", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("request_digest", Text),
    Column("document", JSONB),
)

design_adoptions = Table(
    "design_adoptions",
    _metadata,
    Column("creator", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("request_digest", Text),
)

designs = Table(
    "designs",
    _metadata,
    Column("design_id", Text, primary_key=True),
    Column("job_id", Text),
    Column("hypothesis_id", Text),
    Column("recommended", Boolean),
    Column("provider", Text),
    Column("experiment_id", Text),
    Column("created_at", _INSTANT),
    Column("requested_at", _INSTANT),
    Column("adopted_at", _INSTANT),
    Column("document", JSONB),
)

analyses = Table(
    "analyses",
    _metadata,
    Column("analysis_id", Text, primary_key=True),
    Column("job_id", Text),
    Column("experiment_id", Text),
    Column("version", BigInteger),
    Column("verdict", Text),
    Column("arm_id", Text),
    Column("provider", Text),
    Column("to_propose", Boolean),
    Column("created_at", _INSTANT),
    Column("document", JSONB),
)

evidence_packs = Table(
    "evidence_packs",
    _metadata,
    Column("sha256", Text, primary_key=True),
    Column("canonical_json", Text),
    Column("as_of", _INSTANT),
)

system_texts = Table(
    "system_texts",
    _metadata,
    Column("sha256", Text, primary_key=True),
    Column("text", Text),
)

llm_calls = Table(
    "llm_calls",
    _metadata,
    Column("call_id", Text, primary_key=True),
    Column("job_id", Text),
    Column("at", _INSTANT),
    Column("system_sha256", Text),
    Column("cost_usd", Double),
    Column("tokens", BigInteger),
    Column("ended", Boolean),
    Column("violations", JSONB),
    Column("document", JSONB),
)
