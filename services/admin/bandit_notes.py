"""What is said of a bandit below its table: how far to trust it, what it gained, whether to stop."""

from collections.abc import Iterator
from typing import Final

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.admin.words import instant

CONTEXTUAL: Final = frozenset({"linear_thompson", "lin_ucb", "logistic_thompson", "inverse_gap"})

_DEFAULT_ALGORITHM: Final = "fixed_split"
_NAMES: Final = {
    "beta_thompson": "Beta-Bernoulli Thompson sampling",
    "gaussian_thompson": "Gaussian Thompson sampling",
    "gamma_thompson": "Gamma-Poisson Thompson sampling",
    "top_two_thompson": "top-two Thompson sampling",
    "ucb1": "UCB1",
    "kl_ucb": "KL-UCB",
    "epsilon_greedy": "epsilon-greedy",
    "exp3": "EXP3",
    "linear_thompson": "linear Thompson sampling",
    "lin_ucb": "LinUCB",
    "logistic_thompson": "logistic Thompson sampling",
    "inverse_gap": "inverse-gap weighting",
}


def algorithm_name(snapshot: pb.PolicySnapshot) -> str:
    """Returns the name of the algorithm for people."""
    return policy_name(snapshot.allocation_policy)


def policy_name(policy: common_pb2.AllocationPolicy) -> str:
    """Returns the name of a policy's algorithm for people."""
    algorithm = policy.WhichOneof("algorithm") or _DEFAULT_ALGORITHM
    # The server may be newer.
    return _NAMES.get(algorithm, algorithm.replace("_", " "))


def notes(bandit: pb.Bandit) -> Iterator[str]:
    """Yields lines: of contexts, regret and gain, pauses, counts that should be 0, and the advice to stop."""
    if bandit.HasField("control_switch"):
        switch = bandit.control_switch
        yield f"everybody gets the control, by {switch.actor} since {instant(switch.switched_at)} UTC: {switch.reason}"
    if _algorithm(bandit.snapshot) in CONTEXTUAL:
        yield "weights now: averages over contexts lately seen; a unit's own weights follow its context"
        yield "regret and gain: not estimable, weights follow contexts"
    else:
        yield (
            f"estimated regret {bandit.estimated_regret:.1f}, "
            f"estimated gain over an equal split {bandit.estimated_gain_over_equal_split:+.1f} "
            f"(in units of the {'reward' if bandit.snapshot.allocation_policy.reward else 'primary metric'})"
        )
    if paused := [arm.arm_id for arm in bandit.snapshot.arms if arm.paused]:
        yield f"paused, as shown to harm a guardrail metric: {', '.join(paused)}"
    yield from _health(bandit.health)
    yield f"advice: {_advice(bandit)}"


def _health(health: pb.DataHealth) -> Iterator[str]:
    if count := health.multiple_arm_unit_count:
        yield f"careful: {count:,} unit(s) saw more than one arm; they count in their first"
    if count := health.unexposed_unit_count:
        yield f"careful: {count:,} unit(s) have outcomes and no exposure; they enter no estimate"


def _advice(bandit: pb.Bandit) -> str:
    if not bandit.HasField("stop_advice"):
        is_contextual = _algorithm(bandit.snapshot) in CONTEXTUAL
        return f"nothing can be said {'where weights follow contexts' if is_contextual else 'yet'}"
    advice = bandit.stop_advice
    match advice.verdict:
        case pb.STOP_VERDICT_KEEP_GOING:
            return f"keep going, no arm is shown to be the best and the choice still matters ({advice.arm_id} leads)"
        case pb.STOP_VERDICT_SUPERIORITY_SHOWN:
            return f"stop, {advice.arm_id} is shown to be the best (chance of a wrong call: at most {advice.alpha:.3g})"
        case pb.STOP_VERDICT_INDIFFERENT:
            return (
                f"stop, a better arm than {advice.arm_id} would gain at most {advice.value_remaining:.3g} per unit, "
                "not worth going on for; it is not shown to be the best"
            )
        case _:
            return f"one that this command does not know ({advice.verdict})"


def _algorithm(snapshot: pb.PolicySnapshot) -> str:
    return snapshot.allocation_policy.WhichOneof("algorithm") or _DEFAULT_ALGORITHM
