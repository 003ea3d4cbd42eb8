"""The link that signs in: what the gateway answers, what others answer, and what is never sent."""

import json

import pytest

from services.admin.access import Server
from services.admin.dashboard import CODES, sign_in_link
from shared.config import Secret
from shared.errors import FailedPrecondition, InvalidArgument, PlatformError, Reason, Unauthenticated, Unavailable
from tests.admin.http_answers import answering

TOKEN = Secret("exp_ann")
# Nobody listens there.
NOWHERE = "127.0.0.1:1"


def test_sign_in_link_when_the_gateway_makes_a_code_then_the_link_is_there_with_it() -> None:
    with answering(200, json.dumps({"path": "/sign-in?code=abc"})) as gateway:
        link = sign_in_link(Server(gateway.address, TOKEN))

    assert link == f"http://{gateway.address}/sign-in?code=abc"
    assert gateway.asked == [("POST", CODES, "Bearer exp_ann")]


@pytest.mark.parametrize(
    ("code", "body", "kind", "message"),
    [
        (401, "", Unauthenticated, "the token is not good here"),
        (404, "Not Found", FailedPrecondition, "answers 404 in another way than the gateway"),
        (200, "<html>", FailedPrecondition, "answers 200 in another way than the gateway"),
        (200, "[]", FailedPrecondition, "answers 200 in another way than the gateway"),
        (200, '{"path": "@elsewhere.example"}', FailedPrecondition, "in another way than the gateway"),
        (307, "", FailedPrecondition, "answers 307 in another way than the gateway"),
        (429, "", Unavailable, "cannot make a link now"),
        (503, "", Unavailable, "cannot make a link now"),
    ],
)
def test_sign_in_link_when_there_is_no_code_then_says_why(
    code: int, body: str, kind: type[PlatformError], message: str
) -> None:
    with answering(code, body) as server, pytest.raises(kind, match=message) as caught:
        sign_in_link(Server(server.address, TOKEN))
    assert TOKEN.value not in caught.value.message


def test_sign_in_link_when_nobody_answers_then_unavailable() -> None:
    with pytest.raises(Unavailable, match=f"no gateway answers at http://{NOWHERE}") as caught:
        sign_in_link(Server(NOWHERE, TOKEN))
    assert caught.value.reason is Reason.DRAINING


def test_sign_in_link_when_there_is_no_token_then_nobody_is_asked() -> None:
    with answering(200) as server, pytest.raises(FailedPrecondition, match="no token") as caught:
        sign_in_link(Server(server.address))
    assert caught.value.reason is Reason.INVALID_STATE
    assert server.asked == []


def test_sign_in_link_when_the_address_is_none_then_says_so() -> None:
    with pytest.raises(InvalidArgument, match="is not like host:port"):
        sign_in_link(Server("127.0.0.1:port", TOKEN))


def test_sign_in_link_when_there_is_a_proxy_then_the_token_does_not_pass_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200, json.dumps({"path": "/x"})) as gateway, answering(502) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("ALL_PROXY", f"http://{proxy.address}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        sign_in_link(Server(gateway.address, TOKEN))

    assert (len(gateway.asked), proxy.asked) == (1, [])
