"""Which metric decides, which ones watch for harm, and which ones are only looked at."""

from dataclasses import dataclass

from services.ai.domain.design.sizing import Judging, planned_baseline, required
from services.ai.domain.design.wishes import DesignWishes, missing_of
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, MetricProfile
from shared.definition.model import MetricDirection, MetricRole
from shared.errors import invalid_fields


@dataclass(frozen=True, slots=True)
class Chosen:
    """Says what each metric is for."""

    primary: MetricProfile
    guardrails: tuple[MetricProfile, ...]
    secondary: tuple[MetricProfile, ...]


def choose(wishes: DesignWishes, judging: Judging) -> Chosen:
    """Returns the metrics by what they are for.

    The primary metric is the wanted one, or else, of those that may be primary, the one that is decided by the fewest
    units. Guardrails are those marked as such, else money and what should be small, else the first of the others; a
    secondary metric only where there is no other, as something has to watch for harm.

    Raises:
        InvalidArgument: INVALID_FIELD: what has to be known of the primary metric is missing.
    """
    primary = _primary(wishes, judging)
    others = [metric for metric in wishes.metrics if metric is not primary]
    guardrails = _guardrails(others)
    return Chosen(primary, guardrails, tuple(metric for metric in others if metric not in guardrails))


def mde_of(wishes: DesignWishes, metric: MetricProfile) -> float:
    """Returns the smallest relative lift that would matter: the wanted one, else the metric's own, else 5 %."""
    if wishes.relative_mde is not None:
        return wishes.relative_mde
    return DEFAULT_RELATIVE_MDE if metric.relative_mde is None else metric.relative_mde


def _primary(wishes: DesignWishes, judging: Judging) -> MetricProfile:
    candidates = _candidates(wishes)
    places = {metric.metric_id: f"metrics[{place}]" for place, metric in enumerate(wishes.metrics)}
    missing = {metric.metric_id: missing_of(metric, places[metric.metric_id]) for metric in candidates}
    known = [metric for metric in candidates if not missing[metric.metric_id]]
    if not known:
        raise invalid_fields([violation for found in missing.values() for violation in found])
    if len(known) == 1:
        return known[0]
    return min(known, key=lambda metric: _units(metric, wishes, judging))


def _candidates(wishes: DesignWishes) -> list[MetricProfile]:
    if wishes.primary_metric_id:
        return [metric for metric in wishes.metrics if metric.metric_id == wishes.primary_metric_id]
    marked = [metric for metric in wishes.metrics if metric.role is MetricRole.PRIMARY]
    return marked or [metric for metric in wishes.metrics if metric.role is None] or list(wishes.metrics)


def _units(metric: MetricProfile, wishes: DesignWishes, judging: Judging) -> float:
    answer = required(metric, planned_baseline(metric), judging, lift=mde_of(wishes, metric))
    return float("inf") if answer.obstacle else float(answer.total)


def _guardrails(others: list[MetricProfile]) -> tuple[MetricProfile, ...]:
    marked = [metric for metric in others if metric.role is MetricRole.GUARDRAIL]
    free = [metric for metric in others if metric.role is not MetricRole.SECONDARY] or others
    watchful = [metric for metric in free if metric.revenue or metric.direction is MetricDirection.MINIMIZE]
    return tuple(marked or watchful or free[:1])
