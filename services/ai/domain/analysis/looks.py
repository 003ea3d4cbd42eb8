"""Two arms beside each other by the method that holds: at the planned end, at any look, or on a bandit's data."""

from collections.abc import Sequence

import numpy as np

from services.ai.domain.analysis.comparisons import Look
from services.ai.domain.analysis.data import BanditData
from services.ai.domain.analysis.samples import Samples, batches_of
from shared.definition.model import MetricKind
from shared.statistics.adaptive.confidence_sequence import AW_AIPW_SEQUENCE, compare_any_time
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import compare
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable, Report
from shared.statistics.sequential.confidence_sequence import anytime_comparison
from shared.statistics.sequential.proportions import anytime_proportion_comparison


def at_the_end(samples: Samples) -> Look:
    """Returns the look for which everything was planned: score test, Welch's t."""

    def look(place: int, alpha: float) -> Sequence[Report]:
        if samples.metrics[place].kind is MetricKind.PROPORTION:
            hits, count = samples.successes(place), samples.moments.count[place]
            found = compare_proportions(
                treatment_successes=hits[1:],
                treatment_count=count[1:],
                control_successes=hits[:1],
                control_count=count[:1],
                alpha=alpha,
            )
        else:
            arms = means(_one(samples.moments, place))
            found = compare(arms[1:], arms[:1], alpha=alpha)
        return _reports(found, samples.arm_ids)

    return look


def at_any_time(samples: Samples, *, optimal_unit_count: float) -> Look:
    """Returns a look that holds however often there are others.

    Args:
        samples: Of weights that never changed.
        optimal_unit_count: Units of both arms at which intervals are narrowest, set beforehand.
    """

    def look(place: int, alpha: float) -> Sequence[Report]:
        if samples.metrics[place].kind is MetricKind.PROPORTION:
            hits, count = samples.successes(place), samples.moments.count[place]
            found = anytime_proportion_comparison(
                hits[1:], count[1:], hits[:1], count[:1], optimal_unit_count=optimal_unit_count, alpha=alpha
            )
        else:
            arms = means(_one(samples.moments, place))
            found = anytime_comparison(arms[1:], arms[:1], optimal_unit_count=optimal_unit_count, alpha=alpha)
        return _reports(found, samples.arm_ids)

    return look


def of_bandit(data: BanditData, *, optimal_unit_count: float) -> Look:
    """Returns a look at data whose weights changed, which holds however often there are others.

    Args:
        data: With the weights of each version.
        optimal_unit_count: Units of all arms at which intervals are narrowest, set beforehand.
    """
    treatments = np.arange(1, len(data.arm_ids))

    def look(place: int, alpha: float) -> Sequence[Report]:
        batches = batches_of(data, place)
        if batches is None:
            return [_nothing(alpha)] * treatments.size
        found = compare_any_time(batches, treatment=treatments, optimal_unit_count=optimal_unit_count, alpha=alpha)
        return [found.report(-1, place) for place in range(treatments.size)]

    return look


def _one(moments: Moments, place: int) -> Moments:
    return Moments(moments.count[place], moments.mean[place], moments.products[place])


def _reports(found: Comparison, arm_ids: Sequence[str]) -> list[Report]:
    return [found.report(place) for place in range(len(arm_ids) - 1)]


def _nothing(alpha: float) -> Report:
    missing = NotEstimable(Obstacle.NO_UNITS)
    return Report(
        method=AW_AIPW_SEQUENCE,
        alternative=Alternative.TWO_SIDED,
        confidence_level=1 - alpha,
        treatment=missing,
        control=missing,
        treatment_unit_count=0,
        control_unit_count=0,
        difference=missing,
        lift=missing,
        p_value=missing,
        caution=Caution.NONE,
    )
