"""Adds what the AI service keeps: jobs, their answers and evidence, and what providers were asked."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Ids are compared as bytes wherever the database is: pages of lists go on at the same place everywhere.
JOBS = """
CREATE TABLE jobs (
  job_id text COLLATE "C" PRIMARY KEY,
  kind text NOT NULL,
  state text NOT NULL,
  stage text NOT NULL,
  queue text NOT NULL,
  creator text NOT NULL,
  experiment_id text NOT NULL,
  input jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  attempt_count integer NOT NULL,
  not_before timestamptz,
  lease_owner text NOT NULL,
  lease_until timestamptz,
  last_sent_at timestamptz,
  cancel_requested boolean NOT NULL,
  provenance jsonb,
  failure jsonb,
  hypothesis_ids jsonb NOT NULL,
  design_id text NOT NULL,
  analysis_id text NOT NULL,
  version bigint NOT NULL,
  request_id text,
  request_digest text NOT NULL,
  UNIQUE (creator, request_id)
);
CREATE INDEX jobs_newest ON jobs (created_at DESC, job_id);
CREATE INDEX jobs_of_experiment ON jobs (experiment_id, created_at DESC, job_id);
CREATE INDEX jobs_open ON jobs (state, created_at) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX jobs_without_answer ON jobs (ended_at) WHERE state IN ('FAILED', 'CANCELLED');
CREATE UNIQUE INDEX jobs_scheduled ON jobs (experiment_id)
  WHERE creator = 'schedule' AND kind = 'ANALYZE_EXPERIMENT' AND state IN ('QUEUED', 'RUNNING');
"""

# `ordinal` keeps a job that is done again from leaving its hypotheses twice.
ANSWERS = """
CREATE TABLE hypotheses (
  hypothesis_id text COLLATE "C" PRIMARY KEY,
  job_id text NOT NULL REFERENCES jobs,
  ordinal integer NOT NULL,
  state text NOT NULL,
  primary_metric_id text NOT NULL,
  experiment_id text NOT NULL,
  provider text NOT NULL,
  confidence double precision NOT NULL,
  score double precision NOT NULL,
  duplicate boolean NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  document jsonb NOT NULL,
  UNIQUE (job_id, ordinal)
);
CREATE INDEX hypotheses_newest ON hypotheses (created_at DESC, hypothesis_id);
CREATE INDEX hypotheses_best ON hypotheses (score DESC, created_at DESC, hypothesis_id);
CREATE INDEX hypotheses_of_experiment ON hypotheses (experiment_id) WHERE experiment_id <> '';

CREATE TABLE hypothesis_reviews (
  creator text NOT NULL,
  request_id text NOT NULL,
  request_digest text NOT NULL,
  document jsonb NOT NULL,
  PRIMARY KEY (creator, request_id)
);

CREATE TABLE design_adoptions (
  creator text NOT NULL,
  request_id text NOT NULL,
  request_digest text NOT NULL,
  PRIMARY KEY (creator, request_id)
);

CREATE TABLE designs (
  design_id text COLLATE "C" PRIMARY KEY,
  job_id text NOT NULL UNIQUE REFERENCES jobs,
  hypothesis_id text NOT NULL,
  recommended boolean NOT NULL,
  provider text NOT NULL,
  experiment_id text NOT NULL,
  created_at timestamptz NOT NULL,
  requested_at timestamptz NOT NULL,
  adopted_at timestamptz,
  document jsonb NOT NULL
);
CREATE INDEX designs_newest ON designs (created_at DESC, design_id);
CREATE INDEX designs_of_hypothesis ON designs (hypothesis_id, created_at DESC, design_id);
CREATE INDEX designs_of_experiment ON designs (experiment_id) WHERE experiment_id <> '';

CREATE TABLE analyses (
  analysis_id text COLLATE "C" PRIMARY KEY,
  job_id text NOT NULL UNIQUE REFERENCES jobs,
  experiment_id text NOT NULL,
  version bigint NOT NULL,
  verdict text NOT NULL,
  arm_id text NOT NULL,
  provider text NOT NULL,
  to_propose boolean NOT NULL,
  created_at timestamptz NOT NULL,
  document jsonb NOT NULL,
  UNIQUE (experiment_id, version)
);
CREATE INDEX analyses_newest ON analyses (created_at DESC, analysis_id);
CREATE INDEX analyses_of_experiment ON analyses (experiment_id, created_at DESC, analysis_id);
CREATE INDEX analyses_to_propose ON analyses (created_at, analysis_id) WHERE to_propose;
"""

# A text, as equal packs are equal byte by byte.
EVIDENCE = """
CREATE TABLE evidence_packs (
  sha256 text PRIMARY KEY,
  canonical_json text NOT NULL,
  as_of timestamptz NOT NULL
);
"""

# Jobs without an answer are deleted some day; what they cost stays.
CALLS = """
CREATE TABLE system_texts (
  sha256 text PRIMARY KEY,
  text text NOT NULL
);

CREATE TABLE llm_calls (
  call_id text COLLATE "C" PRIMARY KEY,
  job_id text NOT NULL,
  at timestamptz NOT NULL,
  system_sha256 text NOT NULL REFERENCES system_texts,
  cost_usd double precision NOT NULL,
  tokens bigint NOT NULL,
  ended boolean NOT NULL DEFAULT false,
  violations jsonb NOT NULL DEFAULT '[]',
  document jsonb NOT NULL
);
CREATE INDEX llm_calls_of_job ON llm_calls (job_id, at, call_id);
CREATE INDEX llm_calls_at ON llm_calls (at);
"""

_APPEND_ONLY = ("hypothesis_reviews", "design_adoptions", "evidence_packs", "system_texts")


def upgrade() -> None:
    """Makes the tables; refuse_change comes with the first step."""
    for script in (JOBS, ANSWERS, EVIDENCE, CALLS):
        op.execute(script)
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Drops them."""
    op.execute(
        "DROP TABLE llm_calls, system_texts, evidence_packs, analyses, designs, design_adoptions, hypothesis_reviews,"
        " hypotheses, jobs"
    )
