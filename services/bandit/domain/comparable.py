"""What policy versions tell of some arms beside each other, as batches for adaptive inference."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.bandit.domain.evaluation import batches_of
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics
from shared.definition.model import MetricDirection
from shared.statistics.adaptive.batches import Batches


def comparable(
    versions: Sequence[VersionStatistics], arm_ids: Sequence[str], direction: MetricDirection
) -> Batches | None:
    """Returns the units of some arms, more being better; None where no version gave one.

    Among the units that got one of these arms, the propensities are the logged ones over their sum: other arms that
    were there for a while do not matter.

    Args:
        versions: Of one metric, oldest first.
        arm_ids: The arms.
        direction: Where less is better, values are negated.
    """
    parts = [_part(version, arm_ids, negate=direction is MetricDirection.MINIMIZE) for version in versions]
    known = [part for part in parts if part is not None]
    return batches_of(known, arm_ids) if known else None


def _part(version: VersionStatistics, arm_ids: Sequence[str], *, negate: bool) -> VersionStatistics | None:
    total = sum(version.propensities.get(arm_id, 0.0) for arm_id in arm_ids)
    if total <= 0:
        return None
    arms: Mapping[str, ArmStatistics] = {
        arm_id: _negated(arm) if negate else arm for arm_id, arm in version.arms.items() if arm_id in arm_ids
    }
    propensities = {arm_id: version.propensities.get(arm_id, 0.0) / total for arm_id in arm_ids}
    return replace(version, arms=arms, propensities=propensities)


def _negated(arm: ArmStatistics) -> ArmStatistics:
    return replace(arm, value_sum=-arm.value_sum, mean=-arm.mean)
