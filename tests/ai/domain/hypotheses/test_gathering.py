from dataclasses import replace

import pytest

from services.ai.domain.grounding.evidence import ComparisonStatus, MetricRef, SubjectRef
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.hypotheses.gathering import MOST_EXPERIMENTS, unit_of
from services.ai.domain.hypotheses.knowledge import Knowledge
from shared.definition.model import MetricRole
from tests.ai.domain.hypotheses.examples import (
    CHECKOUT,
    LATENCY,
    REVENUE,
    TRAFFIC,
    inconclusive,
    knowing,
    lost,
    segmented,
    won,
)


def _value(knowledge: Knowledge, kind: FactKind, *, metric: str = "", subject: str = "") -> float:
    return knowledge.pack.fact_by_id[knowledge.evidence(kind, metric=metric, subject=subject)].value


def test_facts_are_what_was_given() -> None:
    metric = replace(segmented(CHECKOUT, mobile=0.15, desktop=0.25), trend=-0.02)
    rows = (won("e1", "One", 0.06), lost("e2", "Two", -0.04), inconclusive("e3", "Three", 0.01))

    knowledge = knowing(*rows, metrics=(metric,), traffic=TRAFFIC)

    assert _value(knowledge, FactKind.BASELINE, metric="M1") == 0.2
    assert _value(knowledge, FactKind.TREND, metric="M1") == -0.02
    assert _value(knowledge, FactKind.TREND_SIZE, metric="M1") == 0.02
    assert _value(knowledge, FactKind.PAST_EXPERIMENTS, metric="M1") == 3
    assert _value(knowledge, FactKind.PAST_WINS, metric="M1") == 1
    assert _value(knowledge, FactKind.PAST_LOSSES, metric="M1") == 1
    assert _value(knowledge, FactKind.WIN_RATE, metric="M1") == pytest.approx(1 / 3)
    assert _value(knowledge, FactKind.SEGMENT_GAP, metric="M1", subject="S1") == pytest.approx(-0.1)
    assert _value(knowledge, FactKind.PAST_LIFT, metric="M1", subject="X2") == -0.04
    assert _value(knowledge, FactKind.UNITS_PER_DAY) == 10_000
    band = knowledge.band("M1")
    assert band is not None
    assert _value(knowledge, FactKind.BAND_HIGH, metric="M1") == band.high


def test_nothing_is_a_fact_that_was_not_given() -> None:
    bare = replace(CHECKOUT, baseline=None)

    assert [(one.kind, one.value) for one in knowing(metrics=(bare,)).pack.facts] == [(FactKind.PAST_EXPERIMENTS, 0)]


def test_verdicts_are_the_outcomes_of_the_past() -> None:
    rows = (inconclusive("e1", "One"), won("e2", "Two"), lost("e3", "Three"))

    found = knowing(*rows).pack.verdicts

    assert {one.subject: one.status for one in found} == {
        "X1": ComparisonStatus.BETTER,
        "X2": ComparisonStatus.WORSE,
        "X3": ComparisonStatus.NO_DETECTABLE_CHANGE,
    }


def test_names_of_segments_and_experiments_can_stand_in_a_sentence() -> None:
    metric = segmented(CHECKOUT, **{"device=mobile": 0.1, "device=desktop": 0.2})

    refs = knowing(won("e1", "One", tags=("device=mobile",)), metrics=(metric,)).pack.subjects

    assert [(one.alias, one.subject_id, one.display_name) for one in refs] == [
        ("S1", "device=mobile", "device mobile"),
        ("S2", "device=desktop", "device desktop"),
        ("X1", "e1", "e1 device mobile"),
    ]
    assert all(isinstance(one, SubjectRef) for one in refs)


def test_decided_experiments_come_first_where_there_are_too_many() -> None:
    rows = [inconclusive(f"e{place}", f"Thing {place}") for place in range(MOST_EXPERIMENTS)]

    found = knowing(*rows, won("last", "Last"))

    assert len({one.experiment for one in found.trials}) == MOST_EXPERIMENTS
    assert found.trials[0].row.experiment_id == "last"
    assert _value(found, FactKind.PAST_EXPERIMENTS, metric="M1") == MOST_EXPERIMENTS + 1


def test_one_experiment_has_one_verdict_on_a_metric() -> None:
    found = knowing(won("e1", "One"), lost("e1", "One"), lost("e1", "One", 0.1, metric_id="page_latency"))

    assert len(found.trials) == 1

    both = knowing(won("e1", "One"), lost("e1", "One", 0.1, metric_id="page_latency"), metrics=(CHECKOUT, LATENCY))
    assert [(one.metric, one.experiment) for one in both.trials] == [("M1", "X1"), ("M2", "X1")]


def test_a_metric_that_is_for_anything_may_decide() -> None:
    refs = knowing(metrics=(CHECKOUT, LATENCY)).pack.metrics

    assert [one.role for one in refs if isinstance(one, MetricRef)] == [MetricRole.PRIMARY, MetricRole.GUARDRAIL]


def test_units_of_metrics() -> None:
    assert (unit_of(CHECKOUT), unit_of(REVENUE), unit_of(LATENCY)) == (Unit.SHARE, Unit.USD, Unit.VALUE)
