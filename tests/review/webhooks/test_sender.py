"""Sending, to a real receiver."""

import json
import logging
import ssl
from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from services.review.domain.notices import Notice
from services.review.domain.outbox import Post
from services.review.domain.redelivery import Answer, AnswerKind
from services.review.webhooks.hook import Hook, HookFormat
from services.review.webhooks.sender import HttpWebhooks
from services.review.webhooks.signing import key_of
from tests.review.examples import NOW
from tests.review.notices import notice
from tests.review.webhooks.receiver import Receiver, Reply, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
TEMPLATE = "https://experiments.example.com/reviews/{change_request_id}"
CERTIFICATES = Path(__file__).parents[2] / "shared/rpc/certificates"


def _webhooks(
    *hooks: Hook, timeout_seconds: float = 10, link_template: str = TEMPLATE, trust: ssl.SSLContext | None = None
) -> HttpWebhooks:
    return HttpWebhooks(
        {"default": hooks},
        link_template=link_template,
        timeout=timedelta(seconds=timeout_seconds),
        clock=lambda: NOW,
        trust=trust,
    )


def _signed(receiver: Receiver, path: str = "/", secret: str = SECRET) -> Hook:
    return Hook(receiver.url(path), keys=(key_of(secret),))


def _post(webhooks: HttpWebhooks, *notices: Notice) -> list[Answer]:
    ids: Sequence[str] = webhooks.listening("default")
    return webhooks.post([Post(webhook_id, each) for each in notices or (notice(),) for webhook_id in ids])


def test_post_when_the_receiver_checks_then_it_is_signed_and_complete(receiver: Receiver) -> None:
    hook = Hook(receiver.url("/hook?x=1"), keys=(key_of(SECRET), key_of(OTHER)), headers={"Authorization": "Bearer t"})

    assert _post(_webhooks(hook)) == [Answer(AnswerKind.DELIVERED)]

    (received,) = receiver.received
    headers = {name.lower(): value for name, value in received.headers.items()}
    assert received.path == "/hook?x=1"
    assert received.is_signed_with(SECRET)
    assert received.is_signed_with(OTHER)
    assert not received.is_signed_with("whsec_" + "A" * 32)
    assert headers["webhook-id"] == notice().notice_id
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["content-type"] == "application/json"
    assert headers["authorization"] == "Bearer t"
    assert json.loads(received.body)["data"]["link"] == "https://experiments.example.com/reviews/cr_1"


def test_post_when_it_is_slack_then_its_format_and_no_signature(receiver: Receiver) -> None:
    _post(_webhooks(Hook(receiver.url(), HookFormat.SLACK), link_template=""))

    (received,) = receiver.received
    assert "blocks" in json.loads(received.body)
    assert "webhook-signature" not in {name.lower() for name in received.headers}


def test_listening_when_nobody_named_the_audience_then_nobody(receiver: Receiver) -> None:
    assert list(_webhooks(_signed(receiver)).listening("growth")) == []


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_post_when_it_is_answered_2xx_then_delivered(receiver: Receiver, status: int) -> None:
    receiver.replies["/"] = lambda _: Reply(status)

    assert _post(_webhooks(_signed(receiver))) == [Answer(AnswerKind.DELIVERED)]


@pytest.mark.parametrize("status", [304, 400, 401, 404, 429, 500, 502, 503])
def test_post_when_it_is_answered_anything_else_then_refused(receiver: Receiver, status: int) -> None:
    receiver.replies["/"] = lambda _: Reply(status)

    problem = f"127.0.0.1:{receiver.port} answered {status}"
    assert _post(_webhooks(_signed(receiver))) == [Answer(AnswerKind.REFUSED, problem)]


def test_post_when_it_is_answered_410_then_gone(receiver: Receiver) -> None:
    receiver.replies["/"] = lambda _: Reply(410)

    assert _post(_webhooks(_signed(receiver))) == [Answer(AnswerKind.GONE, f"127.0.0.1:{receiver.port} answered 410")]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_post_when_it_is_sent_elsewhere_then_it_does_not_go(receiver: Receiver, status: int) -> None:
    receiver.replies["/"] = lambda _: Reply(status, {"location": receiver.url("/elsewhere")})

    (answer,) = _post(_webhooks(_signed(receiver)))

    assert answer.kind is AnswerKind.REFUSED
    assert receiver.at("/elsewhere") == []


@pytest.mark.parametrize(
    ("status", "text", "wait"),
    [
        (429, "120", timedelta(seconds=120)),
        (503, "0", timedelta(0)),
        (503, format_datetime(NOW + timedelta(minutes=5)), timedelta(minutes=5) - timedelta(microseconds=123456)),
        (503, format_datetime(NOW - timedelta(minutes=5)), timedelta(0)),
        (503, "Sun, 06 Nov 1994 08:49:37 -0000", timedelta(0)),
        (429, "soon", None),
        (429, "-5", None),
        (429, "9" * 400, None),
        (500, "120", None),
    ],
)
def test_post_when_it_is_asked_to_wait_then_it_says_for_how_long(
    receiver: Receiver, status: int, text: str, wait: timedelta | None
) -> None:
    receiver.replies["/"] = lambda _: Reply(status, {"retry-after": text})

    (answer,) = _post(_webhooks(_signed(receiver)))

    assert (answer.kind, answer.retry_after) == (AnswerKind.REFUSED, wait)


def test_post_when_the_receiver_hangs_then_it_gives_up_and_the_others_are_told(receiver: Receiver) -> None:
    receiver.replies["/hangs"] = lambda _: Reply(hang=True)

    answers = _post(_webhooks(_signed(receiver, "/hangs"), _signed(receiver, "/works"), timeout_seconds=0.3))

    assert answers == [
        Answer(AnswerKind.REFUSED, f"127.0.0.1:{receiver.port} did not answer within 0.3 s"),
        Answer(AnswerKind.DELIVERED),
    ]


def test_post_when_the_answer_trickles_in_then_it_gives_up_too(receiver: Receiver) -> None:
    receiver.replies["/"] = lambda _: Reply(trickle=True)

    (answer,) = _post(_webhooks(_signed(receiver), timeout_seconds=0.3))

    assert (answer.kind, answer.problem.split(" ", 1)[1]) == (AnswerKind.REFUSED, "did not answer within 0.3 s")


def test_post_when_the_answer_never_ends_then_nobody_reads_it(receiver: Receiver) -> None:
    receiver.replies["/"] = lambda _: Reply(endless=True)

    assert _post(_webhooks(_signed(receiver))) == [Answer(AnswerKind.DELIVERED)]


def test_post_when_nobody_is_there_then_it_says_why_without_the_url() -> None:
    (answer,) = _post(_webhooks(Hook("http://127.0.0.1:1/hidden", HookFormat.SLACK)))

    assert answer == Answer(AnswerKind.REFUSED, "127.0.0.1:1 was not reached (ConnectionRefusedError)")


def test_post_when_all_is_logged_then_no_secret_is(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.replies["/hidden-b"] = lambda _: Reply(500)
    headers = {"Authorization": "Bearer hidden"}
    hooks = [Hook(receiver.url(f"/hidden-{name}"), HookFormat.SLACK, headers=headers) for name in "ab"]

    with caplog.at_level(logging.DEBUG):
        answers = _post(_webhooks(*hooks))

    assert len(receiver.received) == 2
    assert "hidden" not in caplog.text
    assert "hidden" not in repr(answers)


def test_post_when_several_go_to_one_webhook_then_in_their_order(receiver: Receiver) -> None:
    notices = [notice(f"cr_{number}") for number in range(5)]

    _post(_webhooks(_signed(receiver, "/a"), _signed(receiver, "/b")), *notices)

    for path in ("/a", "/b"):
        told = [json.loads(each.body)["data"]["change_request_id"] for each in receiver.at(path)]
        assert told == [f"cr_{number}" for number in range(5)]


def test_post_when_answers_differ_then_each_post_gets_its_own(receiver: Receiver) -> None:
    receiver.replies["/a"] = lambda number: Reply(200 if number % 2 else 500)
    receiver.replies["/b"] = lambda _: Reply(410)

    answers = _post(_webhooks(_signed(receiver, "/a"), _signed(receiver, "/b")), notice("cr_1"), notice("cr_2"))

    assert [answer.kind for answer in answers] == [
        AnswerKind.REFUSED,
        AnswerKind.GONE,
        AnswerKind.DELIVERED,
        AnswerKind.GONE,
    ]


def test_post_when_the_environment_names_a_proxy_then_it_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert _post(_webhooks(_signed(receiver))) == [Answer(AnswerKind.DELIVERED)]


def _server_side() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    return context


def test_post_when_the_certificate_is_not_trusted_then_nothing_is_sent() -> None:
    with running(_server_side()) as receiver:
        (answer,) = _post(_webhooks(_signed(receiver)))

    assert answer == Answer(AnswerKind.REFUSED, f"127.0.0.1:{receiver.port} was not reached (SSLCertVerificationError)")
    assert receiver.received == []


def test_post_when_the_certificate_is_trusted_then_delivered() -> None:
    trust = ssl.create_default_context(cafile=str(CERTIFICATES / "ca.pem"))
    with running(_server_side()) as receiver:
        (answer,) = _post(_webhooks(_signed(receiver), trust=trust))

    assert answer == Answer(AnswerKind.DELIVERED)
    assert receiver.received[0].is_signed_with(SECRET)
