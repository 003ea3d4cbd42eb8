"""The scenarios in which adaptive methods are judged, and the figures to reach (effects in standard deviations)."""

from typing import Final, NamedTuple

from tests.shared.statistics.adaptive.bandits import Rewards, Scenario

NULL_2: Final = Scenario((0.0, 0.0), 25, 200, 0.01)
NULL_3: Final = Scenario((0.0, 0.0, 0.0), 14, 1000, 0.01)
EFFECT: Final = Scenario((0.0, 0.1, 0.0), 14, 1000, 0.01)
FLOOR_10: Final = Scenario((0.0, 0.0, 0.0), 14, 1000, 0.1)
DRIFT: Final = Scenario((0.0, 0.0, 0.0), 14, 1000, 0.01, drift=0.5)


class Figures(NamedTuple):
    """Holds coverage and mean width of an interval of 95 %."""

    coverage: float
    width: float


class Published(NamedTuple):
    """Holds a scenario and what was found in it, in 4,000 repetitions, before this code was written."""

    scenario: Scenario
    welch: Figures
    bols: Figures
    aipw: Figures


PUBLISHED: Final = {
    "null 2": Published(NULL_2, Figures(0.900, 0.138), Figures(0.954, 0.157), Figures(0.950, 0.156)),
    "null 3": Published(NULL_3, Figures(0.917, 0.101), Figures(0.948, 0.116), Figures(0.948, 0.115)),
    "effect": Published(EFFECT, Figures(0.959, 0.145), Figures(0.948, 0.198), Figures(0.949, 0.196)),
    "floor 10 %": Published(FLOOR_10, Figures(0.954, 0.088), Figures(0.956, 0.091), Figures(0.955, 0.091)),
    "drift": Published(DRIFT, Figures(0.520, 0.130), Figures(0.949, 0.199), Figures(0.953, 0.210)),
}

NEW: Final = {
    "two arms, rate of 5 %": Scenario((0.05, 0.05), 25, 200, 0.01, rewards=Rewards.BERNOULLI),
    "three arms, rate of 2 %": Scenario((0.02,) * 3, 14, 1000, 0.01, rewards=Rewards.BERNOULLI),
    "five arms, rate of 5 %": Scenario((0.05,) * 5, 28, 1000, 0.01, rewards=Rewards.BERNOULLI),
    "two arms, rate of 1 %": Scenario((0.01, 0.01), 28, 2000, 0.05, rewards=Rewards.BERNOULLI),
    "exponential": Scenario((0.0, 0.0), 25, 200, 0.01, rewards=Rewards.EXPONENTIAL),
    "lognormal": Scenario((0.0, 0.0), 25, 200, 0.01, rewards=Rewards.LOGNORMAL),
    "five arms": Scenario((0.0,) * 5, 25, 1000, 0.01),
    "top two": Scenario((0.0, 0.1, 0.0), 14, 1000, 0.01, is_top_two=True),
    "top two, drift": Scenario((0.0, 0.1, 0.0), 14, 1000, 0.01, is_top_two=True, drift=0.5),
    "large effect": Scenario((0.0, 1.0), 25, 200, 0.01),
    "small batches": Scenario((0.0, 0.0), 40, 20, 0.1),
    "late arm": Scenario((0.0, 0.0, 0.0), 25, 400, 0.01, late_arm_from=8),
}

UNEQUAL: Final = {
    "rates of 2 % and 3 %": Scenario((0.02, 0.03), 25, 400, 0.01, rewards=Rewards.BERNOULLI),
    "lognormal with effect": Scenario((0.0, 0.2), 25, 200, 0.01, rewards=Rewards.LOGNORMAL),
    "deviations of 1 and 3": Scenario((0.0, 0.0), 25, 200, 0.01, deviations=(1.0, 3.0)),
    "deviations of 3, 1 and 1": Scenario((0.0, 0.0, 0.0), 14, 1000, 0.01, deviations=(3.0, 1.0, 1.0)),
}

LOOKS_40: Final = {
    "two arms": Scenario((0.0, 0.0), 40, 200, 0.01),
    "three arms": Scenario((0.0, 0.0, 0.0), 40, 200, 0.01),
    "effect": Scenario((0.0, 0.1, 0.0), 40, 200, 0.01),
    "drift": Scenario((0.0, 0.0, 0.0), 40, 200, 0.01, drift=0.5),
    "top two": Scenario((0.0, 0.1, 0.0), 40, 200, 0.01, is_top_two=True),
    "rates of 5 %": Scenario((0.05, 0.05), 40, 200, 0.01, rewards=Rewards.BERNOULLI),
    "late arm": Scenario((0.0, 0.0, 0.0), 40, 200, 0.01, late_arm_from=10),
}


def daily(*rates: float, is_top_two: bool = False, drift: float = 0.0) -> Scenario:
    """Returns a bandit on conversions that learns once a day, from 2,000 units, for four weeks."""
    return Scenario(rates, 28, 2000, 0.01, rewards=Rewards.BERNOULLI, is_top_two=is_top_two, drift=drift)
