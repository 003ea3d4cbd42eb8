"""How the weights of the arms come about, as values; field by field those of common.proto, defaults filled in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class ArmWeight:
    """Is the share of participating units that one arm gets."""

    arm_id: str
    weight: float


@dataclass(frozen=True, slots=True)
class FixedSplit:
    """Keeps weights as they are; no weights mean an equal split."""

    weights: tuple[ArmWeight, ...] = ()


@dataclass(frozen=True, slots=True)
class BetaThompson:
    """Is Beta-Bernoulli Thompson sampling with one prior for all arms."""

    prior_alpha: float = 1.0
    prior_beta: float = 1.0


@dataclass(frozen=True, slots=True)
class GaussianThompson:
    """Is Gaussian Thompson sampling with unknown variance, its prior worth `prior_unit_count` units of pooled data."""

    prior_unit_count: float = 1.0


@dataclass(frozen=True, slots=True)
class GammaThompson:
    """Is Gamma-Poisson Thompson sampling with one prior for all arms."""

    prior_shape: float = 1.0
    prior_unit_count: float = 1.0


@dataclass(frozen=True, slots=True)
class TopTwoThompson:
    """Is top-two Thompson sampling; the leader is played with a chance of `leader_share`."""

    leader_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Ucb1:
    """Is UCB1, planned `lookahead_unit_count` units ahead."""

    exploration: float = 8.0
    lookahead_unit_count: int = 100


@dataclass(frozen=True, slots=True)
class KlUcb:
    """Is KL-UCB, planned `lookahead_unit_count` units ahead."""

    c: float = 0.0
    lookahead_unit_count: int = 100


@dataclass(frozen=True, slots=True)
class EpsilonGreedy:
    """Is epsilon-greedy; its share is halved at `half_share_unit_count` units, or never at 0."""

    epsilon: float = 0.1
    half_share_unit_count: int = 0


@dataclass(frozen=True, slots=True)
class Exp3:
    """Is EXP3; a rate of 0 follows the number of units."""

    learning_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class LinearThompson:
    """Is linear Thompson sampling; `hybrid` arms share a part of their coefficients."""

    prior_precision: float = 1.0
    draw_count: int = 256
    hybrid: bool = False


@dataclass(frozen=True, slots=True)
class LinUcb:
    """Is LinUCB, with `exploration` posterior standard deviations on top of the mean."""

    exploration: float = 1.0
    prior_precision: float = 1.0
    hybrid: bool = False


@dataclass(frozen=True, slots=True)
class LogisticThompson:
    """Is logistic Thompson sampling with Laplace's approximation."""

    prior_precision: float = 1.0
    draw_count: int = 256
    hybrid: bool = False


@dataclass(frozen=True, slots=True)
class InverseGap:
    """Is inverse-gap weighting; an `exploration` of 1 is as careful as theory asks for."""

    exploration: float = 0.1
    prior_precision: float = 1.0
    hybrid: bool = False


DrawingAlgorithm = LinearThompson | LogisticThompson
ContextualAlgorithm = LinearThompson | LinUcb | LogisticThompson | InverseGap

Algorithm = (
    FixedSplit
    | BetaThompson
    | GaussianThompson
    | GammaThompson
    | TopTwoThompson
    | Ucb1
    | KlUcb
    | EpsilonGreedy
    | Exp3
    | ContextualAlgorithm
)


ALGORITHMS: Final[dict[str, type[Algorithm]]] = {
    "fixed_split": FixedSplit,
    "beta_thompson": BetaThompson,
    "gaussian_thompson": GaussianThompson,
    "gamma_thompson": GammaThompson,
    "top_two_thompson": TopTwoThompson,
    "ucb1": Ucb1,
    "kl_ucb": KlUcb,
    "epsilon_greedy": EpsilonGreedy,
    "exp3": Exp3,
    "linear_thompson": LinearThompson,
    "lin_ucb": LinUcb,
    "logistic_thompson": LogisticThompson,
    "inverse_gap": InverseGap,
}
"""The algorithms by the name that they have in the contract."""


def algorithm_name(algorithm: Algorithm) -> str:
    """Returns the name that an algorithm has in the contract."""
    return next(name for name, kind in ALGORITHMS.items() if isinstance(algorithm, kind))


@dataclass(frozen=True, slots=True)
class GuardrailPause:
    """Pauses arms that are shown to be worse than the control by more than `margin`, relative to it."""

    alpha: float = 0.05
    margin: float = 0.0
    optimal_unit_count: int = 5_000


@dataclass(frozen=True, slots=True)
class StopRule:
    """Says when to stop; `threshold_of_caring` is relative to the leading arm's mean."""

    alpha: float = 0.05
    threshold_of_caring: float = 0.01
    optimal_unit_count: int = 20_000


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Starts from an earlier experiment's data, worth `max_unit_count` units of an arm at most."""

    experiment_id: str
    max_unit_count: float = 1_000.0


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds what arms may cost in all, paced so that it lasts until `ends_at`."""

    amount: float
    ends_at: datetime


ControlPart = GuardrailPause | StopRule | WarmStart


@dataclass(frozen=True, slots=True)
class AllocationControls:
    """Limits what a learning algorithm may do with the weights; at most one of `half_life` and `window` is given."""

    exploration_floor: float = 0.01
    min_control_share: float = 0.0
    burn_in_unit_count: int = 100
    update_interval: timedelta = timedelta(seconds=60)
    min_weight_change: float = 0.01
    half_life: timedelta | None = None
    window: timedelta | None = None
    mature_only: bool = False
    guardrail_pause: GuardrailPause | None = None
    stop_rule: StopRule | None = None
    shadow: bool = False
    warm_start: WarmStart | None = None
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class RewardTerm:
    """Is one metric's part in the reward: weight x value."""

    metric_id: str
    weight: float


@dataclass(frozen=True, slots=True)
class AllocationPolicy:
    """Says how the weights of the arms come about; without reward terms the primary metric is learned from."""

    algorithm: Algorithm = FixedSplit()
    controls: AllocationControls = AllocationControls()
    reward: tuple[RewardTerm, ...] = ()
