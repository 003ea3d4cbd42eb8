"""Makes the next policy snapshot of an experiment, or decides that none is due."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import segments
from services.bandit.domain.analysis_split import with_analysis_split
from services.bandit.domain.context_controls import model_without, paced_model
from services.bandit.domain.context_evidence import Evidence, evidence
from services.bandit.domain.context_learning import (
    LEAST_CHANGE,
    average_weights,
    change_in_contexts,
    fitted_model,
    kept_model,
    model_before,
)
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.learning import lower_bounds, target_weights
from services.bandit.domain.pacing import Allowance, allowance, paced, unit_costs
from services.bandit.domain.pausing import (
    exact_shares,
    live_part,
    paused_arms,
    policy_arms,
    shares_before,
    spread,
    without,
)
from services.bandit.domain.periods import Memory, counted, unit_counts
from services.bandit.domain.reward import same_reward
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, with_prior
from services.bandit.kernels.weights import floored
from shared.definition.model import ContextualAlgorithm, Experiment, ExperimentState, FixedSplit
from shared.policy.snapshot import RANGE, ContextualModel, PolicyArm, PolicySnapshot, PublishReason

Floats = NDArray[np.float64]

_SALT_BYTES: Final = 8


def next_snapshot(
    experiment: Experiment,
    statistics: Mapping[str, ArmStatistics],
    previous: PolicySnapshot | None,
    *,
    frozen: bool,
    now: datetime,
    versions: Sequence[VersionStatistics] = (),
    harmful: frozenset[str] = frozenset(),
    prior: Mapping[str, ArmStatistics] = MappingProxyType({}),
    trials: Trials | None = None,
    earlier: Trials | None = None,
) -> PolicySnapshot | None:
    """Returns the snapshot to publish now, or None where the previous one still serves.

    A new revision, a switch or an arm to pause always makes a version; new data only when some weight moves materially
    and the update interval has passed since the previous version. Once a budget is used up, any movement is material.
    Where the past counts by version, one serves for a period at most (or for the update interval, where that is
    longer), frozen or not. A revision with another reward keeps the weights until that is learned from.

    Args:
        experiment: The definition, started at least once.
        statistics: Of what the policy learns from, by arm.
        versions: The same by policy version, where `needs_versions` says so.
        previous: The newest snapshot; None before the first.
        frozen: Whether the weights are to be kept.
        now: The instant of publication.
        harmful: The arms that are shown to harm a guardrail now.
        prior: What an earlier experiment adds to what is known of the arms.
        trials: What a contextual algorithm learns from.
        earlier: What an earlier experiment adds to the trials.
    """
    paused = paused_arms(experiment, previous, harmful)
    reason = _reason(experiment, previous, paused, frozen=frozen)
    if reason is None and previous is not None and not _is_due(experiment, previous, frozen=frozen, now=now):
        return None
    known = evidence(experiment, trials, now=now, earlier=earlier) if trials is not None else None
    contexts = known.trials if known is not None and known.trials.count else None
    if previous is not None and (frozen or _waits_for_reward(experiment, previous)):
        model, asked = kept_model(experiment, previous), _kept(experiment, previous)
    elif isinstance(experiment.allocation_policy.algorithm, ContextualAlgorithm):
        model, asked = _in_context(experiment, known, previous)
    else:
        live = live_part(experiment, paused)
        model = None
        asked = spread(_weights(live, statistics, versions, prior, now=now), experiment, paused)
    model = model_without(model, experiment, paused)
    if paused and model is not None and contexts is not None:
        asked = average_weights(model, contexts)
    asked = without(asked, experiment, paused)
    allowed = allowance(experiment, versions, now=now)
    model = paced_model(model, asked, experiment, paused, allowed)
    asked = paced(asked, experiment, paused, allowed)
    if reason is None and previous is not None:
        reason = _reason_to_learn(experiment, previous, asked, model, contexts, allowed=allowed, now=now)
    if reason is None:
        return None
    arms = policy_arms(experiment, asked, paused)
    snapshot = _snapshot(experiment, arms, model, previous, reason, frozen=frozen, now=now)
    return with_analysis_split(snapshot, experiment, previous, salt=salt(experiment.experiment_id, "analysis"))


def salt(experiment_id: str, purpose: str) -> int:
    """Returns the seed of an experiment's hash for a purpose: the first 8 bytes of a SHA-256, big-endian."""
    digest = hashlib.sha256(f"{purpose}\n{experiment_id}".encode()).digest()
    return int.from_bytes(digest[:_SALT_BYTES], "big")


def _reason(
    experiment: Experiment, previous: PolicySnapshot | None, paused: frozenset[str], *, frozen: bool
) -> PublishReason | None:
    if previous is None or previous.experiment_revision != experiment.revision:
        return PublishReason.DEFINITION
    if not paused <= {arm.arm_id for arm in previous.arms if arm.paused}:
        return PublishReason.GUARDRAIL
    return PublishReason.SWITCH if previous.frozen != frozen else None


def _is_due(experiment: Experiment, previous: PolicySnapshot, *, frozen: bool, now: datetime) -> bool:
    if experiment.state is not ExperimentState.RUNNING:
        return False
    controls = experiment.allocation_policy.controls
    if frozen and controls.budget is None:
        return _period_is_over(experiment, previous, now=now)
    return now - previous.published_at >= controls.update_interval


def _reason_to_learn(
    experiment: Experiment,
    previous: PolicySnapshot,
    asked: Floats,
    model: ContextualModel | None,
    contexts: Trials | None,
    *,
    allowed: Allowance | None,
    now: datetime,
) -> PublishReason | None:
    before = model_before(experiment, previous)
    if model is not None and contexts is not None:
        is_used_up = allowed is not None and allowed.is_used_up
        least = 0.0 if is_used_up else experiment.allocation_policy.controls.min_weight_change
        is_material = change_in_contexts(before, model, contexts) >= max(least, LEAST_CHANGE)
    else:
        is_material = before != model or _is_material(experiment, previous, asked, allowed)
    if is_material:
        return PublishReason.BUDGET if _overspends(experiment, previous, allowed) else PublishReason.LEARNING
    return PublishReason.PERIOD if _period_is_over(experiment, previous, now=now) else None


def _in_context(
    experiment: Experiment, known: Evidence | None, previous: PolicySnapshot | None
) -> tuple[ContextualModel | None, Floats]:
    """Returns the model, and average weights in the contexts lately seen; none, and equal ones, while burning in."""
    model = None
    if known is not None:
        seed = salt(experiment.experiment_id, f"draws {previous.policy_version + 1 if previous else 1}")
        model = fitted_model(experiment, known.trials, seed=seed, seen=known.seen)
    if known is None or model is None:
        return None, np.full(len(experiment.arms), 1 / len(experiment.arms))
    return model, average_weights(model, known.trials)


def _is_material(experiment: Experiment, previous: PolicySnapshot, asked: Floats, allowed: Allowance | None) -> bool:
    change = float(np.abs(exact_shares(asked) - shares_before(experiment, previous)).max())
    is_used_up = allowed is not None and allowed.is_used_up
    return change > 0 and (is_used_up or change >= experiment.allocation_policy.controls.min_weight_change)


def _overspends(experiment: Experiment, previous: PolicySnapshot, allowed: Allowance | None) -> bool:
    """Returns whether the previous weights would cost more than is left."""
    if allowed is None:
        return False
    return float(shares_before(experiment, previous) @ unit_costs(experiment)) > allowed.limit


def _waits_for_reward(experiment: Experiment, previous: PolicySnapshot) -> bool:
    """Returns whether the reward is new, so that the outcomes have yet to be folded into it."""
    policy = experiment.allocation_policy
    return not (isinstance(policy.algorithm, FixedSplit) or same_reward(previous.allocation_policy, policy))


def _period_is_over(experiment: Experiment, previous: PolicySnapshot, *, now: datetime) -> bool:
    period = _memory(experiment).longest_period
    return period is not None and now - previous.published_at >= period


def _memory(experiment: Experiment) -> Memory:
    """Returns how much of the past counts by version: trials with contexts are remembered one by one."""
    policy = experiment.allocation_policy
    by_version = not isinstance(policy.algorithm, FixedSplit | ContextualAlgorithm)
    return Memory.of(policy.controls, experiment.attribution_window) if by_version else Memory()


def _weights(
    experiment: Experiment,
    statistics: Mapping[str, ArmStatistics],
    versions: Sequence[VersionStatistics],
    prior: Mapping[str, ArmStatistics],
    *,
    now: datetime,
) -> Floats:
    arm_ids = [arm.arm_id for arm in experiment.arms]
    memory, seen = _memory(experiment), None
    if memory.longest_period is not None:
        statistics = counted(memory, arm_ids, versions, now=now)
        earlier = [prior[arm_id].unit_count if arm_id in prior else 0.0 for arm_id in arm_ids]
        seen = np.add(earlier, unit_counts(memory, arm_ids, versions, now=now)).tolist()
        versions = [version for version in versions if memory.weight(version, now=now) > 0]
    return target_weights(experiment, with_prior(arm_ids, statistics, prior), versions, seen=seen)


def _kept(experiment: Experiment, previous: PolicySnapshot) -> Floats:
    """Returns the previous weights, those shown in shadow mode where it goes on.

    What arms that went leave behind is shared in proportion; arms that came get the floor.
    """
    known = dict(zip((arm.arm_id for arm in previous.arms), shares_before(experiment, previous), strict=True))
    weights = np.array([known.get(arm.arm_id, 0.0) for arm in experiment.arms])
    weights = weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
    if all(arm.arm_id in known for arm in experiment.arms):
        return weights
    return floored(weights, lower_bounds(experiment, experiment.allocation_policy.controls))


def _snapshot(
    experiment: Experiment,
    arms: Sequence[PolicyArm],
    model: ContextualModel | None,
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
        arms=tuple(arms),
        segments=segments.next_cut(
            arm_ids,
            [round(arm.weight * RANGE) for arm in arms],
            previous.segments if previous else None,
            [arm.arm_id for arm in previous.arms] if previous else [],
        ),
        default_arm=arm_ids.index(default),
        analysis_unit=experiment.analysis_unit,
        attribution_window=experiment.attribution_window,
        metrics=experiment.metrics,
        allocation_policy=experiment.allocation_policy,
        frozen=frozen,
        publish_reason=reason,
        published_at=now,
        features=experiment.features,
        contextual_model=None if experiment.allocation_policy.controls.shadow else model,
        shadow_model=model if experiment.allocation_policy.controls.shadow else None,
    )
