"""WatchChangeRequests: what comes first, each change, heartbeats, and what ends it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import grpc
import pytest
import sqlalchemy

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_service_pb2 as review
from services.review.servicer.review import HEARTBEAT_SECONDS
from services.review.store import change_requests
from shared import errors
from shared.bell import Bell
from shared.errors import Reason
from shared.loops import ring_until_closed
from shared.rpc import client, status
from shared.store.notify import Listener
from tests.review import desk as desks
from tests.review import people
from tests.review.conftest import Refused
from tests.review.desk import STOP_SECONDS, Desk
from tests.review.rpc.calls import INVALID_FIELD, NO_REQUEST, NOT_PERMITTED
from tests.review.verbs import apply, approved, cancel, comment, drafted, edit, proposed, reject

WAIT_SECONDS = 30
Told = Iterator[list[pb.ChangeRequest]]


@pytest.fixture(autouse=True)
def news(desk: Desk, database_url: str) -> Iterator[None]:
    """Rings whenever the store says that something changed, as the process does."""
    listener = Listener(database_url, [change_requests.CHANNEL])
    ringing = threading.Thread(target=ring_until_closed, args=(desk.bell, listener))
    ringing.start()
    yield
    listener.close()
    ringing.join()


@pytest.fixture
def watch(desk: Desk) -> Iterator[Callable[..., Told]]:
    """Watches as somebody, and leaves in the end."""
    open_streams: list[Told] = []

    def begin(who: str = "vic", change_request_id: str = "", **filters: object) -> Told:
        kept = review.ChangeRequestFilter(**filters)  # type: ignore[arg-type]  # they are its fields
        asked = review.WatchChangeRequestsRequest(change_request_id=change_request_id, filter=kept)
        stream = client.stream(desk[who].reviews.WatchChangeRequests, asked, timeout_seconds=WAIT_SECONDS)
        told = (list(message.change_requests) for message in stream)
        open_streams.append(told)
        return told

    yield begin
    for stream in open_streams:
        with closing(stream):  # type: ignore[type-var]  # it is a generator
            pass


def news_of(told: Told) -> list[pb.ChangeRequest]:
    """Returns the next message that is no heartbeat."""
    return next(message for message in told if message)


def test_watch_when_it_begins_then_the_open_ones_come_oldest_first(
    desk: Desk, pending: pb.ChangeRequest, watch: Callable[..., Told]
) -> None:
    closed, younger = proposed(desk), proposed(desk)
    desk["ann"].reviews.CancelChangeRequest(cancel(closed))

    assert next(watch()) == [pending, younger]


def test_watch_when_there_is_nothing_then_it_says_so_at_once(watch: Callable[..., Told]) -> None:
    assert next(watch()) == []


def test_watch_when_something_changes_then_each_change_is_told(
    desk: Desk, pending: pb.ChangeRequest, watch: Callable[..., Told]
) -> None:
    told = watch()
    next(told)

    commented = desk["ann"].reviews.AddComment(comment(pending)).change_request
    assert news_of(told) == [commented]
    agreed = approved(desk, pending)
    assert news_of(told) == [agreed]
    applied = desk["ann"].reviews.ApplyChangeRequest(apply(pending)).change_request
    assert news_of(told) == [applied]
    new = proposed(desk, pb.Change(stop=pb.StopChange(shipped_arm_id="treatment")))
    assert news_of(told) == [new]


def test_watch_when_filtered_then_only_those_are_told(
    desk: Desk, pending: pb.ChangeRequest, watch: Callable[..., Told]
) -> None:
    drafted(desk, "other")
    bobs, mine = watch(requester="bob"), watch("rob", awaits_caller=True)
    rejected = watch(states=[pb.CHANGE_REQUEST_STATE_REJECTED])

    assert (next(bobs), next(mine), next(rejected)) == ([], [pending], [])
    commented = desk["ann"].reviews.AddComment(comment(pending)).change_request
    assert news_of(mine) == [commented]
    request = proposed(desk, experiment_id="other", who="bob")
    assert news_of(bobs) == news_of(mine) == [request]
    closed = desk["rae"].reviews.RejectChangeRequest(reject(request)).change_request
    assert news_of(rejected) == news_of(bobs) == [closed]


def test_watch_when_one_is_named_then_only_that_one_even_once_it_is_closed(
    desk: Desk, pending: pb.ChangeRequest, watch: Callable[..., Told]
) -> None:
    other = proposed(desk)
    told = watch(change_request_id=pending.change_request_id)

    assert next(told) == [pending]
    desk["ann"].reviews.EditChangeRequest(edit(other, reason="so"))
    cancelled = desk["ann"].reviews.CancelChangeRequest(cancel(pending)).change_request
    assert news_of(told) == [cancelled]
    assert next(watch(change_request_id=pending.change_request_id)) == [cancelled]


def test_watch_when_it_cannot_begin_then_it_says_why(desk: Desk, refused: Refused) -> None:
    def refusal(who: str, request: review.WatchChangeRequestsRequest) -> tuple[object, list[str]]:
        found = refused(
            lambda asked, timeout: list(desk[who].reviews.WatchChangeRequests(asked, timeout=timeout)), request
        )
        return found.reason, found.fields

    named = review.WatchChangeRequestsRequest(change_request_id="nowhere")
    awaited = review.WatchChangeRequestsRequest(filter=review.ChangeRequestFilter(awaits_caller=True))
    with_nul = review.WatchChangeRequestsRequest(change_request_id="a\0")
    nul_in_filter = review.WatchChangeRequestsRequest(filter=review.ChangeRequestFilter(requester="a\0"))
    too_long = review.WatchChangeRequestsRequest(change_request_id="x" * 64)
    assert refusal("vic", named) == (NO_REQUEST, [])
    assert refusal("service", named) == (NOT_PERMITTED, [])
    assert refusal("agent", awaited) == (INVALID_FIELD, ["filter.awaits_caller"])
    assert refusal("vic", with_nul) == (INVALID_FIELD, ["change_request_id"])
    assert refusal("vic", nul_in_filter) == (INVALID_FIELD, ["filter.requester"])
    assert refusal("vic", too_long) == (INVALID_FIELD, ["change_request_id"])


def test_watch_when_the_server_drains_then_draining(desk: Desk, watch: Callable[..., Told]) -> None:
    told = watch()
    next(told)

    desk.server.stop(STOP_SECONDS)

    with pytest.raises(errors.Unavailable) as caught:
        list(told)
    assert caught.value.reason is Reason.DRAINING


def test_watch_when_the_token_is_revoked_then_the_stream_ends_before_anything_is_told(
    desk: Desk, pending: pb.ChangeRequest
) -> None:
    stream = desk["vic"].reviews.WatchChangeRequests(review.WatchChangeRequestsRequest(), timeout=WAIT_SECONDS)
    next(stream)

    desk.authenticator.replace(people.book(without="vic"))
    desk["ann"].reviews.AddComment(comment(pending))

    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert status.from_rpc_error(caught.value).reason is Reason.UNAUTHENTICATED


class ImpatientBell(Bell):
    """Takes every wait to be over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: set[float] = set()

    def wait_beyond(self, cursor: int, *, timeout_seconds: float) -> int:
        self.waits.add(timeout_seconds)
        return super().wait_beyond(cursor, timeout_seconds=0)


def test_watch_when_nothing_happens_then_heartbeats(engine: sqlalchemy.Engine) -> None:
    bell = ImpatientBell()
    with desks.opened(engine, bell=bell) as desk:
        stream = desk["vic"].reviews.WatchChangeRequests(review.WatchChangeRequestsRequest(), timeout=WAIT_SECONDS)

        messages = [next(stream) for _ in range(3)]
        stream.cancel()

    assert messages == [review.WatchChangeRequestsResponse()] * 3
    assert bell.waits == {HEARTBEAT_SECONDS}
    assert HEARTBEAT_SECONDS == 20
