"""What makes an algorithm's parameters valid, and which metrics it can learn from."""

from collections.abc import Callable
from typing import Final, NamedTuple

from services.review.domain import checks
from shared import errors
from shared.definition import model

MAX_PRIOR: Final = 1e6


class Range(NamedTuple):
    """Is what a parameter may be: from low, or above it, to high."""

    low: float
    high: float
    low_allowed: bool = False


_DRAWS: Final = Range(16, 1024, low_allowed=True)
_AHEAD: Final = Range(1, 1e6, low_allowed=True)
_RANGES: Final[dict[type[model.Algorithm], dict[str, Range]]] = {
    model.BetaThompson: {"prior_alpha": Range(0, MAX_PRIOR), "prior_beta": Range(0, MAX_PRIOR)},
    model.GaussianThompson: {"prior_unit_count": Range(0, MAX_PRIOR)},
    model.GammaThompson: {"prior_shape": Range(0, MAX_PRIOR), "prior_unit_count": Range(0, MAX_PRIOR)},
    model.TopTwoThompson: {"leader_share": Range(0, 1)},
    model.Ucb1: {"exploration": Range(0, 100), "lookahead_unit_count": _AHEAD},
    model.KlUcb: {"c": Range(0, 10, low_allowed=True), "lookahead_unit_count": _AHEAD},
    model.EpsilonGreedy: {"epsilon": Range(0, 1), "half_share_unit_count": Range(0, 1e9, low_allowed=True)},
    model.Exp3: {"learning_rate": Range(0, 10, low_allowed=True)},
    model.LinearThompson: {"prior_precision": Range(0, MAX_PRIOR), "draw_count": _DRAWS},
    model.LinUcb: {"exploration": Range(0, 100), "prior_precision": Range(0, MAX_PRIOR)},
    model.LogisticThompson: {"prior_precision": Range(0, MAX_PRIOR), "draw_count": _DRAWS},
    model.InverseGap: {"exploration": Range(0, 1e6), "prior_precision": Range(0, MAX_PRIOR)},
}


def violations(experiment: model.Experiment) -> checks.Violations:
    """Yields what is wrong with the algorithm, its fit to the primary metric included."""
    algorithm = experiment.allocation_policy.algorithm
    path = f"allocation_policy.{model.algorithm_name(algorithm)}"
    for name, allowed in _RANGES.get(type(algorithm), {}).items():
        check = checks.within if allowed.low_allowed else checks.above
        yield from check(f"{path}.{name}", getattr(algorithm, name), allowed.low, allowed.high)
    if isinstance(algorithm, model.TopTwoThompson) and algorithm.leader_share == 1:
        yield errors.FieldViolation(f"{path}.leader_share", "is 1, must be below 1: nobody would play the challenger")
    for metric in experiment.metrics:
        if metric.role is model.MetricRole.PRIMARY and (need := _NEEDS.get(type(algorithm))):
            fits, words = need
            if not fits(metric):
                yield errors.FieldViolation(path, f"needs {words}; {metric.metric_id!r} is {_described(metric)}")


def _is_proportion(metric: model.Metric) -> bool:
    return metric.kind is model.MetricKind.PROPORTION


def _is_count(metric: model.Metric) -> bool:
    return metric.kind is model.MetricKind.MEAN and (
        metric.min_value >= 0 or metric.combination_rule is model.CombinationRule.COUNT
    )


def is_bounded(metric: model.Metric) -> bool:
    """Returns whether a unit's value lies within bounds that are known."""
    one_outcome = metric.combination_rule in (model.CombinationRule.LAST, model.CombinationRule.MAX)
    widest = 2 * model.MAX_ABSOLUTE_VALUE
    return _is_proportion(metric) or (one_outcome and 0 < metric.max_value - metric.min_value < widest)


_NEEDS: Final[dict[type[model.Algorithm], tuple[Callable[[model.Metric], bool], str]]] = {
    model.BetaThompson: (_is_proportion, "a PROPORTION as primary metric (gaussian_thompson takes a MEAN)"),
    model.GammaThompson: (
        _is_count,
        "a MEAN of counts as primary metric: min_value of 0 or more, or combined by COUNT",
    ),
    model.LogisticThompson: (_is_proportion, "a PROPORTION as primary metric (linear_thompson takes a MEAN)"),
    model.Exp3: (
        is_bounded,
        "a primary metric within bounds: a PROPORTION, or a MEAN combined by LAST or MAX with min_value and max_value",
    ),
}


def _described(metric: model.Metric) -> str:
    return f"a {metric.kind} combined by {metric.combination_rule}, from {metric.min_value:g} to {metric.max_value:g}"
