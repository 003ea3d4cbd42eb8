"""An analysis in words: nothing that the validator would drop, in the order in which to read it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from services.ai.domain.analysis.data import Aggregates
from services.ai.domain.analysis.engine import ExperimentAnalysis, analyze, analyze_bandit
from services.ai.domain.analysis.evidence import AnalysisEvidence, evidence_of
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.analysis.words.answer import answer
from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.claims import Answer, Certainty, Claim, ClaimKind, Recommendation, Relation
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.rendering import statement
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Status
from tests.ai.domain.analysis.examples import CONVERSION, NOW, REVENUE, conversions, experiment, thompson
from tests.ai.domain.analysis.random_experiments import random_analysis
from tests.ai.domain.analysis.segmented import segmented
from tests.ai.domain.analysis.test_engine import PLANNED, WIN, guarded

CHUNK = 250


def worded(analysis: ExperimentAnalysis) -> tuple[AnalysisEvidence, Answer]:
    """Returns an analysis in words, and what they rest on."""
    evidence = evidence_of(analysis)
    return evidence, answer(evidence)


def rendered(analysis: ExperimentAnalysis) -> str:
    """Returns all sentences of an analysis."""
    evidence, said = worded(analysis)
    assert said.recommendation is not None
    claims = (*said.reasons, *said.statements, *said.what_would_change)
    parts: list[Claim | Recommendation] = [said.recommendation, *claims, *said.next_steps]
    return "\n".join(statement(one, evidence.pack).text for one in parts)


def assert_grounded(analysis: ExperimentAnalysis) -> Answer:
    """Fails unless the words pass the validator whole, and say what the engine decided."""
    evidence, said = worded(analysis)
    checked = check(said, evidence.pack)
    assert checked.violations == ()
    assert checked.whole
    assert checked.answer == said
    assert said.recommendation is not None
    assert said.recommendation.verdict is analysis.verdict.verdict
    return said


@pytest.mark.parametrize("seed", range(500 // CHUNK))
def test_answer_when_experiments_are_random_then_every_sentence_is_grounded(seed: int) -> None:
    rng = np.random.default_rng([21, seed])
    verdicts, relations, certainties = Counter[Verdict](), Counter[Relation](), Counter[Certainty]()
    for _ in range(CHUNK):
        analysis = random_analysis(rng)
        said = assert_grounded(analysis)
        verdicts[analysis.verdict.verdict] += 1
        relations.update(claim.relation for claim in said.statements)
        certainties.update(claim.certainty for claim in said.statements if claim.kind is ClaimKind.EFFECT)

    assert set(verdicts) == set(Verdict)
    assert set(relations) == set(Relation) - {Relation.LOWEST}
    assert set(certainties) >= {Certainty.ESTABLISHED, Certainty.INCONCLUSIVE}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10_000 // CHUNK))
def test_answer_when_ten_thousand_experiments_are_random_then_every_sentence_is_grounded(seed: int) -> None:
    rng = np.random.default_rng([22, seed])
    for _ in range(CHUNK):
        assert_grounded(random_analysis(rng))


def test_answer_when_the_goal_is_met_then_it_reads_from_health_to_guardrails() -> None:
    analysis = analyze(guarded(200.0), AnalysisPlan(sample=PlannedSample(9_500, 0.1)), now=NOW)

    said = assert_grounded(analysis)

    order = [(claim.kind, claim.metric) for claim in said.statements]
    wanted = [ClaimKind.HEALTH, ClaimKind.POWER, ClaimKind.EFFECT]
    firsts = [next(at for at, (kind, _) in enumerate(order) if kind is one) for one in wanted]
    assert order[0][0] is ClaimKind.POWER  # the header: as of when, how many units
    assert firsts[0] < firsts[2]
    assert [metric for kind, metric in order if kind is ClaimKind.EFFECT] == ["M1", "M2", "M2"]
    text = rendered(analysis)
    assert "Ship blue: the goal is met." in text
    assert "blue increased conversion by 15.0 % compared with control" in text
    assert "The interval of latency for blue lies within the margin of 2.0 %." in text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (guarded(203.0), "Roll back to control: harm is shown."),
        (guarded(200.0, converted=1010), "Stop the experiment as inconclusive."),
        (experiment(conversions("control", 0, 0), conversions("blue", 0, 0)), "Continue the experiment."),
        (experiment(conversions("control", 9_000, 900), conversions("blue", 10_500, 1100)),
         "Investigate the data first: a health check failed."),
    ],
)  # fmt: skip
def test_answer_when_the_verdict_is_another_then_it_is_said(data: Aggregates, sentence: str) -> None:
    analysis = analyze(data, AnalysisPlan(sample=PlannedSample(9_500, 0.1)), now=NOW)

    assert_grounded(analysis)
    assert sentence in rendered(analysis).splitlines()


def test_answer_when_only_a_guardrail_keeps_an_arm_from_being_shipped_then_it_is_named_with_its_margin() -> None:
    data = guarded(201.0)
    data = replace(data, metrics=(data.metrics[0], replace(data.metrics[1], relative_mde=0.01)))

    analysis = analyze(data, AnalysisPlan(sample=PlannedSample(9_500, 0.1)), now=NOW)

    said, evidence = assert_grounded(analysis), evidence_of(analysis)
    sentence = "The interval of the guardrail latency for blue includes changes beyond its margin of 1.0 %."
    assert sentence in [statement(one, evidence.pack).text for one in said.reasons]
    assert [statement(one, evidence.pack).text for one in said.what_would_change] == [sentence]
    assert [statement(one, evidence.pack).text for one in said.next_steps] == [
        "Stop the experiment, and plan the next with a larger sample for the guardrail."
    ]


def test_answer_when_there_is_no_data_then_no_effect_is_told() -> None:
    empty = experiment(conversions("control", 0, 0), conversions("blue", 0, 0), started_at=None)

    evidence, said = worded(analyze(empty, AnalysisPlan(), now=NOW))

    effects = {FactKind.RELATIVE_LIFT, FactKind.DIFFERENCE, FactKind.P_VALUE, FactKind.MEAN, FactKind.MDE}
    assert not effects & {fact.kind for fact in evidence.pack.facts}
    assert [claim.relation for claim in said.statements if claim.kind is ClaimKind.EFFECT] == [
        Relation.INSUFFICIENT_DATA
    ]
    assert "say when the experiment started" in rendered(analyze(empty, AnalysisPlan(), now=NOW))


def test_answer_when_a_health_check_failed_then_it_comes_first_and_nothing_is_established() -> None:
    analysis = analyze(
        experiment(conversions("control", 9_000, 900), conversions("blue", 10_500, 1500)), PLANNED, now=NOW
    )

    said = assert_grounded(analysis)

    checks = [claim.status for claim in said.statements if claim.kind is ClaimKind.HEALTH]
    assert said.reasons[0].status is Status.FAIL
    assert checks[0] is Status.FAIL
    assert {claim.certainty for claim in said.statements if claim.relation is Relation.INCREASE} == {
        Certainty.INCONCLUSIVE
    }


def test_answer_when_a_bandit_ran_then_weights_chances_losses_and_how_to_read_them() -> None:
    analysis = analyze_bandit(thompson(np.random.default_rng(5), [0.1, 0.1, 0.12]), AnalysisPlan(), now=NOW)

    said = assert_grounded(analysis)

    kinds = [claim.kind for claim in said.statements]
    text = rendered(analysis)
    assert kinds.count(ClaimKind.ALLOCATION) >= 6
    assert kinds[-1] is ClaimKind.CAVEAT
    assert "probability of being best on conversion" in text
    assert "plain means are biased" in text
    assert "exploration floor of the bandit is 5.0 %" in text


def test_answer_when_segments_are_shown_to_move_then_few_are_told_harm_first_and_of_how_many() -> None:
    arms = {f"device={place}": {"control": (4_000, 400), "blue": (4_000, 400 + 150 * place)} for place in range(-2, 4)}
    analysis = analyze(segmented(arms), AnalysisPlan(sample=PlannedSample(24_000, 0.1)), now=NOW)

    said = assert_grounded(analysis)

    told = [claim for claim in said.statements if claim.subject]
    assert len(told) == 3
    assert [claim.relation for claim in told] == [Relation.DECREASE, Relation.DECREASE, Relation.INCREASE]
    text = rendered(analysis)
    assert "In device -2, blue decreased conversion by 75.0 % compared with control" in text
    assert "adjusted for 6 comparisons." in text


def test_answer_when_no_segment_is_shown_to_move_then_none_is_told() -> None:
    arms = {f"device={place}": {"control": (4_000, 400), "blue": (4_000, 405)} for place in range(3)}

    said = assert_grounded(analyze(segmented(arms), AnalysisPlan(sample=PlannedSample(12_000, 0.1)), now=NOW))

    assert not [claim for claim in said.statements if claim.subject]


def test_evidence_when_segments_are_many_then_it_has_the_most_telling() -> None:
    arms = {f"city={place}": {"control": (2_000, 200), "blue": (2_000, 200 + place)} for place in range(50)}

    evidence, _ = worded(analyze(segmented(arms), AnalysisPlan(sample=PlannedSample(100_000, 0.1)), now=NOW))

    assert len(evidence.pack.subjects) == 20
    assert evidence.pack.subjects[0].subject_id == "city=49"
    assert {fact.value for fact in evidence.pack.facts if fact.kind is FactKind.COMPARISON_COUNT} == {50.0}


def test_answer_when_the_same_is_analysed_again_then_the_same_words_and_digest() -> None:
    (first, one), (second, other) = (worded(analyze(WIN, PLANNED, now=NOW)) for _ in range(2))

    assert first.pack.sha256 == second.pack.sha256 == one.evidence_sha256
    assert one == other


def test_evidence_when_numbers_are_told_then_they_are_those_of_the_engine() -> None:
    control = experiment(conversions("control", 10_000, 1000), conversions("blue", 10_000, 1150))
    evidence, _ = worded(analyze(control, PLANNED, now=NOW))

    facts = {(fact.kind, fact.metric, fact.arm): fact.value for fact in evidence.pack.facts}
    assert facts[FactKind.MEAN, "M1", "V1"] == 0.1
    assert facts[FactKind.MEAN, "M1", "V2"] == 0.115
    assert facts[FactKind.RELATIVE_LIFT, "M1", "V2"] == pytest.approx(0.15)
    assert facts[FactKind.DIFFERENCE, "M1", "V2"] == pytest.approx(0.015)
    assert facts[FactKind.TOTAL_UNITS, "", ""] == facts[FactKind.REQUIRED_UNITS, "", ""] == 20_000
    assert facts[FactKind.DAYS, "", ""] == 14


def test_evidence_when_an_experiment_is_huge_then_the_pack_has_room() -> None:
    metrics = (CONVERSION, *(replace(REVENUE, metric_id=f"m{place}") for place in range(31)))
    arms = [conversions("control" if place == 0 else f"arm-{place}", 1_000, 100 + place) for place in range(64)]
    data = experiment(*arms, metrics=metrics)

    evidence, said = worded(analyze(data, AnalysisPlan(sample=PlannedSample(500)), now=NOW))

    assert len(evidence.pack.verdicts) == 600
    assert check(said, evidence.pack).violations == ()
