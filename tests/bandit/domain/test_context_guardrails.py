"""Where weights follow contexts, arms that harm a guardrail are found, others seldom, and get nobody from then on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from services.bandit.domain.context_controls import model_without
from services.bandit.domain.context_guardrails import harmful_in_contexts, logged_rows
from services.bandit.domain.context_learning import fitted_model
from services.bandit.domain.context_placement import ContextPlacer
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.decisions import DecisionBlock, Decisions, VersionChances
from services.bandit.domain.publishing import next_snapshot
from shared.definition.model import (
    BooleanFeature,
    CombinationRule,
    Experiment,
    GuardrailPause,
    InverseGap,
    LinearThompson,
    LinUcb,
    LogisticThompson,
    MetricDirection,
    MetricKind,
    MetricRole,
)
from shared.policy.snapshot import RANGE, PolicySnapshot, PublishReason
from shared.statistics.adaptive.betting import CONTROL, OTHER, TREATMENT
from tests.bandit.examples import CONVERSION, MINUTE, NOW, experiment, policy, weights

Floats = NDArray[np.float64]

ALGORITHMS = (LinearThompson(), LinUcb(), LogisticThompson(), InverseGap())
ERRORS = replace(CONVERSION, metric_id="errors", role=MetricRole.GUARDRAIL, direction=MetricDirection.MINIMIZE)
ARMS = ("control", "blue", "green")
FLOOR = 0.05
BOTH = np.array([[1.0, 0.0], [1.0, 1.0]])
NOBODY: frozenset[str] = frozenset()
BLUE = frozenset({"blue"})


def guarded(pause: GuardrailPause | None = None, *, algorithm: Any = ALGORITHMS[0], **controls: Any) -> Experiment:
    return experiment(
        metrics=(CONVERSION, ERRORS),
        features=(BooleanFeature("returning"),),
        allocation_policy=policy(
            algorithm, guardrail_pause=pause or GuardrailPause(), **{"exploration_floor": FLOOR, **controls}
        ),
    )


def even(*rates: float, count: int = 6000, number: int = 1, seed: int = 1) -> DecisionBlock:
    """Returns decisions of a policy that gives control, blue and green the same chance."""
    rng = np.random.default_rng(seed)
    arms = rng.integers(0, 3, count)
    values = (rng.random(count) < np.array(rates)[arms]).astype(np.float64)
    chances = {1: VersionChances(dict.fromkeys(ARMS, FLOOR), followed_contexts=True)}
    known = Decisions(ARMS, arms, values, np.full(count, 1 / 3), np.ones(count, np.int64), chances)
    return DecisionBlock(number, known)


def test_harmful_when_an_arm_is_far_worse_then_it_alone() -> None:
    assert harmful_in_contexts(guarded(), {"errors": even(0.1, 0.2, 0.1)}) == BLUE
    assert harmful_in_contexts(guarded(), {"errors": even(0.2, 0.1, 0.2)}) == NOBODY


def test_harmful_when_more_is_better_then_the_other_way_round() -> None:
    loved = replace(guarded(), metrics=(CONVERSION, replace(ERRORS, direction=MetricDirection.MAXIMIZE)))

    assert harmful_in_contexts(loved, {"errors": even(0.8, 0.6, 0.8)}) == BLUE
    assert harmful_in_contexts(loved, {"errors": even(0.6, 0.8, 0.6)}) == NOBODY


@pytest.mark.parametrize(("direction", "rates"), [("MINIMIZE", (0.1, 0.18, 0.1)), ("MAXIMIZE", (0.8, 0.5, 0.8))])
def test_harmful_when_the_harm_is_within_the_margin_then_nobody(direction: str, rates: tuple[float, ...]) -> None:
    metric = replace(ERRORS, direction=MetricDirection(direction))
    known = {"errors": even(*rates, count=20_000)}
    margin = abs(rates[1] / rates[0] - 1)

    def found(allowed: float) -> frozenset[str]:
        definition = guarded(GuardrailPause(margin=allowed))
        return harmful_in_contexts(replace(definition, metrics=(CONVERSION, metric)), known)

    assert found(0.0) == BLUE
    assert found(0.5 * margin) == BLUE
    assert found(margin) == NOBODY


def test_harmful_when_the_block_is_a_later_one_then_more_evidence_is_needed() -> None:
    early = [harmful_in_contexts(guarded(), {"errors": even(0.1, 0.16, 0.1, seed=seed)}) for seed in range(20)]
    late = [
        harmful_in_contexts(guarded(), {"errors": even(0.1, 0.16, 0.1, seed=seed, number=1000)}) for seed in range(20)
    ]

    assert early.count(BLUE) > late.count(BLUE)


@pytest.mark.parametrize("blocks", [{}, {"errors": even(0.1, 0.9, 0.1, count=0)}])
def test_harmful_when_nothing_is_known_then_nobody(blocks: dict[str, DecisionBlock]) -> None:
    assert harmful_in_contexts(guarded(), blocks) == NOBODY


def test_harmful_when_the_policy_does_not_pause_then_nobody() -> None:
    careless = replace(guarded(), allocation_policy=policy(LinearThompson()))

    assert harmful_in_contexts(careless, {"errors": even(0.1, 0.9, 0.1)}) == NOBODY


def test_rows_when_versions_differ_then_only_those_that_could_give_both_arms_count() -> None:
    chances = {
        1: VersionChances({"control": 0.5, "blue": 0.5}, followed_contexts=False),
        2: VersionChances({"control": 0.0, "green": 0.1}, followed_contexts=True),
        3: VersionChances({"control": 0.1, "blue": 0.2, "green": 0.0}, followed_contexts=True),
    }
    known = Decisions(
        ARMS,
        np.array([0, 1, 0, 2, 1, -1, 0]),
        np.array([0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0]),
        np.array([0.5, 0.5, 0.9, 0.1, 0.6, 0.2, np.nan]),
        np.array([1, 1, 2, 2, 3, 3, 3]),
        chances,
    )

    rows = logged_rows(known, "blue", "control", ERRORS)

    assert rows.arms.tolist() == [CONTROL, TREATMENT, TREATMENT, OTHER]
    assert rows.values.tolist() == [0, 1, 1, 0]
    assert rows.propensities.tolist() == [0.5, 0.5, 0.6, 0.2]
    assert rows.least_treatment.tolist() == pytest.approx([0.5, 0.5, 0.2, 0.2], abs=1e-8)
    assert rows.least_control.tolist() == pytest.approx([0.5, 0.5, 0.1, 0.1], abs=1e-8)


@pytest.mark.parametrize(
    ("bounds", "values", "expected"),
    [((0.0, 10.0), [0.0, 5.0, 10.0], [0.0, 0.5, 1.0]), ((2.0, 10.0), [0.0, 5.0], [0.0, 0.5])],
)
def test_rows_when_values_have_bounds_then_they_are_shares_of_them_units_without_outcomes_too(
    bounds: tuple[float, float], values: list[float], expected: list[float]
) -> None:
    low, high = bounds
    waiting = replace(
        ERRORS,
        kind=MetricKind.MEAN,
        combination_rule=CombinationRule.MAX,
        min_value=low,
        max_value=high,
    )
    known = replace(even(0.1, 0.1, 0.1, count=len(values)).decisions, values=np.array(values))

    assert logged_rows(known, "blue", "control", waiting).values.tolist() == expected
    happier = replace(waiting, direction=MetricDirection.MAXIMIZE)
    assert logged_rows(known, "blue", "control", happier).values.tolist() == [1 - value for value in expected]


class Site:
    """Has units that come in two kinds; blue suits the returning ones, who make three times as many errors."""

    def __init__(self, rates: tuple[float, ...], *, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.rates = np.array(rates)
        self.definition = guarded(burn_in_unit_count=50)
        self.columns: list[tuple[Floats, NDArray[np.int64], Floats, Floats, Floats]] = []

    def serve(self, count: int) -> None:
        """Places units by the model that all units before ask for."""
        returning = self.rng.integers(0, 2, count)
        contexts = np.column_stack([np.ones(count), returning]).astype(np.float64)
        model = fitted_model(self.definition, self.trials(), seed=len(self.columns)) if self.columns else None
        chances = ContextPlacer(model).weights(contexts) if model is not None else np.full((count, 3), 1 / 3)
        arms = np.minimum((self.rng.random((count, 1)) > chances.cumsum(axis=1)).sum(axis=1), 2)
        earns = (
            self.rng.random(count)
            < np.where(returning[:, None] == 1, [0.2, 0.5, 0.2], [0.4, 0.2, 0.2])[np.arange(count), arms]
        )
        fails = self.rng.random(count) < np.where(returning == 1, 1.5, 0.5) * self.rates[arms]
        propensities = chances[np.arange(count), arms]
        self.columns.append((contexts, arms, earns.astype(np.float64), fails.astype(np.float64), propensities))

    def trials(self) -> Trials:
        contexts, arms, earned, _, _ = (np.concatenate(column) for column in zip(*self.columns, strict=True))
        return Trials(contexts, arms, earned)

    def block(self) -> DecisionBlock:
        _, arms, _, failed, propensities = (np.concatenate(column) for column in zip(*self.columns, strict=True))
        chances = {1: VersionChances(dict.fromkeys(ARMS, FLOOR), followed_contexts=True)}
        known = Decisions(ARMS, arms, failed, propensities, np.ones(arms.size, np.int64), chances)
        return DecisionBlock(1, known)


def ever_paused(rates: tuple[float, ...], *, versions: int, units: int, seed: int, alpha: float) -> frozenset[str]:
    """Returns the arms that are shown to do harm after some version: what was shown after any is shown still."""
    site = Site(rates, seed=seed)
    for _ in range(versions):
        site.serve(units)
    return harmful_in_contexts(guarded(GuardrailPause(alpha=alpha)), {"errors": site.block()})


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_harmful_when_nobody_does_harm_but_contexts_do_then_seldom_anybody(alpha: float) -> None:
    runs = 150
    ever = sum(
        bool(ever_paused((0.1, 0.1, 0.1), versions=10, units=200, seed=seed, alpha=alpha)) for seed in range(runs)
    )

    # The lower end of the Clopper-Pearson interval of the realised rate is not above the nominal one.
    assert stats.binomtest(ever, runs).proportion_ci(0.999).low <= alpha, ever / runs


def test_harmful_when_an_arm_doubles_the_errors_then_it_is_paused_within_8_000_units_nine_times_of_ten() -> None:
    runs = 60
    soon = sum(
        "blue" in ever_paused((0.1, 0.2, 0.1), versions=20, units=400, seed=1000 + seed, alpha=0.05)
        for seed in range(runs)
    )

    assert stats.binomtest(soon, runs).proportion_ci(0.999).high >= 0.9, soon / runs


def trials(count: int = 3000) -> Trials:
    """Returns trials in which blue is best for all, control for new units and green for returning ones behind it."""
    rng = np.random.default_rng(1)
    returning, arms = rng.integers(0, 2, count), rng.integers(0, 3, count)
    rates = np.array([[0.4, 0.7, 0.1], [0.1, 0.7, 0.4]])[returning, arms]
    contexts = np.column_stack([np.ones(count), returning]).astype(np.float64)
    return Trials(contexts, arms, (rng.random(count) < rates).astype(np.float64))


def after(
    definition: Experiment, previous: PolicySnapshot | None, *, harmful: frozenset[str] = NOBODY, frozen: bool = False
) -> PolicySnapshot | None:
    return next_snapshot(definition, {}, previous, frozen=frozen, now=NOW + MINUTE, harmful=harmful, trials=trials())


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_pause_when_an_arm_does_harm_then_it_gets_nobody_in_any_context_and_the_others_are_told_apart(
    *, algorithm: Any, frozen: bool
) -> None:
    definition = guarded(algorithm=algorithm)
    first = after(definition, None)
    assert first is not None
    assert ContextPlacer(_model(first)).weights(BOTH).argmax(axis=1).tolist() == [1, 1]

    now = after(definition, replace(first, frozen=frozen), harmful=BLUE, frozen=frozen)

    assert now is not None
    assert now.publish_reason is PublishReason.GUARDRAIL
    assert [arm.paused for arm in now.arms] == [False, True, False]
    assert weights(now)["blue"] == 0
    placer = ContextPlacer(_model(now))
    in_contexts = placer.weights(BOTH)
    assert in_contexts[:, 1] == pytest.approx([0, 0], abs=1e-30)
    assert in_contexts.argmax(axis=1).tolist() == [0, 2]
    assert in_contexts.sum(axis=1) == pytest.approx([1, 1])
    for context in BOTH.tolist():
        lengths = {placer.place(context, place) for place in np.linspace(0, RANGE - 1, 500).astype(np.int64).tolist()}
        assert {arm for arm, _ in lengths} == {0, 2}
        assert sum(length for _, length in lengths) == 1
    assert after(definition, now, frozen=frozen) is None


def test_pause_when_all_treatments_do_harm_then_everybody_gets_the_control() -> None:
    definition = guarded()

    now = after(definition, after(definition, None), harmful=frozenset({"blue", "green"}))

    assert now is not None
    assert weights(now) == {"control": 1, "blue": 0, "green": 0}
    placer = ContextPlacer(_model(now))
    assert {placer.place([1.0, 1.0], place) for place in (0, 1, RANGE // 2, RANGE - 1)} == {(0, 1.0)}


def test_pause_when_the_policy_no_longer_pauses_then_the_arm_is_back() -> None:
    definition = guarded()
    paused = after(definition, after(definition, None), harmful=BLUE)

    back = after(replace(guarded(), revision=2, allocation_policy=policy(LinearThompson())), paused)

    assert back is not None
    assert ContextPlacer(_model(back)).weights(BOTH).argmax(axis=1).tolist() == [1, 1]


def test_model_without_when_nobody_is_paused_then_it_is_the_same() -> None:
    model = fitted_model(guarded(), trials(), seed=1)

    assert model_without(model, guarded(), NOBODY) is model
    assert model_without(None, guarded(), BLUE) is None


def _model(snapshot: PolicySnapshot) -> Any:
    assert snapshot.contextual_model is not None
    return snapshot.contextual_model
