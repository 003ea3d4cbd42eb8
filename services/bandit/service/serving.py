"""Serves allocations: memory only, no waiting, a few microseconds."""

from array import array
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import token, trial
from services.bandit.domain.ports import AllocationLog, AllocationRow
from services.bandit.domain.token import Decision, TokenSigner
from services.bandit.service.answers import DEFERRED, NOT_COUNTED, NOT_RECORDED, RECORDED, Allocation, BatchAllocation
from services.bandit.service.batch import BATCH_REASONS, check_unit_ids, placed, propensities
from services.bandit.service.batch_contexts import encoded_contexts
from services.bandit.service.policy_book import PolicyBook, ServingPolicy
from services.bandit.service.unit_columns import id_column
from shared.definition.model import ExperimentState
from shared.errors import invalid_field
from shared.policy.encoding import NOTHING_TOLD, Context
from shared.policy.placement import KEY_SEPARATOR, PlacementReason

_SEEN_SLOTS = 1 << 18
_REASON_PLACES = {reason.value: place for place, reason in enumerate(BATCH_REASONS)}

_Row: TypeAlias = tuple[str, str, str, str, int, float, str]
"""An AllocationRow up to its reason."""


class AllocationService:
    """Allocates units to arms. Safe for threads; no method waits."""

    def __init__(
        self,
        book: PolicyBook,
        log: AllocationLog,
        signer: TokenSigner,
        *,
        now_ms: Callable[[], int],
        new_allocation_id: Callable[[], str],
    ) -> None:
        self._book = book
        self._log = log
        self._signer = signer
        self._now_ms = now_ms
        self._new_allocation_id = new_allocation_id
        # Direct-mapped: a slot holds the hash of the trial last logged there. Forgetting one only logs it again.
        self._seen = array("q", bytes(8 * _SEEN_SLOTS))

    def allocate(
        self,
        experiment_id: str,
        unit_id: str,
        *,
        expose: bool = True,
        previous_token: bytes = b"",
        allocation_id: str = "",
        context: Context = NOTHING_TOLD,
    ) -> Allocation:
        """Returns the arm of one unit.

        Args:
            experiment_id: The experiment.
            unit_id: The unit, 1 to 256 bytes without control characters.
            expose: Whether the unit sees the arm now.
            previous_token: Keeps the arm of an earlier answer to this unit while that arm lives; may be empty.
            allocation_id: Names the trial where every allocation counts; empty makes a fresh one there.
            context: What is told of the unit, by feature.

        Raises:
            InvalidArgument: INVALID_FIELD, INVALID_TOKEN, EXPIRED_TOKEN.
            NotFound: EXPERIMENT_NOT_FOUND.
        """
        policy = self._book.policy(experiment_id)
        if fault := trial.unit_id_fault(unit_id):
            raise invalid_field("unit_id", fault)
        if policy.counts_allocations:
            if fault := trial.id_fault(allocation_id, required=False):
                raise invalid_field("allocation_id", fault)
            allocation_id = allocation_id or self._new_allocation_id()
        else:
            allocation_id = ""
        encoded = policy.encode(context) if policy.takes_context or context else None
        if previous_token and (pinned := self._pinned(policy, unit_id, previous_token)):
            return self._keep(pinned, expose=expose)
        return self._place(policy, unit_id, allocation_id, encoded, expose=expose)

    def allocate_all(
        self,
        unit_id: str,
        experiment_ids: Sequence[str] = (),
        *,
        expose: bool = False,
        context: Context = NOTHING_TOLD,
    ) -> list[Allocation]:
        """Returns the arms of one unit in the experiments named, or in all that are running, by experiment id.

        Every experiment takes what it declares of the context.

        Raises:
            InvalidArgument: INVALID_FIELD.
            NotFound: EXPERIMENT_NOT_FOUND: one that is named is not here.
        """
        if fault := trial.unit_id_fault(unit_id):
            raise invalid_field("unit_id", fault)
        named = [self._book.policy(experiment_id) for experiment_id in sorted(set(experiment_ids))]
        running = (
            policy
            for _, policy in sorted(self._book.policies().items())
            if policy.snapshot.state is ExperimentState.RUNNING
        )
        return [
            self._place(
                policy,
                unit_id,
                self._new_allocation_id() if policy.counts_allocations else "",
                policy.encode(context, strict=False) if policy.takes_context else None,
                expose=expose,
            )
            for policy in (named or running)
        ]

    def batch_allocate(
        self,
        experiment_id: str,
        unit_ids: Sequence[str],
        *,
        include_tokens: bool = False,
        contexts: Sequence[Context] = (),
    ) -> BatchAllocation:
        """Returns the arms of many units; exposures are recorded later.

        Args:
            experiment_id: The experiment.
            unit_ids: The units.
            include_tokens: Whether each is to have a token; units that are placed by their contexts always have one.
            contexts: What is told of each unit, by feature: it is logged with the allocation. None, or one for each.

        Raises:
            InvalidArgument: INVALID_FIELD, naming every bad unit id, or the contexts at fault.
            NotFound: EXPERIMENT_NOT_FOUND.
        """
        policy = self._book.policy(experiment_id)
        units = id_column(unit_ids)
        check_unit_ids(units, unit_ids)
        told = encoded_contexts(policy, len(unit_ids), contexts)
        allocation_ids = [self._new_allocation_id() for _ in unit_ids] if policy.counts_allocations else []
        if told:
            return self._batch_in_context(policy, unit_ids, allocation_ids, told, include_tokens=include_tokens)
        keys = units
        if allocation_ids:
            keys = id_column([unit + KEY_SEPARATOR + one for unit, one in zip(unit_ids, allocation_ids, strict=True)])
        arms, reasons = placed(policy, units, keys)
        tokens = self._tokens(policy, unit_ids, allocation_ids, arms, reasons) if include_tokens else []
        return BatchAllocation(
            policy.arm_ids,
            arms,
            propensities(policy, arms, reasons),
            reasons,
            policy.answer_version,
            self._book.stale_seconds(),
            tokens,
            allocation_ids,
        )

    def _batch_in_context(
        self,
        policy: ServingPolicy,
        unit_ids: Sequence[str],
        allocation_ids: list[str],
        told: Sequence[list[float]],
        *,
        include_tokens: bool,
    ) -> BatchAllocation:
        answers = [
            self._place(policy, unit_id, allocation_id, encoded, expose=False)
            for unit_id, allocation_id, encoded in zip(
                unit_ids, allocation_ids or [""] * len(unit_ids), told, strict=True
            )
        ]
        return BatchAllocation(
            policy.arm_ids,
            np.array([policy.arm_positions[answer.arm_id] for answer in answers], np.uint8),
            np.array([answer.propensity for answer in answers]),
            np.array([_REASON_PLACES[answer.reason] for answer in answers], np.uint8),
            policy.answer_version,
            self._book.stale_seconds(),
            [answer.token for answer in answers] if include_tokens or policy.context_placer is not None else [],
            allocation_ids,
        )

    def _place(
        self,
        policy: ServingPolicy,
        unit_id: str,
        allocation_id: str,
        encoded: list[float] | None,
        *,
        expose: bool,
    ) -> Allocation:
        if encoded is None or policy.context_placer is None:
            answer = policy.answer(*policy.place(unit_id, allocation_id))
        else:
            answer = policy.answer_in_context(unit_id, allocation_id, encoded)
        arm_id, logged_arm_id, propensity, reason, counts, prefix = answer
        now_ms = self._now_ms()
        exposure_state = NOT_COUNTED
        if counts:
            trial_id = trial.trial_id(unit_id, allocation_id) if allocation_id else unit_id
            exposure_state = self._log_once(
                (policy.experiment_id, unit_id, trial_id, logged_arm_id, policy.version, propensity, reason),
                now_ms,
                expose=expose,
                context=tuple(encoded) if encoded is not None else (),
            )
        return Allocation(
            policy.experiment_id,
            arm_id,
            propensity,
            policy.answer_version,
            reason,
            self._book.stale_seconds(),
            self._signer.sign(prefix, unit_id, allocation_id, issued_at_ms=now_ms),
            allocation_id,
            exposure_state,
        )

    def _keep(self, decision: Decision, *, expose: bool) -> Allocation:
        """Returns the earlier answer again, its token as good as new; the unit counts where it first counted."""
        experiment_id, unit_id, arm_id, version, propensity, allocation_id, _, counts = decision
        prefix = token.prefix(experiment_id, arm_id, version, propensity, counts=counts)
        shown = trial.shown_arm_id(arm_id)
        now_ms = self._now_ms()
        row = (
            experiment_id,
            unit_id,
            trial.trial_id(unit_id, allocation_id),
            arm_id,
            version,
            propensity,
            PlacementReason.PINNED.value,
        )
        return Allocation(
            experiment_id,
            shown,
            propensity,
            version,
            PlacementReason.PINNED.value,
            self._book.stale_seconds(),
            self._signer.sign(prefix, unit_id, allocation_id, issued_at_ms=now_ms),
            allocation_id,
            self._log_once(row, now_ms, expose=expose),
        )

    def _log_once(self, row: _Row, at_ms: int, *, expose: bool, context: tuple[float, ...] = ()) -> str:
        """Logs an allocation unless it was logged a moment ago: only a trial's first exposure counts."""
        mark = hash((row, expose))
        slot = mark & (_SEEN_SLOTS - 1)
        if self._seen[slot] != mark:
            if self._log.append(AllocationRow(*row, at_ms, allocated=True, exposed=expose, context=context)):
                self._seen[slot] = mark
            elif expose:
                return NOT_RECORDED
        return RECORDED if expose else DEFERRED

    def _pinned(self, policy: ServingPolicy, unit_id: str, token: bytes) -> Decision | None:
        """Returns the decision to keep, or None where the unit is to be placed anew."""
        decision = self._signer.read(token, now_ms=self._now_ms())
        if decision.experiment_id != policy.experiment_id or decision.unit_id != unit_id:
            raise invalid_field("previous_token", "is of another experiment or unit")
        arm_id = trial.shown_arm_id(decision.arm_id)
        is_of_split = arm_id != decision.arm_id and policy.analysis_cut is not None
        weights = policy.analysis_weights if is_of_split else policy.weights
        position = policy.arm_positions.get(arm_id)
        lives = position is not None and weights[position] > 0
        return decision if lives and decision.counts and policy.fixed is None else None

    def _tokens(
        self,
        policy: ServingPolicy,
        unit_ids: Sequence[str],
        allocation_ids: Sequence[str],
        arms: NDArray[np.uint8],
        reasons: NDArray[np.uint8],
    ) -> list[bytes]:
        now_ms = self._now_ms()
        answers = [
            policy.answer(arm, BATCH_REASONS[reason])
            for arm, reason in zip(arms.tolist(), reasons.tolist(), strict=True)
        ]
        return [
            self._signer.sign(answer.token_prefix, unit_id, allocation_id, issued_at_ms=now_ms)
            for answer, unit_id, allocation_id in zip(
                answers, unit_ids, allocation_ids or [""] * len(unit_ids), strict=True
            )
        ]
