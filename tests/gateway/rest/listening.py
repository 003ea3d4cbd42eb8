"""A client of event streams, as browsers are: lines in, events out."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx

from tests.gateway.front import Front, authorization


@dataclass(frozen=True)
class Event:
    """Is one event; a comment has no name."""

    name: str
    data: Any
    event_id: str


@dataclass
class Listener:
    """Reads a stream; what was read is gone."""

    response: httpx.Response
    events: Iterator[Event]

    def next(self) -> Event:
        """Returns the next event that is no comment."""
        return next(event for event in self.events if event.name)

    def rest(self) -> list[Event]:
        """Returns all that come until the stream ends."""
        return [event for event in self.events if event.name]


@contextmanager
def listening(
    front: Front, path: str, who: str = "ada", *, headers: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Listener]:
    """Listens until the block ends."""
    asked = {**authorization(who), **headers}
    with front.client.stream("GET", path, headers=asked) as response:
        yield Listener(response, _events(response.iter_lines()) if response.is_success else iter(()))


def _events(lines: Iterator[str]) -> Iterator[Event]:
    name, data, event_id = "", "", ""
    for line in lines:
        field, _, value = line.partition(":")
        match field, value.removeprefix(" "):
            case "", "":
                if name:
                    yield Event(name, json.loads(data), event_id)
                name, data, event_id = "", "", ""
            case "", comment:
                yield Event("", comment, "")
            case "event", text:
                name = text
            case "data", text:
                data = text
            case "id", text:
                event_id = text
