"""Experiments over REST."""

from collections.abc import Callable

from tests.gateway.front import Front, fields, problem
from tests.gateway.rest.requests import experiment

INVALID_FIELD = (400, "INVALID_FIELD")


def test_create_then_it_is_answered_where_it_is_and_can_be_read(
    front: Front, new_experiment_id: Callable[[], str]
) -> None:
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
