"""Sufficient statistics: of one arm, and of one policy version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.definition.model import WarmStart


@dataclass(frozen=True, slots=True)
class ArmStatistics:
    """Is what is known of one arm's values of one metric, one value a unit.

    Attributes:
        unit_count: Units, with and without outcomes; not a whole number where some count less than others.
        value_sum: Sum of the values.
        mean: Their mean; 0 without units.
        square_deviation_sum: Sum of squared deviations from the mean, 0 or more.
    """

    arm_id: str
    unit_count: float = 0
    value_sum: float = 0.0
    mean: float = 0.0
    square_deviation_sum: float = 0.0


@dataclass(frozen=True, slots=True)
class VersionStatistics:
    """Is what is known of one metric from the units that one policy version placed.

    Attributes:
        replaced_at: When the next version was published; None while this one serves.
        arms: By arm id, held-out units left out; arms without units may be missing.
        propensities: The version's weights by arm id; NaN where weights followed contexts.
        costs: What one unit of an arm cost then, by arm id; 0 where it is missing.
    """

    policy_version: int
    replaced_at: datetime | None
    arms: Mapping[str, ArmStatistics]
    propensities: Mapping[str, float]
    costs: Mapping[str, float] = field(default_factory=dict)


def merged(arm_id: str, parts: list[tuple[float, ArmStatistics]]) -> ArmStatistics:
    """Returns the statistics of all parts together, every unit of a part counted with the part's weight.

    West 1979, "Updating mean and variance estimates": the deviations of the parts' means join those within them.

    Args:
        arm_id: The arm.
        parts: Weights, 0 or more, with statistics.
    """
    count = sum(weight * part.unit_count for weight, part in parts)
    if count == 0:
        return ArmStatistics(arm_id)
    total = sum(weight * part.value_sum for weight, part in parts)
    mean = total / count
    deviations = sum(
        weight * (part.square_deviation_sum + part.unit_count * (part.mean - mean) ** 2) for weight, part in parts
    )
    return ArmStatistics(arm_id, count, total, mean, deviations)


def warm_prior(warm: WarmStart | None, earlier: Mapping[str, ArmStatistics]) -> Mapping[str, ArmStatistics]:
    """Returns what an earlier experiment adds to each arm: all of its units, or as if there had been fewer of them."""
    if warm is None:
        return {}
    return {
        arm_id: merged(arm_id, [(min(warm.max_unit_count / arm.unit_count, 1.0), arm)])
        for arm_id, arm in earlier.items()
        if arm.unit_count > 0
    }


def with_prior(
    arm_ids: Sequence[str], statistics: Mapping[str, ArmStatistics], prior: Mapping[str, ArmStatistics]
) -> list[ArmStatistics]:
    """Returns the statistics of the arms in order, with what the prior adds."""
    sources = [source for source in (statistics, prior) if source]
    return [
        merged(arm_id, [(1.0, source[arm_id]) for source in sources if arm_id in source])
        if prior
        else statistics.get(arm_id, ArmStatistics(arm_id))
        for arm_id in arm_ids
    ]
