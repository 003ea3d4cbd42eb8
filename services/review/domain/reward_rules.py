"""What makes the reward, the costs of arms and their budget valid, and which algorithms can go by them."""

from typing import Final

from services.review.domain import checks
from shared import errors
from shared.definition import model

MAX_TERMS: Final = 32
MAX_WEIGHT: Final = 1e6
MAX_AMOUNT: Final = 1e15

_REWARD: Final = "allocation_policy.reward"
_BUDGET: Final = "allocation_policy.controls.budget"
_GOING_BY_MEANS: Final = (
    model.FixedSplit,
    model.GaussianThompson,
    model.TopTwoThompson,
    model.Ucb1,
    model.KlUcb,
    model.EpsilonGreedy,
    model.LinearThompson,
    model.LinUcb,
    model.InverseGap,
)
"""The others model their values as successes, counts or losses within bounds."""


def violations(experiment: model.Experiment) -> checks.Violations:
    """Yields what is wrong with reward, costs and budget, their fit to algorithm and metrics included."""
    yield from _reward(experiment)
    yield from _costs(experiment)
    yield from _budget(experiment)


def _reward(experiment: model.Experiment) -> checks.Violations:
    terms, known = experiment.allocation_policy.reward, {metric.metric_id for metric in experiment.metrics}
    yield from checks.length(_REWARD, terms, 0, MAX_TERMS)
    for index, term in enumerate(terms):
        path = f"{_REWARD}[{index}]"
        if term.metric_id not in known:
            yield errors.FieldViolation(
                f"{path}.metric_id", f"is {term.metric_id!r}, which is no metric of the experiment"
            )
        yield from checks.within(f"{path}.weight", term.weight, -MAX_WEIGHT, MAX_WEIGHT)
        if term.weight == 0:
            yield errors.FieldViolation(f"{path}.weight", "is 0, must not be: leave the term out")
    yield from checks.unique(_REWARD, "metric_id", (term.metric_id for term in terms))
    if terms:
        yield from _fit(experiment, _REWARD)


def _costs(experiment: model.Experiment) -> checks.Violations:
    for index, arm in enumerate(experiment.arms):
        path = f"arms[{index}].cost"
        yield from checks.within(path, arm.cost, 0, model.MAX_ABSOLUTE_VALUE)
        if arm.cost:
            yield from _fit(experiment, path)


def _fit(experiment: model.Experiment, path: str) -> checks.Violations:
    algorithm = experiment.allocation_policy.algorithm
    if not isinstance(algorithm, _GOING_BY_MEANS):
        allowed = ", ".join(name for name, kind in model.ALGORITHMS.items() if kind in _GOING_BY_MEANS)
        yield errors.FieldViolation(
            path, f"is given, but {model.algorithm_name(algorithm)} cannot go by it; these can: {allowed}"
        )


def _budget(experiment: model.Experiment) -> checks.Violations:
    budget = experiment.allocation_policy.controls.budget
    if budget is None:
        return
    yield from checks.above(f"{_BUDGET}.amount", budget.amount, 0, MAX_AMOUNT)
    begins_at = experiment.started_at or experiment.created_at
    if begins_at is not None and budget.ends_at <= begins_at:
        yield errors.FieldViolation(
            f"{_BUDGET}.ends_at", f"is {budget.ends_at.isoformat()}, must be after {begins_at.isoformat()}"
        )
    if isinstance(experiment.allocation_policy.algorithm, model.FixedSplit):
        yield errors.FieldViolation(_BUDGET, "is given, but the weights of a fixed split stay as they are")
    if len({arm.cost for arm in experiment.arms}) == 1:
        yield errors.FieldViolation(_BUDGET, "is given, but all arms cost the same: there is nothing to save")
