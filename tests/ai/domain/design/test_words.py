"""A design in words: nothing that the validator would drop, and numbers of the plan alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.ai.domain.design.engine import RecommendedDesign, recommend
from services.ai.domain.design.evidence import evidence_of
from services.ai.domain.design.wishes import DesignAim, DesignWishes
from services.ai.domain.design.words import answer
from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.claims import Answer
from services.ai.domain.grounding.designs import DesignOption, check_option
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.metrics import MetricProfile, TrafficProfile
from shared.definition.model import MetricDirection, MetricKind, MetricRole
from tests.ai.domain.design.test_engine import LATENCY, REVENUE, WISHES

NOW = datetime(2026, 3, 20, tzinfo=UTC)
CHUNK = 50


def assert_grounded(design: RecommendedDesign) -> Answer:
    """Fails unless the words pass the validator whole, and the plan is an option that may be offered."""
    evidence = evidence_of(design, now=NOW)
    said = answer(evidence)
    checked = check(said, evidence.pack)
    assert checked.violations == ()
    assert checked.answer == said
    option = DesignOption(
        "D1",
        evidence.metrics[design.plan.primary_metric_id],
        tuple(evidence.metrics[one] for one in design.plan.guardrail_metric_ids),
        design.plan.arm_shares,
        design.plan.day_count,
        tuple(evidence.metrics[one] for one in design.plan.secondary_metric_ids),
    )
    most_days = design.wishes.most_weeks * 7
    assert check_option(option, evidence.pack, least_share=0.5 / len(design.plan.arm_shares), most_days=most_days) == ()
    return said


def sentences(design: RecommendedDesign) -> str:
    """Returns reasons and risks as they are read."""
    evidence = evidence_of(design, now=NOW)
    said = answer(evidence)
    return "\n".join(statement(one, evidence.pack).text for one in (*said.reasons, *said.statements))


def random_wishes(rng: np.random.Generator) -> DesignWishes:
    """Returns wishes of all sorts, of which nothing is missing."""
    metrics = tuple(
        MetricProfile(
            f"metric-{place}",
            kind,
            display_name=str(rng.choice(["", "Checkout rate", "better", "won 100 %", "{{E1}}"])),
            direction=rng.choice([MetricDirection.MAXIMIZE, MetricDirection.MINIMIZE]),
            role=rng.choice(np.array([None, MetricRole.GUARDRAIL, MetricRole.SECONDARY])) if place else None,
            baseline=float(rng.choice([0.002, 0.05, 0.4] if kind is MetricKind.PROPORTION else [0.5, 200.0])),
            standard_deviation=float(rng.choice([0.5, 80.0])),
            pre_period_correlation=float(rng.choice([0.0, 0.6])),
            relative_mde=float(rng.choice([0.01, 0.1, 0.3])),
            revenue=bool(rng.random() < 0.3),
        )
        for place, kind in enumerate(rng.choice(list(MetricKind), size=rng.integers(1, 5)))
    )
    return DesignWishes(
        "a shorter form",
        metrics,
        TrafficProfile(float(rng.choice([20.0, 3_000.0, 1e6])), float(rng.choice([0.1, 1.0]))),
        arm_count=int(rng.choice([2, 2, 3, 5, 10])),
        # Any-time plans take ten times as long to compute.
        aim=DesignAim.LEARN if rng.random() < 0.9 else rng.choice(list(DesignAim)),
        max_duration=timedelta(weeks=int(rng.choice([1, 4, 8]))),
    )


@pytest.mark.parametrize("seed", range(1))
def test_answer_when_wishes_are_random_then_every_sentence_is_grounded(seed: int) -> None:
    rng = np.random.default_rng([31, seed])
    for _ in range(CHUNK):
        assert_grounded(recommend(random_wishes(rng)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2_000 // CHUNK))
def test_answer_when_two_thousand_wishes_are_random_then_every_sentence_is_grounded(seed: int) -> None:
    rng = np.random.default_rng([32, seed])
    for _ in range(CHUNK):
        assert_grounded(recommend(random_wishes(rng)))


def test_answer_when_a_split_is_fixed_then_size_split_guardrails_and_the_look() -> None:
    design = recommend(WISHES)

    assert_grounded(design)
    text = sentences(design)
    assert "The plan is to detect a lift of 10.0 % on conversion." in text
    assert f"The experiment takes {design.plan.unit_count:,} units in total at a power of 80.0 %" in text
    assert "The guardrail latency has a margin of 2.0 %." in text
    assert "The planned share of control is 50.0 %." in text


def test_answer_when_a_bandit_is_recommended_then_its_floor_and_how_to_read_means() -> None:
    design = recommend(replace(WISHES, aim=DesignAim.PICK, arm_count=4))

    assert_grounded(design)
    assert "a bandit moves their weights" in sentences(design)
    assert "plain means are biased" in sentences(design)


def test_answer_when_too_few_units_come_then_what_is_missing_is_a_risk() -> None:
    design = recommend(replace(WISHES, traffic=TrafficProfile(100)))

    said = assert_grounded(design)

    missing = design.plan.unit_count - design.available_units
    assert f"The plan needs {missing:,} more units" in sentences(design)
    assert len(said.statements) == 2


def test_answer_when_values_from_before_the_start_save_units_then_what_it_takes_without_them_is_a_risk() -> None:
    metric = replace(REVENUE, role=MetricRole.PRIMARY, pre_period_correlation=0.6)
    design = recommend(replace(WISHES, metrics=(metric, LATENCY)))

    assert_grounded(design)
    units = sum(design.units_without_covariate)
    assert f"On plain values of revenue, the experiment takes {units:,} units in total." in sentences(design)


def test_evidence_when_the_same_is_wished_again_then_the_same_pack() -> None:
    first, second = (evidence_of(recommend(WISHES), now=NOW).pack for _ in range(2))

    assert first.sha256 == second.sha256
    assert {fact.value for fact in first.facts if fact.kind is FactKind.MDE} >= {0.1}
