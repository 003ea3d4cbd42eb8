"""What the rules that ship ask for, by kind of change and state of the experiment."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from services.review.domain import changes
from services.review.domain.policy import judgement, rule_checks
from services.review.domain.policy.default_rules import DEFAULT_POLICY
from services.review.domain.policy.facts import Surroundings
from services.review.domain.policy.judgement import Judgement
from shared.definition import model
from tests.review.domain.policy.cases import EARNINGS_GUARDRAIL, LATENCY, SURROUNDINGS, after, in_state, learning
from tests.review.examples import BETA, CONTROL, CONVERSION, REVENUE, THIRD, TREATMENT, split

DRAFT, RUNNING, PAUSED, STOPPED = model.ExperimentState
WITHOUT_REVENUE = (CONVERSION, REVENUE, LATENCY)
WITH_REVENUE = (CONVERSION, REVENUE, LATENCY, EARNINGS_GUARDRAIL)
GUARDED = learning(guardrail_pause=model.GuardrailPause())
HALVES = split(("control", 0.5), ("treatment", 0.5))

Edit = changes.Change | Callable[[model.Experiment], changes.Change]


class Row(NamedTuple):
    """Is a change, and how many approvals it needs in DRAFT, RUNNING, PAUSED and STOPPED; None: it is not open."""

    words: str
    edit: Edit
    approvals: tuple[int | None, int | None, int | None, int | None]
    fields: Mapping[str, Any] = MappingProxyType({})
    surroundings: Surroundings = SURROUNDINGS


def _traffic(*shares: float) -> changes.EditTraffic:
    return changes.EditTraffic(model.Traffic(*shares))


def _weights(control: float) -> changes.EditAllocation:
    return changes.EditAllocation(split(("control", control), ("treatment", 1 - control)))


def _metrics(edit: Callable[[model.Metric], model.Metric | None]) -> Callable[[model.Experiment], changes.EditMetrics]:
    """Returns the change that edits each metric, or leaves it out."""
    return lambda before: changes.EditMetrics(tuple(each for each in map(edit, before.metrics) if each is not None))


def _with_metric(metric: model.Metric) -> Callable[[model.Experiment], changes.EditMetrics]:
    return lambda before: changes.EditMetrics((*before.metrics, metric))


def _only(metric_id: str, **fields: Any) -> Callable[[model.Metric], model.Metric]:
    return lambda metric: replace(metric, **fields) if metric.metric_id == metric_id else metric


HALF = {"traffic": model.Traffic(0.5)}
LEARNING = {"allocation_policy": BETA}
THREE = {"arms": (CONTROL, TREATMENT, THIRD)}
TREATMENT_PAUSED = replace(SURROUNDINGS, paused_arm_ids=frozenset({"treatment"}))
PAUSES_UNKNOWN = replace(SURROUNDINGS, paused_arm_ids=None)
NOTHING_KNOWN = Surroundings(SURROUNDINGS.now)
N = None

ROWS = [
    #    what                            the change                             DRAFT RUNNING PAUSED STOPPED
    Row("start", changes.Start(), (1, N, N, N)),
    Row("pause", changes.Pause(), (N, 0, N, N)),
    Row("pause, nothing else known", changes.Pause(), (N, 0, N, N), {}, NOTHING_KNOWN),
    Row("resume", changes.Resume(), (N, N, 1, N)),
    Row("stop", changes.Stop(), (N, 0, 0, N)),
    Row("stop, nothing else known", changes.Stop(), (N, 0, 0, N), {}, NOTHING_KNOWN),
    Row("stop with the control", changes.Stop("control"), (N, 0, 0, N)),
    Row("ship an arm", changes.Stop("treatment"), (N, 1, 1, N)),
    Row("ship a paused arm", changes.Stop("treatment"), (N, 2, 2, N), {}, TREATMENT_PAUSED),
    Row("ship an arm, pauses not known", changes.Stop("treatment"), (N, 2, 2, N), {}, PAUSES_UNKNOWN),
    Row("name and description", changes.EditDetails("Name", "Words"), (0, 0, 0, 0)),
    Row("labels", changes.EditDetails(labels={"team": "pay"}), (0, 0, 0, 0)),
    Row("name of an arm", changes.EditArms((CONTROL, replace(TREATMENT, display_name="x"))), (0, 0, 0, N)),
    Row("name of a metric", _metrics(_only("latency", display_name="x")), (0, 0, 0, N)),
    Row("traffic as it is", _traffic(0.5), (0, 0, 0, N), HALF),
    Row("traffic up by 5 points", _traffic(0.55), (0, 0, 0, N), HALF),
    Row("traffic up by more", _traffic(0.56), (0, 1, 1, N), HALF),
    Row("traffic down by 5 points", _traffic(0.45), (0, 0, 0, N), HALF),
    Row("traffic down by more", _traffic(0.4), (0, 1, 1, N), HALF),
    Row("holdout up by 5 points", _traffic(0.5, 0.05), (0, 0, 0, N), HALF),
    Row("holdout up by more", _traffic(0.5, 0.1), (0, 1, 1, N), HALF),
    Row("holdout down", _traffic(0.5), (0, 1, 1, N), {"traffic": model.Traffic(0.5, 0.3)}),
    Row("analysis split up by 5 points", _traffic(1, 0, 0.05), (0, 0, 0, N), LEARNING),
    Row("analysis split up by more", _traffic(1, 0, 0.1), (0, 1, 1, N), LEARNING),
    Row("weights by 5 points", _weights(0.55), (0, 0, 0, N)),
    Row("weights by more", _weights(0.4), (0, 1, 1, N)),
    Row("equal weights, spelled out", changes.EditAllocation(HALVES), (0, 0, 0, N)),
    Row("from weights to learning", changes.EditAllocation(BETA), (0, 1, 1, N)),
    Row("from learning to weights", changes.EditAllocation(HALVES), (0, 1, 1, N), LEARNING),
    Row("algorithm's parameter", changes.EditAllocation(learning(model.BetaThompson(2))), (0, 1, 1, N), LEARNING),
    Row("a control of it", changes.EditAllocation(learning(mature_only=True)), (0, 1, 1, N), LEARNING),
    Row("exploration floor", changes.EditAllocation(learning(exploration_floor=0.02)), (0, 1, 1, N), LEARNING),
    Row("control share by 5 points", changes.EditAllocation(learning(min_control_share=0.06)), (0, 0, 0, N), LEARNING),
    Row("control share by more", changes.EditAllocation(learning(min_control_share=0.1)), (0, 1, 1, N), LEARNING),
    Row("pause by guardrails off", changes.EditAllocation(BETA), (0, 1, 1, N), {"allocation_policy": GUARDED}),
    Row("pause by guardrails on", changes.EditAllocation(GUARDED), (0, 1, 1, N), LEARNING),
    Row("arm added", changes.EditArms((CONTROL, TREATMENT, THIRD)), (0, 1, 1, N), LEARNING),
    Row("arm removed", changes.EditArms((CONTROL, TREATMENT)), (0, 1, 1, N), {**LEARNING, **THREE}),
    Row("primary metric", _metrics(_only("conversion", direction=model.MetricDirection.MINIMIZE)), (0, 1, 1, N)),
    Row("guardrail metric", _metrics(_only("latency", min_value=0.0)), (0, 1, 1, N)),
    Row("guardrail demoted", _metrics(_only("latency", role=model.MetricRole.SECONDARY)), (0, 1, 1, N)),
    Row("guardrail removed", _metrics(lambda each: each if each.metric_id != "latency" else None), (0, 1, 1, N)),
    Row("guardrail added", _with_metric(replace(LATENCY, metric_id="errors")), (0, 1, 1, N)),
    Row("secondary metric", _metrics(_only("revenue", min_value=0.0)), (0, 0, 0, N)),
    Row("secondary metric added", _with_metric(replace(REVENUE, metric_id="clicks")), (0, 0, 0, N)),
]
CELLS = [
    pytest.param(row, state, approvals, id=f"{row.words}, {state}")
    for row in ROWS
    for state, approvals in zip(model.ExperimentState, row.approvals, strict=True)
    if approvals is not None
]


def _judged(row: Row, state: model.ExperimentState, metrics: tuple[model.Metric, ...]) -> Judgement:
    before = in_state(state, metrics=metrics, **row.fields)
    change = row.edit(before) if callable(row.edit) else row.edit
    return judgement.of_change(DEFAULT_POLICY, change.kind, before, after(change, before), row.surroundings)


def _approvals(found: Judgement) -> int:
    """Returns how many people are needed: one may serve several rules, and every reviewer counts for each."""
    assert all(not each.roles and not each.groups for each in found.requirements)
    return max((each.approval_count for each in found.requirements), default=0)


@pytest.mark.parametrize(("row", "state", "approvals"), CELLS)
def test_default_policy_when_a_change_is_proposed_then_asks_for_so_many(
    row: Row, state: model.ExperimentState, approvals: int
) -> None:
    assert _approvals(_judged(row, state, WITHOUT_REVENUE)) == approvals


@pytest.mark.parametrize(("row", "state", "approvals"), CELLS)
def test_default_policy_when_revenue_is_a_guardrail_then_asks_for_two_where_it_asked_for_one(
    row: Row, state: model.ExperimentState, approvals: int
) -> None:
    assert _approvals(_judged(row, state, WITH_REVENUE)) == (2 if approvals else 0)


def test_rows_when_compared_with_the_transitions_then_show_every_open_cell() -> None:
    kinds = {"start": (DRAFT,), "pause": (RUNNING,), "resume": (PAUSED,), "stop": (RUNNING, PAUSED)}
    for row in ROWS:
        before = in_state(RUNNING, metrics=WITHOUT_REVENUE, **row.fields)
        kind = (row.edit(before) if callable(row.edit) else row.edit).kind
        usual = tuple(model.ExperimentState) if kind == "edit_details" else (DRAFT, RUNNING, PAUSED)
        open_states = kinds.get(kind, usual)
        shown = zip(model.ExperimentState, row.approvals, strict=True)
        assert [state for state, approvals in shown if approvals is not None] == list(open_states)


def test_default_policy_when_revenue_stops_to_be_a_guardrail_then_that_takes_two() -> None:
    edit = _metrics(lambda each: each if each.metric_id != "earnings" else None)

    assert _approvals(_judged(Row("", edit, (N, N, N, N)), RUNNING, WITH_REVENUE)) == 2


def test_default_policy_when_its_rules_are_edited_then_one_admin_is_asked() -> None:
    found = judgement.of_policy_edit(DEFAULT_POLICY)

    assert [(each.rule_id, each.approval_count, each.roles) for each in found.requirements] == [
        ("policy-edits", 1, ("admin",))
    ]
    assert not any(each.failed for each in found.results)


def test_default_policy_when_checked_then_is_valid_and_every_rule_says_what_it_is_for() -> None:
    assert rule_checks.violations(DEFAULT_POLICY.rules) == ()
    assert all(rule.description for rule in DEFAULT_POLICY.rules)
    assert DEFAULT_POLICY.version == 0


def test_default_policy_when_all_rows_are_judged_then_every_rule_matched_somewhere_and_none_failed() -> None:
    known = [row for row in ROWS if row.surroundings in (SURROUNDINGS, TREATMENT_PAUSED)]
    results = [
        result
        for row in known
        for state, approvals in zip(model.ExperimentState, row.approvals, strict=True)
        if approvals is not None
        for result in _judged(row, state, WITH_REVENUE).results
    ]

    assert {result.rule_id for result in results if result.matches} == {rule.rule_id for rule in DEFAULT_POLICY.rules}
    assert not any(result.failed for result in results)
