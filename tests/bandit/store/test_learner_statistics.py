"""What the learner reads beside the primary metric: guardrails by version, and what earlier experiments know."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.ports import AllocationRow
from services.bandit.store.learner_session import PostgresLearnerSession
from shared.definition.model import (
    AllocationPolicy,
    Arm,
    BetaThompson,
    BooleanFeature,
    CombinationRule,
    Experiment,
    GuardrailPause,
    LinearThompson,
    MetricRole,
    RewardTerm,
    WarmStart,
)
from shared.policy.snapshot import RANGE, ContextualModel, PolicySnapshot, ScoreMode
from tests.bandit.examples import cut, policy, published
from tests.bandit.store.conftest import NOW, Logs, experiment_with_every_rule, exposure, outcome
from tests.bandit.store.test_rewards import store

LATER = NOW + timedelta(days=1)
PAUSING = policy(BetaThompson(), guardrail_pause=GuardrailPause())


def guarded() -> Experiment:
    """Returns an experiment whose metrics `max` and `last` are guardrails."""
    known = experiment_with_every_rule()
    metrics = tuple(
        replace(metric, role=MetricRole.GUARDRAIL) if metric.metric_id in ("max", "last") else metric
        for metric in known.metrics
    )
    return replace(known, metrics=metrics, allocation_policy=PAUSING)


def serving(session: PostgresLearnerSession, definition: Experiment) -> list[PolicySnapshot]:
    """Publishes two versions, the second an hour later."""
    first = cut(published(definition), RANGE // 2, RANGE // 4, RANGE // 4)
    second = replace(first, policy_version=2, published_at=first.published_at + timedelta(hours=1))
    session.publish([first, second])
    return [first, second]


def test_guardrails_when_units_have_outcomes_then_by_metric_and_version_with_propensities(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    definition = guarded()
    _, second = serving(session, definition)
    logs.expose(exposure("u1", "blue"), exposure("u2", "control"), exposure("u3", "blue", version=2))
    logs.observe(outcome("u1", 3.0, metric_id="max"), outcome("u3", 5.0, metric_id="last"))
    session.fold([definition], now=NOW)

    known = session.guardrail_statistics([definition])["checkout"]

    assert set(known) == {"max", "last"}
    first, latest = known["max"]
    assert (first.policy_version, latest.policy_version) == (1, 2)
    assert (first.replaced_at, latest.replaced_at) == (second.published_at, None)
    assert first.propensities == {"control": 0.5, "blue": 0.25, "green": 0.25}
    assert (first.arms["blue"].unit_count, first.arms["blue"].value_sum) == (1, 3.0)
    assert (first.arms["control"].unit_count, first.arms["control"].value_sum) == (1, 0.0)
    assert "green" not in first.arms
    assert known["last"][1].arms["blue"].value_sum == 5.0


def test_guardrails_when_an_experiment_has_none_then_nothing(session: PostgresLearnerSession) -> None:
    assert session.guardrail_statistics([experiment_with_every_rule()]) == {}
    assert session.guardrail_statistics([]) == {}


def test_earlier_when_the_experiment_names_one_then_its_arms_of_the_primary_metric(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    definition = experiment_with_every_rule()
    serving(session, definition)
    logs.expose(exposure("u1", "blue"), exposure("u2", "blue", version=2))
    logs.observe(outcome("u1", 3.0), outcome("u2", 4.0))
    session.fold([definition], now=NOW)
    warm = replace(definition, allocation_policy=policy(BetaThompson(), warm_start=WarmStart("checkout")))
    next_one, another = replace(warm, experiment_id="next"), replace(warm, experiment_id="another")

    known = session.earlier_statistics([next_one, another])

    assert {one: {arm: found.value_sum for arm, found in arms.items()} for one, arms in known.items()} == {
        "next": {"blue": 7.0},
        "another": {"blue": 7.0},
    }


def test_earlier_when_there_is_no_such_experiment_then_nothing(session: PostgresLearnerSession) -> None:
    definition = experiment_with_every_rule()
    warm = replace(definition, allocation_policy=policy(BetaThompson(), warm_start=WarmStart("unknown")))

    assert session.earlier_statistics([warm]) == {"checkout": {}}


def told(trial_id: str, arm_id: str, *context: float, version: int = 1, at: datetime = NOW) -> AllocationRow:
    """Returns an exposed allocation with a context."""
    return exposure(trial_id, arm_id, version=version, at=at)._replace(context=context)


def test_trials_when_contexts_were_told_then_latest_first_with_rewards(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    definition = replace(experiment_with_every_rule(), features=(BooleanFeature("returning"),))
    minute = timedelta(minutes=1)
    logs.expose(
        told("u1", "blue", 1.0, 0.5),
        told("u\\2", "control", 1.0, 0.1 + 0.2, at=NOW + minute),
        told("u3", "green", 1.0, 1.0, at=NOW + 2 * minute),
        told("u3", "blue", 1.0, 0.0, at=NOW + 3 * minute),  # only its first exposure counts
        told("gone", "red", 1.0, 1.0, at=NOW + 4 * minute),
        exposure("untold", "blue", at=NOW + 5 * minute),
        told("short", "blue", 1.0, at=NOW + 6 * minute),
    )
    logs.observe(outcome("u1", 2.0), outcome("u1", 3.0, event_id="e2"), outcome("u3", 7.0, metric_id="max"))
    session.fold([definition], now=NOW)

    known = session.contextual_trials(definition, limit=100, newest=LATER)

    assert known.contexts.tolist() == [[1.0, 1.0], [1.0, 0.1 + 0.2], [1.0, 0.5]]
    assert known.arms.tolist() == [2, 0, 1]
    assert known.values.tolist() == [0.0, 0.0, 5.0]
    assert known.exposed_at is not None
    assert known.exposed_at.tolist() == [(NOW + place * minute).timestamp() for place in (2, 1, 0)]
    assert session.contextual_trials(definition, limit=100, newest=NOW + minute).arms.tolist() == [0, 1]


def test_trials_when_the_policy_has_a_reward_then_values_are_rewards(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    reward = AllocationPolicy(LinearThompson(), reward=(RewardTerm("sum", 1.0), RewardTerm("max", -2.0)))
    definition = replace(
        experiment_with_every_rule(), features=(BooleanFeature("returning"),), allocation_policy=reward
    )
    logs.expose(told("u1", "green", 1.0, 0.5))
    logs.observe(outcome("u1", 10.0), outcome("u1", 4.0, metric_id="max"))
    session.fold([definition], now=NOW)

    assert session.contextual_trials(definition, limit=100, newest=LATER).values.tolist() == [2.0]


def test_trials_when_there_are_more_than_the_limit_then_the_latest(session: PostgresLearnerSession, logs: Logs) -> None:
    definition = replace(experiment_with_every_rule(), features=(BooleanFeature("returning"),))
    logs.expose(*(told(f"u{unit}", "blue", 1.0, float(unit), at=NOW + timedelta(seconds=unit)) for unit in range(9)))
    session.fold([definition], now=NOW)

    assert session.contextual_trials(definition, limit=3, newest=LATER).contexts[:, 1].tolist() == [8, 7, 6]


def test_trials_when_there_are_none_then_empty(session: PostgresLearnerSession) -> None:
    definition = replace(experiment_with_every_rule(), features=(BooleanFeature("returning"),))

    known = session.contextual_trials(definition, limit=3, newest=LATER)

    assert (known.count, known.feature_count) == (0, 2)


def test_versions_when_weights_followed_contexts_then_they_have_no_propensity(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    definition = experiment_with_every_rule()
    model = ContextualModel(ScoreMode.INVERSE_GAP, bytes(12), 1, 1, 1.0, (0.0, 0.0, 0.0))
    session.publish([replace(published(definition), contextual_model=model)])
    logs.expose(exposure("u1", "blue"))
    session.fold([definition], now=NOW)

    (version,) = session.version_statistics([definition])["checkout"]

    assert version.arms["blue"].unit_count == 1
    assert all(math.isnan(propensity) for propensity in version.propensities.values())


def test_earlier_trials_when_features_and_measure_are_the_same_then_with_this_one_s_arms(
    session: PostgresLearnerSession, logs: Logs, engine: Engine
) -> None:
    earlier = replace(experiment_with_every_rule(), features=(BooleanFeature("returning"),))
    store(engine, earlier)
    logs.expose(told("u1", "blue", 1.0, 1.0), told("u2", "green", 1.0, 0.0), told("u3", "control", 1.0, 0.5))
    logs.observe(outcome("u1", 3.0), outcome("u3", 2.0))
    session.fold([earlier], now=NOW)
    arms = (earlier.arms[1], replace(earlier.arms[0], control=True), Arm("red"))
    policy_ = policy(LinearThompson(), warm_start=WarmStart("checkout"))
    warm = replace(earlier, experiment_id="next", arms=arms, allocation_policy=policy_)

    known = session.earlier_trials(warm, limit=100)

    assert known is not None
    # In the order of exposure: all at once, hence of their ids.
    assert known.arms.tolist() == [0, 1]
    assert known.values.tolist() == [3.0, 2.0]
    assert known.contexts.tolist() == [[1.0, 1.0], [1.0, 0.5]]
    assert session.contextual_trials(warm, limit=100, newest=LATER).count == 0


def test_earlier_trials_when_they_do_not_fit_then_none(
    session: PostgresLearnerSession, logs: Logs, engine: Engine
) -> None:
    earlier = replace(experiment_with_every_rule(), features=(BooleanFeature("returning"),))
    store(engine, earlier)
    logs.expose(told("u1", "blue", 1.0, 1.0))
    session.fold([earlier], now=NOW)
    policy_ = policy(LinearThompson(), warm_start=WarmStart("checkout"))
    warm = replace(earlier, experiment_id="next", allocation_policy=policy_)
    primary = warm.primary_metric
    others = tuple(metric for metric in warm.metrics if metric is not primary)

    def found(**fields: Any) -> Trials | None:
        return session.earlier_trials(replace(warm, **fields), limit=100)

    assert found() is not None
    assert found(features=(BooleanFeature("new"),)) is None
    assert found(metrics=(replace(primary, metric_id="other"), *others)) is None
    assert found(metrics=(replace(primary, combination_rule=CombinationRule.MAX), *others)) is None
    assert found(allocation_policy=replace(policy_, reward=(RewardTerm("sum", 1.0),))) is None
    assert found(allocation_policy=policy(LinearThompson(), warm_start=WarmStart("unknown"))) is None
    assert found(allocation_policy=policy(LinearThompson())) is None
