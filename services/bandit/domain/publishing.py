"""Makes the next policy snapshot of an experiment, or decides that none is due."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import segments
from services.bandit.domain.learning import lower_bounds, target_weights
from services.bandit.domain.statistics import ArmStatistics
from services.bandit.kernels.weights import floored, quantize
from shared.definition.model import Experiment, ExperimentState
from shared.policy.snapshot import RANGE, PolicyArm, PolicySnapshot, PublishReason, Segments

Floats = NDArray[np.float64]

_SALT_BYTES: Final = 8


def next_snapshot(
    experiment: Experiment,
    statistics: Mapping[str, ArmStatistics],
    previous: PolicySnapshot | None,
    *,
    frozen: bool,
    now: datetime,
) -> PolicySnapshot | None:
    """Returns the snapshot to publish now, or None where the previous one still serves.

    A new revision or switch always makes a version; new data only when some weight moves materially and the update
    interval has passed since the previous version.

    Args:
        experiment: The definition, started at least once.
        statistics: Of the primary metric, by arm.
        previous: The newest snapshot; None before the first.
        frozen: Whether the weights are to be kept.
        now: The instant of publication.
    """
    reason = _reason(experiment, previous, frozen=frozen)
    if reason is None and previous is not None and not _is_due(experiment, previous, frozen=frozen, now=now):
        return None
    lengths = quantize(_weights(experiment, statistics, previous, frozen=frozen)).tolist()
    if reason is None and previous is not None and not _is_material(experiment, previous, lengths):
        return None
    return _snapshot(experiment, lengths, previous, reason or PublishReason.LEARNING, frozen=frozen, now=now)


def salt(experiment_id: str, purpose: str) -> int:
    """Returns the seed of an experiment's hash for a purpose: the first 8 bytes of a SHA-256, big-endian."""
    digest = hashlib.sha256(f"{purpose}\n{experiment_id}".encode()).digest()
    return int.from_bytes(digest[:_SALT_BYTES], "big")


def _reason(experiment: Experiment, previous: PolicySnapshot | None, *, frozen: bool) -> PublishReason | None:
    if previous is None or previous.experiment_revision != experiment.revision:
        return PublishReason.DEFINITION
    return PublishReason.SWITCH if previous.frozen != frozen else None


def _is_due(experiment: Experiment, previous: PolicySnapshot, *, frozen: bool, now: datetime) -> bool:
    if frozen or experiment.state is not ExperimentState.RUNNING:
        return False
    return now - previous.published_at >= experiment.allocation_policy.controls.update_interval


def _is_material(experiment: Experiment, previous: PolicySnapshot, lengths: Sequence[int]) -> bool:
    change = max(abs(length / RANGE - arm.weight) for length, arm in zip(lengths, previous.arms, strict=True))
    return change > 0 and change >= experiment.allocation_policy.controls.min_weight_change


def _weights(
    experiment: Experiment,
    statistics: Mapping[str, ArmStatistics],
    previous: PolicySnapshot | None,
    *,
    frozen: bool,
) -> Floats:
    if frozen and previous is not None:
        return _kept(experiment, previous)
    arms = [statistics.get(arm.arm_id, ArmStatistics(arm.arm_id)) for arm in experiment.arms]
    return target_weights(experiment, arms)


def _kept(experiment: Experiment, previous: PolicySnapshot) -> Floats:
    """Returns the previous weights.

    What arms that went leave behind is shared in proportion; arms that came get the floor.
    """
    known = {arm.arm_id: arm.weight for arm in previous.arms}
    weights = np.array([known.get(arm.arm_id, 0.0) for arm in experiment.arms])
    weights = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
    if all(arm.arm_id in known for arm in experiment.arms):
        return weights
    return floored(weights, lower_bounds(experiment, experiment.allocation_policy.controls))


def _snapshot(
    experiment: Experiment,
    lengths: Sequence[int],
    previous: PolicySnapshot | None,
    reason: PublishReason,
    *,
    frozen: bool,
    now: datetime,
) -> PolicySnapshot:
    arm_ids = [arm.arm_id for arm in experiment.arms]
    default = experiment.shipped_arm_id or experiment.control.arm_id
    return PolicySnapshot(
        experiment_id=experiment.experiment_id,
        policy_version=previous.policy_version + 1 if previous else 1,
        experiment_revision=experiment.revision,
        state=experiment.state,
        arm_salt=salt(experiment.experiment_id, "arm"),
        traffic_salt=salt(experiment.experiment_id, "traffic"),
        traffic=experiment.traffic,
        arms=tuple(
            PolicyArm(arm.arm_id, length / RANGE, arm.control)
            for arm, length in zip(experiment.arms, lengths, strict=True)
        ),
        segments=_segments(arm_ids, lengths, previous),
        default_arm=arm_ids.index(default),
        analysis_unit=experiment.analysis_unit,
        attribution_window=experiment.attribution_window,
        metrics=experiment.metrics,
        allocation_policy=experiment.allocation_policy,
        frozen=frozen,
        publish_reason=reason,
        published_at=now,
    )


def _segments(arm_ids: Sequence[str], lengths: Sequence[int], previous: PolicySnapshot | None) -> Segments:
    """Returns the new cut; arms that are gone stand behind the others until their positions are given away."""
    if previous is None:
        return segments.first_cut(lengths)
    gone = [arm.arm_id for arm in previous.arms if arm.arm_id not in set(arm_ids)]
    places = {arm_id: place for place, arm_id in enumerate([*arm_ids, *gone])}
    present = segments.renamed(previous.segments, [places[arm.arm_id] for arm in previous.arms])
    return segments.recut(present, lengths)
