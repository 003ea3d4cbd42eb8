"""The command `evaluate`: what another policy would have earned, from a file of logged decisions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import RenderableType

from services.admin.decisions import numbers, read_columns, shares, texts
from services.admin.evaluation_table import add_estimate, add_obstacle, estimates_table, with_grounds
from services.admin.flags import named_by_flags
from services.admin.formats import Document, Format
from services.admin.output import PLAIN, Output
from services.admin.screen import screen
from shared.errors import FailedPrecondition, Reason, invalid_field
from shared.statistics.off_policy.actions import evaluate_actions
from shared.statistics.off_policy.rows import evaluate_rows
from shared.statistics.off_policy.values import Evaluation, PolicyValues
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval

_BECAUSE: Final = {
    Obstacle.NO_UNITS: "the file has no rows",
    Obstacle.ARM_NEVER_ALLOCATED: "the policy takes none of the actions in the file",
}
_MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """Names the columns of a file of logged decisions; an empty name: there is none."""

    action: str
    reward: str
    propensity: str
    target_propensity: str = ""


def evaluate_file(path: Path, columns: Columns, *, weights: str, alpha: float, output: Output = PLAIN) -> None:
    """Writes what another policy would have earned per decision.

    Args:
        path: The file, CSV or Parquet.
        columns: Which of its columns are what.
        weights: The policy as fixed weights, such as `a=0.5,b=0.5`; empty where it stands in a column.
        alpha: 1 minus the confidence level.
        output: Where it is written.

    Raises:
        InvalidArgument: INVALID_FIELD.
        FailedPrecondition: NOT_ESTIMABLE.
        OSError: The file cannot be read.
    """
    if bool(weights) == bool(columns.target_propensity):
        raise invalid_field("--weights", "give the policy as either --weights or --target-propensity")
    evaluation = _by_weights(path, columns, weights, alpha) if weights else _by_column(path, columns, alpha)
    if evaluation.obstacle:
        raise _not_estimable(evaluation.obstacle, _BECAUSE.get(evaluation.obstacle, evaluation.obstacle.because))
    output.document(_document(evaluation), lambda: _drawing(evaluation, alpha))
    if not weights and output.kind is Format.TABLE:
        screen().print("Doubly robust needs the policy's chances of all actions: give them as --weights.")


def _drawing(evaluation: Evaluation, alpha: float) -> RenderableType:
    table = estimates_table(alpha)
    for values in evaluation.values:
        if values.obstacle:
            add_obstacle(table, values.estimator, str(values.report()))
        else:
            interval = Interval(float(values.value), float(values.low), float(values.high))
            add_estimate(table, values.estimator, interval, float(values.standard_error))
    return with_grounds(
        table,
        logged_value=float(evaluation.logged_value),
        unit_count=int(evaluation.unit_count),
        effective_sample_size=float(evaluation.effective_sample_size),
        largest_weight=float(evaluation.largest_weight),
        caution=evaluation.caution_at(),
    )


def _document(evaluation: Evaluation) -> Document:
    """Returns the evaluation with the names of EvaluatePolicyResponse."""
    return {
        "values": [_value(values) for values in evaluation.values],
        "logged_value": float(evaluation.logged_value),
        "unit_count": int(evaluation.unit_count),
        "effective_sample_size": float(evaluation.effective_sample_size),
        "largest_weight": float(evaluation.largest_weight),
        "cautions": sorted(caution.name for caution in Caution if caution and caution in evaluation.caution_at()),
    }


def _value(values: PolicyValues) -> Document:
    if values.obstacle:
        return {"estimator": str(values.estimator), "obstacle": Obstacle(int(values.obstacle)).name}
    return {
        "estimator": str(values.estimator),
        "value": float(values.value),
        "standard_error": float(values.standard_error),
        "interval_low": float(values.low),
        "interval_high": float(values.high),
    }


def parsed(weights: str) -> Mapping[str, float]:
    """Returns weights from a text such as `a=0.5,b=0.5`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    found: dict[str, float] = {}
    for pair in weights.split(","):
        name, _, weight = pair.rpartition("=")
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not name.strip() or not 0 <= value <= 1:
            raise invalid_field("--weights", f"{pair!r} is not like a=0.5, a weight from 0 to 1")
        if name.strip() in found:
            raise invalid_field("--weights", f"name {name.strip()!r} twice")
        found[name.strip()] = value
    return found


def _by_weights(path: Path, columns: Columns, weights: str, alpha: float) -> Evaluation:
    if not columns.action:
        raise invalid_field("--action", "--weights needs --action, the column that says which action was taken")
    target = parsed(weights)
    found = read_columns(path, [columns.action, columns.reward, columns.propensity])
    taken = texts(found[columns.action])
    _check_taken(target, taken)
    actions = {action: place for place, action in enumerate(dict.fromkeys([*target, *taken]))}
    rewards = numbers(columns.reward, found[columns.reward])
    propensities = shares(columns.propensity, found[columns.propensity], may_be_missing=True)
    places = np.array([actions[action] for action in taken], dtype=np.intp)
    with named_by_flags():
        return evaluate_actions(
            places, rewards, propensities, [target.get(action, 0.0) for action in actions], alpha=alpha
        )


def _check_taken(target: Mapping[str, float], taken: Sequence[str]) -> None:
    """Raises where rows, and none of an action that the policy takes, leave what it earns unknown."""
    known = sorted(set(taken))
    never = [action for action, weight in target.items() if weight > 0 and action not in known]
    if never and known:
        rest = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        verb = "is" if len(never) == 1 else "are"
        raise _not_estimable(
            Obstacle.ARM_NEVER_ALLOCATED,
            f"{', '.join(map(repr, never))} {verb} not among the file's actions: "
            f"{', '.join(known[:_MOST_NAMED])}{rest}",
        )


def _not_estimable(obstacle: Obstacle, because: str) -> FailedPrecondition:
    text = f"not estimable because {because}"
    return FailedPrecondition(Reason.NOT_ESTIMABLE, text, metadata={"obstacle": obstacle.name})


def _by_column(path: Path, columns: Columns, alpha: float) -> Evaluation:
    found = read_columns(path, [columns.reward, columns.propensity, columns.target_propensity])
    rewards = numbers(columns.reward, found[columns.reward])
    propensities = shares(columns.propensity, found[columns.propensity], may_be_missing=True)
    target = shares(columns.target_propensity, found[columns.target_propensity])
    with named_by_flags():
        return evaluate_rows(rewards, propensities, target, alpha=alpha)
