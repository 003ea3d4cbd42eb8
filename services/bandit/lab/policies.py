"""The policies that are compared: an algorithm with the product's default controls, or with none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.bandit.lab.context_problems import ContextProblem
from services.bandit.lab.problems import BATCH_DURATION, Kind, Problem
from shared.definition.model import (
    Algorithm,
    AllocationControls,
    AllocationPolicy,
    Arm,
    BetaThompson,
    CombinationRule,
    EpsilonGreedy,
    Exp3,
    Experiment,
    ExperimentState,
    FixedSplit,
    GammaThompson,
    GaussianThompson,
    GuardrailPause,
    InverseGap,
    KlUcb,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    Metric,
    MetricDirection,
    MetricKind,
    MetricRole,
    TopTwoThompson,
    Ucb1,
    WarmStart,
)

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULT: Final = AllocationControls()
BARE: Final = AllocationControls(
    exploration_floor=0.0, burn_in_unit_count=0, update_interval=timedelta(0), min_weight_change=0.0
)
_DAYS: Final = timedelta(days=2)
_WINDOW: Final = timedelta(days=7)
_EARLIER: Final = WarmStart("earlier")


@dataclass(frozen=True, slots=True)
class Policy:
    """Is an algorithm under controls; without an algorithm, Thompson sampling as it suits the problem."""

    name: str
    title: str
    algorithm: Algorithm | None
    controls: AllocationControls = DEFAULT


EQUAL: Final = Policy("equal", "equal split", FixedSplit())

POLICIES: Final = {
    policy.name: policy
    for policy in (
        EQUAL,
        Policy("thompson", "Thompson", None),
        Policy("thompson-bare", "Thompson, no controls", None, BARE),
        Policy("thompson-burn-in-20", "Thompson, burn-in 20", None, replace(DEFAULT, burn_in_unit_count=20)),
        Policy("thompson-half-life", "Thompson, half-life 2 days", None, replace(DEFAULT, half_life=_DAYS)),
        Policy("thompson-window", "Thompson, window 2 days", None, replace(DEFAULT, window=_DAYS)),
        Policy("thompson-mature", "Thompson, mature only", None, replace(DEFAULT, mature_only=True)),
        Policy("thompson-floor-10", "Thompson, floor 10 %", None, replace(DEFAULT, exploration_floor=0.1)),
        Policy("thompson-control-20", "Thompson, 20 % control", None, replace(DEFAULT, min_control_share=0.2)),
        Policy("thompson-warm", "Thompson, warm (1,000)", None, replace(DEFAULT, warm_start=_EARLIER)),
        Policy(
            "thompson-warm-100",
            "Thompson, warm (100)",
            None,
            replace(DEFAULT, warm_start=replace(_EARLIER, max_unit_count=100.0)),
        ),
        Policy("top-two", "top-two Thompson", TopTwoThompson()),
        Policy("ucb1", "UCB1", Ucb1()),
        Policy("kl-ucb", "KL-UCB", KlUcb()),
        Policy("epsilon-greedy", "epsilon-greedy, decaying", EpsilonGreedy(half_share_unit_count=1000)),
        Policy("exp3", "EXP3", Exp3()),
        Policy("linear-thompson", "linear Thompson", LinearThompson()),
        Policy("logistic-thompson", "logistic Thompson", LogisticThompson()),
        Policy("logistic-thompson-20", "logistic Thompson, tight", LogisticThompson(prior_precision=20.0)),
        Policy("lin-ucb", "LinUCB", LinUcb()),
        Policy("inverse-gap", "inverse gap", InverseGap()),
    )
}

_SUITS: Final[Mapping[Kind, Algorithm]] = {
    Kind.CONVERSION: BetaThompson(),
    Kind.MEAN: GaussianThompson(),
    Kind.COUNT: GammaThompson(),
}


_HARM: Final = Metric(
    "harmed",
    MetricKind.PROPORTION,
    MetricRole.GUARDRAIL,
    MetricDirection.MINIMIZE,
    CombinationRule.ANY,
    0.0,
    1.0,
)


def experiment_of(problem: Problem, policy: Policy) -> Experiment:
    """Returns the experiment that a user would define for the problem; the first arm is the control."""
    metrics: tuple[Metric, ...] = (_metric(problem.kind, problem.direction),)
    controls = policy.controls
    if problem.harm_rates:
        metrics, controls = (*metrics, _HARM), replace(controls, guardrail_pause=GuardrailPause())
    allocation_policy = AllocationPolicy(policy.algorithm or _SUITS[problem.kind], controls)
    experiment = _running(problem.truth.arm_count, metrics, allocation_policy)
    window = problem.delay.window_batches * BATCH_DURATION if problem.delay else _WINDOW
    return replace(experiment, attribution_window=window)


def context_experiment_of(problem: ContextProblem, policy: Policy) -> Experiment:
    """Returns the same for a problem in which units differ: the features are declared, whoever goes by them."""
    metric = _metric(problem.kind, MetricDirection.MAXIMIZE)
    allocation_policy = AllocationPolicy(policy.algorithm or _SUITS[problem.kind], policy.controls)
    experiment = _running(problem.truth.arm_count, (metric,), allocation_policy)
    return replace(experiment, features=problem.truth.features)


def _running(arm_count: int, metrics: tuple[Metric, ...], allocation_policy: AllocationPolicy) -> Experiment:
    arms = tuple(Arm(f"arm-{place}", control=place == 0) for place in range(arm_count))
    state = ExperimentState.RUNNING
    return Experiment("lab", arms, metrics, allocation_policy, state=state, started_at=START)


def _metric(kind: Kind, direction: MetricDirection) -> Metric:
    if kind is Kind.CONVERSION:
        any_outcome = CombinationRule.ANY
        return Metric("converted", MetricKind.PROPORTION, MetricRole.PRIMARY, direction, any_outcome, 0.0, 1.0)
    return Metric("value", MetricKind.MEAN, MetricRole.PRIMARY, direction)
