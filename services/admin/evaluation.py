"""The commands `evaluate` and `bandit evaluate`: what another policy would have earned."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Final

import numpy as np
from rich.table import Table

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.admin.clients import CALL_SECONDS, address_of, bandit_at
from services.admin.decisions import numbers, read_columns, shares, texts
from services.admin.flags import named_by_flags
from services.admin.screen import screen
from shared.errors import FailedPrecondition, Reason, invalid_field
from shared.rpc import client
from shared.statistics.off_policy.actions import evaluate_actions
from shared.statistics.off_policy.rows import evaluate_rows
from shared.statistics.off_policy.values import Estimator, Evaluation
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval

_NAMES: Final = {
    Estimator.IPS: "inverse propensity",
    Estimator.SNIPS: "self-normalised",
    Estimator.DOUBLY_ROBUST: "doubly robust",
}
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


def evaluate_file(path: Path, columns: Columns, *, weights: str, alpha: float) -> None:
    """Writes what another policy would have earned per decision.

    Args:
        path: The file, CSV or Parquet.
        columns: Which of its columns are what.
        weights: The policy as fixed weights, such as `a=0.5,b=0.5`; empty where it stands in a column.
        alpha: 1 minus the confidence level.

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
    table = _table(alpha)
    for values in evaluation.values:
        if values.obstacle:
            table.add_row(_NAMES[values.estimator], str(values.report()))
        else:
            interval = Interval(float(values.value), float(values.low), float(values.high))
            _add(table, values.estimator, interval, float(values.standard_error))
    _show(
        table,
        logged_value=float(evaluation.logged_value),
        unit_count=int(evaluation.unit_count),
        effective_sample_size=float(evaluation.effective_sample_size),
        largest_weight=float(evaluation.largest_weight),
        caution=evaluation.caution_at(),
    )
    if not weights:
        screen().print("Doubly robust needs the policy's chances of all actions: give them as --weights.")


def evaluate_experiment(
    experiment_id: str, directory: Path, *, address: str, weights: str, metric_id: str, alpha: float
) -> None:
    """Writes what other weights of an experiment's arms would have earned per unit.

    Raises:
        InvalidArgument: INVALID_FIELD.
        NotFound: EXPERIMENT_NOT_FOUND.
        FailedPrecondition: NOT_ESTIMABLE.
        PlatformError: There is no stack, or the call failed.
    """
    request = pb.EvaluatePolicyRequest(
        experiment_id=experiment_id,
        metric_id=metric_id,
        weights=[common_pb2.ArmWeight(arm_id=arm_id, weight=weight) for arm_id, weight in parsed(weights).items()],
        alpha=alpha,
    )
    with named_by_flags(), bandit_at(address_of("bandit", directory, given=address)) as stub:
        found = client.call(stub.EvaluatePolicy, request, timeout_seconds=CALL_SECONDS)
    table = _table(alpha)
    for value in found.values:
        estimator = Estimator(pb.PolicyEstimator.Name(value.estimator).removeprefix("POLICY_ESTIMATOR_"))
        interval = Interval(value.value, value.interval_low, value.interval_high)
        _add(table, estimator, interval, value.standard_error)
    _show(
        table,
        logged_value=found.logged_value,
        unit_count=found.unit_count,
        effective_sample_size=found.effective_sample_size,
        caution=_cautions(found.cautions),
    )


def _cautions(names: Iterable[str]) -> Caution:
    """Returns the cautions that are known here: the server may be newer."""
    known = (Caution[name] for name in names if name in Caution.__members__)
    return reduce(or_, known, Caution.NONE)


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


def _table(alpha: float) -> Table:
    table = Table("estimate", box=None, pad_edge=False)
    for title in ("value", "standard error", f"{100 * (1 - alpha):g} % interval"):
        table.add_column(title, justify="right")
    return table


def _add(table: Table, estimator: Estimator, interval: Interval, error: float) -> None:
    estimate, low, high = f"{interval.estimate:.5g}", f"{interval.low:.5g}", f"{interval.high:.5g}"
    table.add_row(_NAMES[estimator], estimate, f"{error:.2g}", f"{low} to {high}")


def _show(
    table: Table,
    *,
    logged_value: float,
    unit_count: int,
    effective_sample_size: float,
    caution: Caution,
    largest_weight: float | None = None,
) -> None:
    console = screen()
    console.print(table)
    heaviest = "" if largest_weight is None else f", largest weight {largest_weight:.3g}"
    console.print(f"really earned: {logged_value:.5g}")
    console.print(f"{unit_count:,} units, effective sample size {effective_sample_size:,.0f}{heaviest}")
    for text in caution.texts:
        console.print(f"careful: {text}", markup=False)
