"""Which arms are shown to harm a guardrail metric: a test valid at any time, under weights that follow the data.

An arm does harm where its lift on the guardrail is worse than the margin: the upper end, in the good direction, of the
one-sided confidence sequence of treatment against control (`shared.statistics.adaptive.confidence_sequence`) is below
it. The error rate is shared by arms and guardrails (Bonferroni), so that any arm is ever paused without harm with
probability alpha at most. Before the sequence's burn-in (100 effective units in both arms) nobody is paused.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.comparable import comparable
from services.bandit.domain.statistics import VersionStatistics
from shared.definition.model import Experiment, GuardrailPause, Metric, MetricRole
from shared.statistics.adaptive.confidence_sequence import compare_any_time
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution


def guardrail_metrics(experiment: Experiment) -> Sequence[Metric]:
    """Returns the metrics that may pause an arm; none where the policy does not pause."""
    if experiment.allocation_policy.controls.guardrail_pause is None:
        return ()
    return [metric for metric in experiment.metrics if metric.role is MetricRole.GUARDRAIL]


def harmful_arms(experiment: Experiment, versions: Mapping[str, Sequence[VersionStatistics]]) -> frozenset[str]:
    """Returns the arms that are shown to do harm now.

    Args:
        experiment: The definition.
        versions: Statistics by metric and policy version, oldest first; guardrails without units may be missing.
    """
    pause = experiment.allocation_policy.controls.guardrail_pause
    metrics = guardrail_metrics(experiment)
    if pause is None:
        return frozenset()
    alpha = pause.alpha / (len(metrics) * (len(experiment.arms) - 1))
    treatments = [arm.arm_id for arm in experiment.arms if not arm.control]
    return frozenset(
        arm_id
        for metric in metrics
        if (shown := harm_shown(experiment, metric, versions.get(metric.metric_id, ()), pause, alpha=alpha)) is not None
        for arm_id, is_worse in zip(treatments, shown[-1], strict=True)
        if is_worse
    )


def harm_shown(
    experiment: Experiment,
    metric: Metric,
    versions: Sequence[VersionStatistics],
    pause: GuardrailPause,
    *,
    alpha: float,
) -> NDArray[np.bool_] | None:
    """Returns after each version which treatments are shown to harm one metric, shape (versions, treatments).

    All of it together is wrong with probability alpha at most for each treatment. None where no version has units.
    """
    treatments = [arm.arm_id for arm in experiment.arms if not arm.control]
    known = comparable(versions, [experiment.control.arm_id, *treatments], metric.direction)
    if known is None:
        return None
    compared = compare_any_time(
        known,
        treatment=np.arange(1, len(treatments) + 1),
        control=0,
        optimal_unit_count=pause.optimal_unit_count,
        alpha=alpha,
        alternative=Alternative.LESS,
    )
    if pause.margin == 0:
        is_worse = (compared.obstacle == 0) & (compared.difference_high < 0)
    else:
        is_worse = (compared.lift_obstacle == 0) & (compared.lift_high < -pause.margin)
    return np.asarray(is_worse & (compared.caution & Caution.BEFORE_BURN_IN == 0))
