"""What holds for every route of the table."""

from collections.abc import Iterator

import pytest

from experimentation.v1 import (
    analysis_service_pb2,
    audit_service_pb2,
    bandit_service_pb2,
    experiment_service_pb2,
    review_service_pb2,
)
from services.gateway.rest.route import Route
from services.gateway.rest.table import ROUTES
from tests.gateway import front as fronts
from tests.gateway.front import Front, problem

# What has no place in REST, and why.
LEFT_OUT = {
    "BanditService.BatchAllocateColumns": "packed bytes for millions of units; they are no JSON",
    "BanditService.WatchPolicies": "policies for replicas and in-process clients",
    "AnalysisService.CheckProvider": "costs money; a command of whoever installs the service",
}


def test_routes_then_every_rpc_of_the_services_has_one_or_is_left_out_for_a_reason() -> None:
    files = (
        analysis_service_pb2,
        audit_service_pb2,
        bandit_service_pb2,
        experiment_service_pb2,
        review_service_pb2,
    )
    rpcs = {
        f"{service.name}.{method.name}"
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }

    assert {route.rpc for route in ROUTES} - {"IdentityService.GetCaller"} == rpcs - set(LEFT_OUT)
    assert set(LEFT_OUT) <= rpcs


def test_routes_then_no_method_and_path_is_there_twice() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_route_then_all_that_it_names_are_fields(route: Route) -> None:
    field = route.body_field
    kind = field.message_type if route.is_item and field is not None else route.request
    assert kind is not None

    assert set(route.parameters) <= set(kind.fields_by_name)
    assert route.answered is not None
    assert not route.query or route.query in route.request.fields_by_name


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_route_when_nobody_calls_then_401_before_anything_else(front: Front, path: str) -> None:
    for route in (route for route in ROUTES if route.path == path):
        concrete = "/".join("1" if part.startswith("{") else part for part in path.split("/"))

        assert problem(front.ask(route.method, f"{concrete}?surprise=1", "")) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_route_when_the_method_is_another_then_405_says_which(front: Front, path: str) -> None:
    concrete = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
    own = {route.method for route in ROUTES if route.path == path}

    answer = front.ask("PUT", concrete)

    assert problem(answer) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["allow"].split(", ")) == own | ({"HEAD"} if "GET" in own else set())


@pytest.fixture(scope="module")
def lonely() -> Iterator[Front]:
    """Is a gateway whose services are all away."""
    with fronts.opened() as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "service"),
    [("/experiments", "review"), ("/caller", "review"), ("/experiments/a/bandit", "bandit"), ("/jobs", "ai")],
)
def test_route_when_its_service_is_away_then_503_names_it_and_no_address(
    lonely: Front, path: str, service: str
) -> None:
    answer = lonely.get(path)

    assert problem(answer) == (503, "DRAINING")
    assert answer.json()["metadata"] == {"service": service}
    assert answer.headers["retry-after"] == "1"
    assert fronts.NOWHERE not in answer.text


def test_events_when_the_service_is_away_then_503_and_no_stream(lonely: Front) -> None:
    assert problem(lonely.get("/jobs/job_1/events")) == (503, "DRAINING")
