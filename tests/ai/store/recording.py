"""A bandit that serves, records, folds and learns by its own code, on a real Postgres."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from services.bandit.domain.trial import HOLDOUT_ARM_ID, analysis_arm_id
from services.bandit.service.learning import Learner
from services.bandit.store.learner_session import PostgresLearnerSession
from shared.definition.document import to_document
from shared.definition.model import (
    AllocationPolicy,
    Arm,
    BetaThompson,
    CombinationRule,
    Experiment,
    ExperimentState,
    Metric,
    MetricDirection,
    MetricKind,
    MetricRole,
)
from shared.policy.snapshot import PolicySnapshot
from shared.store.engine import transaction
from tests.bandit.examples import UNCONTROLLED
from tests.bandit.store.conftest import NOW, Logs, exposure, outcome
from tests.fakes.bandit import HandClock

HOUR = timedelta(hours=1)
METRICS = (
    Metric("conversion", MetricKind.PROPORTION, MetricRole.PRIMARY, combination_rule=CombinationRule.ANY),
    Metric("revenue", MetricKind.MEAN, MetricRole.SECONDARY, revenue=True),
    Metric("latency", MetricKind.MEAN, MetricRole.GUARDRAIL, MetricDirection.MINIMIZE),
)
THOMPSON = AllocationPolicy(BetaThompson(), replace(UNCONTROLLED, exploration_floor=0.05))
CHECKOUT = Experiment(
    "checkout",
    (Arm("blue"), Arm("control", control=True), Arm("green")),
    METRICS,
    allocation_policy=THOMPSON,
    state=ExperimentState.RUNNING,
    started_at=NOW,
    attribution_window=timedelta(days=30),
)
RATES = {"control": 0.1, "blue": 0.4, "green": 0.15}

_STORED = text(
    "INSERT INTO experiments (experiment_id, state, revision, etag, definition, display_name, search_text, labels,"
    " create_request_digest, created_at, updated_at)"
    " VALUES (:experiment_id, :state, 1, '', CAST(:definition AS jsonb), '', '', '{}', '', now(), now())"
    " ON CONFLICT (experiment_id) DO UPDATE SET state = :state, definition = CAST(:definition AS jsonb),"
    " revision = experiments.revision + 1"
)


def apply(engine: Engine, definition: Experiment) -> None:
    """Does what review does: stores the definition."""
    arguments = {
        "experiment_id": definition.experiment_id,
        "state": definition.state,
        "definition": json.dumps(to_document(definition)),
    }
    with transaction(engine) as connection:
        connection.execute(_STORED, arguments)


class Recording:
    """Is an experiment that the bandit runs, from now on."""

    def __init__(self, engine: Engine, session: PostgresLearnerSession, definition: Experiment, seed: int = 1) -> None:
        self.definition = definition
        self.clock = HandClock(NOW)
        self._session = session
        self._logs = Logs(engine)
        self._rng = random.Random(seed)
        self._count = 0
        apply(engine, definition)
        self.learner = Learner(session, now=self.clock)
        self.learner.step()

    @property
    def snapshot(self) -> PolicySnapshot:
        return self._session.newest_snapshots()[self.definition.experiment_id]

    def serve(self, unit_count: int, rates: Mapping[str, float] = RATES) -> None:
        """Places units by the newest weights, records what comes of them, folds it and learns from it."""
        snapshot = self.snapshot
        rows, outcomes = [], []
        for _ in range(unit_count):
            self._count += 1
            arm_id, logged = self._placed(snapshot)
            unit = f"u{self._count}"
            row = exposure(unit, logged, version=snapshot.policy_version, at=self.clock())
            told = self.definition.features
            rows.append(row._replace(context=(1.0, float(self._rng.random() < 0.5))) if told else row)
            if logged == HOLDOUT_ARM_ID or self._rng.random() >= rates[arm_id]:
                continue
            at = self.clock() + timedelta(minutes=1)
            outcomes.append(outcome(unit, 1.0, metric_id="conversion", at=at))
            paid = self._rng.choice([9.99, 19.9, 0.1])
            outcomes.append(outcome(unit, paid, metric_id="revenue", at=at))
        self._logs.expose(*rows)
        self._logs.observe(*outcomes)
        self.clock.advance(HOUR)
        self.learner.step()

    def expose_again(self, number: int, arm_id: str) -> None:
        """Exposes a unit that was seen before to an arm."""
        version = self.snapshot.policy_version
        self._logs.expose(exposure(f"u{number}", arm_id, version=version, at=self.clock()))
        self.clock.advance(HOUR)
        self.learner.step()

    def _placed(self, snapshot: PolicySnapshot) -> tuple[str, str]:
        if self._rng.random() < snapshot.traffic.holdout_share:
            return HOLDOUT_ARM_ID, HOLDOUT_ARM_ID
        split = self._rng.random() < snapshot.traffic.analysis_share
        weights = [arm.analysis_weight if split else arm.weight for arm in snapshot.arms]
        arm_id = self._rng.choices([arm.arm_id for arm in snapshot.arms], weights)[0]
        return arm_id, analysis_arm_id(arm_id) if split else arm_id


def instant(hours: float) -> datetime:
    """Returns the instant so many hours after the start."""
    return NOW + timedelta(hours=hours)
