"""Defects: the caller gets a problem, the log gets the rest."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.door import failures
from services.gateway.door.frame import Frame
from services.gateway.door.http_metrics import HttpMetrics
from services.gateway.door.server import HttpServer
from shared.ids import new_id
from tests.gateway.front import WAIT_SECONDS, problem


def broken() -> FastAPI:
    """Returns an application with defects."""
    app = FastAPI()
    failures.answer_failures(app)

    @app.get("/defect")
    async def defect() -> None:
        raise ZeroDivisionError("the secret of the defect")

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout")

    return app


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Is an application that has no handler of its own."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/late":
        await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ZeroDivisionError("the secret of the defect")


@contextmanager
def served(app: ASGIApp) -> Iterator[httpx.Client]:
    """Serves the application in its frame; gives a client."""
    framed = Frame(app, metrics=HttpMetrics(CollectorRegistry()), new_id=new_id, tls=False)
    server = HttpServer(
        framed,
        address="127.0.0.1:0",
        certificate=None,
        key=None,
        drain_grace=timedelta(seconds=1),
        head_timeout=timedelta(seconds=10),
        stall_timeout=timedelta(seconds=10),
        on_drain=lambda: None,
    )
    address = server.start()
    with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=WAIT_SECONDS) as opened:
        yield opened
    server.stop()


@pytest.mark.parametrize("app", [broken(), bare], ids=["FastAPI", "bare"])
def test_defect_then_500_without_its_words_and_a_log_with_them(app: ASGIApp, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), served(app) as client:
        answer = client.get("/defect", headers={"X-Request-Id": "req-9"})

    assert problem(answer) == (500, "INTERNAL")
    assert answer.json()["metadata"] == {"request_id": "req-9"}
    assert "secret" not in answer.text
    assert any(record.exc_info and "secret" in str(record.exc_info[1]) for record in caplog.records)


def test_defect_when_the_answer_has_begun_then_the_connection_breaks() -> None:
    with served(bare) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("/late")


def test_refusal_of_the_framework_then_a_problem_of_the_same_status() -> None:
    with served(broken()) as client:
        assert problem(client.get("/teapot")) == (418, "BAD_REQUEST")
        assert problem(client.get("/nowhere")) == (404, "ROUTE_NOT_FOUND")
        assert problem(client.post("/teapot")) == (405, "METHOD_NOT_ALLOWED")
