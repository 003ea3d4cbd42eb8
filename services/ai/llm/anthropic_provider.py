"""The provider Claude, asked through Anthropic's SDK: one request a question, nothing taken from the environment."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import anthropic
import httpx2
from anthropic.types import MessageParam, OutputConfigParam, TextBlockParam

from services.ai.config import LlmOptions
from services.ai.domain.asking import (
    FallbackReason,
    ProviderFailure,
    ProviderName,
    Question,
    Repair,
    Reply,
)
from services.ai.llm.failures import (
    connection_failure,
    error_document,
    error_document_failure,
    malformed,
    status_failure,
)
from services.ai.llm.messages import reply_of
from services.ai.llm.transport import MessagesTransport
from shared.clock import Clock

API_VERSION: Final = "2026-10-21"
_CONNECT_SECONDS: Final = 5.0
_REPAIR_TASK: Final = (
    "previous_answer is your answer to the object before, and broke the rules at these paths: answer again, whole."
)
_SHOWN_LENGTH: Final = 2000


class AnthropicProvider:
    """Asks a model of the Messages API; safe for use by many threads. To be made where it is used, not before a fork.

    Args:
        options: The key, the model and where to ask; without a key, nothing is ever sent.
        now: The wall clock: for prices, and for times that the provider gives as dates.
        monotonic: Returns seconds from some instant on, which never go back.
    """

    name: Final = ProviderName.ANTHROPIC

    def __init__(self, options: LlmOptions, *, now: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._now = now
        self._monotonic = monotonic
        self._client = _client(options, monotonic)

    @property
    def model(self) -> str:
        """Which model it asks."""
        return self._options.model

    def ask(self, question: Question, *, timeout_seconds: float) -> Reply:
        """Returns the model's answer to one question, within about that time; it asks once.

        Raises:
            ProviderFailure: NO_KEY, TIME_SPENT, PROVIDER_UNAVAILABLE, PROVIDER_REJECTED, SPEND_LIMIT, REFUSED,
                TRUNCATED or MALFORMED.
        """
        if not self._options.anthropic_api_key.value:
            raise ProviderFailure(FallbackReason.NO_KEY, "no key is configured", model=self.model)
        if timeout_seconds <= 0:
            raise ProviderFailure(FallbackReason.TIME_SPENT, "no time is left to ask in", model=self.model)
        began = self._monotonic()
        response = self._sent(question, timeout_seconds)
        request_id = response.headers.get("request-id", "")
        message = self._parsed(response, request_id)
        return reply_of(
            message,
            asked_model=self.model,
            request_id=request_id,
            seconds=self._monotonic() - began,
            day=self._now().date(),
        )

    def close(self) -> None:
        """Closes all connections."""
        self._client.close()

    def _sent(self, question: Question, timeout_seconds: float) -> Any:
        """Returns the raw response, for which the SDK's type is private."""
        try:
            return self._client.messages.with_raw_response.create(
                model=self.model,
                max_tokens=self._options.max_tokens,
                system=_system(question),
                messages=_messages(question),
                output_config=_output_config(question, self._options),
                extra_headers={
                    "Authorization": f"Bearer {self._options.anthropic_api_key.value}",
                    "anthropic-version": API_VERSION,
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "User-Agent": f"anthropic-python/{anthropic.__version__}",
                },
                timeout=httpx2.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
            )
        except anthropic.APIStatusError as error:
            raise status_failure(error, model=self.model, now=self._now()) from error
        except anthropic.APIConnectionError as error:
            raise connection_failure(error, model=self.model) from error

    def _parsed(self, response: Any, request_id: str) -> object:
        """Returns whatever the SDK makes of a response: a message, or one of nothing."""
        text = response.http_response.text
        if (document := error_document(text)) is not None:
            raise error_document_failure(document, model=self.model, request_id=request_id)
        shown = text[:_SHOWN_LENGTH]
        try:
            message = response.parse()
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError, RecursionError) as error:
            what = f"no JSON document ({type(error).__name__})"
            raise malformed(what, model=self.model, request_id=request_id, text=shown) from error
        if isinstance(message, str):
            raise malformed("a text that is no JSON", model=self.model, request_id=request_id, text=shown)
        return message


def _client(options: LlmOptions, monotonic: Callable[[], float]) -> anthropic.Anthropic:
    """Returns a client that knows what it is given, and no more: no key, address, profile or tracing of elsewhere."""
    # ANTHROPIC_LOG would have it log whole questions.
    logging.getLogger("anthropic").setLevel(logging.WARNING)
    transport = httpx2.HTTPTransport(proxy=options.proxy.value or None)
    return anthropic.Anthropic(
        # An empty key would have it look for another one.
        api_key=options.anthropic_api_key.value or "none",
        base_url=options.base_url,
        max_retries=0,
        open_telemetry=False,
        # A redirect would take the question to another host.
        http_client=httpx2.Client(
            transport=MessagesTransport(transport, monotonic), follow_redirects=False, trust_env=False
        ),
    )


def _system(question: Question) -> list[TextBlockParam]:
    return [{"type": "text", "text": question.system, "cache_control": {"type": "ephemeral"}}]


def _messages(question: Question) -> list[MessageParam]:
    """Returns the user's turn: the data, and what was wrong with an earlier answer, both as JSON and as data."""
    content: list[TextBlockParam] = [{"type": "text", "text": question.data}]
    if question.repair is not None:
        content.append({"type": "text", "text": _repair(question.repair)})
    return [{"role": "user", "content": content}]


def _repair(repair: Repair) -> str:
    document = {
        "task": _REPAIR_TASK,
        "previous_answer": repair.previous_text,
        "violations": json.loads(repair.feedback_json),
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))


def _output_config(question: Question, options: LlmOptions) -> OutputConfigParam:
    return {
        "effort": options.effort,  # type: ignore[typeddict-item]  # one of the choices of its setting
        "format": {"type": "json_schema", "schema": dict(question.schema)},
    }
