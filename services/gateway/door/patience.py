"""Connections that are given up: those that say nothing, or nothing that is HTTP, or do not take what they get."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.door import problem, refusals
from shared.ids import new_id
from shared.rpc.calls import REQUEST_ID_KEY


class _Timer:
    """Ends a connection, unless it is stopped before."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._handle: asyncio.TimerHandle | None = None

    def run(self) -> None:
        """Begins, unless it has."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._transport.abort)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class PatientProtocol(H11Protocol):
    """Is uvicorn's protocol of one connection, which knows no such bounds."""

    head_seconds: float
    """Is how long the head of a request may take to come."""
    stall_seconds: float
    """Is how long a client may take nothing of an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Waits for the first request."""
        super().connection_made(transport)
        self._head, self._stall = _Timer(transport, self.head_seconds), _Timer(transport, self.stall_seconds)
        self._head.run()

    def data_received(self, data: bytes) -> None:
        """Waits no longer once a head is whole, and anew once another begins."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._head.stop()
        else:
            self._head.run()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the same for all, whatever the parser says
        """Answers with a problem what is no HTTP, unless an answer is on its way already."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            request_id = new_id("req")
            answer = problem.refused(refusals.not_http(), request_id=request_id)
            headers = [*answer.raw_headers, (REQUEST_ID_KEY.encode(), request_id.encode())]
            head = h11.Response(status_code=answer.status_code, headers=headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def pause_writing(self) -> None:
        """Begins to wait for a client that takes less than there is."""
        super().pause_writing()
        self._stall.run()

    def resume_writing(self) -> None:
        """Goes on."""
        super().resume_writing()
        self._stall.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._head.stop()
        self._stall.stop()
        super().connection_lost(exc)


def patient(*, head_seconds: float, stall_seconds: float) -> type[PatientProtocol]:
    """Returns the protocol with these bounds."""
    return type("Patient", (PatientProtocol,), {"head_seconds": head_seconds, "stall_seconds": stall_seconds})
