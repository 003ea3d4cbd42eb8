"""The provider that says what was said before, and the recorder that writes down what is said."""

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from services.ai.domain.asking import (
    CallStatus,
    FallbackReason,
    Provider,
    ProviderFailure,
    ProviderName,
    Question,
    Reply,
)
from services.ai.llm.exchanges import Exchange, Exchanges, asked_parts

_SHOWN_LENGTH: Final = 60


class ReplayProvider:
    """Answers what was recorded; a question that was not is a failure that says what differs."""

    name: Final = ProviderName.REPLAY
    model: Final = "replay"

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges

    def ask(self, question: Question, *, timeout_seconds: float) -> Reply:  # noqa: ARG002 (it takes none)
        """Returns the recorded text, which takes no tokens now.

        Raises:
            ProviderFailure: PROVIDER_REJECTED: there is none.
        """
        found = self._exchanges.find(question)
        if found is None:
            raise ProviderFailure(
                FallbackReason.PROVIDER_REJECTED,
                self._difference(question),
                status=CallStatus.NOT_RECORDED,
                model=self.model,
            )
        return Reply(found.reply.text, found.reply.model, stop_reason=found.reply.stop_reason)

    def _difference(self, question: Question) -> str:
        asked = asked_parts(question)
        recorded = list(self._exchanges.of_operation(question.operation))
        if not recorded:
            return f"no exchange of {question.operation.value} is recorded"
        nearest = min(recorded, key=lambda one: _distance(asked, one))
        return "not recorded; the nearest exchange differs in " + "; ".join(_told(asked, nearest))


class RecordingProvider:
    """Asks another provider, and keeps what it answers."""

    def __init__(self, provider: Provider, exchanges: Exchanges) -> None:
        self._provider = provider
        self._exchanges = exchanges

    @property
    def name(self) -> ProviderName:
        """Who is asked."""
        return self._provider.name

    @property
    def model(self) -> str:
        """Which model is asked."""
        return self._provider.model

    def ask(self, question: Question, *, timeout_seconds: float) -> Reply:
        """Returns the other's answer, which is on record then.

        Raises:
            ProviderFailure: The other has no answer; that is not kept.
        """
        reply = self._provider.ask(question, timeout_seconds=timeout_seconds)
        self._exchanges.keep(question, reply)
        return reply


def _distance(asked: dict[str, str], exchange: Exchange) -> float:
    return sum(
        1
        - SequenceMatcher(None, text[:2000], exchange.asked[name][:2000]).quick_ratio()
        + (text != exchange.asked[name])
        for name, text in asked.items()
    )


def _told(asked: dict[str, str], exchange: Exchange) -> Iterator[str]:
    for name, text in asked.items():
        if text != exchange.asked[name]:
            yield f"{name}{_place(exchange.asked[name], text)}"


def _place(recorded: str, asked: str) -> str:
    """Returns where two texts differ first: the path and both values where both are JSON, else both from there on."""
    try:
        path, was, is_now = _first(json.loads(recorded), json.loads(asked), "")
    except ValueError:
        at = next((i for i, (a, b) in enumerate(zip(recorded, asked, strict=False)) if a != b), 0)
        path, was, is_now = f" at character {at}", recorded[at:], asked[at:]
    return f"{path} (was {_short(was)}, is {_short(is_now)})"


def _first(was: object, is_now: object, path: str) -> tuple[str, object, object]:
    if isinstance(was, dict) and isinstance(is_now, dict):
        for key in sorted({*was, *is_now}):
            if was.get(key) != is_now.get(key):
                return _first(was.get(key), is_now.get(key), f"{path}.{key}")
    if isinstance(was, list) and isinstance(is_now, list) and len(was) == len(is_now):
        for index, pair in enumerate(zip(was, is_now, strict=True)):
            if pair[0] != pair[1]:
                return _first(*pair, f"{path}[{index}]")
    return path, was, is_now


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text[:_SHOWN_LENGTH])
