"""Slow and obvious: policy values unit by unit, as the papers define them."""

from typing import NamedTuple

import numpy as np

from shared.statistics.off_policy.values import Estimator
from tests.shared.statistics.adaptive.reference import Floats, Units


class Answer(NamedTuple):
    """Is a value with its standard error."""

    value: float
    standard_error: float


def answers(history: list[Units], target: Floats) -> dict[Estimator, Answer]:
    """Returns what each estimator says of the weights, from single units."""
    rewards = np.concatenate([units.outcomes for units in history])
    arms = np.concatenate([units.arms for units in history])
    weights = np.concatenate([target[units.arms] / units.propensities[units.arms] for units in history])
    lack = _lack(history)[arms]
    size = len(rewards)
    ips = float(np.mean(weights * rewards))
    snips = float(np.sum(weights * rewards) / np.sum(weights))
    ips_spread = np.sum((weights * rewards - ips) ** 2 + weights**2 * lack)
    snips_spread = np.sum(weights**2 * ((rewards - snips) ** 2 + lack))
    scores, residuals = doubly_robust_scores(history, target)
    return {
        Estimator.IPS: Answer(ips, float(np.sqrt(ips_spread / (size * (size - 1))))),
        Estimator.SNIPS: Answer(snips, float(np.sqrt(size / (size - 1) * snips_spread) / np.sum(weights))),
        Estimator.DOUBLY_ROBUST: Answer(
            float(np.mean(scores)), float(np.sqrt(np.sum(residuals**2 + weights**2 * lack)) / size)
        ),
    }


def doubly_robust_scores(history: list[Units], target: Floats) -> tuple[Floats, Floats]:
    """Returns each unit's score, and its weight times how far its reward is from its prediction."""
    arm_count = len(target)
    effect, seen = np.zeros(arm_count), np.zeros(arm_count)
    scores, residuals = [], []
    for units in history:
        for unit, (arm, reward) in enumerate(zip(units.arms, units.outcomes, strict=True)):
            others = np.delete(units.arms, unit), np.delete(units.outcomes, unit)
            level = np.mean(others[1] - effect[others[0]]) if len(others[0]) else 0.0
            predicted = np.array(
                [
                    ((1 + seen[one]) * (effect[one] + level) + others[1][others[0] == one].sum())
                    / (1 + seen[one] + (others[0] == one).sum())
                    for one in range(arm_count)
                ]
            )
            residual = target[arm] / units.propensities[arm] * (reward - predicted[arm])
            scores.append(target @ predicted + residual)
            residuals.append(residual)
        level = np.mean(units.outcomes - effect[units.arms])
        for one in range(arm_count):
            beyond = units.outcomes[units.arms == one] - level
            if len(beyond):
                effect[one] = (effect[one] * seen[one] + beyond.sum()) / (seen[one] + len(beyond))
                seen[one] += len(beyond)
    return np.array(scores), np.array(residuals)


def _lack(history: list[Units]) -> Floats:
    """Returns by how much each arm's variance within versions is below that of all arms together."""
    arm_count = len(history[0].propensities)
    squares, counts = np.zeros(arm_count), np.zeros(arm_count)
    for units in history:
        for arm in range(arm_count):
            own = units.outcomes[units.arms == arm]
            squares[arm] += ((own - own.mean()) ** 2).sum() if len(own) else 0.0
            counts[arm] += len(own)
    return np.asarray(np.maximum(squares.sum() / counts.sum() - squares / np.maximum(counts, 1), 0.0))
