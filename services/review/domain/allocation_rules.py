"""What makes the allocation policy of an experiment valid."""

from datetime import timedelta

from services.review.domain import algorithm_rules, checks, control_rules, reward_rules
from shared import errors
from shared.definition import model

MAX_BURN_IN_UNIT_COUNT = 1_000_000_000
MAX_UPDATE_INTERVAL = timedelta(days=7)

_WEIGHTS = "allocation_policy.fixed_split.weights"
_CONTROLS = "allocation_policy.controls"


def violations(experiment: model.Experiment) -> checks.Violations:
    """Yields what is wrong with the policy, its fit to arms and metrics included."""
    algorithm, controls = experiment.allocation_policy.algorithm, experiment.allocation_policy.controls
    yield from algorithm_rules.violations(experiment)
    if isinstance(algorithm, model.FixedSplit):
        if algorithm.weights:
            yield from _weights(experiment, algorithm.weights)
    else:
        yield from _floors(experiment)
    yield from _controls(controls)
    yield from control_rules.violations(experiment)
    yield from reward_rules.violations(experiment)


def _weights(experiment: model.Experiment, weights: tuple[model.ArmWeight, ...]) -> checks.Violations:
    weighted, arms = {weight.arm_id for weight in weights}, {arm.arm_id for arm in experiment.arms}
    for index, weight in enumerate(weights):
        yield from checks.within(f"{_WEIGHTS}[{index}].weight", weight.weight, 0, 1)
    yield from checks.unique(_WEIGHTS, "arm_id", (weight.arm_id for weight in weights))
    if weighted != arms:
        absent, unknown = ", ".join(sorted(arms - weighted)), ", ".join(sorted(weighted - arms))
        yield errors.FieldViolation(
            _WEIGHTS, f"must give every arm its weight; without one: {absent or 'none'}; no arms: {unknown or 'none'}"
        )
    total = sum(weight.weight for weight in weights)
    if not abs(total - 1) <= checks.TOLERANCE:
        yield errors.FieldViolation(
            _WEIGHTS, f"sum to {total:.12g}, must sum to 1; leave them all out for an equal split"
        )


def _floors(experiment: model.Experiment) -> checks.Violations:
    controls, arm_count = experiment.allocation_policy.controls, len(experiment.arms)
    control_floor = max(controls.exploration_floor, controls.min_control_share)
    total = (arm_count - 1) * controls.exploration_floor + control_floor
    if total > 1 + checks.TOLERANCE:
        yield errors.FieldViolation(
            f"{_CONTROLS}.exploration_floor",
            f"is {controls.exploration_floor:g}: the least weights of {arm_count} arms sum to {total:g} "
            f"(control {control_floor:g}, {arm_count - 1} others {controls.exploration_floor:g}), must be at most 1",
        )


def _controls(controls: model.AllocationControls) -> checks.Violations:
    yield from checks.within(f"{_CONTROLS}.exploration_floor", controls.exploration_floor, 0, 1)
    yield from checks.within(f"{_CONTROLS}.min_control_share", controls.min_control_share, 0, 1)
    yield from checks.within(f"{_CONTROLS}.burn_in_unit_count", controls.burn_in_unit_count, 0, MAX_BURN_IN_UNIT_COUNT)
    yield from checks.span(
        f"{_CONTROLS}.update_interval", controls.update_interval, MAX_UPDATE_INTERVAL, zero_allowed=True
    )
    yield from checks.within(f"{_CONTROLS}.min_weight_change", controls.min_weight_change, 0, 1)
