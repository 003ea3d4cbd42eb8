"""What makes features valid, and what a contextual algorithm may cost."""

import math
from typing import Final

from services.review.domain import checks
from shared import errors
from shared.definition import features, model

MAX_FEATURES: Final = 32
MAX_COLUMNS: Final = 64
MAX_COEFFICIENTS: Final = 131_072
MAX_JOINT_COLUMNS: Final = 1_024
"""Of hybrid models, which are solved for all arms at once: the cube of it is the work of an update."""
MAX_TEXT_LENGTH: Final = 63


def violations(experiment: model.Experiment) -> checks.Violations:
    """Yields what is wrong with the features, and with what the policy makes of them."""
    yield from checks.length("features", experiment.features, 0, MAX_FEATURES)
    yield from checks.unique("features", "feature_id", (feature.feature_id for feature in experiment.features))
    for index, feature in enumerate(experiment.features):
        yield from _feature(f"features[{index}]", feature)
    columns = features.column_count(experiment.features)
    if columns > MAX_COLUMNS:
        yield errors.FieldViolation(
            "features", f"are encoded in {columns} columns, the constant one included, must be at most {MAX_COLUMNS}"
        )
    yield from _cost(experiment, columns)


def _feature(path: str, feature: model.Feature) -> checks.Violations:
    yield from checks.matches(f"{path}.feature_id", feature.feature_id, checks.PART_ID)
    match feature:
        case model.NumericFeature(_, center, scale):
            if not math.isfinite(center):
                yield errors.FieldViolation(f"{path}.numeric.center", f"is {center:g}, must be finite")
            if not (math.isfinite(scale) and scale > 0):
                yield errors.FieldViolation(f"{path}.numeric.scale", f"is {scale:g}, must be above 0 and finite")
        case model.CategoricalFeature(_, values):
            yield from checks.length(f"{path}.categorical.values", values, 1, MAX_COLUMNS - 2)
            for place, value in enumerate(values):
                yield from checks.length(f"{path}.categorical.values[{place}]", value, 1, MAX_TEXT_LENGTH)
            if len(set(values)) < len(values):
                yield errors.FieldViolation(f"{path}.categorical.values", "name a value twice")


def _cost(experiment: model.Experiment, columns: int) -> checks.Violations:
    algorithm = experiment.allocation_policy.algorithm
    if not isinstance(algorithm, model.ContextualAlgorithm):
        return
    path = f"allocation_policy.{model.algorithm_name(algorithm)}"
    if not experiment.features:
        yield errors.FieldViolation(path, "learns from features, but the experiment declares none")
    rows = algorithm.draw_count if isinstance(algorithm, model.DrawingAlgorithm) else columns + 1
    arms = len(experiment.arms)
    if rows * arms * columns > MAX_COEFFICIENTS:
        yield errors.FieldViolation(
            path,
            f"has {rows} rows x {arms} arms x {columns} columns of coefficients, {rows * arms * columns:,}, "
            f"must be at most {MAX_COEFFICIENTS:,}",
        )
    if algorithm.hybrid and (arms + 1) * columns > MAX_JOINT_COLUMNS:
        yield errors.FieldViolation(
            f"{path}.hybrid",
            f"has {(arms + 1) * columns:,} coefficients for all arms together, must be at most {MAX_JOINT_COLUMNS:,}",
        )
