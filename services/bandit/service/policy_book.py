"""The policies that a replica serves, in memory; swapped whole, read without locks."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import token
from services.bandit.domain.context_placement import ContextPlacer
from services.bandit.domain.ports import PolicyStore
from services.bandit.domain.trial import HOLDOUT_ARM_ID, analysis_arm_id
from shared.definition.model import AnalysisUnit, ContextualAlgorithm, Metric
from shared.errors import FailedPrecondition, NotFound, Reason
from shared.policy.encoding import Encoder
from shared.policy.placement import (
    PlacementReason,
    Placer,
    analysis_end,
    fixed_placement,
    holdout_start,
    traffic_end,
)
from shared.policy.snapshot import RANGE, PolicySnapshot, Segments

COUNTED: Final = frozenset(
    {PlacementReason.SPLIT, PlacementReason.PINNED, PlacementReason.HOLDOUT, PlacementReason.ANALYSIS}
)
"""The reasons with which a unit enters the statistics."""

_OLD_VERSIONS = 256


class Answer(NamedTuple):
    """Is what all units with one arm and reason are told.

    Attributes:
        logged_arm_id: The arm under which the answer is logged: held-out units, and those of the analysis split, have
            arms of their own.
        propensity: The probability of the answer; 1 where nothing was drawn.
        reason: A PlacementReason as plain text, which hashes ten times faster.
        counts: Whether such a unit enters the statistics once it is exposed.
        token_prefix: The part of their tokens that is the same.
    """

    arm_id: str
    logged_arm_id: str
    propensity: float
    reason: str
    counts: bool
    token_prefix: bytes


class ArmCut(NamedTuple):
    """Is segments as the kernels take them: their starts (n,) uint32, and their arms (n,) uint8."""

    starts: NDArray[np.uint32]
    arms: NDArray[np.uint8]

    @classmethod
    def of(cls, segments: Segments) -> "ArmCut":
        """Returns segments as arrays."""
        return cls(np.array(segments.starts, dtype=np.uint32), np.array(segments.arms, dtype=np.uint8))


class ServingPolicy:
    """Is a snapshot with all that can be worked out of it once. Immutable, safe for threads.

    Attributes:
        fixed: Where every unit is placed; None where units are spread.
        answer_version: What units are told: the version, with its sign changed where everybody gets the control and it
            places nobody.
    """

    def __init__(self, snapshot: PolicySnapshot) -> None:
        self.snapshot = snapshot
        placer = Placer(snapshot)
        self.place = placer.place
        self.position_among_arms = placer.position_among_arms
        self.encode = Encoder(snapshot.features).encode
        self.takes_context = bool(snapshot.features)
        self.fixed = fixed_placement(snapshot)
        self.needs_context = self.fixed is None and isinstance(
            snapshot.allocation_policy.algorithm, ContextualAlgorithm
        )
        model = snapshot.contextual_model
        self.context_placer = ContextPlacer(model) if model is not None else None
        self.experiment_id = snapshot.experiment_id
        self.version = snapshot.policy_version
        self.answer_version = -self.version if snapshot.control_served else self.version
        self.arm_ids = tuple(arm.arm_id for arm in snapshot.arms)
        self.weights = tuple(arm.weight for arm in snapshot.arms)
        positions = range(len(self.arm_ids))
        self.analysis_weights = tuple(arm.analysis_weight for arm in snapshot.arms)
        self.split_answers = tuple(self._answer(arm, PlacementReason.SPLIT) for arm in positions)
        self.analysis_answers = tuple(self._answer(arm, PlacementReason.ANALYSIS) for arm in positions)
        default_arm = self.fixed[0] if self.fixed else snapshot.default_arm
        self.default_answers = {reason: self._answer(default_arm, reason) for reason in PlacementReason}
        self.arm_positions = {arm_id: position for position, arm_id in enumerate(self.arm_ids)}
        self.counts_allocations = snapshot.analysis_unit is AnalysisUnit.ALLOCATION
        self.metrics: Mapping[str, Metric] = {metric.metric_id: metric for metric in snapshot.metrics}
        self.cut = ArmCut.of(snapshot.segments)
        self.analysis_cut = ArmCut.of(snapshot.analysis_split.segments) if snapshot.analysis_split else None
        self.traffic_end = traffic_end(snapshot)
        self.holdout_start = holdout_start(snapshot)
        self.analysis_end = analysis_end(snapshot)
        self.takes_all = self.traffic_end == RANGE == self.holdout_start

    def answer(self, arm: int, reason: PlacementReason) -> Answer:
        """Returns what a unit that was placed like this is told."""
        if reason is PlacementReason.SPLIT:
            return self.split_answers[arm]
        return self.analysis_answers[arm] if reason is PlacementReason.ANALYSIS else self.default_answers[reason]

    def answer_in_context(self, unit_id: str, allocation_id: str, encoded: list[float]) -> Answer:
        """Returns what a unit is told of which this much is known."""
        arm, reason = self.place(unit_id, allocation_id)
        if reason is not PlacementReason.SPLIT or self.context_placer is None:
            return self.answer(arm, reason)
        position = self.position_among_arms(unit_id, allocation_id)
        arm, propensity = self.context_placer.place(encoded, position)
        arm_id = self.arm_ids[arm]
        prefix = token.prefix(self.experiment_id, arm_id, self.version, propensity, counts=True)
        return Answer(arm_id, arm_id, propensity, reason.value, counts=True, token_prefix=prefix)

    def _answer(self, arm: int, reason: PlacementReason) -> Answer:
        arm_id, logged_arm_id, propensity = self.arm_ids[arm], self.arm_ids[arm], 1.0
        match reason:
            case PlacementReason.SPLIT:
                propensity = self.weights[arm]
            case PlacementReason.ANALYSIS:
                logged_arm_id, propensity = analysis_arm_id(arm_id), self.analysis_weights[arm]
            case PlacementReason.HOLDOUT:
                logged_arm_id = HOLDOUT_ARM_ID
        counts = reason in COUNTED
        prefix = token.prefix(self.experiment_id, logged_arm_id, self.version, propensity, counts=counts)
        return Answer(arm_id, logged_arm_id, propensity, reason.value, counts, prefix)


class PolicyBook:
    """Holds the newest policy of every experiment, and lately used older ones. Safe for threads."""

    def __init__(self, store: PolicyStore, *, monotonic: Callable[[], float], stale_after_seconds: float) -> None:
        self._store = store
        self._monotonic = monotonic
        self._stale_after_seconds = stale_after_seconds
        self._published: Mapping[str, ServingPolicy] = {}
        self._policies: Mapping[str, ServingPolicy] = {}
        self._serving_control: frozenset[str] = frozenset()
        self._writing = threading.Lock()
        self._older: OrderedDict[tuple[str, int], ServingPolicy | None] = OrderedDict()
        self._older_lock = threading.Lock()
        self._confirmed_at = -float("inf")
        self._loaded_at = monotonic()
        self._fresh_until = -float("inf")

    def replace(self, snapshots: Iterable[PolicySnapshot]) -> bool:
        """Takes snapshots that are newer than what is held; returns whether there was one."""
        with self._writing:
            held = self._published
            newer = {
                one.experiment_id: ServingPolicy(one)
                for one in snapshots
                if one.experiment_id not in held or one.policy_version > held[one.experiment_id].version
            }
            self._published = {**held, **newer}
            self._show(newer)
        return bool(newer)

    def serve_control(self, experiment_ids: frozenset[str]) -> bool:
        """Gives everybody in these experiments the control, and in no others; returns whether that changes anything."""
        with self._writing:
            changed = (experiment_ids ^ self._serving_control) & self._published.keys()
            self._serving_control = experiment_ids
            self._show(changed)
        return bool(changed)

    def confirm(self) -> None:
        """Notes that the store has nothing newer than what is held."""
        self._confirmed_at = self._monotonic()
        self._fresh_until = self._confirmed_at + self._stale_after_seconds

    def stale_seconds(self) -> float | None:
        """Returns how long ago the store last confirmed the policies, or None while that is a moment ago."""
        now = self._monotonic()
        if now <= self._fresh_until:
            return None
        return now - max(self._confirmed_at, self._loaded_at)

    def published(self) -> Mapping[str, ServingPolicy]:
        """Returns the newest policy of every experiment, as it was published."""
        return self._published

    def policies(self) -> Mapping[str, ServingPolicy]:
        """Returns the newest policy of every experiment, as it is to serve."""
        return self._policies

    def policy(self, experiment_id: str) -> ServingPolicy:
        """Returns the newest policy of an experiment, as it is to serve.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND: none that was ever started.
        """
        policy = self._policies.get(experiment_id)
        if policy is None:
            raise NotFound(
                Reason.EXPERIMENT_NOT_FOUND,
                f"there is no experiment {experiment_id!r} here, or it was never started",
                metadata={"experiment_id": experiment_id},
            )
        return policy

    def version(self, experiment_id: str, policy_version: int) -> ServingPolicy:
        """Returns a policy by its version, as it was published, from the store where it must be.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
            FailedPrecondition: POLICY_VERSION_UNKNOWN: never published, or not known here yet.
            Unavailable: STORE_UNAVAILABLE: an older version is wanted that is not in memory.
        """
        newest = self._published[self.policy(experiment_id).experiment_id]
        if policy_version == newest.version:
            return newest
        policy = self._older_version(experiment_id, policy_version) if 0 < policy_version < newest.version else None
        if policy is None:
            raise FailedPrecondition(
                Reason.POLICY_VERSION_UNKNOWN,
                f"experiment {experiment_id!r} has no policy version {policy_version}",
                metadata={"experiment_id": experiment_id, "policy_version": str(policy_version)},
            )
        return policy

    def _older_version(self, experiment_id: str, policy_version: int) -> ServingPolicy | None:
        key = (experiment_id, policy_version)
        with self._older_lock:
            if key in self._older:
                self._older.move_to_end(key)
                return self._older[key]
        snapshot = self._store.version(experiment_id, policy_version)
        policy = ServingPolicy(snapshot) if snapshot else None
        with self._older_lock:
            self._older[key] = policy
            if len(self._older) > _OLD_VERSIONS:
                self._older.popitem(last=False)
        return policy

    def _show(self, experiment_ids: Iterable[str]) -> None:
        """Takes over what was published of experiments, for serving."""
        if fresh := {one: self._shown(self._published[one]) for one in experiment_ids}:
            self._policies = {**self._policies, **fresh}

    def _shown(self, policy: ServingPolicy) -> ServingPolicy:
        if policy.experiment_id not in self._serving_control:
            return policy
        return ServingPolicy(replace(policy.snapshot, control_served=True))
