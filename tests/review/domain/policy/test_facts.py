"""The facts of a change, each both ways."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from services.review.domain import changes
from services.review.domain.policy import catalogue, facts
from services.review.domain.policy.catalogue import FACTS, FactValue
from services.review.domain.policy.facts import Surroundings
from shared.definition import model
from tests.review.domain.policy.cases import (
    EARNINGS,
    EARNINGS_GUARDRAIL,
    LATENCY,
    WITH_EARNINGS,
    WITH_EARNINGS_GUARDRAIL,
    WITH_GUARDRAIL,
    days,
    facts_of,
    learning,
    paused,
)
from tests.review.examples import (
    BETA,
    CONTROL,
    CONVERSION,
    GAUSSIAN,
    NOW,
    REVENUE,
    THIRD,
    TREATMENT,
    draft,
    running,
    split,
    stopped,
)
from tests.shared.definition import strategies

SAME = changes.EditTraffic(model.Traffic())
"""Changes nothing of the examples."""
UNEQUAL = split(("control", 0.7), ("treatment", 0.3))
COSTLY = replace(TREATMENT, cost=2.0)
PAUSING = learning(guardrail_pause=model.GuardrailPause())

Case = tuple[str, changes.Change, model.Experiment, dict[str, Any], FactValue]


def _traffic(share: float = 1.0, holdout_share: float = 0.0, analysis_share: float = 0.0) -> changes.EditTraffic:
    return changes.EditTraffic(model.Traffic(share, holdout_share, analysis_share))


def _rewarded(*weights: float) -> model.AllocationPolicy:
    return replace(GAUSSIAN, reward=tuple(model.RewardTerm("revenue", weight) for weight in weights))


CASES: list[Case] = [
    ("change_kind", changes.Start(), draft(), {}, "start"),
    ("change_kind", SAME, running(), {}, "edit_traffic"),
    ("text_only", changes.EditDetails("Name", "Words"), running(), {}, True),
    ("text_only", changes.EditArms((CONTROL, replace(TREATMENT, display_name="Green"))), running(), {}, True),
    ("text_only", changes.EditMetrics((replace(CONVERSION, display_name="Sold"), REVENUE)), running(), {}, True),
    ("text_only", changes.EditDetails(labels={"team": "a"}), running(), {}, False),
    ("text_only", changes.EditArms((CONTROL, COSTLY)), running(allocation_policy=GAUSSIAN), {}, False),
    ("text_only", changes.Pause(), running(), {}, False),
    ("labels_changed", changes.EditDetails(labels={}), running(labels={"team": "a"}), {}, True),
    ("labels_changed", changes.EditDetails(labels={"team": "a"}), running(labels={"team": "a"}), {}, False),
    ("begins_serving", changes.Start(), draft(), {}, True),
    ("begins_serving", changes.Resume(), paused(), {}, True),
    ("begins_serving", changes.Pause(), running(), {}, False),
    ("ships_arm", changes.Stop("treatment"), running(), {}, True),
    ("ships_arm", changes.Stop("control"), running(), {}, False),
    ("ships_arm", changes.Stop(), paused(), {}, False),
    ("ships_arm", SAME, running(), {}, False),
    ("ships_paused_arm", changes.Stop("treatment"), running(), {"paused_arm_ids": frozenset({"treatment"})}, True),
    ("ships_paused_arm", changes.Stop("treatment"), running(), {"paused_arm_ids": frozenset({"third"})}, False),
    ("ships_paused_arm", changes.Stop(), running(), {"paused_arm_ids": None}, False),
    ("traffic_change", _traffic(0.8), running(traffic=model.Traffic(0.5)), {}, 0.3),
    ("traffic_change", _traffic(0.2), running(traffic=model.Traffic(0.5)), {}, 0.3),
    ("traffic_change", _traffic(0.55), running(traffic=model.Traffic(0.5)), {}, 0.05),
    ("traffic_change", _traffic(1.0, analysis_share=0.2), running(allocation_policy=BETA), {}, 0.0),
    ("holdout_change", _traffic(0.9, 0.1), running(traffic=model.Traffic(0.9)), {}, 0.1),
    ("holdout_change", _traffic(0.9), running(traffic=model.Traffic(0.9, 0.1)), {}, 0.1),
    ("holdout_change", _traffic(0.5), running(), {}, 0.0),
    ("analysis_share_change", _traffic(analysis_share=0.2), running(allocation_policy=BETA), {}, 0.2),
    ("analysis_share_change", _traffic(0.5), running(), {}, 0.0),
    ("weight_change", changes.EditAllocation(UNEQUAL), running(), {}, 0.2),
    ("weight_change", changes.EditAllocation(split()), running(allocation_policy=UNEQUAL), {}, 0.2),
    ("weight_change", changes.EditAllocation(split(("control", 0.5), ("treatment", 0.5))), running(), {}, 0.0),
    ("exploration_floor_change", changes.EditAllocation(learning()), running(allocation_policy=BETA), {}, 0.0),
    (
        "exploration_floor_change",
        changes.EditAllocation(learning(exploration_floor=0.0)),
        running(allocation_policy=BETA),
        {},
        0.01,
    ),
    ("algorithm_changed", changes.EditAllocation(BETA), running(), {}, True),
    ("algorithm_changed", changes.EditAllocation(split()), running(allocation_policy=BETA), {}, True),
    (
        "algorithm_changed",
        changes.EditAllocation(learning(model.BetaThompson(2.0))),
        running(allocation_policy=BETA),
        {},
        True,
    ),
    ("algorithm_changed", changes.EditAllocation(_rewarded(2.0)), running(allocation_policy=_rewarded(1.0)), {}, True),
    (
        "algorithm_changed",
        changes.EditMetrics((CONVERSION, replace(REVENUE, max_value=9.0))),
        running(allocation_policy=_rewarded(1.0)),
        {},
        True,
    ),
    ("algorithm_changed", changes.EditArms((CONTROL, COSTLY)), running(allocation_policy=GAUSSIAN), {}, True),
    ("algorithm_changed", changes.EditAllocation(UNEQUAL), running(), {}, False),
    (
        "algorithm_changed",
        changes.EditAllocation(learning(exploration_floor=0.1, min_control_share=0.2)),
        running(allocation_policy=BETA),
        {},
        False,
    ),
    (
        "algorithm_changed",
        changes.EditMetrics((CONVERSION, replace(REVENUE, max_value=9.0))),
        running(allocation_policy=GAUSSIAN),
        {},
        False,
    ),
    ("arms_added", changes.EditArms((CONTROL, TREATMENT, THIRD)), running(), {}, 1),
    ("arms_added", changes.EditArms((CONTROL, THIRD)), running(), {}, 1),
    ("arms_added", changes.EditArms((TREATMENT, CONTROL)), running(), {}, 0),
    ("arms_removed", changes.EditArms((CONTROL, THIRD)), running(arms=(CONTROL, TREATMENT, THIRD)), {}, 1),
    ("arms_removed", changes.EditArms((CONTROL, TREATMENT, THIRD)), running(), {}, 0),
    (
        "control_changed",
        changes.EditArms((replace(CONTROL, control=False), replace(TREATMENT, control=True))),
        draft(),
        {},
        True,
    ),
    ("control_changed", changes.EditArms((TREATMENT, CONTROL)), draft(), {}, False),
    ("metrics_changed", changes.EditMetrics((CONVERSION,)), running(), {}, True),
    ("metrics_changed", changes.EditMetrics((CONVERSION, replace(REVENUE, min_value=0.0))), running(), {}, True),
    ("metrics_changed", changes.EditMetrics((REVENUE, replace(CONVERSION, display_name="Sold"))), running(), {}, False),
    (
        "primary_metric_changed",
        changes.EditMetrics((replace(CONVERSION, direction=model.MetricDirection.MINIMIZE), REVENUE)),
        running(),
        {},
        True,
    ),
    (
        "primary_metric_changed",
        changes.EditMetrics((replace(CONVERSION, metric_id="sold"), REVENUE)),
        running(),
        {},
        True,
    ),
    ("primary_metric_changed", changes.EditMetrics((replace(CONVERSION, display_name="Sold"),)), running(), {}, False),
    ("guardrail_changed", changes.EditMetrics(WITH_GUARDRAIL), running(), {}, True),
    ("guardrail_changed", changes.EditMetrics((CONVERSION,)), running(metrics=WITH_GUARDRAIL), {}, True),
    (
        "guardrail_changed",
        changes.EditMetrics((CONVERSION, replace(LATENCY, role=model.MetricRole.SECONDARY))),
        running(metrics=WITH_GUARDRAIL),
        {},
        True,
    ),
    (
        "guardrail_changed",
        changes.EditAllocation(PAUSING),
        running(metrics=WITH_GUARDRAIL, allocation_policy=BETA),
        {},
        True,
    ),
    (
        "guardrail_changed",
        changes.EditAllocation(BETA),
        running(metrics=WITH_GUARDRAIL, allocation_policy=PAUSING),
        {},
        True,
    ),
    (
        "guardrail_changed",
        changes.EditMetrics((*WITH_GUARDRAIL, REVENUE)),
        running(metrics=WITH_GUARDRAIL),
        {},
        False,
    ),
    ("analysis_disagrees", changes.Stop("treatment"), running(), {"analysis_disagrees": True}, True),
    ("analysis_disagrees", changes.Stop("treatment"), running(), {"analysis_disagrees": False}, False),
    ("analysis_disagrees", changes.Stop(), running(), {"analysis_disagrees": True}, False),
    ("analysis_disagrees", changes.EditDetails("Name"), running(), {"analysis_disagrees": None}, False),
    ("analysis_disagrees", changes.Start(), draft(), {"analysis_disagrees": None}, False),
    ("experiment_state", SAME, paused(), {}, "PAUSED"),
    ("experiment_state", changes.EditDetails("Name"), stopped(), {}, "STOPPED"),
    ("running", SAME, running(), {}, True),
    ("running", changes.Start(), draft(), {}, False),
    ("running_days", SAME, running(), {"now": NOW + days(14.5)}, 14.5),
    ("running_days", SAME, running(), {"now": NOW - days(1)}, 0.0),
    ("running_days", changes.Start(), draft(), {"now": NOW + days(14)}, 0.0),
    ("traffic_share", _traffic(0.3), running(), {}, 0.3),
    ("traffic_share", changes.Start(), draft(traffic=model.Traffic(0.4)), {}, 0.4),
    ("arm_count", changes.EditArms((CONTROL, TREATMENT, THIRD)), running(), {}, 3),
    ("arm_count", SAME, running(), {}, 2),
    ("revenue_metric", changes.EditMetrics((CONVERSION, EARNINGS)), running(), {}, True),
    ("revenue_metric", changes.EditMetrics((CONVERSION, LATENCY)), running(metrics=WITH_EARNINGS), {}, True),
    ("revenue_metric", SAME, running(), {}, False),
    ("revenue_guardrail", changes.EditMetrics((CONVERSION,)), running(metrics=WITH_EARNINGS_GUARDRAIL), {}, True),
    (
        "revenue_guardrail",
        changes.EditMetrics((CONVERSION, replace(EARNINGS_GUARDRAIL, revenue=False))),
        running(metrics=WITH_EARNINGS_GUARDRAIL),
        {},
        True,
    ),
    ("revenue_guardrail", changes.EditMetrics(WITH_EARNINGS_GUARDRAIL), running(), {}, True),
    ("revenue_guardrail", SAME, running(metrics=(*WITH_EARNINGS, LATENCY)), {}, False),
]


@pytest.mark.parametrize(("name", "change", "before", "known", "expected"), CASES)
def test_fact_when_the_change_is_so_then_it_has_its_value(
    name: str, change: changes.Change, before: model.Experiment, known: dict[str, Any], expected: FactValue
) -> None:
    assert facts_of(change, before, **known)[name] == expected


def test_cases_when_compared_with_the_catalogue_then_show_each_fact_in_two_ways() -> None:
    shown = {name: {case[4] for case in CASES if case[0] == name} for name in FACTS}

    assert [name for name, values in shown.items() if len(values) < 2] == ["risk_score"]


@pytest.mark.parametrize(
    ("name", "known"),
    [("ships_paused_arm", {"paused_arm_ids": None}), ("analysis_disagrees", {"analysis_disagrees": None})],
)
def test_fact_when_nobody_knows_it_then_it_is_absent(name: str, known: dict[str, Any]) -> None:
    assert name not in facts_of(changes.Stop("treatment"), running(), **known)


def test_facts_when_everything_is_known_then_there_is_one_of_each_name_and_of_its_type() -> None:
    found = facts_of(changes.Stop("treatment"), running())

    assert found.keys() == FACTS.keys() - {"risk_score"}
    assert all(catalogue.type_of(value) is FACTS[name].type for name, value in found.items())


def test_facts_when_the_rules_are_edited_then_nothing_of_an_experiment_is_known_and_nothing_changes() -> None:
    found = facts.of_policy_edit()

    of_change = {name for name, fact in FACTS.items() if not fact.of_experiment} - {"risk_score"}
    assert found.keys() == of_change
    assert {found[name] for name in of_change - {"change_kind"}} == {False}
    assert found["change_kind"] == "edit_policy_rules"


@settings(deadline=None, max_examples=30)
@given(strategies.experiments, strategies.experiments)
def test_facts_when_experiments_are_of_any_kind_then_they_are_of_their_types(
    before: model.Experiment, after: model.Experiment
) -> None:
    found = facts.of_change("edit_traffic", before, after, Surroundings(NOW))

    assert all(catalogue.type_of(value) is FACTS[name].type for name, value in found.items())
