"""The facts of a change: from the experiment before and after it, and from what the definitions do not say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.review.domain.policy import shares
from services.review.domain.policy.catalogue import EDIT_POLICY_RULES, FACTS, Facts, FactType, FactValue
from shared.definition import model

# A change from 0.5 to 0.55 is one of 0.05, not of 0.05 and what binary fractions lose.
_DECIMALS: Final = 12


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Is what is known of a change beside the definitions; None: it is not known.

    Attributes:
        now: When the facts are asked for.
        paused_arm_ids: The arms that a guardrail paused.
        analysis_disagrees: Whether the newest analysis advises against the change.
    """

    now: datetime
    paused_arm_ids: frozenset[str] | None = None
    analysis_disagrees: bool | None = None


def of_change(change_kind: str, before: model.Experiment, after: model.Experiment, surroundings: Surroundings) -> Facts:
    """Returns the facts of a change of an experiment, all but the risk score.

    Args:
        change_kind: The name of the change's field in `Change`.
        before: The newest revision.
        after: What the change makes of it: the very revision that would be applied.
        surroundings: What the definitions do not say.
    """
    known: dict[str, FactValue | None] = {
        "change_kind": change_kind,
        **_words(before, after),
        **_experiment(before, after, surroundings.now),
        **_traffic(before.traffic, after.traffic),
        **_allocation(before, after),
        **_arms(before, after),
        **_metrics(before, after),
        "begins_serving": change_kind in ("start", "resume"),
    }
    known |= _shipping(change_kind, before, after, surroundings)
    known |= _analysis(known, surroundings)
    return {name: value for name, value in known.items() if value is not None}


def of_policy_edit() -> Facts:
    """Returns the facts of a change of the policy rules: no experiment changes, and nothing is known of any."""
    unchanged: dict[FactType, FactValue] = {FactType.FLAG: False, FactType.NUMBER: 0.0}
    facts = {
        name: unchanged[fact.type]
        for name, fact in FACTS.items()
        if fact.type in unchanged and not fact.of_experiment and name != "risk_score"
    }
    return {**facts, "change_kind": EDIT_POLICY_RULES}


def only_reduces_harm(facts: Mapping[str, Any]) -> bool:
    """Returns whether the change can only make things safer: a pause, or a stop with the control."""
    kind = facts.get("change_kind")
    return kind == "pause" or (kind == "stop" and facts.get("ships_arm") is False)


def _words(before: model.Experiment, after: model.Experiment) -> dict[str, FactValue | None]:
    return {
        "text_only": _without_words(before) == _without_words(after),
        "labels_changed": dict(before.labels) != dict(after.labels),
    }


def _without_words(experiment: model.Experiment) -> model.Experiment:
    """Returns the experiment without what is for people alone, and without what every revision changes."""
    return replace(
        experiment,
        display_name="",
        description="",
        arms=tuple(replace(arm, display_name="") for arm in experiment.arms),
        metrics=tuple(replace(metric, display_name="") for metric in experiment.metrics),
        revision=0,
        etag="",
        updated_at=None,
    )


def _experiment(before: model.Experiment, after: model.Experiment, now: datetime) -> dict[str, FactValue | None]:
    started_at = before.started_at
    return {
        "experiment_state": before.state.value,
        "running": before.state is model.ExperimentState.RUNNING,
        "running_days": max(0.0, (now - started_at) / timedelta(days=1)) if started_at else 0.0,
        "traffic_share": after.traffic.share,
        "arm_count": len(after.arms),
    }


def _traffic(before: model.Traffic, after: model.Traffic) -> dict[str, FactValue | None]:
    return {
        "traffic_change": _distance(before.share, after.share),
        "holdout_change": _distance(before.holdout_share, after.holdout_share),
        "analysis_share_change": _distance(before.analysis_share, after.analysis_share),
    }


def _distance(before: float, after: float) -> float:
    return round(abs(after - before), _DECIMALS)


def _allocation(before: model.Experiment, after: model.Experiment) -> dict[str, FactValue | None]:
    floors = [each.allocation_policy.controls.exploration_floor for each in (before, after)]
    both = {arm.arm_id for arm in before.arms} & {arm.arm_id for arm in after.arms}
    return {
        "weight_change": round(shares.largest_change(before, after), _DECIMALS),
        "exploration_floor_change": _distance(*floors),
        "algorithm_changed": _learning(before, both) != _learning(after, both),
    }


def _learning(experiment: model.Experiment, arm_ids: set[str]) -> tuple[Any, ...]:
    """Returns all that says how the weights come about, but for those facts of it that have names of their own."""
    policy = experiment.allocation_policy
    algorithm = model.FixedSplit() if isinstance(policy.algorithm, model.FixedSplit) else policy.algorithm
    controls = replace(policy.controls, exploration_floor=0.0, min_control_share=0.0, guardrail_pause=None)
    terms = {term.metric_id: term.weight for term in policy.reward}
    rewarded = _meanings(metric for metric in experiment.metrics if metric.metric_id in terms)
    costs = {arm.arm_id: arm.cost for arm in experiment.arms if arm.arm_id in arm_ids}
    return algorithm, controls, terms, rewarded, costs


def _arms(before: model.Experiment, after: model.Experiment) -> dict[str, FactValue | None]:
    old, new = ({arm.arm_id for arm in each.arms} for each in (before, after))
    return {
        "arms_added": len(new - old),
        "arms_removed": len(old - new),
        "control_changed": _controls(before) != _controls(after),
    }


def _controls(experiment: model.Experiment) -> set[str]:
    return {arm.arm_id for arm in experiment.arms if arm.control}


def _metrics(before: model.Experiment, after: model.Experiment) -> dict[str, FactValue | None]:
    pauses = [each.allocation_policy.controls.guardrail_pause for each in (before, after)]
    primaries, guardrails = model.MetricRole.PRIMARY, model.MetricRole.GUARDRAIL
    either = (*before.metrics, *after.metrics)
    return {
        "metrics_changed": _meanings(before.metrics) != _meanings(after.metrics),
        "primary_metric_changed": _of_role(before, primaries) != _of_role(after, primaries),
        "guardrail_changed": _of_role(before, guardrails) != _of_role(after, guardrails) or pauses[0] != pauses[1],
        "revenue_metric": any(metric.revenue for metric in either),
        # What is taken away counts, too: else one change would take it away, and the next one would be free.
        "revenue_guardrail": any(metric.revenue and metric.role is guardrails for metric in either),
    }


def _of_role(experiment: model.Experiment, role: model.MetricRole) -> frozenset[model.Metric]:
    return _meanings(metric for metric in experiment.metrics if metric.role is role)


def _meanings(metrics: Iterable[model.Metric]) -> frozenset[model.Metric]:
    return frozenset(replace(metric, display_name="") for metric in metrics)


def _shipping(
    change_kind: str, before: model.Experiment, after: model.Experiment, surroundings: Surroundings
) -> dict[str, FactValue | None]:
    shipped, paused = after.shipped_arm_id, surroundings.paused_arm_ids
    ships = change_kind == "stop" and shipped not in ("", *_controls(before))
    known = paused is not None or not ships
    return {"ships_arm": ships, "ships_paused_arm": ships and shipped in (paused or ()) if known else None}


def _analysis(known: Mapping[str, FactValue | None], surroundings: Surroundings) -> dict[str, FactValue | None]:
    """Returns whether an analysis disagrees: none does of what it does not speak of."""
    silent = only_reduces_harm(known) or known["text_only"] or known["experiment_state"] == model.ExperimentState.DRAFT
    return {"analysis_disagrees": False if silent else surroundings.analysis_disagrees}
