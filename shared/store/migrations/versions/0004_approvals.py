"""Adds what approvals need: verdicts, comments, policy rules, principals and tokens, and the outbox of notices."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A change of the policy rules has no experiment.
CHANGE_REQUESTS = """
ALTER TABLE change_requests ALTER COLUMN experiment_id DROP NOT NULL;
ALTER TABLE change_requests
  ADD COLUMN request_revision bigint NOT NULL DEFAULT 1,
  ADD COLUMN digest text NOT NULL DEFAULT '',
  ADD COLUMN target_etag text NOT NULL DEFAULT '',
  ADD COLUMN contributors jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN scheduled_at timestamptz,
  ADD COLUMN auto_apply boolean NOT NULL DEFAULT false,
  ADD COLUMN diff jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN assessment jsonb,
  ADD COLUMN emergency jsonb,
  ADD COLUMN failure text NOT NULL DEFAULT '',
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
UPDATE change_requests SET updated_at = coalesce(applied_at, created_at);
CREATE INDEX change_requests_newest ON change_requests (created_at DESC, change_request_id);
CREATE INDEX change_requests_of_experiment ON change_requests (experiment_id, created_at DESC);
CREATE INDEX change_requests_updated ON change_requests (updated_at);
CREATE INDEX change_requests_open ON change_requests (state) WHERE state NOT IN ('APPLIED', 'REJECTED', 'CANCELLED');

CREATE TABLE verdicts (
  verdict_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  change_request_id text NOT NULL REFERENCES change_requests,
  reviewer text NOT NULL,
  person_id text NOT NULL,
  roles jsonb NOT NULL,
  groups jsonb NOT NULL,
  kind text NOT NULL,
  request_revision bigint NOT NULL,
  digest text NOT NULL,
  comment text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX ON verdicts (change_request_id, verdict_id);

CREATE TABLE comments (
  comment_id text PRIMARY KEY,
  change_request_id text NOT NULL REFERENCES change_requests,
  author text NOT NULL,
  text text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX ON comments (change_request_id, created_at);

CREATE TABLE verb_calls (
  request_id text PRIMARY KEY,
  request_digest text NOT NULL,
  change_request_id text NOT NULL REFERENCES change_requests,
  called_at timestamptz NOT NULL
);

CREATE TABLE policy_rules (
  version bigint PRIMARY KEY,
  rules jsonb NOT NULL,
  change_request_id text NOT NULL,
  author text NOT NULL,
  created_at timestamptz NOT NULL
);
"""

IDENTITY = """
CREATE TABLE principals (
  principal_id text PRIMARY KEY,
  kind text NOT NULL,
  display_name text NOT NULL,
  person_id text NOT NULL,
  roles jsonb NOT NULL,
  groups jsonb NOT NULL,
  disabled boolean NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE external_ids (
  external_id text PRIMARY KEY,
  principal_id text NOT NULL REFERENCES principals
);
CREATE INDEX ON external_ids (principal_id);

CREATE TABLE api_tokens (
  token_id text PRIMARY KEY,
  principal_id text NOT NULL REFERENCES principals,
  secret_hash text NOT NULL,
  description text NOT NULL,
  scopes jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX ON api_tokens (principal_id, created_at DESC);
"""

# `occasion` keeps a notice from being written twice.
NOTICES = """
CREATE TABLE notices (
  notice_id text PRIMARY KEY,
  audience text NOT NULL,
  event text NOT NULL,
  occasion text NOT NULL,
  payload jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  attempt_count integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  delivered_at timestamptz,
  last_error text NOT NULL DEFAULT '',
  UNIQUE (audience, occasion)
);
CREATE INDEX notices_due ON notices (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

CREATE INDEX audit_events_target ON audit_events (target, sequence);
"""

_APPEND_ONLY = ("verdicts", "comments", "verb_calls", "policy_rules")


def upgrade() -> None:
    """Makes the tables; refuse_change comes with the first step."""
    for script in (CHANGE_REQUESTS, IDENTITY, NOTICES):
        op.execute(script)
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Drops them, and the change requests that have no experiment."""
    op.execute("DROP INDEX audit_events_target")
    op.execute("DROP TABLE notices, api_tokens, external_ids, principals, policy_rules, verb_calls, comments, verdicts")
    op.execute("DELETE FROM change_requests WHERE experiment_id IS NULL")
    op.execute("DROP INDEX change_requests_newest, change_requests_of_experiment, change_requests_updated")
    op.execute("DROP INDEX change_requests_open")
    op.execute(
        "ALTER TABLE change_requests DROP COLUMN request_revision, DROP COLUMN digest, DROP COLUMN target_etag,"
        " DROP COLUMN contributors, DROP COLUMN expires_at, DROP COLUMN scheduled_at, DROP COLUMN auto_apply,"
        " DROP COLUMN diff, DROP COLUMN assessment, DROP COLUMN emergency, DROP COLUMN failure,"
        " DROP COLUMN updated_at, ALTER COLUMN experiment_id SET NOT NULL"
    )
