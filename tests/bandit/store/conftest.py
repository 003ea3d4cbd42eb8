"""What the tests of the bandit's Postgres share."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Engine, text

from services.bandit.domain.ports import AllocationRow, OutcomeRow
from services.bandit.store.learner_session import PostgresLearnerSession, learner_session
from services.bandit.store.logs import PostgresCopy, allocation_line, outcome_line
from shared.definition.model import Arm, CombinationRule, Experiment, Metric, MetricKind, MetricRole
from shared.store.engine import transaction
from tests.bandit.store.reference_fold import Totals

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def experiment_with_every_rule(experiment_id: str = "checkout") -> Experiment:
    """Returns an experiment with a metric for each combination rule, summing deciding."""
    metrics = tuple(
        Metric(
            rule.lower(),
            MetricKind.MEAN,
            MetricRole.PRIMARY if rule is CombinationRule.SUM else MetricRole.SECONDARY,
            combination_rule=rule,
        )
        for rule in CombinationRule
    )
    arms = (Arm("control", control=True), Arm("blue"), Arm("green"))
    return Experiment(experiment_id, arms, metrics, attribution_window=timedelta(hours=1))


def exposure(trial_id: str, arm_id: str = "blue", *, version: int = 1, at: datetime = NOW) -> AllocationRow:
    """Returns an exposure of a unit."""
    return AllocationRow(
        "checkout",
        trial_id,
        trial_id,
        arm_id,
        version,
        0.5,
        "SPLIT",
        int(at.timestamp() * 1000),
        allocated=True,
        exposed=True,
    )


def outcome(
    trial_id: str, value: float, *, metric_id: str = "sum", event_id: str = "e1", at: datetime = NOW
) -> OutcomeRow:
    """Returns an outcome of a unit."""
    return OutcomeRow("checkout", trial_id, metric_id, event_id, value, at)


class Logs:
    """Writes rows and reads what they were folded to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._copy = PostgresCopy(engine)

    def expose(self, *rows: AllocationRow) -> None:
        self._copy.allocations("".join(map(allocation_line, rows)).encode())

    def observe(self, *rows: OutcomeRow) -> None:
        self._copy.outcomes("".join(map(outcome_line, rows)).encode())

    def totals(self) -> Totals:
        """Returns what is folded, without the keys that nothing is left of."""
        with transaction(self._engine) as connection:
            rows = connection.execute(text("SELECT * FROM arm_statistics WHERE unit_count <> 0"))
            return {
                (row.policy_version, row.arm_id, row.metric_id): (
                    row.unit_count,
                    Fraction(row.value_sum),
                    Fraction(row.value_square_sum),
                )
                for row in rows
            }


@pytest.fixture
def logs(engine: Engine) -> Logs:
    """The logs of the test's database."""
    return Logs(engine)


@pytest.fixture
def session(engine: Engine) -> Iterator[PostgresLearnerSession]:
    """The right to learn."""
    with learner_session(engine) as held:
        assert held is not None
        yield held
