"""What makes an experiment valid: every rule is checked, and every field at fault is named.

Field paths are relative to the experiment.
"""

import itertools
import re
from datetime import timedelta

from services.review.domain import allocation_rules, analysis_rules, checks, feature_rules
from shared import errors
from shared.definition import model

EXPERIMENT_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
# Words that stand where an experiment id would in the paths of the REST API.
RESERVED_IDS = frozenset({"suggest-hypotheses"})

MAX_NAME_LENGTH = 200
MAX_DESCRIPTION_LENGTH = 10_000
MAX_LABELS = 64
MAX_LABEL_LENGTH = 63
MAX_ATTRIBUTION_WINDOW = timedelta(days=90)

_PROPORTION_RULES = (model.CombinationRule.ANY, model.CombinationRule.LAST, model.CombinationRule.MAX)


def violations(experiment: model.Experiment) -> tuple[errors.FieldViolation, ...]:
    """Returns everything that is wrong with the experiment; nothing means that it is valid."""
    rules = (
        _words,
        _labels,
        _arms,
        _metrics,
        allocation_rules.violations,
        feature_rules.violations,
        _traffic,
        analysis_rules.violations,
        _attribution_window,
        _shipped_arm,
    )
    return tuple(itertools.chain.from_iterable(rule(experiment) for rule in rules))


def _words(experiment: model.Experiment) -> checks.Violations:
    yield from checks.matches("experiment_id", experiment.experiment_id, EXPERIMENT_ID)
    if experiment.experiment_id in RESERVED_IDS:
        yield errors.FieldViolation("experiment_id", f"is {experiment.experiment_id!r}, which is reserved")
    yield from checks.length("display_name", experiment.display_name, 0, MAX_NAME_LENGTH)
    yield from checks.length("description", experiment.description, 0, MAX_DESCRIPTION_LENGTH)


def _labels(experiment: model.Experiment) -> checks.Violations:
    yield from checks.length("labels", experiment.labels, 0, MAX_LABELS)
    for key, value in experiment.labels.items():
        yield from checks.length("labels", key, 1, MAX_LABEL_LENGTH)
        yield from checks.length(f'labels["{key}"]', value, 0, MAX_LABEL_LENGTH)


def _arms(experiment: model.Experiment) -> checks.Violations:
    arms = experiment.arms
    yield from checks.length("arms", arms, 2, 64)
    for index, arm in enumerate(arms):
        yield from checks.matches(f"arms[{index}].arm_id", arm.arm_id, checks.PART_ID)
        yield from checks.length(f"arms[{index}].display_name", arm.display_name, 0, MAX_NAME_LENGTH)
    yield from checks.unique("arms", "arm_id", (arm.arm_id for arm in arms))
    yield from checks.exactly_one("arms", "control", [arm.arm_id for arm in arms if arm.control])


def _metrics(experiment: model.Experiment) -> checks.Violations:
    metrics = experiment.metrics
    primary = [metric.metric_id for metric in metrics if metric.role is model.MetricRole.PRIMARY]
    yield from checks.length("metrics", metrics, 1, 32)
    for index, metric in enumerate(metrics):
        yield from _metric(f"metrics[{index}]", metric)
    yield from checks.unique("metrics", "metric_id", (metric.metric_id for metric in metrics))
    yield from checks.exactly_one("metrics", "PRIMARY metric", primary)


def _metric(path: str, metric: model.Metric) -> checks.Violations:
    limit = model.MAX_ABSOLUTE_VALUE
    yield from checks.matches(f"{path}.metric_id", metric.metric_id, checks.PART_ID)
    yield from checks.length(f"{path}.display_name", metric.display_name, 0, MAX_NAME_LENGTH)
    yield from checks.within(f"{path}.min_value", metric.min_value, -limit, limit)
    yield from checks.within(f"{path}.max_value", metric.max_value, -limit, limit)
    if metric.min_value > metric.max_value:
        yield errors.FieldViolation(
            f"{path}.min_value", f"is {metric.min_value:g}, must be at most max_value, {metric.max_value:g}"
        )
    if metric.kind is model.MetricKind.PROPORTION:
        yield from _proportion(path, metric)


def _proportion(path: str, metric: model.Metric) -> checks.Violations:
    if metric.combination_rule not in _PROPORTION_RULES:
        allowed = ", ".join(_PROPORTION_RULES)
        yield errors.FieldViolation(
            f"{path}.combination_rule", f"is {metric.combination_rule}, must be one of {allowed} for a PROPORTION"
        )
    if (metric.min_value, metric.max_value) != (0, 1):
        yield errors.FieldViolation(
            f"{path}.max_value" if metric.min_value == 0 else f"{path}.min_value",
            f"bounds are {metric.min_value:g} and {metric.max_value:g}, must be 0 and 1 for a PROPORTION",
        )


def _traffic(experiment: model.Experiment) -> checks.Violations:
    traffic = experiment.traffic
    yield from checks.above("traffic.share", traffic.share, 0, 1)
    yield from checks.within("traffic.holdout_share", traffic.holdout_share, 0, 1)
    if traffic.share + traffic.holdout_share > 1 + checks.TOLERANCE:
        yield errors.FieldViolation(
            "traffic.holdout_share",
            f"is {traffic.holdout_share:g}, must leave room for the share of {traffic.share:g}: their sum is at most 1",
        )


def _attribution_window(experiment: model.Experiment) -> checks.Violations:
    window = experiment.attribution_window
    yield from checks.span("attribution_window", window, MAX_ATTRIBUTION_WINDOW, zero_allowed=False)


def _shipped_arm(experiment: model.Experiment) -> checks.Violations:
    shipped = experiment.shipped_arm_id
    if shipped and shipped not in {arm.arm_id for arm in experiment.arms}:
        yield errors.FieldViolation("shipped_arm_id", f"is {shipped!r}, which is no arm of the experiment")
