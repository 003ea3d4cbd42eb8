"""What of given segments cannot be: names used twice, arms of no whole, more in the parts than the whole has.

Segments of one dimension have no units in common: each takes its part of what the ones before it left of the whole.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.ai.domain.analysis.contradicting_sums import ROUNDING, contradicting_sums
from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums, SegmentAggregates
from services.ai.domain.analysis.roles import primary_of
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind
from shared.errors import FieldViolation

MOST_SEGMENTS: Final = 50


def contradicting_segments(aggregates: Aggregates, known: Mapping[str, MetricProfile]) -> Iterator[FieldViolation]:
    """Returns what is wrong with the segments of sums that are right as a whole.

    Args:
        aggregates: With one primary metric.
        known: Metrics by id.
    """
    primary, left = primary_of(aggregates.metrics), dict[tuple[str, str], _Left]()
    if len(aggregates.segments) > MOST_SEGMENTS:
        yield FieldViolation("aggregates.segments", f"{len(aggregates.segments)}, must be {MOST_SEGMENTS} or fewer")
    if primary is None or len(aggregates.segments) > MOST_SEGMENTS:
        return
    wholes = {arm.arm_id: _left_of(arm, primary) for arm in aggregates.arms}
    names: set[str] = set()
    for place, segment in enumerate(aggregates.segments):
        path = f"aggregates.segments[{place}]"
        yield from _names(f"{path}.segment", segment, names)
        names.add(segment.segment)
        for where, arm in _arms(path, segment):
            found = [*contradicting_sums(where, arm, known)]
            if not found and arm.arm_id in wholes:
                key = segment.dimension, arm.arm_id
                before = left.get(key, wholes[arm.arm_id])
                found += _taken(where, arm, before, wholes[arm.arm_id], primary)
                left[key] = before.without(_left_of(arm, primary))
            yield from found
        yield from _strangers(path, segment, wholes)


@dataclass(frozen=True, slots=True)
class _Left:
    """Is what no segment of a dimension has taken yet of an arm; None: the arm was not measured."""

    unit_count: int
    sums: MetricSums | None

    def without(self, part: "_Left") -> "_Left":
        if self.sums is None or part.sums is None:
            return _Left(self.unit_count - part.unit_count, self.sums)
        squares = (self.sums.value_square_sum or 0.0) - (part.sums.value_square_sum or 0.0)
        rest = MetricSums(self.sums.metric_id, self.sums.value_sum - part.sums.value_sum, squares)
        return _Left(self.unit_count - part.unit_count, rest)


def _left_of(arm: ArmAggregate, primary: MetricProfile) -> _Left:
    return _Left(arm.unit_count, next((one for one in arm.sums if one.metric_id == primary.metric_id), None))


def _names(path: str, segment: SegmentAggregates, names: set[str]) -> Iterator[FieldViolation]:
    dimension, _, value = segment.segment.partition("=")
    if not dimension.strip() or not value.strip():
        yield FieldViolation(path, f"{segment.segment!r}, must be a dimension and a value, such as 'device=mobile'")
    if segment.segment in names:
        yield FieldViolation(path, f"{segment.segment} is there twice")


def _arms(path: str, segment: SegmentAggregates) -> Iterator[tuple[str, ArmAggregate]]:
    return ((f"{path}.arms[{place}]", arm) for place, arm in enumerate(segment.arms))


def _strangers(path: str, segment: SegmentAggregates, wholes: Collection[str]) -> Iterator[FieldViolation]:
    seen: set[str] = set()
    for where, arm in _arms(path, segment):
        if arm.arm_id not in wholes or arm.arm_id in seen:
            what = "is there twice" if arm.arm_id in seen else "is none of the arms"
            yield FieldViolation(f"{where}.arm_id", f"{arm.arm_id} {what}")
        seen.add(arm.arm_id)


def _taken(
    where: str, arm: ArmAggregate, before: _Left, whole: _Left, primary: MetricProfile
) -> Iterator[FieldViolation]:
    """Yields why an arm of a segment cannot be a part of what is left of the whole."""
    part = _left_of(arm, primary)
    after = before.without(part)
    if not 0 <= arm.unit_count <= before.unit_count:
        yield FieldViolation(
            f"{where}.unit_count",
            f"{arm.unit_count}, while {before.unit_count} units of the arm are in no other segment of the dimension",
        )
    elif arm.unit_count and (part.sums is None) is not (before.sums is None):
        what = "is missing, while the whole has it" if part.sums is None else "is not known of the whole"
        yield FieldViolation(f"{where}.sums", f"{primary.metric_id} {what}")
    elif part.sums is not None and after.sums is not None and before.sums is not None and whole.sums is not None:
        place = arm.sums.index(part.sums)
        fits = _is_rate if primary.kind is MetricKind.PROPORTION else _varies
        if not fits(after.unit_count, after.sums, whole.sums):
            yield FieldViolation(
                f"{where}.sums[{place}].value_sum",
                f"{part.sums.value_sum:.15g} of {before.sums.value_sum:.15g}: what is left cannot be that of the "
                f"{after.unit_count} other units",
            )


def _is_rate(unit_count: int, rest: MetricSums, _: MetricSums) -> bool:
    return 0 <= rest.value_sum <= unit_count


def _varies(unit_count: int, rest: MetricSums, whole: MetricSums) -> bool:
    """Says whether so many units can have what is left, as far as rounding of the whole tells."""
    squares, rounding = rest.value_square_sum or 0.0, ROUNDING * (whole.value_square_sum or 0.0)
    if squares > rounding and not unit_count:
        return False
    return rest.value_sum**2 <= max(squares + rounding, 0.0) * unit_count + ROUNDING * whole.value_sum**2 + rounding
