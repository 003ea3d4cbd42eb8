"""What every request passes, whoever answers it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.gateway.config import UpstreamOptions
from services.gateway.door.frame import SECURITY_HEADERS
from services.gateway.main import Gateway
from tests.fakes import identity
from tests.gateway import ai
from tests.gateway import front as fronts
from tests.gateway.front import Front, authorization, fields, problem


@contextmanager
def _before_ai(**options: Any) -> Iterator[Front]:
    with ai.served() as (_, address):
        upstream = UpstreamOptions(review_address=fronts.NOWHERE, bandit_address=fronts.NOWHERE, ai_address=address)
        with fronts.opened(upstream, **options) as opened:
            yield opened


@pytest.fixture(scope="module")
def door() -> Iterator[Front]:
    """Is a gateway that takes small bodies and lets one origin call, before an AI."""
    with _before_ai(max_body_bytes=2048, cors_origins=("https://shop.example",)) as opened:
        yield opened


def test_any_answer_then_it_has_the_security_headers_and_a_request_id(door: Front) -> None:
    for answer in (door.get("/jobs"), door.get("/nowhere"), door.get("/healthz", "")):
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_request_id_then_it_comes_back_unless_it_would_spoil_a_log(door: Front) -> None:
    given = door.get("/jobs", headers={"X-Request-Id": "mine-1"})
    long = door.get("/jobs", headers={"X-Request-Id": "x" * 129})

    assert given.headers["x-request-id"] == "mine-1"
    assert long.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer")],
        [("Authorization", "Basic YTpi")],
        [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
        [("Authorization", "Bearer \u00e4".encode())],
        [("Authorization", "Bearer " + "a" * 8193)],
    ],
)
def test_credentials_when_there_are_none_that_are_sound_then_401(door: Front, headers: list[tuple[str, Any]]) -> None:
    assert problem(door.client.get("/jobs", headers=headers)) == (401, "UNAUTHENTICATED")


def test_credentials_when_nobody_knows_them_then_401_of_the_service(door: Front) -> None:
    answer = door.client.get("/jobs", headers={"Authorization": "Bearer exp_tok_x_" + "a" * 43})

    assert problem(answer) == (401, "UNAUTHENTICATED")
    assert answer.json()["metadata"] == {"problem": "unknown"}


@pytest.mark.parametrize("path", ["/jobs/a/b/c", "/jobs/", "/insights/reviews/", "//jobs"])
def test_path_when_nothing_answers_there_then_404(door: Front, path: str) -> None:
    answer = door.get(door.url + path)

    assert problem(answer) == (404, "ROUTE_NOT_FOUND")
    assert answer.json()["metadata"] == {"path": path}


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"{}", "text/plain"),
        (b"{}", "application/json; charset=latin-1"),
        (b"{}", ""),
        (b"a=1", "application/x-www-form-urlencoded"),
    ],
)
def test_body_when_it_is_of_another_type_then_415(door: Front, content: bytes, media_type: str) -> None:
    answer = door.ask("POST", "/designs/validate", content=content, headers={"Content-Type": media_type})

    assert problem(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers["accept"] == "application/json"


def test_body_when_it_is_compressed_then_415(door: Front) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert problem(door.ask("POST", "/designs/validate", content=b"{}", headers=headers)) == (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[1",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b"\xff",
        b"1" * 2000,
        b"[" * 2000,
        b"[]",
        b"null",
        b'"text"',
        b"\xef\xbb\xbf{}",
    ],
)
def test_body_when_it_is_no_json_object_then_400(door: Front, content: bytes) -> None:
    headers = {"Content-Type": "application/json; charset=UTF-8"}

    answer = door.ask("POST", "/designs/validate", content=content, headers=headers)

    assert problem(answer) == (400, "INVALID_FIELD")
    assert fields(answer) == [""]


def test_body_when_it_says_that_it_is_too_large_then_413(door: Front) -> None:
    answer = door.post("/designs/validate", {"description": "x" * 3000})

    assert problem(answer) == (413, "BODY_TOO_LARGE")
    assert answer.json()["metadata"] == {"limit": "2048"}


def test_body_when_it_turns_out_too_large_then_413(door: Front) -> None:
    chunks = (b" " * 1000 for _ in range(10))

    answer = door.ask("POST", "/designs/validate", content=chunks, headers={"Content-Type": "application/json"})

    assert problem(answer) == (413, "BODY_TOO_LARGE")


def test_body_when_it_does_not_come_then_408() -> None:
    with fronts.opened(body_timeout=timedelta(milliseconds=50)) as hasty:
        host, _, port = hasty.addresses["http"].rpartition(":")
        with socket.create_connection((host, int(port))) as client:
            token = authorization("ada")["Authorization"]
            head = f"POST /designs HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Length: 9\r\n\r\n{{"
            client.sendall(head.encode())
            answer = client.makefile("rb").read().decode()

    assert answer.startswith("HTTP/1.1 408 ")
    assert '"reason":"BODY_TOO_SLOW"' in answer


def test_cors_when_the_origin_is_named_then_it_may_call(door: Front) -> None:
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key, if-match",
    }
    preflight = door.client.options("/designs", headers=asked)
    answer = door.get("/jobs", headers={"Origin": "https://shop.example"})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in answer.headers
    assert "ETag" in answer.headers["access-control-expose-headers"]


def test_cors_when_the_origin_is_another_then_it_may_not(door: Front) -> None:
    preflight = {"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}

    assert "access-control-allow-origin" not in door.get("/jobs", headers={"Origin": "https://other.example"}).headers
    assert door.client.options("/designs", headers=preflight).status_code == 400


def test_cors_when_no_origin_is_configured_then_nobody_may() -> None:
    with fronts.opened() as closed:
        answer = closed.get("/healthz", headers={"Origin": "https://shop.example"})
        preflight = closed.ask("OPTIONS", "/jobs", headers={"Access-Control-Request-Method": "GET"})

    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert problem(preflight) == (405, "METHOD_NOT_ALLOWED")


def test_health_then_it_needs_no_token(door: Front) -> None:
    assert door.get("/healthz", "").json() == {"status": "live"}
    assert door.get("/readyz", "").json() == {"status": "ready"}


def test_metrics_then_requests_are_counted_by_route(door: Front) -> None:
    door.get("/jobs/a")
    door.get("/jobs/b")
    door.ask("BREW", "/jobs/b")

    found = door.metrics()

    assert 'http_server_requests_total{method="GET",route="/jobs/{job_id}",status="404"}' in found
    assert 'http_server_request_seconds_count{method="GET",route="/jobs/{job_id}"}' in found
    assert 'http_server_requests_total{method="other",route="/jobs/{job_id}",status="405"}' in found
    assert "/jobs/a" not in found


def test_rate_limit_when_a_caller_asks_too_often_then_429_for_them_alone() -> None:
    with _before_ai(rate_limit=0.01, rate_burst=4) as limited:
        # The first pays from the address, as nobody knows yet whether its token is one.
        answers = [limited.get("/jobs", "ann") for _ in range(6)]
        other = limited.get("/jobs", "bob")
        nobody = limited.get("/nowhere", "")
        probes = [limited.get("/healthz", "") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 429]
    assert problem(answers[5]) == (429, "LIMIT_EXCEEDED")
    assert 1 <= int(answers[5].headers["retry-after"]) <= 100
    assert (other.status_code, nobody.status_code) == (200, 404)
    assert {probe.status_code for probe in probes} == {200}


@pytest.mark.parametrize("path", ["/jobs", "/nowhere", "/openapi.json", "/static/icon.svg"])
def test_rate_limit_when_tokens_are_invented_then_they_share_one(path: str) -> None:
    with _before_ai(rate_limit=0.01, rate_burst=3) as limited:
        known = limited.get("/jobs", "ann")
        answers = [
            limited.client.get(path, headers={"Authorization": f"Bearer exp_tok_{number}_{'a' * 43}"})
            for number in range(3)
        ]
        again = limited.get("/jobs", "ann")

    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert (known.status_code, again.status_code) == (200, 200)


def test_deadline_when_the_service_is_silent_then_504() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        upstream = UpstreamOptions(address, address, address, timeout=timedelta(seconds=0.2))
        with fronts.opened(upstream) as opened:
            answer = opened.get("/jobs")

    assert problem(answer) == (504, "DEADLINE_EXCEEDED")
    assert answer.json()["metadata"] == {"service": "ai"}


def test_stop_then_new_connections_are_refused_and_the_port_is_free() -> None:
    with fronts.opened() as opened:
        host, _, port = opened.addresses["http"].rpartition(":")
        assert opened.get("/healthz").is_success

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{opened.url}/healthz", headers=authorization("ada"), trust_env=False)
    with socket.create_server((host, int(port))):
        pass


def test_start_when_the_port_is_taken_then_it_says_so() -> None:
    with fronts.opened() as opened, pytest.raises(OSError, match="cannot listen on"):
        Gateway(replace(fronts.QUICK, address=opened.addresses["http"])).start()


def test_token_then_it_is_in_no_answer_and_no_metric(door: Front) -> None:
    secret = identity.secret("ada").value

    assert secret not in door.get("/jobs").text
    assert secret not in door.metrics()
