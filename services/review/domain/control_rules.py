"""What makes the controls beyond the weights valid: forgetting, pausing, stopping, starting warm."""

from datetime import timedelta
from typing import Final

from services.review.domain import algorithm_rules, checks
from shared import errors
from shared.definition import model

MIN_FORGETTING: Final = timedelta(minutes=1)
MAX_FORGETTING: Final = timedelta(days=365)
MAX_ALPHA: Final = 0.5
MIN_OPTIMAL_UNIT_COUNT: Final = 100
MAX_UNIT_COUNT: Final = 1_000_000_000

_CONTROLS = "allocation_policy.controls"


def violations(experiment: model.Experiment) -> checks.Violations:
    """Yields what is wrong with the controls, their fit to algorithm and metrics included."""
    yield from _forgetting(experiment)
    yield from _guardrail_pause(experiment)
    if (stop_rule := experiment.allocation_policy.controls.stop_rule) is not None:
        yield from _test(f"{_CONTROLS}.stop_rule", stop_rule)
    yield from _shadow(experiment)
    yield from _warm_start(experiment)


def _forgetting(experiment: model.Experiment) -> checks.Violations:
    policy = experiment.allocation_policy
    for name, span in {"half_life": policy.controls.half_life, "window": policy.controls.window}.items():
        if span is not None and not MIN_FORGETTING <= span <= MAX_FORGETTING:
            yield errors.FieldViolation(
                f"{_CONTROLS}.{name}", f"is {span}, must be from {MIN_FORGETTING} to {MAX_FORGETTING}"
            )
        if span is not None and isinstance(policy.algorithm, model.Exp3):
            yield errors.FieldViolation(f"{_CONTROLS}.{name}", "is given, but exp3 needs all of its past")


def _guardrail_pause(experiment: model.Experiment) -> checks.Violations:
    pause = experiment.allocation_policy.controls.guardrail_pause
    if pause is None:
        return
    yield from _test(f"{_CONTROLS}.guardrail_pause", pause)
    yield from checks.within(f"{_CONTROLS}.guardrail_pause.margin", pause.margin, 0, 1)
    if all(metric.role is not model.MetricRole.GUARDRAIL for metric in experiment.metrics):
        yield errors.FieldViolation(f"{_CONTROLS}.guardrail_pause", "is given, but no metric has the role GUARDRAIL")
    if isinstance(experiment.allocation_policy.algorithm, model.ContextualAlgorithm):
        yield from _guardrails_in_contexts(experiment, pause)


def _guardrails_in_contexts(experiment: model.Experiment, pause: model.GuardrailPause) -> checks.Violations:
    for metric in experiment.metrics:
        if metric.role is model.MetricRole.GUARDRAIL and not algorithm_rules.is_bounded(metric):
            yield errors.FieldViolation(
                f"{_CONTROLS}.guardrail_pause",
                f"needs guardrails within bounds where weights follow contexts: a PROPORTION, or a MEAN combined by "
                f"LAST or MAX with min_value and max_value; {metric.metric_id!r} is not",
            )
        elif metric.role is model.MetricRole.GUARDRAIL and pause.margin and metric.min_value < 0:
            yield errors.FieldViolation(
                f"{_CONTROLS}.guardrail_pause.margin",
                f"is {pause.margin:g}, must be 0 where {metric.metric_id!r} can be negative and contexts decide",
            )


def _test(path: str, test: model.GuardrailPause | model.StopRule) -> checks.Violations:
    if not 0 < test.alpha < MAX_ALPHA:
        yield errors.FieldViolation(f"{path}.alpha", f"is {test.alpha:g}, must be above 0 and below {MAX_ALPHA:g}")
    yield from checks.within(
        f"{path}.optimal_unit_count", test.optimal_unit_count, MIN_OPTIMAL_UNIT_COUNT, MAX_UNIT_COUNT
    )
    if isinstance(test, model.StopRule):
        yield from checks.within(f"{path}.threshold_of_caring", test.threshold_of_caring, 0, 1)


def _shadow(experiment: model.Experiment) -> checks.Violations:
    policy = experiment.allocation_policy
    if policy.controls.shadow and isinstance(policy.algorithm, model.FixedSplit):
        yield errors.FieldViolation(f"{_CONTROLS}.shadow", "is given, but a fixed split learns nothing to be shown")


def _warm_start(experiment: model.Experiment) -> checks.Violations:
    warm = experiment.allocation_policy.controls.warm_start
    if warm is None:
        return
    path = f"{_CONTROLS}.warm_start"
    yield from checks.above(f"{path}.max_unit_count", warm.max_unit_count, 0, MAX_UNIT_COUNT)
    if not warm.experiment_id or warm.experiment_id == experiment.experiment_id:
        yield errors.FieldViolation(
            f"{path}.experiment_id", f"is {warm.experiment_id!r}, must name an earlier experiment"
        )
    if isinstance(experiment.allocation_policy.algorithm, (model.FixedSplit, model.Exp3)):
        yield errors.FieldViolation(path, "is given, but neither fixed_split nor exp3 can start from other data")
