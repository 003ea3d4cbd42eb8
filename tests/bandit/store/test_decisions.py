"""Decisions come one by one, in order, with the propensities that they were made with."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from services.bandit.domain.decisions import VersionChances
from services.bandit.domain.ports import AllocationRow
from services.bandit.store.learner_session import PostgresLearnerSession
from shared.definition.model import BooleanFeature
from shared.policy.snapshot import RANGE, ContextualModel, ScoreMode
from tests.bandit.examples import cut, published
from tests.bandit.store.conftest import NOW, Logs, experiment_with_every_rule, exposure, outcome

MINUTE = timedelta(minutes=1)
DEFINITION = replace(experiment_with_every_rule(), features=(BooleanFeature("returning"),))
FIRST = cut(published(DEFINITION), RANGE // 2, RANGE // 4, RANGE // 4)
MODEL = ContextualModel(ScoreMode.INVERSE_GAP, bytes(24), 1, 2, 1.0, (0.1, 0.05, 0.0))


def told(trial_id: str, arm_id: str, propensity: float, *, version: int, at: datetime) -> AllocationRow:
    """Returns an exposed allocation with a context."""
    row = exposure(trial_id, arm_id, version=version, at=at)
    return row._replace(context=(1.0, 1.0), propensity=propensity)


def publish(session: PostgresLearnerSession) -> None:
    """Publishes a version with weights, one with a model, and one in which blue is paused."""
    second = replace(FIRST, policy_version=2, contextual_model=MODEL)
    arms = tuple(replace(arm, paused=arm.arm_id == "blue") for arm in second.arms)
    session.publish([FIRST, second, replace(second, policy_version=3, arms=arms)])


def test_decisions_when_versions_differ_then_each_with_its_propensity_in_order(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    publish(session)
    logs.expose(
        told("late", "control", 0.625, version=3, at=NOW + 9 * MINUTE),
        told("u2", "blue", 0.75, version=2, at=NOW + 2 * MINUTE),
        told("u2", "green", 0.25, version=3, at=NOW + 3 * MINUTE),  # only its first exposure counts
        exposure("u1", "green", version=1, at=NOW),
        exposure("u3", "control", version=2, at=NOW + 4 * MINUTE),  # nothing was told, nothing logged
        told("gone", "red", 0.5, version=2, at=NOW + 5 * MINUTE),
        exposure("held", "~holdout", version=2, at=NOW),
        exposure("apart", "~analysis:blue", version=2, at=NOW),
    )
    soon = NOW + 10 * MINUTE
    logs.observe(outcome("u2", 3.0, at=soon), outcome("u2", 4.0, event_id="e2", at=soon))
    logs.observe(outcome("late", 7.0, metric_id="max", at=soon))
    session.fold([DEFINITION], now=NOW)

    block = session.latest_decisions(DEFINITION, "sum", block_size=100)

    known = block.decisions
    assert block.number == 1
    assert known.chances == {
        1: VersionChances({"control": 0.5, "blue": 0.25, "green": 0.25}, followed_contexts=False),
        2: VersionChances({"control": 0.1, "blue": 0.05, "green": 0.0}, followed_contexts=True),
        3: VersionChances({"control": 0.1, "green": 0.0}, followed_contexts=True),
    }
    assert [known.arm_ids[arm] if arm >= 0 else "" for arm in known.arms] == ["green", "blue", "control", "", "control"]
    assert known.versions.tolist() == [1, 2, 2, 2, 3]
    assert known.values.tolist() == [0.0, 7.0, 0.0, 0.0, 0.0]
    np.testing.assert_equal(known.propensities, [0.25, 0.75, np.nan, 0.5, 0.625])
    np.testing.assert_equal(known.least("blue"), [0.25, 0.05, 0.05, 0.05, np.nan])
    assert session.latest_decisions(DEFINITION, "max", block_size=100).decisions.values.tolist() == [0, 0, 0, 0, 7]


def test_decisions_when_there_are_more_than_a_block_then_the_latest_one(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    publish(session)
    logs.expose(*(exposure(f"u{unit}", "blue", at=NOW + unit * MINUTE) for unit in range(7)))
    logs.observe(*(outcome(f"u{unit}", float(unit), at=NOW + unit * MINUTE) for unit in range(7)))
    session.fold([DEFINITION], now=NOW)

    found = {
        size: (block.number, block.decisions.values.tolist())
        for size in (3, 7, 8)
        for block in [session.latest_decisions(DEFINITION, "sum", block_size=size)]
    }

    assert found == {3: (3, [6.0]), 7: (1, [0.0, 1, 2, 3, 4, 5, 6]), 8: (1, [0.0, 1, 2, 3, 4, 5, 6])}


def test_decisions_when_there_are_none_then_an_empty_first_block(session: PostgresLearnerSession) -> None:
    block = session.latest_decisions(DEFINITION, "sum", block_size=3)

    assert (block.number, block.decisions.arms.size, block.decisions.least("blue").size) == (1, 0, 0)
