"""Records exposures and outcomes: every row is judged on its own, the good ones are kept durably."""

import math
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from services.bandit.domain import trial
from services.bandit.domain.events import Durability, Exposure, Outcome, Receipt, Rejection
from services.bandit.domain.ports import AllocationLog, AllocationRow, OutcomeLog, OutcomeRow
from services.bandit.domain.token import Decision, TokenSigner
from services.bandit.service.policy_book import PolicyBook
from shared.definition.model import Metric, MetricKind
from shared.errors import FieldViolation, InvalidArgument, PlatformError, Reason, Unavailable, invalid_field

_Event = TypeVar("_Event", Exposure, Outcome)
_Row = TypeVar("_Row")

_MAX_AHEAD = timedelta(seconds=trial.MAX_AHEAD_SECONDS)


class RecordingService:
    """Takes exposures and outcomes. Safe for threads; waits until rows are durable."""

    def __init__(
        self,
        book: PolicyBook,
        allocation_log: AllocationLog,
        outcome_log: OutcomeLog,
        signer: TokenSigner,
        *,
        now: Callable[[], datetime],
        turn: threading.Lock,
    ) -> None:
        """Takes its collaborators.

        Args:
            book: The policies.
            allocation_log: Takes exposures.
            outcome_log: Takes outcomes.
            signer: Reads tokens.
            now: The clock.
            turn: Held while rows are judged. More than one thread at it would be no faster, and whoever waits for
                Postgres would wait for the interpreter behind each of them.
        """
        self._book = book
        self._allocation_log = allocation_log
        self._outcome_log = outcome_log
        self._signer = signer
        self._now = now
        self._turn = turn

    def record_exposures(self, exposures: Iterable[Exposure]) -> Receipt:
        """Returns when the good rows are durable; rows of units that do not count are accepted and leave no trace.

        Raises:
            InvalidArgument: ALL_ROWS_REJECTED.
            ResourceExhausted: SPOOL_FULL.
        """
        now = self._now()
        with self._turn:
            rows, rejections = _judged(exposures, lambda exposure: self._exposure_row(exposure, now), "exposures")
        counted = [row for row in rows if row.exposed]
        durability = self._allocation_log.record(counted) if counted else Durability.COMMITTED
        return Receipt(len(rows), tuple(rejections), durability)

    def record_outcomes(self, outcomes: Iterable[Outcome]) -> Receipt:
        """Returns when the good rows are durable.

        Raises:
            InvalidArgument: ALL_ROWS_REJECTED.
            ResourceExhausted: SPOOL_FULL.
        """
        now = self._now()
        with self._turn:
            rows, rejections = _judged(outcomes, lambda outcome: self._outcome_row(outcome, now), "outcomes")
        return Receipt(len(rows), tuple(rejections), self._outcome_log.record(rows))

    def _exposure_row(self, exposure: Exposure, now: datetime) -> AllocationRow:
        decision = self._decision(exposure, now)
        exposed_at = _instant("exposed_at", exposure.exposed_at, now)
        return AllocationRow(
            decision.experiment_id,
            decision.unit_id,
            trial.trial_id(decision.unit_id, decision.allocation_id),
            decision.arm_id,
            decision.policy_version,
            decision.propensity,
            "",
            _milliseconds(exposed_at),
            allocated=False,
            exposed=decision.counts,
        )

    def _decision(self, exposure: Exposure, now: datetime) -> Decision:
        """Returns the decision that a token proves, or that the policy version named must have made.

        A version below 0 was told to units that it did not place: they got the control, and do not count.
        """
        if exposure.token:
            decision = self._signer.read(exposure.token, now_ms=_milliseconds(now))
            _check_agreement(decision, exposure.experiment_id, exposure.unit_id)
            self._book.policy(decision.experiment_id)
            return decision
        if fault := trial.unit_id_fault(exposure.unit_id):
            raise invalid_field("unit_id", fault)
        policy = self._book.version(exposure.experiment_id, abs(exposure.policy_version))
        was_placed = exposure.policy_version > 0
        if was_placed and policy.context_placer is not None:
            raise invalid_field("token", "is needed: this version placed units by their contexts")
        allocation_id = _allocation_id(exposure.allocation_id, required=policy.counts_allocations)
        answer = policy.answer(*policy.place(exposure.unit_id, allocation_id))
        return Decision(
            policy.experiment_id,
            exposure.unit_id,
            answer.logged_arm_id,
            policy.version,
            answer.propensity,
            allocation_id,
            _milliseconds(now),
            answer.counts and was_placed,
        )

    def _outcome_row(self, outcome: Outcome, now: datetime) -> OutcomeRow:
        event_id, metric_id, value, token, experiment_id, unit_id, occurred_at, allocation_id = outcome
        if fault := trial.id_fault(event_id, required=True):
            raise invalid_field("event_id", fault)
        if token:
            decision = self._signer.read(token, now_ms=_milliseconds(now))
            _check_agreement(decision, experiment_id, unit_id)
            policy = self._book.policy(decision.experiment_id)
            trial_id = trial.trial_id(decision.unit_id, decision.allocation_id)
        else:
            if fault := trial.unit_id_fault(unit_id):
                raise invalid_field("unit_id", fault)
            policy = self._book.policy(experiment_id)
            trial_id = unit_id
            if policy.counts_allocations:
                trial_id = trial.trial_id(unit_id, _allocation_id(allocation_id, required=True))
        metric = policy.metrics.get(metric_id)
        if metric is None:
            raise invalid_field("metric_id", f"experiment {policy.experiment_id!r} has no metric {metric_id!r}")
        if fault := _value_fault(value, metric):
            raise invalid_field("value", fault)
        return OutcomeRow(
            policy.experiment_id, trial_id, metric_id, event_id, value, _instant("occurred_at", occurred_at, now)
        )


def _judged(
    events: Iterable[_Event], row_of: Callable[[_Event], _Row], name: str
) -> tuple[list[_Row], list[Rejection]]:
    """Returns the rows of the good events, and why the others are bad.

    Raises:
        InvalidArgument: ALL_ROWS_REJECTED.
        Unavailable: A row can't be judged while the store is away.
    """
    rows: list[_Row] = []
    rejections: list[Rejection] = []
    for index, event in enumerate(events):
        try:
            rows.append(row_of(event))
        except Unavailable:
            raise
        except PlatformError as error:
            field = error.violations[0].field if error.violations else ""
            rejections.append(Rejection(index, error.reason, error.message, field))
    if not rows:
        violations = [
            FieldViolation(
                f"{name}[{bad.position}]{'.' if bad.field else ''}{bad.field}", f"{bad.reason}: {bad.message}"
            )
            for bad in rejections
        ]
        shown = f"; first: {violations[0].field}: {violations[0].description}" if violations else ""
        message = f"all {len(rejections)} rows were rejected{shown}"
        raise InvalidArgument(Reason.ALL_ROWS_REJECTED, message, violations=violations[:100])
    return rows, rejections


def _check_agreement(decision: Decision, experiment_id: str, unit_id: str) -> None:
    """Raises InvalidArgument where a row says something else than its token."""
    if experiment_id and experiment_id != decision.experiment_id:
        raise invalid_field("experiment_id", f"is not {decision.experiment_id!r}, which the token says")
    if unit_id and unit_id != decision.unit_id:
        raise invalid_field("unit_id", "is not the unit that the token says")


def _allocation_id(allocation_id: str, *, required: bool) -> str:
    if not required:
        return ""
    if fault := trial.id_fault(allocation_id, required=True):
        raise invalid_field("allocation_id", fault)
    return allocation_id


def _value_fault(value: float, metric: Metric) -> str:
    if metric.kind is MetricKind.PROPORTION and value not in (0.0, 1.0):
        return f"{value} is neither 0 nor 1, as {metric.metric_id!r} is a proportion"
    if metric.min_value <= value <= metric.max_value:
        return ""
    if not math.isfinite(value):
        return f"{value} is not finite"
    return f"{value} is outside [{metric.min_value}, {metric.max_value}]"


def _instant(field: str, instant: datetime | None, now: datetime) -> datetime:
    if instant is None:
        return now
    if instant > now + _MAX_AHEAD:
        raise invalid_field(field, f"{instant.isoformat()} is more than {_MAX_AHEAD} ahead of the server's clock")
    return instant


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
