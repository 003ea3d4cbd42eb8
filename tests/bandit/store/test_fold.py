"""The fold agrees with one pass over the raw log, exactly, whatever the order and however often rows arrive."""

import random
import threading
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Engine, text

from services.bandit.domain.ports import AllocationRow, OutcomeRow
from services.bandit.store.learner_session import PostgresLearnerSession
from services.bandit.store.statistics import PostgresStatisticsStore
from shared.definition.model import CombinationRule
from shared.store.engine import transaction
from tests.bandit.store.conftest import NOW, Logs, experiment_with_every_rule, exposure, outcome
from tests.bandit.store.reference_fold import one_pass

EXPERIMENT = experiment_with_every_rule()


def exactly(units: int, total: int, squares: int) -> tuple[int, Fraction, Fraction]:
    return units, Fraction(total), Fraction(squares)


def observe_each(logs: Logs, rows: list[OutcomeRow]) -> None:
    for row in rows:
        logs.observe(row)


def random_rows(seed: int, size: int) -> tuple[list[AllocationRow], list[OutcomeRow]]:
    """Returns exposures across versions and arms, and outcomes with repeats, strangers and awkward values."""
    rng = random.Random(seed)
    exposures = [
        exposure(
            f"unit {rng.randrange(size)}",
            rng.choice(["control", "blue", "green"]),
            version=rng.randrange(1, 4),
            at=NOW + timedelta(seconds=rng.randrange(7200)),
        )
        for _ in range(3 * size)
    ]
    values = [0.0, 0.1, 19.99, -3.5, 1e-7, 123456789.125, 1e12, rng.random()]
    outcomes = [
        outcome(
            f"unit {rng.randrange(size + 10)}",
            rng.choice(values),
            metric_id=rng.choice([rule.lower() for rule in CombinationRule]),
            event_id=f"event {rng.randrange(4 * size)}",
            at=NOW + timedelta(milliseconds=rng.randrange(7_200_000)),
        )
        for _ in range(8 * size)
    ]
    return exposures, outcomes


@pytest.mark.parametrize("seed", range(4))
def test_fold_when_rows_arrive_in_any_order_and_in_parts_then_equals_one_pass(
    seed: int, logs: Logs, session: PostgresLearnerSession
) -> None:
    exposures, outcomes = random_rows(seed, 60)
    rng = random.Random(seed + 100)

    cuts = sorted(rng.randrange(len(outcomes)) for _ in range(4))
    for low, high in zip([0, *cuts], [*cuts, len(outcomes)], strict=True):
        logs.observe(*outcomes[low:high])
        logs.expose(*exposures[low * 3 // 8 : high * 3 // 8])
        session.fold([EXPERIMENT], now=NOW)

    assert logs.totals() == one_pass(EXPERIMENT, exposures, outcomes)


def test_fold_when_rows_are_delivered_again_then_nothing_changes(logs: Logs, session: PostgresLearnerSession) -> None:
    exposures, outcomes = random_rows(7, 40)
    logs.expose(*exposures)
    logs.observe(*outcomes)
    session.fold([EXPERIMENT], now=NOW)
    before = logs.totals()

    logs.expose(*exposures)
    logs.observe(*outcomes)
    session.fold([EXPERIMENT], now=NOW)

    assert before
    assert logs.totals() == before


def test_fold_when_an_event_comes_again_with_another_value_then_the_first_counts(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(exposure("u"))
    logs.observe(outcome("u", 5.0))
    logs.observe(outcome("u", 7.0))

    session.fold([EXPERIMENT], now=NOW)

    assert logs.totals()[1, "blue", "sum"] == exactly(1, 5, 25)


def test_fold_when_the_exposure_comes_after_the_outcome_then_it_counts(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.observe(outcome("u", 5.0, at=NOW + timedelta(minutes=1)))
    session.fold([EXPERIMENT], now=NOW)
    assert logs.totals() == {}

    logs.expose(exposure("u"))
    session.fold([EXPERIMENT], now=NOW)

    assert logs.totals()[1, "blue", "sum"] == exactly(1, 5, 25)


def test_fold_when_an_earlier_exposure_arrives_late_then_the_unit_moves(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(exposure("u", "blue", version=2))
    logs.observe(outcome("u", 5.0))
    session.fold([EXPERIMENT], now=NOW)

    logs.expose(exposure("u", "green", version=1, at=NOW - timedelta(minutes=5)))
    session.fold([EXPERIMENT], now=NOW)

    totals = logs.totals()
    assert totals[1, "green", "sum"] == exactly(1, 5, 25)
    assert (2, "blue", "sum") not in totals


def test_fold_when_outcomes_are_outside_the_window_then_they_do_not_count(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(exposure("early"), exposure("late"), exposure("skewed"))
    logs.observe(
        outcome("early", 5.0, at=NOW - timedelta(seconds=6)),
        outcome("late", 5.0, at=NOW + EXPERIMENT.attribution_window),
        outcome("skewed", 5.0, at=NOW - timedelta(seconds=4)),
    )

    session.fold([EXPERIMENT], now=NOW)

    assert logs.totals()[1, "blue", "sum"] == exactly(3, 5, 25)


def test_fold_when_a_rule_or_window_changes_then_everything_is_folded_anew(
    logs: Logs, session: PostgresLearnerSession
) -> None:
    exposures, outcomes = random_rows(11, 40)
    logs.expose(*exposures)
    logs.observe(*outcomes)
    session.fold([EXPERIMENT], now=NOW)
    changed = replace(
        EXPERIMENT,
        attribution_window=timedelta(minutes=10),
        metrics=tuple(replace(metric, combination_rule=CombinationRule.MAX) for metric in EXPERIMENT.metrics[:3]),
    )

    session.fold([changed], now=NOW)

    assert logs.totals() == one_pass(changed, exposures, outcomes)


def test_fold_when_a_transaction_commits_late_then_its_rows_are_not_jumped_over(
    engine: Engine, logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(exposure("slow"), exposure("quick"))
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO outcomes VALUES ('checkout', 'slow', 'sum', 'e', 3, :at)"), {"at": NOW})
        logs.observe(outcome("quick", 5.0))
        session.fold([EXPERIMENT], now=NOW)
    logs.observe(outcome("quick", 1.0, event_id="e2"))
    session.fold([EXPERIMENT], now=NOW)

    assert logs.totals()[1, "blue", "sum"] == exactly(2, 9, 45)


def test_fold_when_writers_write_all_the_time_then_nothing_is_lost(
    engine: Engine, logs: Logs, session: PostgresLearnerSession
) -> None:
    exposures, outcomes = random_rows(5, 50)
    chunks = [outcomes[start::8] for start in range(8)]
    writers = [threading.Thread(target=observe_each, args=(logs, rows)) for rows in chunks]
    logs.expose(*exposures)

    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        session.fold([EXPERIMENT], now=NOW)
    for writer in writers:
        writer.join()
    session.fold([EXPERIMENT], now=NOW)

    with transaction(engine) as connection:
        order = connection.execute(
            text(
                "SELECT trial_id, metric_id, event_id, value, occurred_at FROM outcomes"
                " ORDER BY received_at, xid, occurred_at, value"
            )
        )
        delivered = [OutcomeRow("checkout", *row) for row in order]
    assert logs.totals() == one_pass(EXPERIMENT, exposures, delivered)


def test_statistics_when_units_were_in_two_arms_or_unexposed_then_health_counts_them(
    engine: Engine, logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(exposure("two", "blue"), exposure("two", "green"), exposure("one", "blue"))
    logs.observe(outcome("stranger", 1.0), outcome("one", 2.0))
    session.fold([EXPERIMENT], now=NOW)

    known = PostgresStatisticsStore(engine).statistics("checkout", "sum")

    assert known.health == (1, 1)
    assert known.as_of == NOW
    assert (known.arms["blue"].unit_count, known.arms["blue"].value_sum, known.arms["blue"].mean) == (2, 2.0, 1.0)
    assert known.arms["blue"].square_deviation_sum == 2.0


def test_statistics_when_the_mean_is_huge_then_the_variance_keeps_its_digits(
    engine: Engine, logs: Logs, session: PostgresLearnerSession
) -> None:
    logs.expose(*[exposure(f"u{index}") for index in range(3)])
    logs.observe(*[outcome(f"u{index}", 1e11 + index / 8) for index in range(3)])
    session.fold([EXPERIMENT], now=NOW)

    arm = PostgresStatisticsStore(engine).statistics("checkout", "sum").arms["blue"]

    assert arm.square_deviation_sum == pytest.approx(2 / 64, rel=1e-12)
