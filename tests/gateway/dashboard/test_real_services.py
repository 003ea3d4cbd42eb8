"""From a draft to a frozen bandit and a stop, by forms of pages, before the real review and bandit."""

import html
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.gateway.dashboard import visitor as visitors
from tests.gateway.dashboard.visitor import Visitor
from tests.gateway.rest.requests import experiment
from tests.gateway.stack import Stack

People = Callable[[str], Visitor]
_REVISION = re.compile(r'name="request_revision" value="(\d+)"')
_DIGEST = re.compile(r'name="digest" value="([0-9a-f]+)"')


@pytest.fixture
def people(stack: Stack) -> Iterator[People]:
    """Returns somebody who is signed in."""
    with ExitStack() as clients:

        def call(who: str) -> Visitor:
            visitor = visitors.opened(stack.front.url)
            clients.callback(visitor.client.close)
            assert visitor.sign_in(who).status_code == 303
            return visitor

        yield call


@pytest.fixture
def draft(stack: Stack, new_experiment_id: Callable[[], str]) -> str:
    """Is a draft of ann's, whose learner waits for nothing."""
    name = new_experiment_id()
    body = experiment(name, display_name="Shop <b>window</b>", allocation_policy={"beta_thompson": {}})
    assert stack.front.post("/experiments", body, "ann").status_code == 201
    return name


def proposed(stack: Stack, experiment_id: str, change: dict[str, object]) -> str:
    """Returns the page of ann's request."""
    answer = stack.front.post(f"/experiments/{experiment_id}/changes", {"change": change, "reason": "Checked"}, "ann")
    assert answer.is_success, answer.text
    return f"/insights/reviews/{answer.json()['change_request']['change_request_id']}"


def bound(page: str) -> dict[str, str]:
    """Returns what the forms of a request's page carry."""
    revision, digest = _REVISION.search(page), _DIGEST.search(page)
    assert revision
    assert digest
    return {"request_revision": revision[1], "digest": digest[1]}


def test_start_freeze_and_stop(stack: Stack, people: People, draft: str) -> None:
    rob, request = people("rob"), proposed(stack, draft, {"start": {}})
    assert f"Start of {draft}" in re.sub("<[^>]+>", "", rob.see("/").text)

    approved = rob.send(request, f"{request}/verdict", verdict="approve", **bound(rob.see(request).text))
    assert "Approved." in rob.told(approved)
    applied = rob.send(request, f"{request}/apply", **bound(rob.see(request).text))
    assert "Applied." in rob.told(applied)
    stack.serve(draft)
    bandit = f"/insights/experiments/{draft}/bandit"
    frozen = rob.send(bandit, f"{bandit}/freeze", reason="A sale")
    assert "The weights stay as they are." in rob.told(frozen)
    stack.serve(draft)

    shown = html.unescape(rob.see(bandit).text)
    assert "Frozen" in shown
    assert "Unfreeze the weights" in shown
    changes = f"/insights/experiments/{draft}/reviews"
    stopped = rob.send(changes, f"/insights/experiments/{draft}/propose", kind="stop", reason="The sale is over")
    shown = rob.told(stopped)
    assert "Done: it needed no approval." in shown
    assert "Stopped" in shown
    assert "Shop &lt;b&gt;window&lt;/b&gt;" in rob.see(f"/insights/experiments/{draft}").text
    assert "change_request.apply" in shown


def test_who_asked_cannot_approve(stack: Stack, people: People, draft: str) -> None:
    request = proposed(stack, draft, {"start": {}})
    seen = bound(people("rob").see(request).text)
    ann = people("ann")

    answer = ann.send(request, f"{request}/verdict", verdict="approve", **seen)

    assert "(PERMISSION_DENIED)" in ann.told(answer)


def test_a_verdict_on_an_earlier_edit_does_not_count(stack: Stack, people: People, draft: str) -> None:
    rob, request = people("rob"), proposed(stack, draft, {"start": {}})
    seen = bound(rob.see(request).text)

    answer = rob.send(request, f"{request}/verdict", verdict="approve", **{**seen, "digest": "0" * 64})

    assert "(STALE_REVISION)" in rob.told(answer)


def test_a_comment_is_shown_as_it_was_written(stack: Stack, people: People, draft: str) -> None:
    ann, request = people("ann"), proposed(stack, draft, {"start": {}})

    ann.send(request, f"{request}/comment", text="<script>alert(1)</script> & done")

    shown = ann.see(request).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; done" in shown


def test_an_experiment_that_is_not_here_is_not_found(people: People) -> None:
    answer = people("vic").see("/insights/experiments/nothing-here")

    assert answer.status_code == 404
    assert "there is no experiment" in html.unescape(answer.text)
