"""Statistics by policy version, read back from a real Postgres."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from services.bandit.domain.periods import Memory, counted
from services.bandit.domain.trial import HOLDOUT_ARM_ID
from services.bandit.store.learner_session import PostgresLearnerSession
from services.bandit.store.statistics import PostgresStatisticsStore
from shared.definition.model import BetaThompson, Experiment
from shared.policy.snapshot import RANGE, PolicySnapshot
from tests.bandit.examples import cut, policy, published
from tests.bandit.store.conftest import NOW, Logs, experiment_with_every_rule, exposure, outcome

HOUR = timedelta(hours=1)
CHECKOUT = replace(experiment_with_every_rule(), allocation_policy=policy(BetaThompson()))
CUTS = [(RANGE // 2, RANGE // 4, RANGE // 4), (RANGE // 4, RANGE // 4, RANGE // 2), (RANGE, 0, 0)]


def serve(session: PostgresLearnerSession, definition: Experiment = CHECKOUT, count: int = 3) -> list[PolicySnapshot]:
    """Publishes versions, an hour apart, with weights of their own."""
    first = published(definition)
    snapshots = [
        replace(cut(first, *CUTS[place]), policy_version=place + 1, published_at=NOW + place * HOUR)
        for place in range(count)
    ]
    session.publish(snapshots)
    return snapshots


def expose_each(logs: Logs, seed: int, size: int) -> None:
    """Exposes units across versions and arms, with one to three outcomes for some."""
    rng = random.Random(seed)
    for number in range(size):
        at = NOW + timedelta(seconds=rng.randrange(3600))
        arm_id = rng.choice(["control", "blue", "green"])
        logs.expose(exposure(f"u{number}", arm_id, version=rng.randrange(1, 4), at=at))
        values = [rng.choice([0.1, 19.99, -3.5, 1e6]) for _ in range(rng.randrange(4))]
        logs.observe(*(outcome(f"u{number}", one, event_id=str(place), at=at) for place, one in enumerate(values)))


def test_versions_when_units_were_exposed_then_their_sums_with_the_times_and_weights_of_the_versions(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    serve(session)
    logs.expose(exposure("u1", "blue"), exposure("u2", "blue"), exposure("u3", "control"))
    logs.expose(exposure("u4", "control", version=3))
    logs.observe(outcome("u1", 3.0), outcome("u2", 5.0), outcome("u4", 7.0))
    session.fold([CHECKOUT], now=NOW)

    first, third = session.version_statistics([CHECKOUT])["checkout"]

    assert (first.policy_version, first.replaced_at) == (1, NOW + HOUR)
    assert (third.policy_version, third.replaced_at) == (3, None)
    assert set(first.arms) == {"blue", "control"}
    blue = first.arms["blue"]
    assert (blue.unit_count, blue.value_sum, blue.mean, blue.square_deviation_sum) == (2, 8.0, 4.0, 2.0)
    assert (first.arms["control"].unit_count, first.arms["control"].value_sum) == (1, 0.0)
    # Arms without units are named, too, and a weight of 0 is 0.
    assert first.propensities == {"control": 0.5, "blue": 0.25, "green": 0.25}
    assert third.propensities == {"control": 1.0, "blue": 0.0, "green": 0.0}


@pytest.mark.parametrize("seed", range(3))
def test_versions_when_added_up_then_the_pooled_statistics(
    seed: int, engine: Engine, session: PostgresLearnerSession, logs: Logs
) -> None:
    serve(session)
    expose_each(logs, seed, 60)
    session.fold([CHECKOUT], now=NOW)

    versions = session.version_statistics([CHECKOUT])["checkout"]

    pooled = session.primary_statistics([CHECKOUT])["checkout"]
    together = counted(Memory(), list(pooled), versions, now=NOW)
    for arm_id, arm in pooled.items():
        assert together[arm_id].unit_count == arm.unit_count
        assert together[arm_id].value_sum == pytest.approx(arm.value_sum, rel=1e-12)
        assert together[arm_id].mean == pytest.approx(arm.mean, rel=1e-12)
        assert together[arm_id].square_deviation_sum == pytest.approx(arm.square_deviation_sum, rel=1e-9)
    assert sum(arm.unit_count for arm in pooled.values()) == 60
    assert PostgresStatisticsStore(engine).versions("checkout", "sum") == versions


def test_versions_when_units_are_held_out_then_they_are_left_out(session: PostgresLearnerSession, logs: Logs) -> None:
    serve(session)
    logs.expose(exposure("u1", "blue"), exposure("u2", HOLDOUT_ARM_ID))
    session.fold([CHECKOUT], now=NOW)

    (version,) = session.version_statistics([CHECKOUT])["checkout"]

    assert set(version.arms) == {"blue"}
    assert HOLDOUT_ARM_ID not in version.propensities
    assert session.primary_statistics([CHECKOUT])["checkout"][HOLDOUT_ARM_ID].unit_count == 1


def test_versions_when_experiments_are_many_then_each_has_its_own(session: PostgresLearnerSession, logs: Logs) -> None:
    search = replace(CHECKOUT, experiment_id="search")
    serve(session)
    serve(session, search, count=1)
    logs.expose(exposure("u1", "blue"), exposure("u1", "green")._replace(experiment_id="search"))
    session.fold([CHECKOUT, search], now=NOW)

    found = session.version_statistics([CHECKOUT, search])

    assert {one: set(versions[0].arms) for one, versions in found.items()} == {
        "checkout": {"blue"},
        "search": {"green"},
    }
    assert found["checkout"][0].replaced_at == NOW + HOUR
    assert found["search"][0].replaced_at is None
    assert set(session.version_statistics([search])) == {"search"}


def test_versions_when_nothing_was_folded_or_nobody_is_asked_about_then_none(
    engine: Engine, session: PostgresLearnerSession
) -> None:
    serve(session)

    assert session.version_statistics([CHECKOUT]) == {}
    assert session.version_statistics([]) == {}
    assert PostgresStatisticsStore(engine).versions("checkout", "sum") == []
    assert PostgresStatisticsStore(engine).versions("nothing", "sum") == []


def test_versions_when_arms_come_and_go_then_each_version_names_those_it_had(
    session: PostgresLearnerSession, logs: Logs
) -> None:
    first = published(CHECKOUT)
    without_green = replace(CHECKOUT, arms=CHECKOUT.arms[:2], revision=2)
    second = replace(published(without_green, first), published_at=first.published_at + HOUR)
    session.publish([first, second])
    logs.expose(exposure("u1", "green"), exposure("u2", "blue", version=2))
    session.fold([without_green], now=NOW)

    before, after = session.version_statistics([without_green])["checkout"]

    assert set(before.propensities) == {"control", "blue", "green"}
    assert set(after.propensities) == {"control", "blue"}
    assert before.arms["green"].unit_count == 1
