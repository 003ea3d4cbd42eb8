"""How many different units an experiment meets in so many days, and how many of them count."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from shared.errors import invalid_field
from shared.statistics.result import checks

Floats: TypeAlias = NDArray[np.float64]

_FEWEST_DAYS: Final = 3
"""A growth curve has up to three parameters."""


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Grows as first_day * days^exponent: 1 where every day brings only new units, less where units come back.

    Attributes:
        first_day: Units on the first day, above 0.
        exponent: In (0, 1].
    """

    first_day: float
    exponent: float

    def __post_init__(self) -> None:
        checks.positive("first_day", self.first_day)
        if not 0 < self.exponent <= 1:
            raise invalid_field("exponent", f"{self.exponent!r}, must be in (0, 1]")

    def unit_count(self, days: ArrayLike) -> Floats:
        """Returns different units met within so many days, each 0 or more."""
        return np.asarray(self.first_day * checks.not_negative("days", days) ** self.exponent)


@dataclass(frozen=True, slots=True)
class RepeatVisits:
    """Grows towards a population whose members come on a day with a chance of their own, Beta-distributed among them.

    A member stays away for d days with probability B(alpha, beta + d) / B(alpha, beta): the beta-geometric
    distribution (Weinberg and Gladen 1986).

    Attributes:
        population: Units that may ever come, above 0.
        alpha, beta: Of the Beta distribution, above 0; alpha / (alpha + beta) come on an average day.
    """

    population: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        for name in ("population", "alpha", "beta"):
            checks.positive(name, getattr(self, name))

    def unit_count(self, days: ArrayLike) -> Floats:
        """Returns different units met within so many days, each 0 or more."""
        return self.population * _seen_share(self.alpha, self.beta, checks.not_negative("days", days))


Growth: TypeAlias = PowerLaw | RepeatVisits


@dataclass(frozen=True, slots=True)
class Traffic:
    """Says which units of a product an experiment gets.

    Attributes:
        growth: Different eligible units over days.
        experiment_share: Of the units that are not held out, those in the experiment, all arms together, in (0, 1].
        holdout_share: Of eligible units, those kept out of every experiment, in [0, 1).
        trigger_rate: Of the experiment's units, those that meet the change, in (0, 1].
    """

    growth: Growth
    experiment_share: float = 1.0
    holdout_share: float = 0.0
    trigger_rate: float = 1.0

    def __post_init__(self) -> None:
        _check_rate("experiment_share", self.experiment_share)
        _check_rate("1 - holdout_share", 1 - self.holdout_share)
        _check_rate("trigger_rate", self.trigger_rate)

    def unit_count(self, days: ArrayLike) -> Floats:
        """Returns triggered units of all arms together within so many days, each 0 or more."""
        kept = self.experiment_share * (1 - self.holdout_share) * self.trigger_rate
        return self.growth.unit_count(days) * kept


class Analysis(StrEnum):
    """Says whose outcomes are analysed: of units that met the change, or of all in the experiment."""

    TRIGGERED = "TRIGGERED"
    ALL = "ALL"


def diluted_unit_count(triggered: ArrayLike, *, trigger_rate: ArrayLike, analysis: Analysis) -> Floats:
    """Returns the units that must enter the experiment so that the effect on triggered units can be shown.

    With rate r, n triggered units are found among n / r. An analysis of all dilutes the effect to r times itself at a
    variance that is about the same, and so needs n / r^2 (Kohavi, Tang and Xu 2020, chapter 20).

    Args:
        triggered: Units that meet the change, as `sample_size` of the effect on them asks for.
        trigger_rate: In (0, 1].
        analysis: Whose outcomes are analysed.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    rate = checks.positive("trigger_rate", checks.shares("trigger_rate", trigger_rate))
    return np.asarray(
        checks.not_negative("triggered", triggered) / rate ** (1 if analysis is Analysis.TRIGGERED else 2)
    )


def fitted_power_law(cumulative: ArrayLike) -> PowerLaw:
    """Returns the power law nearest to measured counts, by least squares of logarithms; the exponent is at most 1.

    Args:
        cumulative: Different units met by the end of each day, from the first day on; `np.cumsum` of new units a day.

    Raises:
        InvalidArgument: INVALID_FIELD: fewer than three days, counts that fall, are 0 or do not grow at all.
    """
    seen = _checked_growth(cumulative)
    log_days, log_seen = np.log(np.arange(1, seen.size + 1)), np.log(seen)
    steps = log_days - log_days.mean()
    exponent = min(float(steps @ log_seen / (steps @ steps)), 1.0)
    return PowerLaw(float(np.exp(log_seen.mean() - exponent * log_days.mean())), exponent)


def fitted_repeat_visits(cumulative: ArrayLike) -> RepeatVisits:
    """Returns the repeat-visit model nearest to measured counts, by least squares relative to the last count.

    Where the counts do not bend, the population is not known and comes out very large; what the model says about days
    not much beyond the measured ones holds nevertheless.

    Args:
        cumulative: As for `fitted_power_law`.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    seen = _checked_growth(cumulative)
    days = np.arange(1, seen.size + 1)

    def model(logs: Floats) -> RepeatVisits:
        # Counts are linear in the population, so that the best one is known for any chances.
        alpha, beta = map(float, np.exp(logs))
        share = _seen_share(alpha, beta, days)
        return RepeatVisits(float(share @ seen / (share @ share)), alpha, beta)

    def misfit(logs: Floats) -> Floats:
        return np.asarray((model(logs).unit_count(days) - seen) / seen[-1])

    starts = [np.log([mass * mean, mass * (1 - mean)]) for mass in (1.0, 30.0) for mean in (0.02, 0.2)]
    found = [optimize.least_squares(misfit, start, bounds=(-12.0, 12.0), xtol=1e-14, ftol=1e-14) for start in starts]
    return model(min(found, key=lambda one: float(one.cost)).x)


def _seen_share(alpha: float, beta: float, days: ArrayLike) -> Floats:
    return np.asarray(-np.expm1(special.betaln(alpha, beta + np.asarray(days)) - special.betaln(alpha, beta)))


def _checked_growth(cumulative: ArrayLike) -> Floats:
    seen = checks.positive("cumulative", cumulative)
    if seen.ndim != 1 or seen.size < _FEWEST_DAYS:
        raise invalid_field("cumulative", f"must be counts of {_FEWEST_DAYS} days or more")
    if (np.diff(seen) < 0).any() or seen[-1] <= seen[0]:
        raise invalid_field("cumulative", "must not fall, and must grow")
    return seen


def _check_rate(name: str, rate: float) -> None:
    if not 0 < rate <= 1:
        raise invalid_field(name, f"{rate!r}, must be in (0, 1]")
