"""Every treatment against the control on every metric, with an allowance for how many are compared.

- The primary metric's treatments are one family, of which alpha is the chance of any error: Bonferroni.
- Guardrails can only hold back, and all of them have to hold: they stay as they are.
- Secondary metrics are for learning, with their share of false findings controlled: Benjamini and Hochberg.

(The families of `shared.statistics.fixed.families`; Bonferroni, so that intervals and p-values give one verdict.)
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.ai.domain.analysis.roles import roles_of
from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.fixed.multiplicity import Procedure, adjusted
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution
from shared.statistics.result.report import Interval, NotEstimable, Report

Look = Callable[[Sequence[int], float], Sequence[Sequence[Report]]]
"""Returns the treatments' reports on each of the metrics at some places, with intervals at an error rate."""

_ANY_TIME = frozenset({Validity.ANY_TIME, Validity.ADAPTIVE_ANY_TIME})


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """Is one treatment against the control on one metric.

    Attributes:
        report: In full; its intervals allow for the treatments that share alpha.
        p_value: Adjusted where several were compared; None: not estimable.
        demoted: Whether it would be significant, were it the only comparison.
    """

    metric: MetricProfile
    role: MetricRole
    arm_id: str
    report: Report
    p_value: float | None
    status: ComparisonStatus
    demoted: bool = False

    @property
    def control_mean(self) -> float | None:
        """Returns the control's mean; None where it has no units."""
        return None if isinstance(self.report.control, NotEstimable) else self.report.control

    @property
    def arm_mean(self) -> float | None:
        """Returns the arm's mean; None where it has no units."""
        return None if isinstance(self.report.treatment, NotEstimable) else self.report.treatment

    @property
    def difference(self) -> Interval | None:
        """Returns arm minus control, in the metric's unit; None where it is not estimable."""
        return self.report.difference if isinstance(self.report.difference, Interval) else None

    @property
    def relative_lift(self) -> Interval | None:
        """Returns the lift; None where it is not estimable."""
        return self.report.lift if isinstance(self.report.lift, Interval) else None

    @property
    def any_time_valid(self) -> bool:
        """Says whether the method holds at any look."""
        return self.report.method.validity in _ANY_TIME

    @property
    def cautions(self) -> tuple[str, ...]:
        """Returns what weakens the answer, a sentence each."""
        return self.report.caution.texts


def compared(
    metrics: Sequence[MetricProfile],
    arm_ids: Sequence[str],
    look: Look,
    *,
    alpha: float,
    enough: Callable[[int, str], bool],
) -> tuple[ArmComparison, ...]:
    """Returns all comparisons: the primary metric first, then guardrails, then secondary metrics.

    Args:
        metrics: One of them decides.
        arm_ids: The control first.
        look: How two arms are compared.
        alpha: Error rate of the decision.
        enough: Whether an arm, beside the control, has enough data on the metric at a place to speak of no change.
    """
    order = sorted(enumerate(roles_of(metrics)), key=lambda one: _ORDER[one[1]])
    reports = _reports(order, look, alpha, len(arm_ids) - 1)
    p_values = _adjusted(order, reports)
    return tuple(
        _comparison(metrics[place], role, arm_id, report, p_value, alpha=alpha, enough=enough(place, arm_id))
        for place, role in order
        for arm_id, report, p_value in zip(arm_ids[1:], reports[place], p_values[place], strict=True)
    )


_ORDER = {MetricRole.PRIMARY: 0, MetricRole.GUARDRAIL: 1, MetricRole.SECONDARY: 2}


def _reports(
    order: Sequence[tuple[int, MetricRole]], look: Look, alpha: float, treatments: int
) -> dict[int, Sequence[Report]]:
    """Returns the reports by metric; alpha of the primary one is shared by the treatments."""
    (primary, _), *others = order
    rest = [place for place, _ in others]
    found = [*look([primary], alpha / treatments), *(look(rest, alpha) if rest else ())]
    return dict(zip([primary, *rest], found, strict=True))


def _adjusted(order: Sequence[tuple[int, MetricRole]], reports: dict[int, Sequence[Report]]) -> dict[int, list[float]]:
    """Returns the p-values by metric, NaN where they are not estimable."""
    raw = {
        place: [math.nan if isinstance(one.p_value, NotEstimable) else one.p_value for one in reports[place]]
        for place, _ in order
    }
    secondary = [place for place, role in order if role is MetricRole.SECONDARY]
    if secondary:
        family = adjusted(np.array([raw[place] for place in secondary]).reshape(-1), Procedure.BENJAMINI_HOCHBERG)
        raw |= dict(zip(secondary, family.reshape(len(secondary), -1).tolist(), strict=True))
    primary = next(place for place, role in order if role is MetricRole.PRIMARY)
    return raw | {primary: np.minimum(np.array(raw[primary]) * len(raw[primary]), 1.0).tolist()}


def _comparison(
    metric: MetricProfile,
    role: MetricRole,
    arm_id: str,
    report: Report,
    p_value: float,
    *,
    alpha: float,
    enough: bool,
) -> ArmComparison:
    known = None if math.isnan(p_value) else p_value
    alone = not isinstance(report.p_value, NotEstimable) and report.p_value < alpha
    status = status_of(report, metric, significant=p_value < alpha, enough=enough)
    return ArmComparison(metric, role, arm_id, report, known, status, demoted=alone and not p_value < alpha)


def status_of(report: Report, metric: MetricProfile, *, significant: bool, enough: bool) -> ComparisonStatus:
    """Returns what to make of it; harm that is shown counts however few the data are."""
    effect = report.difference
    if isinstance(effect, NotEstimable) or Caution.BEFORE_BURN_IN in report.caution:
        return ComparisonStatus.INSUFFICIENT_DATA
    good = (effect.estimate > 0) == (metric.direction is MetricDirection.MAXIMIZE)
    if significant and not good:
        return ComparisonStatus.WORSE
    if not enough:
        return ComparisonStatus.INSUFFICIENT_DATA
    return ComparisonStatus.BETTER if significant else ComparisonStatus.NO_DETECTABLE_CHANGE
