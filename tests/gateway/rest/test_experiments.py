"""Experiments over REST."""

from collections.abc import Callable

import pytest

from tests.gateway.front import Front, fields, problem
from tests.gateway.rest.requests import METRICS, experiment

INVALID_FIELD = (400, "INVALID_FIELD")
NOT_FOUND = (404, "EXPERIMENT_NOT_FOUND")

NewId = Callable[[], str]


def test_create_then_it_is_answered_where_it_is_and_can_be_read(front: Front, new_experiment_id: NewId) -> None:
    name = new_experiment_id()

    made = front.post("/experiments", experiment(name, display_name="Shop"), "ann")

    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/experiments/{name}"
    assert made.json()["state"] == "EXPERIMENT_STATE_DRAFT"
    assert made.headers["etag"] == f'"{made.json()["etag"]}"'
    read = front.get(made.headers["location"], "vic")
    assert read.status_code == 200
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"]


def test_create_when_only_validated_then_nothing_is_made(front: Front, new_experiment_id: NewId) -> None:
    name = new_experiment_id()

    checked = front.post("/experiments", experiment(name), params={"validate_only": "true"})

    assert checked.status_code == 200
    assert checked.json()["experiment_id"] == name
    assert "location" not in checked.headers
    assert problem(front.get(f"/experiments/{name}")) == NOT_FOUND


def test_create_when_fields_are_none_or_of_another_type_then_each_is_named(front: Front) -> None:
    body = experiment("shop", arms=[{"arm_id": 1, "controll": True}], labels={"team": 2}, metrics=None, surprise=1)

    answer = front.post("/experiments", body)

    assert problem(answer) == INVALID_FIELD
    assert fields(answer) == [
        "experiment.arms[0].arm_id",
        "experiment.arms[0].controll",
        "experiment.metrics",
        'experiment.labels["team"]',
        "experiment.surprise",
    ]


def test_create_when_the_service_refuses_then_its_fields_are_named(front: Front) -> None:
    answer = front.post("/experiments", experiment("Shop", arms=[{"arm_id": "control", "control": True}]))

    assert problem(answer) == INVALID_FIELD
    assert fields(answer) == ["experiment.experiment_id", "experiment.arms"]


def test_create_when_the_id_is_a_word_of_a_path_then_it_is_refused(front: Front) -> None:
    answer = front.post("/experiments", experiment("suggest-hypotheses"))

    assert problem(answer) == INVALID_FIELD
    assert fields(answer) == ["experiment.experiment_id"]


def test_create_when_the_id_is_taken_then_409(front: Front, new_experiment_id: NewId) -> None:
    name = new_experiment_id()
    front.post("/experiments", experiment(name))

    assert problem(front.post("/experiments", experiment(name))) == (409, "EXPERIMENT_ALREADY_EXISTS")


@pytest.mark.parametrize("key_form", ["{}", '"{}"'])
def test_create_when_tried_again_with_its_key_then_the_same_answer(
    front: Front, new_experiment_id: NewId, key_form: str
) -> None:
    name = new_experiment_id()
    key = {"Idempotency-Key": key_form.format(f"key-{name}")}

    first = front.post("/experiments", experiment(name), headers=key)
    again = front.post("/experiments", experiment(name), headers=key)
    other = front.post("/experiments", experiment(f"{name}-b"), headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert problem(other) == (409, "REQUEST_ID_REUSED")


def test_create_when_key_and_request_id_differ_then_it_is_refused(front: Front, new_experiment_id: NewId) -> None:
    answer = front.post(
        f"/experiments/{new_experiment_id()}/changes",
        {"change": {"start": {}}, "request_id": "one"},
        headers={"Idempotency-Key": "two"},
    )

    assert problem(answer) == INVALID_FIELD
    assert fields(answer) == ["request_id"]


def test_create_when_the_caller_may_not_then_403(front: Front, new_experiment_id: NewId) -> None:
    assert problem(front.post("/experiments", experiment(new_experiment_id()), "vic")) == (403, "PERMISSION_DENIED")


def test_get_when_there_is_none_then_404_names_it(front: Front) -> None:
    answer = front.get("/experiments/nowhere")

    assert problem(answer) == NOT_FOUND
    assert answer.json()["metadata"] == {"experiment_id": "nowhere"}


def test_list_then_pages_follow_each_other(front: Front, new_experiment_id: NewId) -> None:
    names = [new_experiment_id() for _ in range(3)]
    for name in names:
        front.post("/experiments", experiment(name, labels={"batch": names[0], "k [1]": ""}))
    mine = {"labels[batch]": names[0], "labels[k [1]]": ""}

    first = front.get("/experiments", params={**mine, "page_size": 2}).json()
    second = front.get("/experiments", params={**mine, "page_token": first["next_page_token"]}).json()

    found = [each["experiment_id"] for page in (first, second) for each in page["experiments"]]
    assert found == names[::-1]
    assert second["next_page_token"] == ""
    other = front.get("/experiments", params={"page_token": first["next_page_token"]})
    assert problem(other) == (400, "INVALID_PAGE_TOKEN")


def test_list_when_filtered_by_states_then_all_of_them_count(front: Front, new_experiment_id: NewId) -> None:
    name = new_experiment_id()
    front.post("/experiments", experiment(name))

    def found(*states: str) -> list[str]:
        answer = front.get("/experiments", params={"states": states, "text": name})
        return [each["experiment_id"] for each in answer.json()["experiments"]]

    assert found("EXPERIMENT_STATE_DRAFT", "EXPERIMENT_STATE_RUNNING") == [name]
    assert found("EXPERIMENT_STATE_RUNNING") == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("surprise=1", ["surprise"]),
        ("page_size=1&page_size=2", ["page_size"]),
        ("page_size=many", ["page_size"]),
        ("page_size=1.5", ["page_size"]),
        ("page_size=-1", ["page_size"]),
        ("page_size=99999999999999999999999999", ["page_size"]),
        ("states=DRAFT", ["states[0]"]),
        ("labels=a", ["labels"]),
        ("labels[a]=1&labels[a]=2", ["labels"]),
        ("text[a]=1", ["text[a]"]),
    ],
)
def test_list_when_the_query_is_wrong_then_the_parameter_is_named(front: Front, query: str, named: list[str]) -> None:
    answer = front.get(f"/experiments?{query}")

    assert problem(answer) == INVALID_FIELD
    assert fields(answer) == named


def test_revisions_then_the_newest_comes_first(front: Front, new_experiment_id: NewId) -> None:
    name = new_experiment_id()
    front.post("/experiments", experiment(name))
    front.post(f"/experiments/{name}/changes", {"change": {"edit_details": {"display_name": "New"}}})

    found = front.get(f"/experiments/{name}/revisions").json()["revisions"]

    assert [each["experiment"]["revision"] for each in found] == ["2", "1"]
    assert found[1]["experiment"]["metrics"][0]["metric_id"] == METRICS[0]["metric_id"]


def test_head_then_the_headers_of_get_without_its_body(front: Front, new_experiment_id: NewId) -> None:
    name = new_experiment_id()
    front.post("/experiments", experiment(name))

    head, get = front.ask("HEAD", f"/experiments/{name}"), front.get(f"/experiments/{name}")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]
