"""Units of the analysis split are folded beside the arms, and the learner reads nothing of them, on a real Postgres."""

import json
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, text

from services.bandit.domain.ports import AllocationRow, OutcomeRow
from services.bandit.domain.trial import ANALYSIS_PREFIX, analysis_arm_id
from services.bandit.service.learning import Learner
from services.bandit.store.learner_session import PostgresLearnerSession
from services.bandit.store.statistics import PostgresStatisticsStore
from shared.definition.document import to_document
from shared.definition.model import (
    BooleanFeature,
    Experiment,
    ExperimentState,
    GaussianThompson,
    LinearThompson,
    Traffic,
)
from shared.store.engine import transaction
from tests.bandit.examples import MINUTE, cut, policy, published
from tests.bandit.store.conftest import NOW, Logs, experiment_with_every_rule, exposure, outcome
from tests.fakes.bandit import HandClock

THIRD = 1431655765 / 2**32
CHECKOUT = replace(
    experiment_with_every_rule(),
    allocation_policy=policy(GaussianThompson()),
    traffic=Traffic(analysis_share=0.25),
    state=ExperimentState.RUNNING,
)
_STARTED = text(
    "INSERT INTO experiments (experiment_id, state, revision, etag, definition, display_name, search_text, labels,"
    " create_request_digest, created_at, updated_at)"
    " VALUES (:experiment_id, :state, 1, '', CAST(:definition AS jsonb), '', '', '{}', '', now(), now())"
)
FIXED_BLUE, FIXED_GREEN = analysis_arm_id("blue"), analysis_arm_id("green")


def test_versions_when_units_are_in_the_split_then_each_side_has_its_own_with_its_propensities(
    engine: Engine, session: PostgresLearnerSession, logs: Logs
) -> None:
    first = published(CHECKOUT)
    second = replace(cut(first, 2**30, 2**30, 2**31), policy_version=2, published_at=first.published_at + MINUTE)
    fixed = [replace(arm, analysis_weight=THIRD) for arm in second.arms]
    session.publish([first, replace(second, arms=tuple(fixed))])
    logs.expose(exposure("u1", "blue", version=2), exposure("u2", FIXED_BLUE, version=2))
    logs.expose(exposure("u3", FIXED_GREEN, version=2), exposure("u4", FIXED_BLUE))
    logs.observe(outcome("u1", 3.0), outcome("u2", 5.0), outcome("u4", 7.0))
    session.fold([CHECKOUT], now=NOW)
    store = PostgresStatisticsStore(engine)

    (learned,) = store.versions("checkout", "sum")
    before, after = store.analysis_versions("checkout", "sum")

    assert {arm_id: (arm.unit_count, arm.value_sum) for arm_id, arm in learned.arms.items()} == {"blue": (1, 3.0)}
    assert learned.propensities == {"control": 0.25, "blue": 0.25, "green": 0.5}
    assert (before.policy_version, before.replaced_at) == (1, first.published_at + MINUTE)
    assert {arm_id: (arm.unit_count, arm.value_sum) for arm_id, arm in before.arms.items()} == {"blue": (1, 7.0)}
    assert {arm_id: (arm.unit_count, arm.value_sum) for arm_id, arm in after.arms.items()} == {
        "blue": (1, 5.0),
        "green": (1, 0.0),
    }
    assert after.propensities == dict.fromkeys(("control", "blue", "green"), THIRD)


def test_analysis_versions_when_there_is_no_split_then_none(
    engine: Engine, session: PostgresLearnerSession, logs: Logs
) -> None:
    session.publish([published(replace(CHECKOUT, traffic=Traffic()))])
    logs.expose(exposure("u1", "blue"))
    session.fold([CHECKOUT], now=NOW)

    assert PostgresStatisticsStore(engine).analysis_versions("checkout", "sum") == []


def test_health_when_a_unit_comes_into_the_split_then_it_was_in_two_arms_only_if_it_saw_two(
    engine: Engine, session: PostgresLearnerSession, logs: Logs
) -> None:
    later = NOW + timedelta(minutes=1)
    logs.expose(exposure("same", "blue"), exposure("same", FIXED_BLUE, version=2, at=later))
    logs.expose(exposure("two", "blue"), exposure("two", FIXED_GREEN, version=2, at=later))
    session.fold([CHECKOUT], now=NOW)

    known = PostgresStatisticsStore(engine).statistics("checkout", "sum")

    assert known.health.multiple_arm_unit_count == 1
    # Whoever was seen before counts where it was first seen.
    assert {arm_id: arm.unit_count for arm_id, arm in known.arms.items()} == {"blue": 2}


def test_trials_when_units_are_in_the_split_then_contextual_models_are_not_fitted_to_them(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    told = replace(CHECKOUT, features=(BooleanFeature("returning"),), allocation_policy=policy(LinearThompson()))
    logs.expose(
        exposure("u1", "blue")._replace(context=(1.0, 1.0)), exposure("u2", FIXED_BLUE)._replace(context=(1.0, 0.0))
    )
    logs.observe(outcome("u1", 3.0), outcome("u2", 5.0))
    session.fold([told], now=NOW)

    trials = session.contextual_trials(told, limit=10, newest=NOW)

    assert (trials.contexts.tolist(), trials.arms.tolist(), trials.values.tolist()) == ([[1.0, 1.0]], [1], [3.0])


def apply(engine: Engine, definition: Experiment) -> None:
    """Does what review does: stores the definition."""
    arguments = {
        "experiment_id": definition.experiment_id,
        "state": definition.state,
        "definition": json.dumps(to_document(definition)),
    }
    with transaction(engine) as connection:
        connection.execute(_STARTED, arguments)


def conversions(prefix: str) -> tuple[list[AllocationRow], list[OutcomeRow]]:
    """Returns 40 units of each arm, blue far better, whose arms are logged behind a prefix."""
    units = [(f"{prefix}{arm_id} {number}", arm_id) for arm_id in ("control", "blue", "green") for number in range(40)]
    return (
        [exposure(unit, f"{prefix}{arm_id}") for unit, arm_id in units],
        [outcome(unit, place % 3 + 9.0 * (arm_id == "blue")) for place, (unit, arm_id) in enumerate(units)],
    )


def test_learner_when_outcomes_are_in_the_split_alone_then_the_weights_stay_as_at_the_start(
    engine: Engine, session: PostgresLearnerSession, logs: Logs
) -> None:
    apply(engine, CHECKOUT)
    clock = HandClock(NOW)
    learner = Learner(session, now=clock)
    assert learner.step() == 1
    (in_split, of_split), (learned, of_learned) = conversions(ANALYSIS_PREFIX), conversions("")

    logs.expose(*in_split)
    logs.observe(*of_split)
    clock.advance(MINUTE)
    assert learner.step() == 0
    clock.advance(MINUTE)
    logs.expose(*learned)
    logs.observe(*of_learned)
    assert learner.step() == 1

    fresh = session.newest_snapshots()["checkout"]
    assert fresh.arms[1].weight > 0.99
    assert fresh.arms[1].analysis_weight == THIRD
    (version,) = PostgresStatisticsStore(engine).analysis_versions("checkout", "sum")
    assert [arm.unit_count for arm in version.arms.values()] == [40, 40, 40]
