"""The published list of problems: what each is, and where its shape comes from. Names never change their meaning."""

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from services.bandit.lab.outcomes import Conversions, Normals, Outcomes, People, Poissons, Revenue
from services.bandit.lab.truths import Crossing, Drawn, Fixed, Season, Truth
from shared.definition.model import MetricDirection

BATCH_DURATION: Final = timedelta(hours=6)
"""How long a batch lasts: it matters for half-lives, windows and waiting only."""

OURS: Final = "ours"
CAPPE: Final = "Garivier and Cappé 2011, section 6"


class Kind(StrEnum):
    """Says what the values are, and with it the posterior that suits them."""

    CONVERSION = "conversion"
    MEAN = "mean"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Delay:
    """Says how late conversions come: after a geometric number of batches, within the attribution window.

    Attributes:
        mean_batches: Mean number of whole batches between exposure and outcome, before it is cut.
        window_batches: Attribution window; all conversions come within it.
    """

    mean_batches: float
    window_batches: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """Is an experiment on the same arms that is over: conversions after an equal split.

    Attributes:
        rates: What the arms were like then.
        arm_unit_count: Units of each arm.
    """

    rates: tuple[float, ...]
    arm_unit_count: int


_CONVERSIONS: Final = Conversions()


@dataclass(frozen=True, slots=True)
class Problem:
    """Is arms, units and how units come.

    Attributes:
        source: Where the shape comes from.
        batch_unit_count: Units between two updates of the weights.
        batch_count: Updates.
        policies: By name, those that are compared beside the equal split.
        drawn: Whether every run has arms of its own, and so is a problem by itself.
        harm_rates: Of the guardrail metric, by arm, less being better; none where there is no guardrail.
        earlier: What policies that start warm start from.
    """

    name: str
    title: str
    source: str
    truth: Truth
    outcomes: Outcomes = _CONVERSIONS
    kind: Kind = Kind.CONVERSION
    direction: MetricDirection = MetricDirection.MAXIMIZE
    batch_unit_count: int = 250
    batch_count: int = 40
    policies: tuple[str, ...] = ("thompson", "thompson-bare", "top-two", "epsilon-greedy")
    delay: Delay | None = None
    drawn: bool = False
    quick: bool = False
    harm_rates: tuple[float, ...] = ()
    earlier: Earlier | None = None

    @property
    def unit_count(self) -> int:
        """Returns the units of a run."""
        return self.batch_unit_count * self.batch_count


ALL_POLICIES: Final = ("thompson", "thompson-bare", "top-two", "ucb1", "kl-ucb", "epsilon-greedy", "exp3")
MAIN_POLICIES: Final = ("thompson", "top-two")

# Thornton 2008, people who came for their result, by incentive; `services.admin.demo` replays the same bands.
THORNTON: Final = People((211, 135, 242, 448, 920), (623, 212, 348, 580, 1071))

CLASSIC: Final = (
    Problem("two-arms-clear", "two arms, 80 and 90 %", CAPPE, Fixed((0.8, 0.9)), policies=ALL_POLICIES, quick=True),
    Problem("two-arms-close", "two arms, 50 and 52 %", OURS, Fixed((0.5, 0.52)), policies=ALL_POLICIES),
    Problem(
        "ten-arms-low",
        "ten arms, 1 to 10 %",
        CAPPE,
        Fixed((0.01, 0.01, 0.01, 0.02, 0.02, 0.02, 0.05, 0.05, 0.05, 0.1)),
        policies=ALL_POLICIES,
    ),
    Problem("one-good-of-ten", "nine arms of 10 %, one of 15 %", OURS, Fixed((0.1,) * 9 + (0.15,))),
    Problem("all-alike", "five arms of 10 %", OURS, Fixed((0.1,) * 5)),
)


def _rare(name: str, rates: tuple[float, ...], title: str) -> Problem:
    return Problem(name, title, OURS, Fixed(rates), batch_unit_count=2500)


RARE: Final = (
    _rare("rare-lift-5", (0.02, 0.021), "2 %, lift of 5 %"),
    _rare("rare-lift-10", (0.02, 0.022), "2 %, lift of 10 %"),
    _rare("rare-lift-20", (0.02, 0.024), "2 %, lift of 20 %"),
    _rare("rare-lift-50", (0.02, 0.03), "2 %, lift of 50 %"),
    _rare("rare-five-arms", (0.03, 0.03, 0.03, 0.0315, 0.036), "five arms, 3 %, best lift 20 %"),
    _rare("rare-ten-arms", (0.01,) * 9 + (0.015,), "ten arms, 1 %, one lift of 50 %"),
)

OTHER: Final = (
    Problem(
        "gaussian",
        "normal values, means 10 to 12, deviation 5",
        OURS,
        Fixed((10.0, 10.5, 11.0, 12.0)),
        Normals(5.0),
        Kind.MEAN,
    ),
    Problem(
        "revenue",
        "revenue: 3 to 3.9 % buy, lognormal amounts",
        "shape of e-commerce revenue: zeros and a lognormal tail; figures ours",
        Fixed(tuple(rate * Revenue(3.6, 1.0).amount for rate in (0.03, 0.033, 0.039))),
        Revenue(3.6, 1.0),
        Kind.MEAN,
        batch_unit_count=2500,
    ),
    Problem("counts", "events a unit, 1 to 1.3", OURS, Fixed((1.0, 1.1, 1.3)), Poissons(), Kind.COUNT),
    Problem(
        "minimise",
        "bounce rates 40, 36, 30 %; less is better",
        OURS,
        Fixed((0.4, 0.36, 0.3)),
        direction=MetricDirection.MINIMIZE,
    ),
    Problem(
        "crossing",
        "the best arm becomes the worst",
        OURS,
        Crossing((0.12, 0.08, 0.06), (0.06, 0.08, 0.12)),
        batch_unit_count=1000,
        policies=("thompson", "thompson-half-life", "thompson-window", "exp3"),
    ),
    Problem(
        "season",
        "all rates move by 50 % in a week",
        OURS,
        Season((0.05, 0.055, 0.07), 0.5, 28),
        batch_unit_count=1000,
        policies=("thompson", "thompson-half-life", "top-two"),
    ),
    Problem(
        "delayed",
        "conversions come 2 batches late",
        OURS,
        Fixed((0.05, 0.055, 0.07)),
        batch_unit_count=1000,
        policies=("thompson", "thompson-mature", "top-two"),
        delay=Delay(2.0, 8),
    ),
    Problem(
        "thornton",
        "real people, five incentives",
        "Thornton 2008, American Economic Review 98(5), replayed without replacement",
        Fixed(tuple(came / people for came, people in zip(THORNTON.converted, THORNTON.people, strict=True))),
        THORNTON,
        batch_unit_count=40,
        batch_count=20,
        policies=(*ALL_POLICIES, "thompson-burn-in-20"),
        quick=True,
    ),
)

DRAWN: Final = (
    Problem(
        "headlines",
        "headline tests, five arms, 15,000 views",
        "Upworthy Research Archive (Matias et al. 2021), exploratory part without the tests of June 2013 to January "
        "2014 whose randomisation is doubted: 3,824 tests, median 15,207 views and 1.2 % clicks, 4.8 arms on average. "
        "Arms' log-rates fitted to random pairs of arms of the 2,442 tests with 30 clicks an arm: Student's t, 4 "
        "degrees of freedom, scale .154",
        Drawn(5, 0.0113, 0.656, 0.154, 4.0, control_moves=True),
        batch_unit_count=375,
        policies=(*MAIN_POLICIES, "thompson-bare", "thompson-burn-in-20", "epsilon-greedy"),
        drawn=True,
        quick=True,
    ),
    Problem(
        "shop-changes",
        "changes of online shops, three arms at 3 %",
        "Browne and Swarbrick Jones 2017, 6,700 tests: 90 % of effects within 1.2 %; here Student's t with 3 degrees "
        "of freedom, since tails are fat (Azevedo et al. 2020)",
        Drawn(3, 0.03, 0.0, 0.012 / 2.353, 3.0, control_moves=False),
        batch_unit_count=2500,
        policies=MAIN_POLICIES,
        drawn=True,
    ),
    Problem(
        "usual-prior",
        "common default prior, three arms at 3 %",
        "N(0, 5 %) for lifts, the default prior of Datadog Experiments (Pananos 2026)",
        Drawn(3, 0.03, 0.0, 0.05, math.inf, control_moves=False),
        batch_unit_count=2500,
        policies=MAIN_POLICIES,
        drawn=True,
    ),
)

_TEN_ARMS: Final = (0.1,) * 9 + (0.15,)


def _warm(name: str, title: str, earlier: tuple[float, ...], *, quick: bool = False) -> Problem:
    return Problem(name, title, OURS, Fixed(_TEN_ARMS), earlier=Earlier(earlier, 1000), quick=quick)


WARM: Final = (
    _warm("warm-alike", "ten arms, the earlier experiment was alike", _TEN_ARMS, quick=True),
    _warm("warm-level", "ten arms, all rates were half as high again", tuple(1.5 * rate for rate in _TEN_ARMS)),
    _warm("warm-misleading", "ten arms, another arm was the best", _TEN_ARMS[::-1]),
)

PROBLEMS: Final = (*CLASSIC, *RARE, *OTHER, *DRAWN)
