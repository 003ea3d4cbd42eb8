"""Rewards of several metrics are made of each trial's values, exactly, before they enter means and variances."""

import json
import random
from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import Engine, text

from services.bandit.domain.reward import REWARD_ID
from services.bandit.store.fold import digest
from services.bandit.store.learner_session import PostgresLearnerSession
from services.bandit.store.statistics import PostgresStatisticsStore
from shared.definition.document import to_document
from shared.definition.model import AllocationPolicy, Experiment, GaussianThompson, RewardTerm, WarmStart
from shared.store.engine import transaction
from tests.bandit.examples import policy, published
from tests.bandit.store.conftest import NOW, Logs, experiment_with_every_rule, exposure, outcome
from tests.bandit.store.reference_fold import one_pass
from tests.bandit.store.test_fold import random_rows

AWKWARD = (("sum", 0.1), ("max", -3.3333333333333335), ("any", 1e6), ("last", 1e-9), ("count", -0.7))


def rewarded(*terms: tuple[str, float]) -> Experiment:
    """Returns an experiment that learns from a reward."""
    reward = tuple(RewardTerm(*term) for term in terms)
    return replace(experiment_with_every_rule(), allocation_policy=AllocationPolicy(GaussianThompson(), reward=reward))


def warm(definition: Experiment) -> Experiment:
    """Returns the experiment that comes next and starts from the earlier one."""
    started = policy(GaussianThompson(), warm_start=WarmStart("checkout"))
    reward = definition.allocation_policy.reward
    return replace(definition, experiment_id="next", allocation_policy=replace(started, reward=reward))


def store(engine: Engine, definition: Experiment) -> None:
    """Does what review does: stores the newest revision."""
    statement = text(
        "INSERT INTO experiments (experiment_id, state, revision, etag, definition, display_name, search_text, labels,"
        " create_request_digest, created_at, updated_at) VALUES (:id, 'RUNNING', 1, '', CAST(:document AS jsonb), '',"
        " '', '{}', '', now(), now())"
    )
    with transaction(engine) as connection:
        arguments = {"id": definition.experiment_id, "document": json.dumps(to_document(definition))}
        connection.execute(statement, arguments)


@pytest.mark.parametrize("seed", range(3))
def test_fold_when_rows_arrive_in_any_order_and_in_parts_then_rewards_equal_one_pass(
    seed: int, logs: Logs, session: PostgresLearnerSession
) -> None:
    definition = rewarded(*AWKWARD)
    exposures, outcomes = random_rows(seed, 60)
    rng = random.Random(seed + 100)

    cuts = sorted(rng.randrange(len(outcomes)) for _ in range(4))
    for low, high in zip([0, *cuts], [*cuts, len(outcomes)], strict=True):
        logs.observe(*outcomes[low:high])
        logs.expose(*exposures[low * 3 // 8 : high * 3 // 8])
        session.fold([definition], now=NOW)

    totals = logs.totals()
    assert totals == one_pass(definition, exposures, outcomes)
    assert any(metric_id == REWARD_ID for _, _, metric_id in totals)


def test_fold_when_a_unit_has_several_metrics_then_its_reward_is_formed_before_the_squares(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(exposure("both"), exposure("one"), exposure("none"))
    logs.observe(
        outcome("both", 10.0, metric_id="sum"),
        outcome("both", 4.0, metric_id="max"),
        outcome("one", 3.0, metric_id="max"),
    )

    session.fold([rewarded(("sum", 1.0), ("max", -2.0))], now=NOW)

    # Rewards are 10 - 8, -6 and, without outcomes, 0.
    assert logs.totals()[1, "blue", REWARD_ID] == (3, Fraction(-4), Fraction(40))


def test_fold_when_a_late_outcome_comes_then_the_reward_of_its_unit_is_made_anew(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    definition = rewarded(("sum", 2.0), ("max", 1.0))
    logs.expose(exposure("u"))
    logs.observe(outcome("u", 5.0, metric_id="max"))
    session.fold([definition], now=NOW)

    logs.observe(outcome("u", 1.5))
    session.fold([definition], now=NOW)

    assert logs.totals()[1, "blue", REWARD_ID] == (1, Fraction(8), Fraction(64))


def test_fold_when_the_reward_is_defined_anew_then_it_is_rebuilt(logs: Logs, session: PostgresLearnerSession) -> None:
    exposures, outcomes = random_rows(11, 40)
    logs.expose(*exposures)
    logs.observe(*outcomes)
    session.fold([rewarded(("sum", 1.0))], now=NOW)
    changed = rewarded(("sum", 1.0), ("max", -0.3))

    touched = session.fold([changed], now=NOW)

    assert touched == {"checkout"}
    assert logs.totals() == one_pass(changed, exposures, outcomes)


def test_fold_when_the_reward_is_given_up_then_nothing_of_it_is_left(
    logs: Logs, session: PostgresLearnerSession, engine: Engine
) -> None:
    logs.expose(exposure("u"))
    logs.observe(outcome("u", 5.0))
    session.fold([rewarded(("sum", 2.0))], now=NOW)

    session.fold([experiment_with_every_rule()], now=NOW)

    with transaction(engine) as connection:
        for table in ("arm_statistics", "trial_values"):
            left = connection.scalar(text(f"SELECT count(*) FROM {table} WHERE metric_id = :id"), {"id": REWARD_ID})
            assert left == 0
    assert logs.totals()[1, "blue", "sum"] == (1, Fraction(5), Fraction(25))


def test_fold_when_another_experiment_has_no_reward_then_it_gets_none(
    logs: Logs, session: PostgresLearnerSession, engine: Engine
) -> None:
    logs.expose(exposure("u"), exposure("u")._replace(experiment_id="other"))
    logs.observe(outcome("u", 5.0), outcome("u", 7.0)._replace(experiment_id="other"))

    session.fold([rewarded(("sum", 2.0)), experiment_with_every_rule("other")], now=NOW)

    known = PostgresStatisticsStore(engine)
    assert known.statistics("checkout", REWARD_ID).arms["blue"].value_sum == 10
    assert known.statistics("other", REWARD_ID).arms == {}


@pytest.mark.parametrize("seed", range(5))
def test_fold_when_weights_and_values_have_all_their_digits_then_no_digit_is_lost(
    seed: int, logs: Logs, session: PostgresLearnerSession
) -> None:
    rng = random.Random(seed)
    names = ("sum", "max", "last")
    definition = rewarded(*((name, rng.uniform(-1, 1) * 10.0 ** rng.randint(-12, 6)) for name in names))
    exposures = [exposure(f"u{place}") for place in range(20)]
    outcomes = [
        outcome(one.trial_id, rng.uniform(-1, 1) * 10.0 ** rng.randint(-15, 12), metric_id=name)
        for one in exposures
        for name in names
    ]
    logs.expose(*exposures)
    logs.observe(*outcomes)

    session.fold([definition], now=NOW)

    assert logs.totals() == one_pass(definition, exposures, outcomes)


def test_fold_when_rows_of_outcomes_name_the_reward_all_the_same_then_they_count_for_nothing(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(exposure("u"))
    logs.observe(outcome("u", 5.0), outcome("u", 1000.0, metric_id=REWARD_ID, event_id="e2"))

    session.fold([rewarded(("sum", 2.0))], now=NOW)

    assert logs.totals()[1, "blue", REWARD_ID] == (1, Fraction(10), Fraction(100))


def test_digest_when_terms_stand_in_another_order_then_nothing_is_folded_anew() -> None:
    assert digest(rewarded(("sum", 1.0), ("max", 2.0))) == digest(rewarded(("max", 2.0), ("sum", 1.0)))
    assert digest(rewarded(("sum", 1.0))) != digest(rewarded(("sum", 1.5)))


def test_digest_when_there_is_no_reward_then_it_is_that_of_releases_that_knew_none() -> None:
    assert digest(experiment_with_every_rule()) == "ea18b7d70b8664a3dcad3f6cc40e707b7ddee65d12a217db713f34a541334788"


def test_learner_when_the_policy_has_a_reward_then_its_statistics_are_of_that(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    definition = rewarded(("sum", 1.0), ("max", -2.0))
    session.publish([published(definition)])
    logs.expose(exposure("u"))
    logs.observe(outcome("u", 10.0), outcome("u", 4.0, metric_id="max"))
    session.fold([definition], now=NOW)

    assert session.primary_statistics([definition])["checkout"]["blue"].mean == 2
    (version,) = session.version_statistics([definition])["checkout"]
    assert version.arms["blue"].mean == 2


def test_versions_when_arms_cost_something_then_each_says_what_they_cost_then(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    definition = experiment_with_every_rule()
    costly = replace(definition, arms=(*definition.arms[:2], replace(definition.arms[2], cost=0.1)), revision=2)
    first = published(definition)
    session.publish([first, published(costly, first)])
    logs.expose(exposure("u1", "green"), exposure("u2", "green", version=2))
    session.fold([costly], now=NOW)

    versions = session.version_statistics([costly])["checkout"]

    assert [version.costs["green"] for version in versions] == [0.0, 0.1]
    assert versions[1].costs == {"control": 0.0, "blue": 0.0, "green": 0.1}


def test_earlier_when_the_rewards_have_the_same_terms_then_it_is_started_from(
    logs: Logs, session: PostgresLearnerSession, engine: Engine
) -> None:
    earlier = rewarded(("sum", 1.0), ("max", -2.0))
    store(engine, earlier)
    logs.expose(exposure("u"))
    logs.observe(outcome("u", 10.0), outcome("u", 4.0, metric_id="max"))
    session.fold([earlier], now=NOW)

    same = warm(rewarded(("max", -2.0), ("sum", 1.0)))
    other = warm(rewarded(("max", -2.5), ("sum", 1.0)))

    assert session.earlier_statistics([same])["next"]["blue"].mean == 2
    assert session.earlier_statistics([other]) == {"next": {}}


def test_earlier_when_there_is_no_such_experiment_then_nothing(session: PostgresLearnerSession) -> None:
    assert session.earlier_statistics([warm(rewarded(("sum", 1.0)))]) == {"next": {}}
