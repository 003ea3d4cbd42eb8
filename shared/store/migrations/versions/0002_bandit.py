"""Adds the bandit's tables: policies, the three logs, and what is folded from them."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The logs are append-only and may hold a row twice (a retry, a spool drained again): what counts once is decided when
# they are folded. `xid` is the writing transaction: rows below the oldest running transaction are complete, which a
# sequence could not tell. BRIN keeps that order for next to nothing.
LOGS = """
CREATE TABLE allocations (
  experiment_id text NOT NULL,
  unit_id text NOT NULL,
  trial_id text NOT NULL,
  arm_id text NOT NULL,
  policy_version bigint NOT NULL,
  propensity double precision NOT NULL,
  reason text NOT NULL,
  allocated_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (received_at);

CREATE TABLE exposures (
  experiment_id text NOT NULL,
  unit_id text NOT NULL,
  trial_id text NOT NULL,
  arm_id text NOT NULL,
  policy_version bigint NOT NULL,
  exposed_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint)
) PARTITION BY RANGE (received_at);
CREATE INDEX ON exposures USING brin (xid) WITH (pages_per_range = 16);

CREATE TABLE outcomes (
  experiment_id text NOT NULL,
  trial_id text NOT NULL,
  metric_id text NOT NULL,
  event_id text NOT NULL,
  value double precision NOT NULL,
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint)
) PARTITION BY RANGE (received_at);
CREATE INDEX ON outcomes (experiment_id, trial_id);
CREATE INDEX ON outcomes USING brin (xid) WITH (pages_per_range = 16);

CREATE TABLE allocations_rest PARTITION OF allocations DEFAULT;
CREATE TABLE exposures_rest PARTITION OF exposures DEFAULT;
CREATE TABLE outcomes_rest PARTITION OF outcomes DEFAULT;
"""

# Sums are numeric: decimal arithmetic is exact, so adding and taking away never drifts.
FOLDED = """
CREATE TABLE trials (
  experiment_id text NOT NULL,
  trial_id text NOT NULL,
  arm_id text,
  policy_version bigint,
  exposed_at timestamptz,
  lowest_arm_id text,
  highest_arm_id text,
  PRIMARY KEY (experiment_id, trial_id)
);
CREATE INDEX ON trials (experiment_id) WHERE arm_id IS NULL OR lowest_arm_id <> highest_arm_id;

CREATE TABLE trial_values (
  experiment_id text NOT NULL,
  trial_id text NOT NULL,
  metric_id text NOT NULL,
  value numeric NOT NULL,
  PRIMARY KEY (experiment_id, trial_id, metric_id)
);

CREATE TABLE arm_statistics (
  experiment_id text NOT NULL,
  policy_version bigint NOT NULL,
  arm_id text NOT NULL,
  metric_id text NOT NULL,
  unit_count bigint NOT NULL,
  value_sum numeric NOT NULL,
  value_square_sum numeric NOT NULL,
  PRIMARY KEY (experiment_id, policy_version, arm_id, metric_id)
);

CREATE TABLE learner_progress (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  folded_below_xid bigint NOT NULL,
  statistics_as_of timestamptz NOT NULL
);
INSERT INTO learner_progress (folded_below_xid, statistics_as_of) VALUES (0, '-infinity');

CREATE TABLE folded_definitions (
  experiment_id text PRIMARY KEY,
  digest text NOT NULL
);
"""

# refuse_change comes with the review's tables.
POLICIES = """
CREATE TABLE policy_snapshots (
  experiment_id text NOT NULL,
  policy_version bigint NOT NULL,
  publication bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  document json NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (experiment_id, policy_version)
);

CREATE TABLE learning_switches (
  switch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  experiment_id text NOT NULL,
  frozen boolean NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  switched_at timestamptz NOT NULL,
  request_id text UNIQUE
);
CREATE INDEX ON learning_switches (experiment_id, switch_id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_snapshots
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON learning_switches
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Creates the tables."""
    for script in (LOGS, FOLDED, POLICIES):
        op.execute(script)


def downgrade() -> None:
    """Drops the tables."""
    op.execute(
        "DROP TABLE allocations, exposures, outcomes, trials, trial_values, arm_statistics, learner_progress,"
        " folded_definitions, policy_snapshots, learning_switches"
    )
