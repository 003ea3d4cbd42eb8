"""Fixed weights of actions, evaluated from logged decisions: cross-fitting, support, coverage."""

import numpy as np
import pytest

from shared.errors import InvalidArgument, Reason
from shared.statistics.off_policy.actions import FOLDS, evaluate_actions
from shared.statistics.off_policy.values import Estimator
from shared.statistics.result.obstacles import Obstacle
from tests.shared.statistics.simulation import Rate


@pytest.mark.parametrize("seed", range(4))
def test_evaluate_actions_when_summed_then_predictions_come_from_other_folds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    propensities, target = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3))
    actions = rng.choice(3, 60, p=propensities)
    rewards = rng.normal(actions, 1.0)

    found = evaluate_actions(actions, rewards, propensities[actions], target)

    scores = []
    for row, (action, reward) in enumerate(zip(actions, rewards, strict=True)):
        others = [one for one in range(60) if one % FOLDS != row % FOLDS]
        level = np.mean(rewards[others])
        means = [
            (level + sum(rewards[one] for one in others if actions[one] == arm))
            / (1 + sum(actions[one] == arm for one in others))
            for arm in range(3)
        ]
        scores.append(target @ means + target[action] / propensities[action] * (reward - means[action]))
    assert found.of(Estimator.DOUBLY_ROBUST).value == pytest.approx(np.mean(scores))
    assert found.of(Estimator.DOUBLY_ROBUST).standard_error == pytest.approx(np.std(scores, ddof=1) / np.sqrt(60))


def test_evaluate_actions_when_an_action_was_never_taken_then_refuses_where_it_is_wanted() -> None:
    wanted = evaluate_actions([0, 1, 0], [1.0, 2.0, 0.0], [0.5, 0.3, 0.5], [0.2, 0.3, 0.5])
    not_wanted = evaluate_actions([0, 1, 0], [1.0, 2.0, 0.0], [0.5, 0.3, 0.5], [0.5, 0.5, 0.0])

    assert (wanted.obstacle, not_wanted.obstacle) == (Obstacle.ARM_NEVER_ALLOCATED, Obstacle.NONE)


def test_evaluate_actions_when_there_are_no_rows_then_says_so() -> None:
    assert evaluate_actions([], [], [], [0.5, 0.5]).obstacle is Obstacle.NO_UNITS


@pytest.mark.parametrize(
    ("actions", "target", "field"),
    [
        ([0, 2], [0.5, 0.5], "actions"),
        ([0, -1], [0.5, 0.5], "actions"),
        ([0.0, 1.0], [0.5, 0.5], "actions"),
        ([0], [0.5, 0.5], "actions"),
        ([0, 1], [0.5, 0.6], "target_weights"),
        ([0, 0], 1.0, "target_weights"),
    ],
)
def test_evaluate_actions_when_something_is_wrong_then_names_it(
    actions: list[float], target: list[float], field: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        evaluate_actions(actions, [1.0, 2.0], [0.5, 0.5], target)

    assert (caught.value.reason, caught.value.violations[0].field) == (Reason.INVALID_FIELD, field)


def test_evaluate_actions_when_drawn_again_and_again_then_unbiased_and_intervals_cover() -> None:
    rng, repetitions = np.random.default_rng(31), 2000
    propensities, target, means = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.3, 0.6]), np.array([1.0, 3.0, 5.0])
    truth = float(target @ means)
    hits, errors = dict.fromkeys(Estimator, 0), {estimator: np.empty(repetitions) for estimator in Estimator}
    for repetition in range(repetitions):
        actions = rng.choice(3, 2000, p=propensities)
        found = evaluate_actions(actions, rng.normal(means[actions], 1.0), propensities[actions], target)
        for values in found.values:
            hits[values.estimator] += bool(values.low <= truth <= values.high)
            errors[values.estimator][repetition] = float(values.value) - truth

    for estimator in Estimator:
        rate = Rate(hits[estimator], repetitions)
        assert rate.agrees_with(0.95), f"{estimator}: {rate}"
        assert abs(errors[estimator].mean()) < 3.3 * errors[estimator].std() / np.sqrt(repetitions)
    ips, snips, robust = (errors[estimator].std() for estimator in Estimator)
    assert 1.4 * robust < snips < ips
