"""How a bandit is going to run: its traffic, its updates, its weights and when it stops."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from shared.errors import invalid_field
from shared.statistics.planning.beliefs import Algorithm
from shared.statistics.result import checks

_MOST_BATCHES: Final = 5000


@dataclass(frozen=True, slots=True)
class Never:
    """Learns until the horizon."""


@dataclass(frozen=True, slots=True)
class ProbabilityBest:
    """Stops when an arm is best with this probability or more; it errs far more often than it says when it peeks."""

    threshold: float = 0.95

    def __post_init__(self) -> None:
        if not 0.5 <= self.threshold < 1:
            raise invalid_field("threshold", f"{self.threshold!r}, must be in [0.5, 1)")


@dataclass(frozen=True, slots=True)
class ExpectedLoss:
    """Stops when the leading arm is expected to lose no more than this against the best, in the metric's unit."""

    tolerance: float

    def __post_init__(self) -> None:
        checks.positive("tolerance", self.tolerance)


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Stops when the leader is shown to be best: with a wrong one in at most this share of experiments.

    The threshold is ln(2 t (K - 1) / error) after t units (Garivier and Kaufmann 2016, theorem 10).
    """

    error: float = 0.05

    def __post_init__(self) -> None:
        checks.alpha(self.error, name="error")


Stopping: TypeAlias = Never | ProbabilityBest | ExpectedLoss | LikelihoodRatio


@dataclass(frozen=True, slots=True)
class BanditPlan:
    """Says how a bandit is going to run.

    Attributes:
        daily_unit_count: Units a day of all arms together, above 0.
        horizon_days: Days over which gains are counted; learning ends then at the latest.
        batch_unit_count: Units between two updates of the weights.
        algorithm: What the weights follow.
        floor: Least share of every arm.
        burn_in_unit_count: Units that every arm must have before weights leave the equal split.
        stopping: When all units go to the leading arm.
        is_higher_better: Whether large values are good.
    """

    daily_unit_count: int
    horizon_days: int
    batch_unit_count: int
    algorithm: Algorithm = Algorithm.THOMPSON
    floor: float = 0.01
    burn_in_unit_count: int = 100
    stopping: Stopping = field(default_factory=Never)
    is_higher_better: bool = True

    def __post_init__(self) -> None:
        for name in ("daily_unit_count", "horizon_days", "batch_unit_count"):
            if getattr(self, name) < 1:
                raise invalid_field(name, "must be 1 or more")
        if not 1 <= self.batch_count <= _MOST_BATCHES:
            raise invalid_field("batch_unit_count", f"{self.batch_count} batches, must be from 1 to {_MOST_BATCHES}")
        if self.burn_in_unit_count < 2:
            raise invalid_field("burn_in_unit_count", "must be 2 or more")

    @property
    def horizon_unit_count(self) -> int:
        """Returns the units of all arms until the horizon."""
        return self.daily_unit_count * self.horizon_days

    @property
    def batch_count(self) -> int:
        """Returns the whole batches until the horizon."""
        return self.horizon_unit_count // self.batch_unit_count

    @property
    def side(self) -> float:
        """Returns 1 where large values are good, -1 where small ones are."""
        return 1.0 if self.is_higher_better else -1.0
