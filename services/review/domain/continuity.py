"""What an experiment that was ever started must keep, so that what was recorded keeps its meaning.

Field paths are relative to the experiment.
"""

import itertools

from services.review.domain import checks
from services.review.domain.model import Served
from shared import errors
from shared.definition import model


def violations(before: model.Experiment, after: model.Experiment, served: Served) -> tuple[errors.FieldViolation, ...]:
    """Returns what the step from before to after would break; nothing, for an experiment that served nobody yet."""
    if before.started_at is None:
        return ()
    return tuple(
        itertools.chain(
            _control_stays(before, after), _arms_stay_away(before, after, served), _metrics_keep_meaning(after, served)
        )
    )


def _control_stays(before: model.Experiment, after: model.Experiment) -> checks.Violations:
    control = before.control.arm_id
    if not any(arm.control and arm.arm_id == control for arm in after.arms):
        yield errors.FieldViolation("arms", f"must keep {control!r} as the control, since the experiment was started")


def _arms_stay_away(before: model.Experiment, after: model.Experiment, served: Served) -> checks.Violations:
    removed = served.arm_ids - {arm.arm_id for arm in before.arms}
    for index, arm in enumerate(after.arms):
        if arm.arm_id in removed:
            yield errors.FieldViolation(
                f"arms[{index}].arm_id", f"is {arm.arm_id!r}, which was removed and is never used again"
            )


def _metrics_keep_meaning(after: model.Experiment, served: Served) -> checks.Violations:
    meanings = {metric.metric_id: (metric.kind, metric.combination_rule) for metric in served.metrics}
    for index, metric in enumerate(after.metrics):
        kind, combination_rule = meanings.get(metric.metric_id, (metric.kind, metric.combination_rule))
        if (metric.kind, metric.combination_rule) != (kind, combination_rule):
            yield errors.FieldViolation(
                f"metrics[{index}]",
                f"{metric.metric_id!r} was measured as {kind} by {combination_rule}, which stays; give it a new id",
            )
