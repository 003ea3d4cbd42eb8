"""Folds the logs into sufficient statistics, exactly once, exactly.

The values of a trial are always computed from all its outcomes in the log, never adjusted, so the order of arrival, a
repeated row or a late exposure cannot matter: what changes in the statistics is the trial's new contribution less its
old one. A reward is one value more, the weighted sum of a trial's other values. Which trials to look at is told by the
writing transaction of new rows; looking at one too many does no harm.
Everything happens in one REPEATABLE READ transaction, with the progress in it.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from services.bandit.domain.reward import REWARD_ID
from services.bandit.domain.trial import ANALYSIS_PREFIX, SKEW_TOLERANCE_SECONDS
from shared.definition.model import Experiment

_WORK_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS fold_metrics (
  experiment_id text, metric_id text, combination_rule text, attribution_window interval,
  PRIMARY KEY (experiment_id, metric_id)
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS fold_rewards
  (experiment_id text, metric_id text, weight numeric) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS fold_rebuilt (experiment_id text) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS fold_exposures (
  experiment_id text, trial_id text, arm_id text, policy_version bigint, exposed_at timestamptz) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS fold_trials
  (experiment_id text, trial_id text, PRIMARY KEY (experiment_id, trial_id)) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS fold_exposed
  (experiment_id text, trial_id text, exposed_at timestamptz) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS fold_changes (
  experiment_id text, policy_version bigint, arm_id text, metric_id text, sign int, value numeric
) ON COMMIT DELETE ROWS;
"""

_REBUILD = """
DELETE FROM trials WHERE experiment_id IN (SELECT experiment_id FROM fold_rebuilt);
DELETE FROM trial_values WHERE experiment_id IN (SELECT experiment_id FROM fold_rebuilt);
DELETE FROM arm_statistics WHERE experiment_id IN (SELECT experiment_id FROM fold_rebuilt);
INSERT INTO fold_exposures
SELECT experiment_id, trial_id, arm_id, policy_version, exposed_at
FROM exposures WHERE experiment_id IN (SELECT experiment_id FROM fold_rebuilt);
INSERT INTO fold_trials
SELECT experiment_id, trial_id FROM fold_exposures
UNION SELECT experiment_id, trial_id FROM outcomes WHERE experiment_id IN (SELECT experiment_id FROM fold_rebuilt);
"""

_FRESH = (
    """
INSERT INTO fold_exposures
SELECT experiment_id, trial_id, arm_id, policy_version, exposed_at FROM exposures WHERE xid >= :low AND xid < :high
""",
    """
INSERT INTO fold_trials
SELECT experiment_id, trial_id FROM exposures WHERE xid >= :low AND xid < :high
UNION SELECT experiment_id, trial_id FROM outcomes WHERE xid >= :low AND xid < :high
ON CONFLICT DO NOTHING
""",
)

# The contribution of every touched trial to every metric; a trial without outcomes contributes 0.
_CONTRIBUTIONS = """
INSERT INTO fold_changes
SELECT experiment_id, trials.policy_version, trials.arm_id, metric_id, :sign, coalesce(trial_values.value, 0)
FROM fold_trials JOIN trials USING (experiment_id, trial_id) JOIN fold_metrics USING (experiment_id)
LEFT JOIN trial_values USING (experiment_id, trial_id, metric_id)
WHERE trials.arm_id IS NOT NULL
"""

# A trial counts in the arm and version of its first exposure. Of equal instants the lower version and arm id win, so
# that the answer does not depend on the order of arrival. Who comes into the analysis split, or leaves it, and keeps
# the arm has seen one arm.
_SHOWN = f"replace(arm_id, '{ANALYSIS_PREFIX}', '')"
_EXPOSE = f"""
INSERT INTO trials AS known
  (experiment_id, trial_id, exposed_at, policy_version, arm_id, lowest_arm_id, highest_arm_id)
SELECT DISTINCT ON (experiment_id, trial_id) experiment_id, trial_id, exposed_at, policy_version, arm_id,
  min({_SHOWN}) OVER same_trial, max({_SHOWN}) OVER same_trial
FROM fold_exposures WINDOW same_trial AS (PARTITION BY experiment_id, trial_id)
ORDER BY experiment_id, trial_id, exposed_at, policy_version, arm_id
ON CONFLICT (experiment_id, trial_id) DO UPDATE SET
  (exposed_at, policy_version, arm_id) = (SELECT first.* FROM (VALUES
      (known.exposed_at, known.policy_version, known.arm_id),
      (excluded.exposed_at, excluded.policy_version, excluded.arm_id)) AS first (exposed_at, policy_version, arm_id)
    WHERE first.exposed_at IS NOT NULL ORDER BY 1, 2, 3 LIMIT 1),
  lowest_arm_id = least(known.lowest_arm_id, excluded.lowest_arm_id),
  highest_arm_id = greatest(known.highest_arm_id, excluded.highest_arm_id);
INSERT INTO trials (experiment_id, trial_id)
SELECT experiment_id, trial_id FROM fold_trials ON CONFLICT DO NOTHING;
DELETE FROM trial_values USING fold_trials
WHERE trial_values.experiment_id = fold_trials.experiment_id AND trial_values.trial_id = fold_trials.trial_id;
INSERT INTO fold_exposed
SELECT experiment_id, trial_id, exposed_at FROM fold_trials JOIN trials USING (experiment_id, trial_id)
WHERE exposed_at IS NOT NULL;
ANALYZE fold_exposed;
"""  # noqa: S608 - our own prefix

# Doubles become numeric by way of text, which keeps every digit; a direct cast keeps fifteen.
_COMBINE = """
INSERT INTO trial_values (experiment_id, trial_id, metric_id, value)
SELECT experiment_id, trial_id, metric_id, CASE combination_rule
    WHEN 'ANY' THEN max((value <> 0)::int)
    WHEN 'SUM' THEN sum(value::text::numeric)
    WHEN 'COUNT' THEN count(*)
    WHEN 'LAST' THEN (array_agg(value ORDER BY occurred_at DESC, event_id DESC))[1]::text::numeric
    WHEN 'MAX' THEN max(value)::text::numeric
  END
FROM (
  SELECT DISTINCT ON (experiment_id, trial_id, metric_id, event_id)
    experiment_id, trial_id, metric_id, value, occurred_at, event_id, exposed_at
  FROM fold_exposed JOIN outcomes USING (experiment_id, trial_id)
  ORDER BY experiment_id, trial_id, metric_id, event_id, received_at, xid, occurred_at, value
) AS event
JOIN fold_metrics USING (experiment_id, metric_id)
WHERE occurred_at >= exposed_at - make_interval(secs => :skew) AND occurred_at < exposed_at + attribution_window
GROUP BY experiment_id, trial_id, metric_id, combination_rule
"""

# Of the trial's values, so that variances are those of rewards, whatever the correlation of the metrics.
_REWARD = """
INSERT INTO trial_values (experiment_id, trial_id, metric_id, value)
SELECT experiment_id, trial_id, :reward_id, sum(weight * value)
FROM fold_exposed JOIN trial_values USING (experiment_id, trial_id) JOIN fold_rewards USING (experiment_id, metric_id)
GROUP BY experiment_id, trial_id
"""

_APPLY = """
INSERT INTO arm_statistics AS known
  (experiment_id, policy_version, arm_id, metric_id, unit_count, value_sum, value_square_sum)
SELECT experiment_id, policy_version, arm_id, metric_id, sum(sign), sum(sign * value), sum(sign * value * value)
FROM fold_changes GROUP BY experiment_id, policy_version, arm_id, metric_id
HAVING sum(sign) <> 0 OR sum(sign * value) <> 0 OR sum(sign * value * value) <> 0
ON CONFLICT (experiment_id, policy_version, arm_id, metric_id) DO UPDATE SET
  unit_count = known.unit_count + excluded.unit_count,
  value_sum = known.value_sum + excluded.value_sum,
  value_square_sum = known.value_square_sum + excluded.value_square_sum
RETURNING experiment_id
"""

_NOTE_TERM = "INSERT INTO fold_rewards VALUES (:experiment_id, :metric_id, CAST(CAST(:weight AS text) AS numeric))"
_PROGRESS = "UPDATE learner_progress SET folded_below_xid = :high, statistics_as_of = :now"


def fold(connection: Connection, definitions: Sequence[Experiment], *, now: datetime) -> frozenset[str]:
    """Folds what was committed since the last fold; returns the experiments whose statistics changed.

    Args:
        connection: In a REPEATABLE READ transaction that the caller commits.
        definitions: Every experiment that was ever started.
        now: The instant that the statistics are as of.
    """
    connection.exec_driver_sql(_WORK_TABLES)
    low = connection.scalar(text("SELECT folded_below_xid FROM learner_progress FOR UPDATE"))
    high = connection.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    rebuilt = _stale(connection, definitions)
    if not rebuilt and not _has_news(connection, low, high):
        connection.execute(text(_PROGRESS), {"high": high, "now": now})
        return frozenset()
    _note_metrics(connection, definitions)
    rewarded = _note_rewards(connection, definitions)
    _rebuild(connection, rebuilt)
    for statement in _FRESH:
        connection.execute(text(statement), {"low": low, "high": high})
    # Without counts the planner takes these for empty and loops over the logs.
    connection.exec_driver_sql("ANALYZE fold_metrics; ANALYZE fold_rewards; ANALYZE fold_trials")
    connection.execute(text(_CONTRIBUTIONS), {"sign": -1})
    connection.exec_driver_sql(_EXPOSE)
    connection.execute(text(_COMBINE), {"skew": SKEW_TOLERANCE_SECONDS})
    if rewarded:
        connection.execute(text(_REWARD), {"reward_id": REWARD_ID})
    connection.execute(text(_CONTRIBUTIONS), {"sign": 1})
    touched = frozenset(connection.scalars(text(_APPLY)))
    connection.execute(text(_PROGRESS), {"high": high, "now": now})
    return touched | frozenset(experiment.experiment_id for experiment in rebuilt)


def _has_news(connection: Connection, low: int | None, high: int | None) -> bool:
    query = " UNION ALL ".join(
        f"(SELECT 1 FROM {log} WHERE xid >= :low AND xid < :high LIMIT 1)"  # noqa: S608 - our own table names
        for log in ("exposures", "outcomes")
    )
    return connection.scalar(text(query), {"low": low, "high": high}) is not None


def digest(experiment: Experiment) -> str:
    """Returns a fingerprint of all that decides how an experiment's outcomes become values."""
    rules = sorted((metric.metric_id, metric.combination_rule) for metric in experiment.metrics)
    reward = sorted((term.metric_id, term.weight) for term in experiment.allocation_policy.reward)
    # Without a reward the fingerprint is that of releases that knew none: nothing needs to be folded anew.
    body = json.dumps([rules, experiment.attribution_window.total_seconds(), *([reward] if reward else [])])
    return hashlib.sha256(body.encode()).hexdigest()


def _stale(connection: Connection, definitions: Sequence[Experiment]) -> list[Experiment]:
    """Returns the experiments that were folded by other rules than they have now."""
    folded: dict[str, str] = dict(
        connection.execute(text("SELECT experiment_id, digest FROM folded_definitions")).all()
    )
    return [experiment for experiment in definitions if folded.get(experiment.experiment_id) != digest(experiment)]


def _note_metrics(connection: Connection, definitions: Sequence[Experiment]) -> None:
    rows: list[dict[str, object]] = [
        {
            "experiment_id": experiment.experiment_id,
            "metric_id": metric.metric_id,
            "rule": metric.combination_rule.value,
            "attribution_window": experiment.attribution_window,
        }
        for experiment in definitions
        for metric in experiment.metrics
    ]
    rows += [
        {"experiment_id": experiment.experiment_id, "metric_id": REWARD_ID, "rule": None, "attribution_window": None}
        for experiment in definitions
        if experiment.allocation_policy.reward
    ]
    connection.execute(
        text("INSERT INTO fold_metrics VALUES (:experiment_id, :metric_id, :rule, :attribution_window)"), rows
    )


def _note_rewards(connection: Connection, definitions: Sequence[Experiment]) -> bool:
    rows = [
        {"experiment_id": experiment.experiment_id, "metric_id": term.metric_id, "weight": repr(term.weight)}
        for experiment in definitions
        for term in experiment.allocation_policy.reward
    ]
    if rows:
        connection.execute(text(_NOTE_TERM), rows)
    return bool(rows)


def _rebuild(connection: Connection, experiments: Sequence[Experiment]) -> None:
    if not experiments:
        return
    rows = [{"experiment_id": experiment.experiment_id, "digest": digest(experiment)} for experiment in experiments]
    connection.execute(text("INSERT INTO fold_rebuilt VALUES (:experiment_id)"), rows)
    connection.exec_driver_sql(_REBUILD)
    connection.execute(
        text(
            "INSERT INTO folded_definitions VALUES (:experiment_id, :digest)"
            " ON CONFLICT (experiment_id) DO UPDATE SET digest = excluded.digest"
        ),
        rows,
    )
