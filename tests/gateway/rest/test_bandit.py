"""The bandit over REST: arms for units, what came of them, and its switches."""

from collections.abc import Callable

import pytest

from tests.gateway.front import Front, fields, problem
from tests.gateway.rest.requests import experiment
from tests.gateway.stack import Stack


@pytest.fixture
def running(stack: Stack, new_experiment_id: Callable[[], str]) -> str:
    """Is an experiment that the bandit serves."""
    name, front = new_experiment_id(), stack.front
    front.post("/experiments", experiment(name, allocation_policy={"beta_thompson": {}}), "ann")
    proposed = front.post(f"/experiments/{name}/changes", {"change": {"start": {}}}, "ann").json()["change_request"]
    tag = {"If-Match": f'"{proposed["request_revision"]}-{proposed["digest"]}"'}
    path = f"/change-requests/{proposed['change_request_id']}"
    assert front.post(f"{path}/approve", {}, "rob", headers=tag).is_success
    assert front.post(f"{path}/apply", {}, "ann", headers=tag).is_success
    stack.serve(name)
    return name


def test_allocate_then_record_then_both_count(front: Front, running: str) -> None:
    allocation = front.post(f"/experiments/{running}/allocations", {"unit_id": "u1"}, "service").json()
    token = allocation["token"]

    exposed = front.post(f"/experiments/{running}/exposures", {"token": token}, "service").json()
    outcome = {"event_id": "e1", "token": token, "metric_id": "conversion", "value": 1}
    recorded = front.post(f"/experiments/{running}/outcomes", outcome, "service").json()

    assert allocation["experiment_id"] == running
    assert allocation["arm_id"] in ("control", "treatment")
    assert allocation["propensity"] == 0.5
    assert exposed == {"accepted_count": "1", "rejections": [], "durability": "DURABILITY_COMMITTED"}
    assert recorded == exposed


def test_allocate_many_then_each_gets_what_it_gets_alone(front: Front, running: str) -> None:
    units = [f"u{number}" for number in range(20)]

    batch = front.post(f"/experiments/{running}/allocations/batch", {"unit_ids": units}, "service").json()
    alone = [front.post(f"/experiments/{running}/allocations", {"unit_id": unit}, "service").json() for unit in units]
    whole = front.post("/allocations", {"unit_id": "u0", "experiment_ids": [running]}, "service").json()

    arms = [batch["arm_ids"][index] for index in batch["arm_indexes"]]
    assert arms == [each["arm_id"] for each in alone]
    assert [each["arm_id"] for each in whole["allocations"]] == arms[:1]


def test_record_batches_then_bad_rows_are_named_and_good_ones_kept(front: Front, running: str) -> None:
    good = {
        "event_id": "e1",
        "experiment_id": running,
        "unit_id": "u9",
        "metric_id": "conversion",
        "value": 1,
        "occurred_at": "2026-11-01T12:00:00.5Z",
    }

    answer = front.post("/outcomes", {"outcomes": [good, {**good, "metric_id": "none"}]}, "service").json()

    assert answer["accepted_count"] == "1"
    assert [(each["index"], each["field"]) for each in answer["rejections"]] == [(1, "metric_id")]


def test_record_when_every_row_is_bad_then_400_names_them(front: Front, running: str) -> None:
    answer = front.post(f"/experiments/{running}/outcomes", {"event_id": "e", "unit_id": "u", "metric_id": "no"})

    assert problem(answer) == (400, "ALL_ROWS_REJECTED")
    assert fields(answer) == ["outcomes[0].metric_id"]


def test_record_when_path_and_body_name_two_experiments_then_400(front: Front, running: str) -> None:
    answer = front.post(f"/experiments/{running}/exposures", {"experiment_id": "other", "unit_id": "u"})

    assert problem(answer) == (400, "INVALID_FIELD")
    assert fields(answer) == ["experiment_id"]


def test_get_bandit_then_weights_and_history(front: Front, running: str) -> None:
    bandit = front.get(f"/experiments/{running}/bandit", "vic").json()
    snapshots = front.get(f"/experiments/{running}/policy-snapshots", "vic").json()["snapshots"]

    assert [arm["weight"] for arm in bandit["arms"]] == [0.5, 0.5]
    assert snapshots[0]["policy_version"] == bandit["snapshot"]["policy_version"] == "1"
    assert "mean" not in bandit["arms"][0]


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("freeze", "FREEZE"), ("unfreeze", "UNFREEZE"), ("serve-control", "SERVE_CONTROL"), ("serve-arms", "SERVE_ARMS")],
)
def test_switch_then_it_is_on_record(front: Front, running: str, verb: str, kind: str) -> None:
    answer = front.post(f"/experiments/{running}/bandit/{verb}", {"reason": "so"}, "ann")

    assert answer.json()["kind"] == f"LEARNING_SWITCH_KIND_{kind}"
    assert answer.json()["actor"] == "ann"
    without = front.post(f"/experiments/{running}/bandit/{verb}", {}, "ann")
    assert (problem(without), fields(without)) == ((400, "INVALID_FIELD"), ["reason"])


def test_evaluate_policy_when_nothing_was_logged_then_409(front: Front, running: str) -> None:
    weights = [{"arm_id": "treatment", "weight": 1}]

    answer = front.post(f"/experiments/{running}/bandit/evaluate-policy", {"weights": weights})

    assert problem(answer) == (409, "NOT_ESTIMABLE")


def test_allocate_when_there_is_no_such_experiment_then_404(front: Front) -> None:
    answer = front.post("/experiments/nowhere/allocations", {"unit_id": "u"}, "service")

    assert problem(answer) == (404, "EXPERIMENT_NOT_FOUND")


def test_allocate_when_the_caller_may_not_then_403(front: Front) -> None:
    answer = front.post("/experiments/nowhere/allocations", {"unit_id": "u"}, "vic")

    assert problem(answer) == (403, "PERMISSION_DENIED")
