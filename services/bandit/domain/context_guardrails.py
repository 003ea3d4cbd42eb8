"""Which arms are shown to harm a guardrail where weights follow contexts: bets on importance-weighted decisions.

What an arm does is its mean over the contexts that come, whoever was given it. An arm does harm where that is worse
than the control's by more than the margin, relative to it (`shared.statistics.adaptive.betting`). The test needs values
within bounds, and nothing else: it is exact, at any time, however early. Decisions are looked at in blocks of a fixed
length, so that the work is bounded; block k is tested at alpha / (k (k + 1)), all of which sum to alpha.
"""

from collections.abc import Mapping
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.decisions import ROUNDED, DecisionBlock, Decisions
from services.bandit.domain.guardrails import guardrail_metrics
from shared.definition.model import Experiment, GuardrailPause, Metric, MetricDirection
from shared.statistics.adaptive.betting import CONTROL, OTHER, TREATMENT, LoggedRows, log_evidence

Floats = NDArray[np.float64]

BLOCK_SIZE: Final = 50_000


def harmful_in_contexts(experiment: Experiment, blocks: Mapping[str, DecisionBlock]) -> frozenset[str]:
    """Returns the arms that are shown to do harm now, or were at any earlier decision of the block.

    Args:
        experiment: The definition.
        blocks: The latest block by guardrail metric.
    """
    pause = experiment.allocation_policy.controls.guardrail_pause
    metrics = guardrail_metrics(experiment)
    if pause is None:
        return frozenset()
    tests = len(metrics) * (len(experiment.arms) - 1)
    return frozenset(
        arm.arm_id
        for metric in metrics
        for arm in experiment.arms
        if not arm.control
        and metric.metric_id in blocks
        and _is_shown(experiment, metric, arm.arm_id, blocks[metric.metric_id], pause, alpha=pause.alpha / tests)
    )


def _is_shown(
    experiment: Experiment, metric: Metric, arm_id: str, block: DecisionBlock, pause: GuardrailPause, *, alpha: float
) -> bool:
    is_loss = metric.direction is MetricDirection.MINIMIZE
    shift, factor = (0.0, 1 + pause.margin) if is_loss else (pause.margin, 1 - pause.margin)
    rows = logged_rows(block.decisions, arm_id, experiment.control.arm_id, metric)
    evidence = log_evidence(rows, shift=shift, factor=factor)
    return bool((evidence >= log(block.number * (block.number + 1) / alpha)).any())


def logged_rows(decisions: Decisions, treatment_id: str, control_id: str, metric: Metric) -> LoggedRows:
    """Returns the decisions of versions that could give both arms, with values from 0 (best) to 1 (worst)."""
    treatment, control = (decisions.least(arm_id) for arm_id in (treatment_id, control_id))
    used = np.isfinite(treatment) & np.isfinite(control) & (decisions.propensities > 0)
    ids = np.array([*decisions.arm_ids, ""])[decisions.arms[used]]  # -1 is the last of them
    return LoggedRows(
        np.select([ids == treatment_id, ids == control_id], [TREATMENT, CONTROL], OTHER),
        _badness(decisions.values[used], metric),
        decisions.propensities[used],
        np.maximum(treatment[used] - ROUNDED, 0.0),
        np.maximum(control[used] - ROUNDED, 0.0),
    )


def _badness(values: Floats, metric: Metric) -> Floats:
    """Returns values from 0 to 1, less being better; a unit without outcomes has a value of 0, whatever the bounds."""
    low, high = min(metric.min_value, 0.0), max(metric.max_value, 0.0)
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(1 - share if metric.direction is MetricDirection.MAXIMIZE else share)
