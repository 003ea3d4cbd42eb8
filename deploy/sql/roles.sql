-- Every table has one writer; everybody else reads. Postgres enforces it by these roles.
--
-- Run it in the platform's database after every migration, as the account that migrates; again does no harm:
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f deploy/sql/roles.sql
-- The roles cannot log in. Make a login for each service and give it its role:
--   CREATE ROLE review LOGIN PASSWORD '...' IN ROLE experimentation_review;
-- A table that is not named below has no writer: what was forgotten fails, it is not open.

BEGIN;

DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY[
    'experimentation_reader', 'experimentation_review', 'experimentation_bandit', 'experimentation_ai'
  ] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
    END IF;
  END LOOP;
END $$;

GRANT experimentation_reader TO experimentation_review, experimentation_bandit, experimentation_ai;

-- The bandit makes the partitions of its logs, which takes their owner. What an owner may do to rows can be revoked
-- like anybody's, so below it may only add. Whoever migrates stays a member, to be able to change these tables.
GRANT experimentation_bandit TO CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA public TO experimentation_bandit;
ALTER TABLE allocations OWNER TO experimentation_bandit;
ALTER TABLE exposures OWNER TO experimentation_bandit;
ALTER TABLE outcomes OWNER TO experimentation_bandit;

GRANT USAGE ON SCHEMA public TO experimentation_reader;
REVOKE ALL ON ALL TABLES IN SCHEMA public
  FROM PUBLIC, experimentation_reader, experimentation_review, experimentation_bandit, experimentation_ai;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO experimentation_reader;

-- Review.
GRANT INSERT, UPDATE ON experiments, change_requests, principals, api_tokens, notices TO experimentation_review;
GRANT INSERT, DELETE ON external_ids TO experimentation_review;
GRANT INSERT ON experiment_revisions, audit_events, verdicts, comments, verb_calls, policy_rules
  TO experimentation_review;

-- Bandit: logs and decisions are added to, never changed; what is folded from them can be folded anew.
GRANT INSERT ON allocations, exposures, outcomes, policy_snapshots, learning_switches TO experimentation_bandit;
GRANT INSERT, UPDATE, DELETE ON trials, trial_values, arm_statistics, folded_definitions TO experimentation_bandit;
GRANT UPDATE ON learner_progress TO experimentation_bandit;

-- AI: what was asked of providers is completed, never deleted; of jobs, those that came to nothing are.
GRANT INSERT, UPDATE, DELETE ON jobs TO experimentation_ai;
GRANT INSERT, UPDATE ON hypotheses, designs, analyses, llm_calls TO experimentation_ai;
GRANT INSERT ON hypothesis_reviews, design_adoptions, evidence_packs, system_texts TO experimentation_ai;

COMMIT;
