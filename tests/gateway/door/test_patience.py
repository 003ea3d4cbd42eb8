"""Connections that the server gives up, and those that it bears with."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.gateway import front as fronts
from tests.gateway.front import WAIT_SECONDS

PROBE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def connected(**options: Any) -> Iterator[socket.socket]:
    """Opens a connection to a gateway."""
    with fronts.opened(**options) as front, socket.socket() as client:
        # What the kernel would take in the client's place is kept small.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(WAIT_SECONDS)
        host, _, port = front.addresses["http"].rpartition(":")
        client.connect((host, int(port)))
        yield client


@pytest.mark.parametrize("begun", [b"", b"GET /hea", PROBE[:-2]])
def test_a_head_that_does_not_come_ends_the_connection(begun: bytes) -> None:
    with connected(head_timeout=timedelta(milliseconds=100)) as client:
        client.sendall(begun)

        assert client.recv(1) == b""


def test_a_further_head_has_as_long_as_the_first() -> None:
    with connected(head_timeout=timedelta(milliseconds=500)) as client:
        client.sendall(PROBE)
        told = b""
        while not told.endswith(b'{"status":"live"}'):
            told += client.recv(2000)
        client.sendall(PROBE[:9])

        assert client.recv(1) == b""


def test_a_request_that_has_come_may_take_longer_than_its_head() -> None:
    with connected(head_timeout=timedelta(milliseconds=50), body_timeout=timedelta(milliseconds=500)) as client:
        client.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nContent-Type: ")
        client.sendall(b"application/x-www-form-urlencoded\r\n\r\n")

        assert client.recv(2000).startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_nobody_takes_ends_the_connection() -> None:
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000_000

    with connected(stall_timeout=timedelta(seconds=1)) as client, pytest.raises(ConnectionError):
        client.sendall(asked)


@pytest.mark.parametrize(
    "sent",
    [
        b"no HTTP at all\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + PROBE,
    ],
)
def test_what_ends_where_nobody_knows_is_a_problem_and_the_end(sent: bytes) -> None:
    with connected() as client:
        client.sendall(sent)
        head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    found = json.loads(body)
    assert (found["status"], found["reason"]) == (400, "BAD_REQUEST")
    assert f"x-request-id: {found['request_id']}".encode() in head
    assert b"content-type: application/problem+json" in head
