"""The same comparisons by other methods, held against those methods called by hand."""

import numpy as np
import pytest

from services.ai.domain.analysis.engine import ExperimentAnalysis, analyze, analyze_bandit
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.analysis.samples import batches_of
from services.ai.domain.other_answers import Key, answer_of, other_answers
from services.ai.domain.records import AnswerKind, AnswerRecord
from shared.statistics.adaptive import aipw
from shared.statistics.bayesian.comparison import compare as compare_posteriors
from shared.statistics.bayesian.proportions import proportions
from shared.statistics.fixed.proportions import compare_proportions
from shared.statistics.result.report import Interval
from tests.ai.domain.analysis.examples import (
    CONVERSION,
    LATENCY,
    NOW,
    REVENUE,
    bandit,
    conversions,
    experiment,
    thompson,
    values,
    version,
)

_K = AnswerKind


def kinds(found: dict[Key, tuple[AnswerRecord, ...]], metric_id: str, arm_id: str) -> list[AnswerKind]:
    return [one.kind for one in found[metric_id, arm_id]]


def analysed(*, plan: AnalysisPlan | None = None) -> ExperimentAnalysis:
    arms = (conversions("control", 5_000, 500), conversions("blue", 5_000, 570), conversions("green", 5_000, 480))
    return analyze(experiment(*arms), plan or AnalysisPlan(), now=NOW)


def test_answers_when_looks_are_free_then_the_fixed_one_and_the_degree_of_belief_stand_beside() -> None:
    analysis = analysed()

    found = other_answers(analysis, None)

    assert answer_of(analysis.comparisons[0]).kind is _K.ANY_TIME
    assert kinds(found, "conversion", "blue") == [_K.FIXED, _K.BAYESIAN]
    fixed, belief = found["conversion", "blue"]
    # Two treatments share alpha, and their p-values allow for both.
    by_hand = compare_proportions(
        treatment_successes=570, treatment_count=5_000, control_successes=500, control_count=5_000, alpha=0.025
    ).report()
    assert isinstance(by_hand.difference, Interval)
    assert isinstance(by_hand.p_value, float)
    assert fixed.difference is not None
    assert (fixed.difference.estimate, fixed.difference.low) == (by_hand.difference.estimate, by_hand.difference.low)
    assert fixed.p_value == pytest.approx(2 * by_hand.p_value)
    assert fixed.confidence_level == belief.confidence_level == 0.975
    posterior = proportions(np.array([570, 500]), np.array([5_000, 5_000]))
    believed = compare_posteriors(posterior[0], posterior[1]).report()
    assert belief.probability_better == pytest.approx(believed.chance_to_beat, abs=1e-12)
    assert belief.p_value is None


def test_answers_when_the_planned_look_is_there_then_the_sequence_stands_beside() -> None:
    plan = AnalysisPlan(sample=PlannedSample(units_per_arm=4_500, relative_mde=0.1))
    analysis = analysed(plan=plan)

    assert answer_of(analysis.comparisons[0]).kind is _K.FIXED
    assert kinds(other_answers(analysis, None), "conversion", "green") == [_K.ANY_TIME, _K.BAYESIAN]


def test_answers_when_weights_followed_the_data_then_only_methods_that_know_it() -> None:
    data = thompson(np.random.default_rng(3), [0.1, 0.13, 0.1])
    analysis = analyze_bandit(data, AnalysisPlan(), now=NOW)

    found = other_answers(analysis, data)

    assert answer_of(analysis.comparisons[0]).kind is _K.ANY_TIME
    assert kinds(found, "conversion", "arm-1") == [_K.FIXED]
    (fixed,) = found["conversion", "arm-1"]
    batches = batches_of(data, 0)
    assert batches is not None
    by_hand = aipw.compare(batches, treatment=1, alpha=0.025).report(0)
    assert fixed.method == aipw.AW_AIPW.name
    assert isinstance(by_hand.difference, Interval)
    assert fixed.difference is not None
    assert (fixed.difference.low, fixed.difference.high) == (by_hand.difference.low, by_hand.difference.high)


def test_answers_when_a_bandit_never_moved_its_weights_then_all_methods() -> None:
    data = bandit(*(version(n, {"control": 0.5, "blue": 0.5}, [900, 900], [90, 99]) for n in (1, 2)))

    found = other_answers(analyze_bandit(data, AnalysisPlan(), now=NOW), data)

    assert kinds(found, "conversion", "blue") == [_K.FIXED, _K.BAYESIAN]


def test_answers_when_a_mean_is_better_low_then_the_chance_that_it_is_lower() -> None:
    arms = (
        conversions("control", 1_000, 100),
        conversions("blue", 1_000, 100),
    )
    slow = tuple(
        type(arm)(arm.arm_id, arm.control, 0.0, 1_000, (*arm.sums, values("latency", 1_000, mean, 30.0)))
        for arm, mean in zip(arms, (200.0, 190.0), strict=True)
    )
    analysis = analyze(experiment(*slow, metrics=(CONVERSION, LATENCY, REVENUE)), AnalysisPlan(), now=NOW)

    found = other_answers(analysis, None)

    belief = found["latency", "blue"][-1]
    assert belief.probability_better is not None
    assert belief.probability_better > 0.999
    # Nobody measured it, so nobody says anything of it.
    assert found["revenue", "blue"] == ()


def test_answers_when_there_are_no_units_then_none() -> None:
    analysis = analyze(experiment(conversions("control", 0, 0), conversions("blue", 0, 0)), AnalysisPlan(), now=NOW)

    assert other_answers(analysis, None) == {("conversion", "blue"): ()}
    assert answer_of(analysis.comparisons[0]).difference is None


def test_answers_when_arms_are_many_then_one_of_each_method() -> None:
    rng = np.random.default_rng(5)
    arm_ids = ["control", *(f"arm-{place}" for place in range(15))]
    arms = tuple(conversions(arm_id, 1_000, float(rng.binomial(1_000, 0.1))) for arm_id in arm_ids)

    found = other_answers(analyze(experiment(*arms), AnalysisPlan(), now=NOW), None)

    assert [kinds(found, "conversion", arm_id) for arm_id in arm_ids[1:]] == [[_K.FIXED, _K.BAYESIAN]] * 15
