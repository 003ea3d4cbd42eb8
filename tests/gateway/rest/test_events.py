"""Event streams: what they tell, where they go on, and that nothing is left when they end."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from experimentation.v1 import analysis_pb2
from services.gateway.config import UpstreamOptions
from tests.gateway import ai
from tests.gateway import front as fronts
from tests.gateway.ai import ScriptedAi
from tests.gateway.front import Front, authorization, fields, problem
from tests.gateway.rest.listening import listening
from tests.gateway.rest.requests import experiment

RUNNING, SUCCEEDED = analysis_pb2.JOB_STATE_RUNNING, analysis_pb2.JOB_STATE_SUCCEEDED
PING = timedelta(milliseconds=50)


def job(version: int, state: "analysis_pb2.JobState.ValueType" = RUNNING, **more: Any) -> analysis_pb2.Job:
    return analysis_pb2.Job(job_id="job_1", state=state, version=version, **more)


class Scene:
    """Is a gateway before an AI, and nothing else."""

    def __init__(self, scripted: ScriptedAi, address: str, stack: ExitStack, **options: Any) -> None:
        upstream = UpstreamOptions(fronts.NOWHERE, fronts.NOWHERE, address)
        self.ai = scripted
        self.front = stack.enter_context(fronts.opened(upstream, **options))


@pytest.fixture
def scene() -> Iterator[Callable[..., Scene]]:
    """Makes scenes."""
    with ExitStack() as stack:

        def made(*, upstream_streams: int = 16, **options: Any) -> Scene:
            scripted, address = stack.enter_context(ai.served(stream_limit=upstream_streams))
            return Scene(scripted, address, stack, **options)

        yield made


def test_job_events_then_each_version_and_a_final_event(scene: Callable[..., Scene]) -> None:
    opened = scene()
    opened.ai.put(job(1))

    with listening(opened.front, "/jobs/job_1/events", "vic") as heard:
        assert heard.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert heard.response.headers["cache-control"] == "no-store"
        first = heard.next()
        opened.ai.put(job(2, SUCCEEDED, analysis_id="ana_1"))
        rest = heard.rest()

    assert (first.name, first.event_id, first.data["state"]) == ("job", "1", "JOB_STATE_RUNNING")
    assert [event.name for event in rest] == ["job", "end"]
    assert rest[0].event_id == "2"
    assert rest[0].data == opened.front.get("/jobs/job_1").json()
    assert rest[1].data == {"job_id": "job_1", "state": "JOB_STATE_SUCCEEDED"}
    assert opened.ai.wait_for_streams(0)


def test_job_events_when_the_client_comes_back_then_they_go_on_after_what_it_has(
    scene: Callable[..., Scene],
) -> None:
    opened = scene()
    opened.ai.put(job(7))

    with listening(opened.front, "/jobs/job_1/events", headers={"Last-Event-ID": "6"}) as heard:
        assert heard.next().event_id == "7"
    opened.ai.put(job(8, SUCCEEDED))
    with listening(opened.front, "/jobs/job_1/events", headers={"Last-Event-ID": "7"}) as heard:
        assert [(event.name, event.event_id) for event in heard.rest()] == [("job", "8"), ("end", "")]
    with listening(opened.front, "/jobs/job_1/events", headers={"Last-Event-ID": "8"}) as heard:
        assert [event.name for event in heard.rest()] == ["end"]


def test_job_events_when_nothing_happens_then_pings(scene: Callable[..., Scene]) -> None:
    opened = scene(ping_interval=PING)
    opened.ai.put(job(1))

    with listening(opened.front, "/jobs/job_1/events", headers={"Last-Event-ID": "1"}) as heard:
        assert [next(heard.events).data for _ in range(3)] == ["ping"] * 3
        opened.ai.put(job(2, SUCCEEDED))
        assert [event.name for event in heard.rest()] == ["job", "end"]


def test_job_events_when_they_cannot_begin_then_a_problem_and_no_stream(scene: Callable[..., Scene]) -> None:
    front = scene().front

    assert problem(front.get("/jobs/nowhere/events")) == (404, "JOB_NOT_FOUND")
    assert problem(front.get("/jobs/nowhere/events", "")) == (401, "UNAUTHENTICATED")
    wrong = front.get("/jobs/nowhere/events", headers={"Last-Event-ID": "x"})
    assert (problem(wrong), fields(wrong)) == ((400, "INVALID_FIELD"), ["Last-Event-ID"])


def test_job_events_when_the_client_drops_then_the_upstream_call_is_cancelled(scene: Callable[..., Scene]) -> None:
    opened = scene(ping_interval=PING)
    opened.ai.put(job(1))

    with listening(opened.front, "/jobs/job_1/events") as heard:
        heard.next()
        assert opened.ai.wait_for_streams(1)

    assert opened.ai.wait_for_streams(0)
    assert "http_server_streams 0.0" in opened.front.metrics()


def test_job_events_when_the_service_ends_then_a_problem_says_so(scene: Callable[..., Scene]) -> None:
    scripted_stack = ExitStack()
    scripted, address = scripted_stack.enter_context(ai.served())
    scripted.put(job(1))
    upstream = UpstreamOptions(fronts.NOWHERE, fronts.NOWHERE, address)
    with fronts.opened(upstream) as front, listening(front, "/jobs/job_1/events") as heard:
        heard.next()
        scripted_stack.close()
        rest = heard.rest()

    assert [event.name for event in rest] == ["problem"]
    assert (rest[0].data["status"], rest[0].data["reason"]) == (503, "DRAINING")


def test_job_events_when_the_gateway_stops_then_a_problem_and_nothing_is_left(scene: Callable[..., Scene]) -> None:
    scripted_stack = ExitStack()
    with scripted_stack:
        scripted, address = scripted_stack.enter_context(ai.served())
        scripted.put(job(1))
        upstream = UpstreamOptions(fronts.NOWHERE, fronts.NOWHERE, address)
        with fronts.opened(upstream, drain_grace=timedelta(seconds=30)) as front:
            with listening(front, "/jobs/job_1/events") as heard:
                heard.next()
                stopping = threading.Thread(target=front.gateway.stop)
                stopping.start()
                rest = heard.rest()
            stopping.join()

        assert [(event.name, event.data["reason"]) for event in rest] == [("problem", "DRAINING")]
        assert scripted.wait_for_streams(0)


def test_events_when_there_are_too_many_then_429_until_one_ends(scene: Callable[..., Scene]) -> None:
    opened = scene(stream_limit=1, ping_interval=PING)
    opened.ai.put(job(1))

    with listening(opened.front, "/jobs/job_1/events") as heard:
        heard.next()
        refused = opened.front.get("/jobs/job_1/events")
    assert opened.ai.wait_for_streams(0)

    assert problem(refused) == (429, "LIMIT_EXCEEDED")
    assert refused.headers["retry-after"] == "5"
    opened.ai.put(job(2, SUCCEEDED))
    assert opened.front.get("/jobs/job_1/events").is_success


def test_events_when_the_service_has_no_room_then_429(scene: Callable[..., Scene]) -> None:
    opened = scene(upstream_streams=1)
    opened.ai.put(job(1))

    with listening(opened.front, "/jobs/job_1/events") as heard:
        heard.next()
        refused = opened.front.get("/jobs/job_1/events")

    assert problem(refused) == (429, "LIMIT_EXCEEDED")


def test_events_when_a_client_takes_nothing_then_little_is_held_and_it_is_given_up(
    scene: Callable[..., Scene],
) -> None:
    opened = scene(stall_timeout=timedelta(seconds=1))
    opened.ai.put(job(1, creator="x" * 200_000))
    host, _, port = opened.front.addresses["http"].rpartition(":")
    with closing(socket.socket()) as client:
        # What the kernel would take in the client's place is kept small.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((host, int(port)))
        token = authorization("ada")["Authorization"]
        client.sendall(f"GET /jobs/job_1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
        assert opened.ai.wait_for_streams(1)
        for version in range(2, 400):
            opened.ai.put(job(version, creator="x" * 1_000_000))
            if opened.ai.wait_for_streams(0, seconds=0.05):
                break

        assert opened.ai.wait_for_streams(0)
    assert "http_server_streams 0.0" in opened.front.metrics()


def many(opened: Scene, count: int) -> None:
    """Opens so many streams, tells all of them something, and drops them."""
    opened.ai.put(job(1))
    with ExitStack() as streams:
        opened.front.client = streams.enter_context(_client(opened.front, count))
        heard = [streams.enter_context(listening(opened.front, "/jobs/job_1/events")) for _ in range(count)]
        assert [listener.next().event_id for listener in heard] == ["1"] * count
        opened.ai.put(job(2))
        assert [listener.next().event_id for listener in heard] == ["2"] * count
        assert f"http_server_streams {count}.0" in opened.front.metrics()
        assert opened.ai.open_streams == count
    assert opened.ai.wait_for_streams(0)
    assert "http_server_streams 0.0" in opened.front.metrics()


def _client(front: Front, count: int) -> httpx.Client:
    limits = httpx.Limits(max_connections=count + 1)
    return httpx.Client(base_url=front.url, trust_env=False, timeout=60, limits=limits)


def test_events_when_many_listen_and_drop_then_nothing_is_left(scene: Callable[..., Scene]) -> None:
    many(scene(upstream_streams=64), 40)


@pytest.mark.slow
def test_events_when_five_hundred_listen_and_drop_then_nothing_is_left(scene: Callable[..., Scene]) -> None:
    many(scene(upstream_streams=600), 500)


def test_change_request_events_then_where_they_stand_and_what_changes(
    front: Front, new_experiment_id: Callable[[], str]
) -> None:
    name = new_experiment_id()
    front.post("/experiments", experiment(name), "ann")

    def proposed() -> dict[str, Any]:
        body: dict[str, Any] = {"change": {"start": {}}}
        found: dict[str, Any] = front.post(f"/experiments/{name}/changes", body, "ann").json()["change_request"]
        return found

    first = proposed()
    path = f"/change-requests/{first['change_request_id']}"
    with (
        listening(front, f"/change-requests/events?experiment_id={name}", "vic") as all_of_them,
        listening(front, f"{path}/events", "vic") as one,
    ):
        assert all_of_them.next().data == one.next().data == first
        second = proposed()
        assert all_of_them.next().data == second
        closed = front.post(f"{path}/cancel", {}, "ann").json()
        last = all_of_them.next()
        assert one.next().data == last.data == closed

    assert last.name == "change_request"
    # The client comes back: what was closed meanwhile is told, too, and what it may know already is told rather twice.
    with listening(
        front, f"/change-requests/events?experiment_id={name}", headers={"Last-Event-ID": last.event_id}
    ) as again:
        assert [again.next().data for _ in range(2)] == [second, closed]


def test_change_request_events_when_there_is_none_then_404(front: Front) -> None:
    assert problem(front.get("/change-requests/none/events")) == (404, "CHANGE_REQUEST_NOT_FOUND")


def test_events_by_head_then_headers_alone(scene: Callable[..., Scene]) -> None:
    opened = scene()
    opened.ai.put(job(1))

    head = opened.front.ask("HEAD", "/jobs/job_1/events")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert opened.ai.wait_for_streams(0)
