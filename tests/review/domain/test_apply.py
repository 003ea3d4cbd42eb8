"""From an experiment and a change to the next revision."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.review.domain import apply, changes, digests, rules
from services.review.domain.model import Served
from shared import errors
from shared.definition import model
from tests.review.examples import (
    BETA,
    CONTROL,
    CONVERSION,
    GAUSSIAN,
    LATER,
    NOW,
    REVENUE,
    THIRD,
    TREATMENT,
    draft,
    experiment,
    paused,
    running,
    split,
    stopped,
)


def _violations(
    change: changes.Change, before: model.Experiment, served: Served = apply.NOTHING_SERVED
) -> dict[str, str]:
    with pytest.raises(errors.InvalidArgument) as caught:
        apply.apply(change, before, now=LATER, served=served)
    assert caught.value.reason is errors.Reason.INVALID_FIELD
    return {item.field: item.description for item in caught.value.violations}


def test_draft_when_output_only_fields_are_given_then_they_are_set_anew() -> None:
    asked = experiment(
        state=model.ExperimentState.STOPPED,
        revision=9,
        etag="x",
        shipped_arm_id="treatment",
        creator="eve",
        created_at=LATER,
        started_at=LATER,
        stopped_at=LATER,
    )

    made = apply.draft(asked, creator="ann", now=NOW)

    expected = experiment(revision=1, creator="ann", created_at=NOW, updated_at=NOW, display_name="checkout")
    assert made == replace(expected, etag=digests.etag(expected))


def test_draft_when_names_are_not_given_then_they_are_the_ids() -> None:
    made = draft(arms=(model.Arm("a", control=True), model.Arm("b")), metrics=(replace(CONVERSION, display_name=""),))

    assert made.display_name == "checkout"
    assert [arm.display_name for arm in made.arms] == ["a", "b"]
    assert made.metrics[0].display_name == "conversion"


def test_draft_when_rules_are_broken_then_the_paths_start_at_the_request() -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        draft(experiment_id="A", arms=(CONTROL, CONTROL))

    assert [item.field for item in caught.value.violations] == [
        "experiment.experiment_id",
        "experiment.arms[1].arm_id",
        "experiment.arms",
    ]


def test_apply_when_started_then_the_revision_runs_from_now() -> None:
    before = draft()

    after = apply.apply(changes.Start(), before, now=LATER)

    expected = replace(
        before, state=model.ExperimentState.RUNNING, revision=2, started_at=LATER, updated_at=LATER, etag=after.etag
    )
    assert after == expected
    assert after.etag == digests.etag(after) != before.etag


def test_apply_when_resumed_then_the_first_start_stays() -> None:
    after = apply.apply(changes.Resume(), paused(), now=LATER)

    assert (after.state, after.started_at) == (model.ExperimentState.RUNNING, NOW)


def test_apply_when_stopped_then_the_shipped_arm_is_kept() -> None:
    after = apply.apply(changes.Stop("treatment"), running(), now=LATER)

    assert (after.state, after.shipped_arm_id, after.stopped_at) == (
        model.ExperimentState.STOPPED,
        "treatment",
        LATER,
    )


def test_apply_when_an_unknown_arm_is_shipped_then_it_is_refused() -> None:
    assert list(_violations(changes.Stop("third"), running())) == ["change.stop.shipped_arm_id"]


def test_apply_when_the_state_is_wrong_then_nothing_else_is_looked_at() -> None:
    with pytest.raises(errors.FailedPrecondition) as caught:
        apply.apply(changes.EditArms(()), stopped(), now=LATER)

    assert caught.value.reason is errors.Reason.INVALID_STATE


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (changes.EditArms((CONTROL, THIRD)), {"arms": (CONTROL, THIRD)}),
        (changes.EditArms((CONTROL, THIRD), BETA), {"arms": (CONTROL, THIRD), "allocation_policy": BETA}),
        (changes.EditMetrics((CONVERSION,)), {"metrics": (CONVERSION,)}),
        (changes.EditAllocation(GAUSSIAN), {"allocation_policy": GAUSSIAN}),
        (changes.EditTraffic(model.Traffic(0.5, 0.1)), {"traffic": model.Traffic(0.5, 0.1)}),
        (
            changes.EditDetails("New", "Why", {"a": "b"}),
            {"display_name": "New", "description": "Why", "labels": {"a": "b"}},
        ),
        (changes.EditDetails(labels={}), {"labels": {}}),
        (changes.EditDetails(description=""), {"description": ""}),
        (changes.EditDetails(display_name=""), {"display_name": "checkout"}),
        (changes.EditDetails(), {}),
    ],
)
def test_apply_when_edited_then_only_that_changes(change: changes.Change, fields: dict[str, Any]) -> None:
    before = draft(display_name="Old", description="Old", labels={"old": "x"})

    after = apply.apply(change, before, now=LATER)

    assert after == replace(before, **fields, revision=2, updated_at=LATER, etag=after.etag)


def test_apply_when_arms_no_longer_fit_the_weights_then_a_policy_is_asked_for() -> None:
    before = running(allocation_policy=split(("control", 0.2), ("treatment", 0.8)))
    arms = (CONTROL, TREATMENT, THIRD)

    found = _violations(changes.EditArms(arms), before)
    after = apply.apply(changes.EditArms(arms, split()), before, now=LATER)

    assert list(found) == ["change.edit_arms.allocation_policy.fixed_split.weights"]
    assert after.arms == arms


def test_apply_when_the_change_clashes_with_what_it_does_not_bring_then_the_change_is_blamed() -> None:
    metrics = (replace(REVENUE, role=model.MetricRole.PRIMARY),)

    found = _violations(changes.EditMetrics(metrics), draft(allocation_policy=BETA))

    assert list(found) == ["change.edit_metrics"]
    assert "allocation_policy.beta_thompson" in found["change.edit_metrics"]


def test_apply_when_started_then_the_control_must_stay() -> None:
    arms = (replace(CONTROL, control=False), replace(TREATMENT, control=True))

    assert list(_violations(changes.EditArms(arms), running())) == ["change.edit_arms.arms"]
    assert apply.apply(changes.EditArms(arms), draft(), now=LATER).control.arm_id == "treatment"


def test_apply_when_a_removed_arm_comes_back_then_it_is_refused() -> None:
    served = Served(arm_ids=frozenset({"control", "treatment", "third"}))

    found = _violations(changes.EditArms((CONTROL, TREATMENT, THIRD)), running(), served)

    assert list(found) == ["change.edit_arms.arms[2].arm_id"]


def test_apply_when_a_served_metric_changes_its_meaning_then_it_is_refused() -> None:
    served = Served(metrics=(CONVERSION, REVENUE))
    counted = replace(REVENUE, combination_rule=model.CombinationRule.COUNT)
    bounded = replace(REVENUE, min_value=0.0, direction=model.MetricDirection.MINIMIZE)

    found = _violations(changes.EditMetrics((CONVERSION, counted)), running(), served)
    after = apply.apply(changes.EditMetrics((CONVERSION, bounded)), running(), now=LATER, served=served)

    assert list(found) == ["change.edit_metrics.metrics[1]"]
    assert after.metrics == (CONVERSION, bounded)


def test_etag_when_anything_else_differs_then_it_differs() -> None:
    plain = draft()

    etags = {digests.etag(plain), digests.etag(replace(plain, revision=2)), digests.etag(replace(plain, creator="x"))}

    assert len(etags) == 3
    assert digests.etag(replace(plain, etag="other")) == plain.etag


_arms = st.lists(
    st.builds(model.Arm, st.sampled_from("abcd"), st.text(max_size=3), control=st.booleans()), max_size=4
).map(tuple)
_numbers = st.one_of(st.floats(0, 1), st.floats())
_metrics = st.lists(
    st.builds(
        model.Metric,
        st.sampled_from("mn"),
        st.sampled_from(model.MetricKind),
        st.sampled_from(model.MetricRole),
        combination_rule=st.sampled_from(model.CombinationRule),
        min_value=st.sampled_from([0.0, -5.0]),
        max_value=st.sampled_from([1.0, 5.0, float("nan")]),
    ),
    max_size=3,
).map(tuple)
_algorithms = st.one_of(
    st.builds(
        model.FixedSplit,
        st.lists(st.builds(model.ArmWeight, st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 1.0])), max_size=3).map(
            tuple
        ),
    ),
    st.builds(model.BetaThompson, _numbers, st.just(1.0)),
    st.builds(model.GaussianThompson, _numbers),
)
_controls = st.builds(model.AllocationControls, st.sampled_from([0.0, 0.3, 0.6, 2.0]), _numbers)
_policies = st.builds(model.AllocationPolicy, _algorithms, _controls)
_changes = st.one_of(
    st.sampled_from([changes.Start(), changes.Pause(), changes.Resume()]),
    st.builds(changes.Stop, st.sampled_from(["", "a", "d"])),
    st.builds(changes.EditArms, _arms, st.none() | _policies),
    st.builds(changes.EditMetrics, _metrics),
    st.builds(changes.EditAllocation, _policies),
    st.builds(changes.EditTraffic, st.builds(model.Traffic, _numbers, _numbers)),
    st.builds(changes.EditDetails, st.none() | st.text(max_size=201)),
)


@given(st.lists(_changes, max_size=8))
def test_apply_when_it_answers_then_the_experiment_is_valid(proposed: list[changes.Change]) -> None:
    newest = draft(arms=(model.Arm("a", control=True), model.Arm("b")))
    revisions = 1

    for change in proposed:
        try:
            newest = apply.apply(change, newest, now=NOW + timedelta(seconds=revisions))
            revisions += 1
        except (errors.InvalidArgument, errors.FailedPrecondition):
            continue

    assert rules.violations(newest) == ()
    assert newest.revision == revisions
    assert newest.etag == digests.etag(newest)
