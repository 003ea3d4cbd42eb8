"""What arms are really like where units differ: draws a run's arms, and its units with what is told of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from shared.definition.model import CategoricalFeature, Feature, NumericFeature
from shared.policy.encoding import FARTHEST

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]

DEVICES: Final = ("mobile", "desktop", "tablet")
_DEVICE_SHARES: Final = (0.6, 0.35, 0.05)
COUNTRIES: Final = ("us", "gb", "de", "fr", "br", "in")
_COUNTRY_SHARES: Final = (0.35, 0.2, 0.15, 0.1, 0.1, 0.1)


class Units(NamedTuple):
    """Holds the n units of a run.

    Attributes:
        contexts: Encoded, shape (n, columns).
        means: Expected value under each arm, shape (n, K).
    """

    contexts: Floats
    means: Floats


class ContextTruth(Protocol):
    """Says how values hang together with contexts and arms; every run has arms of its own."""

    @property
    def arm_count(self) -> int:
        """Returns how many arms there are."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """Returns what is told of a unit."""

    def units(self, rng: np.random.Generator, count: int) -> Units:
        """Returns the units of a run, whose arms are drawn first."""

    def values(self, rng: np.random.Generator, means: Floats) -> Floats:
        """Returns one value for each expected value, shape (n,)."""


@dataclass(frozen=True, slots=True)
class LinearNormal:
    """Is normal values whose means are linear in normal features; coefficients are normal, an arm's own mean included.

    Attributes:
        base: Mean over all arms and units.
        spread: Deviation of the means of one arm between runs and units.
        deviation: Of a value from its mean.
    """

    arm_count: int
    feature_count: int
    base: float
    spread: float
    deviation: float

    @property
    def features(self) -> tuple[Feature, ...]:
        """Returns so many numbers, centred and scaled."""
        return tuple(NumericFeature(f"x{place}") for place in range(self.feature_count))

    def units(self, rng: np.random.Generator, count: int) -> Units:
        """Returns the units of a run, whose arms are drawn first."""
        coefficients = rng.standard_normal((self.feature_count + 1, self.arm_count))
        numbers = rng.standard_normal((count, self.feature_count))
        known = np.column_stack([np.ones(count), numbers])
        means = self.base + self.spread / np.sqrt(self.feature_count + 1) * known @ coefficients
        contexts = np.zeros((count, 1 + 2 * self.feature_count))
        contexts[:, 0] = 1
        # The columns between say that a number is missing.
        contexts[:, 1::2] = np.clip(numbers, -FARTHEST, FARTHEST)
        return Units(contexts, means)

    def values(self, rng: np.random.Generator, means: Floats) -> Floats:
        """Returns one value for each expected value, shape (n,)."""
        return np.asarray(means + self.deviation * rng.standard_normal(means.size))


@dataclass(frozen=True, slots=True)
class Segments:
    """Is conversions whose log odds are sums of normal effects of the arm, the segment (device, country) and both.

    What an arm does in one device and country beside what it does in the device and in the country is out of the reach
    of models that are told of both but not of their combination.

    Attributes:
        rate: Where all effects are 0.
        segment_scale: Deviation of the effects of devices and of countries, the same for all arms.
        arm_scale: Deviation of the arms' effects.
        interaction_scale: Deviation of each arm's effects by device, and by country.
        combination_scale: Deviation of each arm's effects by device and country together.
    """

    arm_count: int
    rate: float
    segment_scale: float
    arm_scale: float
    interaction_scale: float
    combination_scale: float

    @property
    def features(self) -> tuple[Feature, ...]:
        """Returns device and country."""
        return (CategoricalFeature("device", DEVICES), CategoricalFeature("country", COUNTRIES))

    def units(self, rng: np.random.Generator, count: int) -> Units:
        """Returns the units of a run, whose arms are drawn first."""
        rates = special.expit(self._log_odds(rng))
        device = rng.choice(len(DEVICES), count, p=_DEVICE_SHARES)
        country = rng.choice(len(COUNTRIES), count, p=_COUNTRY_SHARES)
        contexts = np.column_stack([np.ones(count), _columns(DEVICES, device), _columns(COUNTRIES, country)])
        return Units(contexts, rates[:, device, country].T)

    def values(self, rng: np.random.Generator, means: Floats) -> Floats:
        """Returns one value for each expected value, shape (n,)."""
        return (rng.random(means.size) < means).astype(np.float64)

    def _log_odds(self, rng: np.random.Generator) -> Floats:
        """Returns the log odds of each arm in each segment, shape (K, devices, countries)."""
        arms, devices, countries = self.arm_count, len(DEVICES), len(COUNTRIES)
        effects = (
            (self.segment_scale, (1, devices, 1)),
            (self.segment_scale, (1, 1, countries)),
            (self.arm_scale, (arms, 1, 1)),
            (self.interaction_scale, (arms, devices, 1)),
            (self.interaction_scale, (arms, 1, countries)),
            (self.combination_scale, (arms, devices, countries)),
        )
        start = np.full((arms, devices, countries), special.logit(self.rate))
        return np.asarray(start + sum(scale * rng.standard_normal(shape) for scale, shape in effects))


def _columns(values: Sequence[str], places: Indexes) -> Floats:
    return np.eye(len(values))[places]
