"""Two arms beside each other by the method that holds: at the planned end, at any look, or on a bandit's data."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.ai.domain.analysis.comparisons import Look
from services.ai.domain.analysis.data import BanditData
from services.ai.domain.analysis.samples import Samples, batches_of
from shared.definition.model import MetricKind
from shared.statistics.adaptive.confidence_sequence import AW_AIPW_SEQUENCE, compare_any_time
from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.means import means
from shared.statistics.fixed.difference import WELCH, compare
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.comparison import Comparison
from shared.statistics.result.method import Alternative, Method
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable, Report
from shared.statistics.sequential.confidence_sequence import ASYMPTOTIC_SEQUENCE, anytime_comparison
from shared.statistics.sequential.proportions import anytime_proportion_comparison

Floats: TypeAlias = NDArray[np.float64]


def at_the_end(samples: Samples) -> Look:
    """Returns the look for which everything was planned: score test, Welch's t."""

    def rates(hits: Floats, count: Floats, alpha: float) -> Comparison:
        return compare_proportions(
            treatment_successes=hits[:, 1:],
            treatment_count=count[:, 1:],
            control_successes=hits[:, :1],
            control_count=count[:, :1],
            alpha=alpha,
        )

    def averages(arms: ArmEstimates, alpha: float) -> Comparison:
        return compare(arms[:, 1:], arms[:, :1], alpha=alpha)

    return _look(samples, rates, averages, WELCH)


def at_any_time(samples: Samples, *, optimal_unit_count: float) -> Look:
    """Returns a look that holds however often there are others.

    Args:
        samples: Of weights that never changed.
        optimal_unit_count: Units of both arms at which intervals are narrowest, set beforehand.
    """

    def rates(hits: Floats, count: Floats, alpha: float) -> Comparison:
        return anytime_proportion_comparison(
            hits[:, 1:], count[:, 1:], hits[:, :1], count[:, :1], optimal_unit_count=optimal_unit_count, alpha=alpha
        )

    def averages(arms: ArmEstimates, alpha: float) -> Comparison:
        return anytime_comparison(arms[:, 1:], arms[:, :1], optimal_unit_count=optimal_unit_count, alpha=alpha)

    return _look(samples, rates, averages, ASYMPTOTIC_SEQUENCE)


def of_bandit(data: BanditData, *, optimal_unit_count: float) -> Look:
    """Returns a look at data whose weights changed, which holds however often there are others.

    Args:
        data: With the weights of each version.
        optimal_unit_count: Units of all arms at which intervals are narrowest, set beforehand.
    """
    treatments = np.arange(1, len(data.arm_ids))

    def one(place: int, alpha: float) -> Sequence[Report]:
        batches = batches_of(data, place)
        if batches is None:
            return [nothing(alpha, AW_AIPW_SEQUENCE)] * treatments.size
        found = compare_any_time(batches, treatment=treatments, optimal_unit_count=optimal_unit_count, alpha=alpha)
        return [found.report(-1, treatment) for treatment in range(treatments.size)]

    return lambda places, alpha: [one(place, alpha) for place in places]


def _look(
    samples: Samples,
    rates: Callable[[Floats, Floats, float], Comparison],
    averages: Callable[[ArmEstimates, float], Comparison],
    method: Method,
) -> Look:
    """Returns a look that compares all rates at once, and all other metrics; what nobody measured is not compared."""
    moments, treatments = samples.moments, range(len(samples.arm_ids) - 1)

    def look(places: Sequence[int], alpha: float) -> Sequence[Sequence[Report]]:
        found: dict[int, Sequence[Report]] = {place: [nothing(alpha, method)] * len(treatments) for place in places}
        measured = [place for place in places if moments.count[place].any()]
        shares = [place for place in measured if samples.metrics[place].kind is MetricKind.PROPORTION]
        others = [place for place in measured if place not in shares]
        if shares:
            hits = np.array([samples.successes(place) for place in shares])
            told = rates(hits, moments.count[shares], alpha)
            found |= {place: [told.report(row, arm) for arm in treatments] for row, place in enumerate(shares)}
        if others:
            some = Moments(moments.count[others], moments.mean[others], moments.products[others])
            told = averages(means(some), alpha)
            found |= {place: [told.report(row, arm) for arm in treatments] for row, place in enumerate(others)}
        return [found[place] for place in places]

    return look


def nothing(alpha: float, method: Method) -> Report:
    """Returns what a method says where there are no units."""
    missing = NotEstimable(Obstacle.NO_UNITS)
    return Report(
        method=method,
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
