"""Counts how often intervals of a policy's value hold it, where the weights followed the data."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.statistics.off_policy.values import Estimator
from shared.statistics.off_policy.weights import evaluate_weights
from tests.shared.statistics.adaptive import bandits, scenarios
from tests.shared.statistics.adaptive.bandits import Scenario
from tests.shared.statistics.simulation import Rate

SCENARIOS: Final = {
    "null, 2 arms": scenarios.NULL_2,
    "effect .1, 3 arms": scenarios.EFFECT,
    "weekly drift .5, 3 arms": scenarios.DRIFT,
    "two arms, rate 5 %": scenarios.NEW["two arms, rate of 5 %"],
    "five arms, rate 5 %": scenarios.NEW["five arms, rate of 5 %"],
    "lognormal, 2 arms": scenarios.NEW["lognormal"],
    "late arm": scenarios.NEW["late arm"],
    "rates 2 % and 3 %": scenarios.UNEQUAL["rates of 2 % and 3 %"],
}


@dataclass(frozen=True)
class Found:
    """Is what repetitions of one scenario gave for one policy by one estimator.

    Attributes:
        coverage: Of intervals of 95 %, at least.
        bias: In standard errors of its mean over the repetitions.
        width: Mean width of the intervals.
    """

    coverage: Rate
    bias: float
    width: float


def policies(scenario: Scenario) -> dict[str, NDArray[np.float64]]:
    """Returns the policies that are judged: all units to the first or last arm, and an equal split."""
    arms = len(scenario.means)
    return {"first arm": np.eye(arms)[0], "last arm": np.eye(arms)[-1], "equal split": np.full(arms, 1 / arms)}


def judged(scenario: Scenario, policy: str, repetitions: int, *, seed: int) -> dict[Estimator, Found]:
    """Returns what repetitions gave; drifts of the scenarios average 0 over the run."""
    target = policies(scenario)[policy]
    truth = float(target @ np.array(scenario.means))
    evaluation = evaluate_weights(bandits.simulate(scenario, repetitions, seed), target)
    found = {}
    for values in evaluation.values:
        error = values.value - truth
        found[values.estimator] = Found(
            bandits.coverage(values.low, values.high, truth),
            float(error.mean() / error.std() * np.sqrt(error.size)),
            float((values.high - values.low).mean()),
        )
    return found


def main() -> None:
    """Prints the table of the documentation."""
    for name, scenario in SCENARIOS.items():
        for policy in policies(scenario):
            found = judged(scenario, policy, 4000, seed=90)
            cells = " | ".join(
                f"{one.coverage.hits / one.coverage.repetitions:.3f} ({one.width:.4f}) {one.bias:+.1f}"
                for one in found.values()
            )
            print(f"| {name} | {policy} | {cells} |")  # noqa: T201


if __name__ == "__main__":
    main()
