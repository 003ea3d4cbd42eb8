"""Sends notices to webhooks by HTTP.

Who gets them is the operator's word alone, so private addresses are open to it; nothing is followed elsewhere, and
nothing of an answer is read beyond its headers.
"""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx

from services.review.domain.notices import Notice
from services.review.domain.outbox import Post
from services.review.domain.redelivery import Answer, AnswerKind
from services.review.webhooks import json_message, signing, slack_message
from services.review.webhooks.hook import Hook, HookFormat
from services.review.webhooks.hooks_file import Audiences
from shared.clock import Clock

# They log every URL and header, and some are secret.
_TALKATIVE: Final = ("httpx", "httpcore")
_USER_AGENT: Final = "experimentation-review"
_WAITS: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_BODIES: Final = {HookFormat.JSON: json_message.body, HookFormat.SLACK: slack_message.body}


class HttpWebhooks:
    """Sends notices to the webhooks of their audiences; see `outbox.Webhooks`."""

    def __init__(
        self,
        audiences: Audiences,
        *,
        link_template: str,
        timeout: timedelta,
        clock: Clock,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Makes a sender; it connects when it has something to send.

        Args:
            audiences: Who listens.
            link_template: Where people see a request: a URL with `{change_request_id}`; empty: nowhere.
            timeout: How long one webhook may take in all, from looking up its name to the headers of its answer.
            clock: Stamps what is sent.
            trust: Which certificates are good. None: those that this machine trusts.
        """
        self._listening = {name: tuple(hook.webhook_id for hook in hooks) for name, hooks in audiences.items()}
        self._hooks = {(name, hook.webhook_id): hook for name, hooks in audiences.items() for hook in hooks}
        self._link_template = link_template
        self._timeout_seconds = timeout.total_seconds()
        self._clock = clock
        self._trust = trust or ssl.create_default_context()
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)

    def listening(self, audience: str) -> Sequence[str]:
        """Returns the ids of the audience's webhooks."""
        return self._listening.get(audience, ())

    def post(self, posts: Sequence[Post]) -> list[Answer]:
        """Returns how the webhooks took them: all webhooks at once, each one post after the other."""
        return asyncio.run(self._post_all(posts))

    async def _post_all(self, posts: Sequence[Post]) -> list[Answer]:
        turns = {post.webhook_id: asyncio.Lock() for post in posts}
        # The environment would bring proxies, and passwords from ~/.netrc.
        async with httpx.AsyncClient(verify=self._trust, timeout=self._timeout_seconds, trust_env=False) as client:
            return await asyncio.gather(*[self._post_in_turn(client, turns[post.webhook_id], post) for post in posts])

    async def _post_in_turn(self, client: httpx.AsyncClient, turn: asyncio.Lock, post: Post) -> Answer:
        async with turn:
            return await self._post_one(client, self._hooks[post.notice.audience, post.webhook_id], post.notice)

    async def _post_one(self, client: httpx.AsyncClient, hook: Hook, notice: Notice) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                request = self._request(client, hook, notice)
                response = await client.send(request, stream=True, follow_redirects=False)
                await response.aclose()
        except (TimeoutError, httpx.TimeoutException):
            return Answer(AnswerKind.REFUSED, f"{hook.name} did not answer within {self._timeout_seconds:g} s")
        except httpx.TransportError as error:
            return Answer(AnswerKind.REFUSED, f"{hook.name} was not reached ({_cause(error)})")
        return self._answer(hook, response)

    def _request(self, client: httpx.AsyncClient, hook: Hook, notice: Notice) -> httpx.Request:
        link = self._link_template.replace("{change_request_id}", notice.payload["change_request_id"])
        body, timestamp = _BODIES[hook.format](notice, link), int(self._clock().timestamp())
        headers = {
            **hook.headers,
            "user-agent": _USER_AGENT,
            "content-type": "application/json",
            "webhook-id": notice.notice_id,
            "webhook-timestamp": str(timestamp),
        }
        if hook.keys:
            headers["webhook-signature"] = signing.signature(hook.keys, notice.notice_id, timestamp, body)
        return client.build_request("POST", hook.url, content=body, headers=headers)

    def _answer(self, hook: Hook, response: httpx.Response) -> Answer:
        if response.is_success:
            return Answer(AnswerKind.DELIVERED)
        problem = f"{hook.name} answered {response.status_code}"
        if response.status_code == HTTPStatus.GONE:
            return Answer(AnswerKind.GONE, problem)
        asked = response.headers.get("retry-after", "") if response.status_code in _WAITS else ""
        return Answer(AnswerKind.REFUSED, problem, _retry_after(asked, self._clock()))


def _cause(error: BaseException) -> str:
    """Returns the name of what went wrong at first; the messages may hold the URL."""
    while following := error.__cause__ or error.__context__:
        error = following
    return type(error).__name__


def _retry_after(text: str, now: datetime) -> timedelta | None:
    """Returns what the header asks for: seconds, or until an instant (RFC 9110, 10.2.3); None: nothing readable."""
    if text.isdecimal() and len(text) < 10:
        return timedelta(seconds=int(text))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())
