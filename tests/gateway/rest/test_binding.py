"""An RPC's request out of path, query, headers and body."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest

from services.gateway.rest import binding, body, query
from services.gateway.rest.route import Route
from services.gateway.rest.table import ROUTES
from shared.errors import InvalidArgument

_NOTHING: Mapping[str, str] = MappingProxyType({})


def route(method: str, path: str) -> Route:
    return next(each for each in ROUTES if (each.method, each.path) == (method, path))


def made(
    method: str,
    template: str,
    body: Any = None,
    *,
    given: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str] = _NOTHING,
    **path: str,
) -> Any:
    return binding.request_of(route(method, template), path=path, given=given, headers=headers, body=body)


def refused(*arguments: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        made(*arguments, **options)
    return [each.field for each in caught.value.violations]


def test_parameters_then_each_is_a_text_a_list_or_pairs() -> None:
    def names(path: str) -> list[str]:
        return [field.name for field, _ in query.parameters(route("GET", path))]

    assert names("/experiments") == ["page_size", "page_token", "states", "labels", "text"]
    assert names("/change-requests") == [
        "page_size",
        "page_token",
        "states",
        "experiment_id",
        "requester",
        "awaits_caller",
    ]
    assert names("/change-requests/{change_request_id}/events") == []
    assert names("/jobs/{job_id}/events") == []
    assert names("/effectiveness") == ["since"]
    assert [field.name for field, _ in query.parameters(route("POST", "/experiments"))] == ["validate_only"]


def test_request_then_the_query_fills_fields_and_those_of_the_filter() -> None:
    given = [("states", "CHANGE_REQUEST_STATE_DRAFT"), ("awaits_caller", "true"), ("page_size", "7")]

    request = made("GET", "/change-requests", given=given)

    assert (list(request.filter.states), request.filter.awaits_caller, request.page_size) == ([1], True, 7)


def test_request_then_one_item_of_a_batch_has_what_the_path_says() -> None:
    body = {"unit_id": "u", "metric_id": "m", "value": 2}

    request = made("POST", "/experiments/{experiment_id}/outcomes", body, experiment_id="shop")

    (outcome,) = request.outcomes
    assert (outcome.experiment_id, outcome.unit_id, outcome.value) == ("shop", "u", 2.0)
    assert "experiment_id" not in body


@pytest.mark.parametrize("body", [[], "text", 1, None])
def test_request_when_the_body_is_no_object_then_refused(body: Any) -> None:
    assert refused("POST", "/outcomes", body) == [""]
    assert refused("POST", "/experiments/{experiment_id}/outcomes", body, experiment_id="a") == [""]
    assert refused("POST", "/experiments", body) == ["experiment"]


def test_request_when_headers_say_more_then_they_fill_its_fields() -> None:
    headers = {"idempotency-key": '"k"', "if-match": '"3-abc"'}

    request = made("POST", "/change-requests/{change_request_id}/approve", {}, headers=headers, change_request_id="c")

    assert (request.request_id, request.request_revision, request.digest) == ("k", 3, "abc")


@pytest.mark.parametrize(
    ("verb", "missing"), [("approve", ["request_revision", "digest"]), ("submit", ["request_revision"]), ("cancel", [])]
)
def test_request_when_nothing_says_what_was_seen_then_the_header_and_the_fields_are_named(
    verb: str, missing: list[str]
) -> None:
    template, tag = f"/change-requests/{{change_request_id}}/{verb}", {"if-match": "*"}
    if not missing:
        assert made("POST", template, {}, change_request_id="c").change_request_id == "c"
        return

    with pytest.raises(InvalidArgument, match="send the request's ETag as If-Match") as caught:
        made("POST", template, {}, change_request_id="c")

    assert [each.field for each in caught.value.violations] == missing
    assert refused("POST", template, {}, headers=tag, change_request_id="c") == missing


def test_request_when_two_places_agree_then_it_is_made() -> None:
    body = {"change_request_id": "c", "request_revision": "3"}
    headers = {"if-match": '"3-abc"'}

    request = made("POST", "/change-requests/{change_request_id}/submit", body, headers=headers, change_request_id="c")

    assert request.request_revision == 3


def test_request_when_two_places_differ_then_refused() -> None:
    template = "/change-requests/{change_request_id}/submit"

    assert refused("POST", template, {"change_request_id": "d"}, change_request_id="c") == ["change_request_id"]
    assert refused(
        "POST", template, {"request_revision": 2}, headers={"if-match": '"3-abc"'}, change_request_id="c"
    ) == ["request_revision"]


def test_request_when_a_header_is_for_no_field_of_it_then_it_counts_for_nothing() -> None:
    headers = {"idempotency-key": "k", "if-match": '"x"'}

    assert made("GET", "/caller", headers=headers).ByteSize() == 0


def test_body_when_much_of_it_is_wrong_then_the_first_are_named() -> None:
    fields = refused("POST", "/outcomes", {"outcomes": [1] * 1000})

    assert fields == [f"outcomes[{place}]" for place in range(binding.MOST_VIOLATIONS)]


@pytest.mark.parametrize("content", [b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"a": 1, "a": 2}'])
def test_body_when_it_is_no_json_then_the_message_begins_with_what_is_wrong(content: bytes) -> None:
    with pytest.raises(InvalidArgument, match=r"^the body is ") as caught:
        body.parsed(content)

    assert [each.field for each in caught.value.violations] == [""]
