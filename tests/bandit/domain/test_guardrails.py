"""Arms that harm a guardrail are found, however the weights moved; others seldom are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from services.bandit.domain.comparable import comparable
from services.bandit.domain.guardrails import guardrail_metrics, harm_shown, harmful_arms
from services.bandit.domain.statistics import VersionStatistics
from shared.definition.model import (
    BetaThompson,
    Experiment,
    GuardrailPause,
    MetricDirection,
    MetricRole,
)
from tests.bandit.domain.trajectories import Shares, equal, greedy, history, one_version
from tests.bandit.examples import CONVERSION, experiment, policy

ERRORS = replace(CONVERSION, metric_id="errors", role=MetricRole.GUARDRAIL, direction=MetricDirection.MINIMIZE)
ARMS = ("control", "blue", "green")


def guarded(pause: GuardrailPause | None = None, *, metrics: Sequence[str] = ("errors",)) -> Experiment:
    """Returns an experiment whose guardrails pause arms."""
    guardrails = tuple(replace(ERRORS, metric_id=metric_id) for metric_id in metrics)
    return experiment(
        metrics=(CONVERSION, *guardrails),
        allocation_policy=policy(BetaThompson(), guardrail_pause=pause or GuardrailPause()),
    )


def errors(*results: tuple[int, int], versions: int = 1) -> list[VersionStatistics]:
    """Returns equal versions in which control, blue and green had so many units with so many errors each."""
    units, failures = zip(*results, strict=True)
    return [one_version(number + 1, ARMS, units, failures, [1 / 3] * 3) for number in range(versions)]


def test_harmful_when_an_arm_is_far_worse_then_it_alone() -> None:
    known = errors((2000, 100), (2000, 300), (2000, 104))

    assert harmful_arms(guarded(), {"errors": known}) == {"blue"}


def test_harmful_when_an_arm_is_far_better_then_nobody() -> None:
    assert harmful_arms(guarded(), {"errors": errors((2000, 300), (2000, 100), (2000, 300))}) == frozenset()


def test_harmful_when_more_is_better_then_the_other_way_round() -> None:
    definition = guarded()
    loved = replace(definition, metrics=(CONVERSION, replace(ERRORS, direction=MetricDirection.MAXIMIZE)))

    assert harmful_arms(loved, {"errors": errors((2000, 300), (2000, 100), (2000, 300))}) == {"blue"}


def test_harmful_when_the_policy_does_not_pause_then_nobody() -> None:
    definition = replace(guarded(), allocation_policy=policy(BetaThompson()))

    assert guardrail_metrics(definition) == ()
    assert harmful_arms(definition, {"errors": errors((2000, 100), (2000, 900), (2000, 100))}) == frozenset()


@pytest.mark.parametrize("known", [{}, {"errors": []}, {"errors": errors((0, 0), (0, 0), (0, 0))}])
def test_harmful_when_nothing_is_known_then_nobody(known: dict[str, list[VersionStatistics]]) -> None:
    assert harmful_arms(guarded(), known) == frozenset()


def test_harmful_when_units_are_few_then_nobody_however_bad_it_looks() -> None:
    assert harmful_arms(guarded(), {"errors": errors((90, 0), (90, 90), (90, 0))}) == frozenset()


def test_harmful_when_the_harm_is_within_the_margin_then_nobody() -> None:
    known = {"errors": errors((50_000, 2500), (50_000, 2900), (50_000, 2500))}  # a sixth more

    assert harmful_arms(guarded(), known) == {"blue"}
    assert harmful_arms(guarded(GuardrailPause(margin=0.5)), known) == frozenset()
    assert harmful_arms(guarded(GuardrailPause(margin=0.01)), known) == {"blue"}


def test_harmful_when_one_of_several_guardrails_is_harmed_then_the_arm() -> None:
    definition = guarded(metrics=("errors", "complaints"))
    fine = errors((2000, 100), (2000, 100), (2000, 100))

    assert harmful_arms(definition, {"errors": fine, "complaints": errors((2000, 100), (2000, 90), (2000, 300))}) == {
        "green"
    }


def test_harmful_when_an_arm_is_gone_then_the_others_are_judged_among_themselves() -> None:
    served = (*ARMS, "gone")
    known = [one_version(1, served, (2000, 2000, 2000, 900), (100, 300, 100, 900), (0.3, 0.3, 0.3, 0.1))]

    assert harmful_arms(guarded(), {"errors": known}) == {"blue"}


def test_harmful_when_an_arm_came_late_then_only_versions_with_it_count() -> None:
    early = one_version(1, ARMS, (3000, 3000, 0), (600, 600, 0), (0.5, 0.5, 0.0))
    late = errors((2000, 100), (2000, 100), (2000, 100))

    # Against all of the control's units, green would look three times better, against those beside it, equal.
    assert harmful_arms(guarded(), {"errors": [early, *late]}) == frozenset()
    assert harmful_arms(guarded(), {"errors": [early, *errors((2000, 100), (2000, 100), (2000, 300))]}) == {"green"}


def test_comparable_when_less_is_better_then_values_are_negated() -> None:
    known = comparable(errors((10, 1), (10, 2), (10, 3)), ARMS, MetricDirection.MINIMIZE)

    assert known is not None
    assert known.mean[0].tolist() == pytest.approx([-0.1, -0.2, -0.3])


def test_comparable_when_no_version_gave_the_arms_then_none() -> None:
    assert comparable(errors((10, 1), (10, 2), (10, 3)), ["unknown"], MetricDirection.MAXIMIZE) is None


def test_harmful_when_asked_after_every_version_then_what_one_call_says_of_all_of_them() -> None:
    known = history(np.random.default_rng(1), [0.1, 0.16, 0.1], versions=12, units=300, shares=greedy)

    one_by_one = [harmful_arms(guarded(), {"errors": known[:count]}) for count in range(1, 13)]

    assert ["blue" in found for found in one_by_one] == after_each(known)[:, 0].tolist()
    assert ["green" in found for found in one_by_one] == after_each(known)[:, 1].tolist()
    assert {"blue"} in one_by_one
    assert frozenset() in one_by_one


def after_each(known: list[VersionStatistics], pause: GuardrailPause | None = None) -> NDArray[np.bool_]:
    """Returns after each version whether blue and green are shown to do harm, shape (versions, 2)."""
    pause = pause or GuardrailPause()
    shown = harm_shown(guarded(pause), ERRORS, known, pause, alpha=pause.alpha / 2)
    assert shown is not None
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("shares", [equal, greedy])
@pytest.mark.parametrize("rate", [0.01, 0.2])
def test_harmful_when_nobody_does_harm_and_every_version_is_looked_at_then_seldom_anybody(
    shares: Shares, rate: float
) -> None:
    runs, alpha = 2000, 0.05
    ever = sum(
        bool(
            after_each(
                history(np.random.default_rng([7, seed]), [rate] * 3, versions=40, units=500, shares=shares)
            ).any()
        )
        for seed in range(runs)
    )

    # The lower end of the Clopper-Pearson interval of the realised rate is not above the nominal one.
    assert stats.binomtest(ever, runs).proportion_ci(0.999).low <= alpha, ever / runs


@pytest.mark.parametrize("shares", [equal, greedy])
def test_harmful_when_an_arm_doubles_the_errors_then_it_is_paused_within_3_000_units_nine_times_of_ten(
    shares: Shares,
) -> None:
    runs = 200
    soon = sum(
        bool(
            after_each(
                history(np.random.default_rng([8, seed]), [0.1, 0.2, 0.1], versions=15, units=200, shares=shares)
            )[:, 0].any()
        )
        for seed in range(runs)
    )

    assert stats.binomtest(soon, runs).proportion_ci(0.999).high >= 0.9, soon / runs
