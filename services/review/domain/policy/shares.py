"""By how much a change moves the shares that arms get."""

from dataclasses import dataclass

from shared.definition import model


@dataclass(frozen=True, slots=True)
class _Range:
    """Is what an arm's share can be, from 0 to 1; a fixed one has equal ends."""

    low: float = 0.0
    high: float = 0.0


_NO_SHARE = _Range()


def largest_change(before: model.Experiment, after: model.Experiment) -> float:
    """Returns the most by which an arm's share of the participating units changes, either way, from 0 to 1.

    Fixed weights are compared with fixed weights and floors with floors. From fixed weights to an algorithm that
    learns, or back, it is the most that can come of it. An arm that is not there has a share of 0.
    """
    old, new = _ranges(before), _ranges(after)
    # What an algorithm makes of the weights between its floors is its own work, whatever was declared.
    floors_only = not _is_fixed(before) and not _is_fixed(after)
    pairs = [(old.get(arm_id, _NO_SHARE), new.get(arm_id, _NO_SHARE)) for arm_id in old.keys() | new.keys()]
    if floors_only:
        return max((abs(end.low - start.low) for start, end in pairs), default=0.0)
    return max((max(end.high - start.low, start.high - end.low) for start, end in pairs), default=0.0)


def _is_fixed(experiment: model.Experiment) -> bool:
    return isinstance(experiment.allocation_policy.algorithm, model.FixedSplit)


def _ranges(experiment: model.Experiment) -> dict[str, _Range]:
    algorithm = experiment.allocation_policy.algorithm
    if not isinstance(algorithm, model.FixedSplit):
        return _learned(experiment)
    if algorithm.weights:
        return {weight.arm_id: _Range(weight.weight, weight.weight) for weight in algorithm.weights}
    arms = experiment.arms
    return {arm.arm_id: _Range(1 / len(arms), 1 / len(arms)) for arm in arms}


def _learned(experiment: model.Experiment) -> dict[str, _Range]:
    controls = experiment.allocation_policy.controls
    floors = {
        arm.arm_id: max(controls.exploration_floor, controls.min_control_share)
        if arm.control
        else controls.exploration_floor
        for arm in experiment.arms
    }
    free = 1 - sum(floors.values())
    return {arm_id: _Range(floor, floor + free) for arm_id, floor in floors.items()}
