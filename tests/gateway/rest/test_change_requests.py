"""Change requests, policies and the audit log over REST."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.gateway.front import Front, fields, problem
from tests.gateway.rest.requests import experiment

STALE = "STALE_REVISION"


@pytest.fixture
def name(front: Front, new_experiment_id: Callable[[], str]) -> str:
    """Is an experiment of ann's."""
    made = new_experiment_id()
    assert front.post("/experiments", experiment(made), "ann").status_code == 201
    return made


@pytest.fixture
def pending(front: Front, name: str) -> httpx.Response:
    """Answers ann's request to start it, which needs an approval."""
    made = front.post(f"/experiments/{name}/changes", {"change": {"start": {}}, "reason": "go"}, "ann")
    assert made.status_code == 201, made.text
    return front.get(made.headers["location"], "ann")


def seen(request: dict[str, Any]) -> dict[str, Any]:
    return {"request_revision": request["request_revision"], "digest": request["digest"]}


def path_of(pending: httpx.Response) -> str:
    return f"/change-requests/{pending.json()['change_request_id']}"


def test_propose_then_the_request_waits_where_location_says(pending: httpx.Response, name: str) -> None:
    request = pending.json()

    assert request["state"] == "CHANGE_REQUEST_STATE_PENDING"
    assert (request["experiment_id"], request["requester"]) == (name, "ann")
    assert pending.headers["etag"] == f'"{request["request_revision"]}-{request["digest"]}"'


def test_approve_and_apply_by_entity_tag_then_the_experiment_runs(
    front: Front, pending: httpx.Response, name: str
) -> None:
    tag = {"If-Match": pending.headers["etag"]}

    approved = front.post(f"{path_of(pending)}/approve", {"comment": "fine"}, "rob", headers=tag)
    applied = front.post(f"{path_of(pending)}/apply", None, "ann", headers=tag)

    assert approved.json()["state"] == "CHANGE_REQUEST_STATE_APPROVED"
    assert applied.json()["state"] == "CHANGE_REQUEST_STATE_APPLIED"
    assert front.get(f"/experiments/{name}").json()["state"] == "EXPERIMENT_STATE_RUNNING"


def test_approve_by_revision_and_digest_of_the_body_then_it_counts(front: Front, pending: httpx.Response) -> None:
    answer = front.post(f"{path_of(pending)}/approve", seen(pending.json()), "rob")

    assert answer.json()["state"] == "CHANGE_REQUEST_STATE_APPROVED"


def test_approve_when_it_was_edited_meanwhile_then_412_by_tag_and_409_by_body(
    front: Front, pending: httpx.Response
) -> None:
    edited = front.ask("PATCH", path_of(pending), "ann", json={"request_revision": 1, "reason": "better"})
    assert edited.json()["request_revision"] == "2"

    by_tag = front.post(f"{path_of(pending)}/approve", {}, "rob", headers={"If-Match": pending.headers["etag"]})
    by_body = front.post(f"{path_of(pending)}/approve", seen(pending.json()), "rob")

    assert (problem(by_tag), problem(by_body)) == ((412, STALE), (409, STALE))
    assert front.get(path_of(pending)).json()["verdicts"] == []


def test_approve_when_it_is_ones_own_then_403(front: Front, pending: httpx.Response) -> None:
    request = front.post(
        f"/experiments/{pending.json()['experiment_id']}/changes", {"change": {"start": {}}}, "rob"
    ).json()["change_request"]

    answer = front.post(f"/change-requests/{request['change_request_id']}/approve", seen(request), "rob")

    assert problem(answer) == (403, "APPROVAL_NOT_ALLOWED")


@pytest.mark.parametrize("tag", ["1-abc", 'W/"1-abc"', '"1-abc", "2-abc"', '"abc"'])
def test_approve_when_the_tag_is_none_then_400(front: Front, pending: httpx.Response, tag: str) -> None:
    answer = front.post(f"{path_of(pending)}/approve", {}, "rob", headers={"If-Match": tag})

    assert problem(answer) == (400, "INVALID_FIELD")
    assert fields(answer) == ["If-Match"]


def test_verbs_then_each_moves_the_request(front: Front, pending: httpx.Response) -> None:
    body = {**seen(pending.json()), "comment": "rather so"}

    back = front.post(f"{path_of(pending)}/request-changes", body, "rob")
    told = front.post(f"{path_of(pending)}/comments", {"text": "hm"}, "bob")
    gone = front.post(f"{path_of(pending)}/cancel", {"comment": "no"}, "ann")

    assert back.json()["state"] == "CHANGE_REQUEST_STATE_CHANGES_REQUESTED"
    assert [each["author"] for each in told.json()["comments"]] == ["bob"]
    assert gone.json()["state"] == "CHANGE_REQUEST_STATE_CANCELLED"
    again = front.post(f"{path_of(pending)}/reject", body, "rob")
    assert problem(again) == (409, "INVALID_STATE")


def test_emergency_then_it_is_applied_and_signed(front: Front, pending: httpx.Response) -> None:
    body = {**seen(pending.json()), "justification": "the shop is on fire"}

    applied = front.post(f"{path_of(pending)}/emergency-apply", body, "ada")
    signed = front.post(f"{path_of(pending)}/sign", {"comment": "it was"}, "rob")

    assert applied.json()["emergency"]["actor"] == "ada"
    assert signed.json()["emergency"]["signed_by"] == "rob"


def test_list_when_filtered_then_those_alone(front: Front, pending: httpx.Response, name: str) -> None:
    def found(**filters: str) -> list[str]:
        answer = front.get("/change-requests", "rob", params={"experiment_id": name, **filters})
        return [each["change_request_id"] for each in answer.json()["change_requests"]]

    own = pending.json()["change_request_id"]
    assert found() == found(awaits_caller="true") == found(requester="ann") == [own]
    assert found(requester="bob") == found(states="CHANGE_REQUEST_STATE_APPLIED") == []


def test_propose_when_the_etag_is_old_then_412_by_tag_and_409_by_body(front: Front, name: str) -> None:
    old = front.get(f"/experiments/{name}")
    change = {"change": {"edit_details": {"display_name": "New"}}}
    assert front.post(f"/experiments/{name}/changes", change, headers={"If-Match": old.headers["etag"]}).is_success

    by_tag = front.post(f"/experiments/{name}/changes", change, headers={"If-Match": old.headers["etag"]})
    by_body = front.post(f"/experiments/{name}/changes", {**change, "etag": old.json()["etag"]})
    whatever = front.post(f"/experiments/{name}/changes", change, headers={"If-Match": "*"})

    assert problem(by_tag) == (412, "ETAG_MISMATCH")
    assert problem(by_body) == (409, "ETAG_MISMATCH")
    assert whatever.status_code == 201


def test_propose_when_only_validated_then_the_diff_and_nothing_more(front: Front, name: str) -> None:
    body = {"change": {"edit_details": {"display_name": "New"}}, "validate_only": True}

    checked = front.post(f"/experiments/{name}/changes", body)

    assert checked.status_code == 200
    assert "location" not in checked.headers
    assert checked.json()["change_request"]["diff"][0]["path"] == "display_name"
    assert front.get(f"/experiments/{name}").json()["revision"] == "1"


def test_propose_when_two_kinds_of_change_are_given_then_the_second_is_named(front: Front, name: str) -> None:
    answer = front.post(f"/experiments/{name}/changes", {"change": {"start": {}, "pause": {}}})

    assert problem(answer) == (400, "INVALID_FIELD")
    assert fields(answer) == ["change.pause"]


def test_policies_then_the_one_in_force_and_what_it_makes_of_a_change(front: Front, name: str) -> None:
    current = front.get("/policies/current").json()
    tested = front.post(f"/experiments/{name}/test-policy", {"change": {"start": {}}}).json()

    assert front.get(f"/policies/{current['version']}").json() == current
    assert front.get("/policies").json()["policies"][0] == current
    assert any(each["matches"] for each in tested["results"])
    assert problem(front.get("/policies/999")) == (404, "POLICY_NOT_FOUND")
    assert problem(front.get("/policies/newest")) == (400, "INVALID_FIELD")


def test_propose_policy_then_it_waits_for_an_approval(front: Front) -> None:
    rule = {"rule_id": "all", "approval_count": 1}

    made = front.post("/policies", {"rules": [rule], "reason": "fewer"}, "rob")

    assert made.status_code == 201
    assert made.json()["state"] == "CHANGE_REQUEST_STATE_PENDING"
    assert made.headers["location"] == f"/change-requests/{made.json()['change_request_id']}"


def test_audit_then_what_happened_is_on_it(front: Front, name: str) -> None:
    found = front.get("/audit-events", params={"target": f"experiments/{name}", "newest_first": "true"}).json()

    assert [(each["actor"], each["action"]) for each in found["events"]] == [("ann", "experiment.create")]
    assert front.get("/audit-events/verification").json()["intact"] is True


def test_caller_then_who_it_is_and_what_it_may(front: Front) -> None:
    found = front.get("/caller", "rob").json()

    assert found["principal"]["principal_id"] == "rob"
    assert found["authentication"] == "token"
    assert "changes.review" in found["permissions"]
    assert "changes.review" not in front.get("/caller", "vic").json()["permissions"]
