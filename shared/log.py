"""Writes structured logs: events with fields, one JSON object a line, or readable lines on a terminal.

Every line written while an RPC is under way carries that RPC's request id.
"""

import json
import logging
import math
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

_request_id: ContextVar[Callable[[], str] | None] = ContextVar("request_id", default=None)


def configure(stream: TextIO | None = None, *, level: str = "INFO", human: bool | None = None) -> None:
    """Sends the logs of the whole process to one stream, in place of where they went before.

    Args:
        stream: Where to. None: standard error.
        level: The least level that is written, such as `INFO`.
        human: Whether to write for people. None: if the stream is a terminal.

    Raises:
        ValueError: There is no such level.
    """
    target = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(target)
    readable = target.isatty() if human is None else human
    handler.setFormatter(HumanFormatter() if readable else JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def event(logger: logging.Logger, name: str, /, *, level: int = logging.INFO, **fields: object) -> None:
    """Logs that something happened.

    Args:
        logger: The logger of the module that knows.
        name: What happened, in constant words, such as `snapshot published`.
        level: How much it matters, as in logging.
        **fields: The particulars. No contexts, prompts or other personal data.
    """
    if logger.isEnabledFor(level):
        logger.log(level, "%s", name, extra={"fields": fields}, stacklevel=2)


def failure(logger: logging.Logger, name: str, error: BaseException, /, **fields: object) -> None:
    """Logs a defect with its traceback, at level ERROR."""
    logger.error("%s", name, extra={"fields": fields}, exc_info=error, stacklevel=2)


def bind_request_id(source: Callable[[], str]) -> None:
    """Makes the lines of this context carry the request id that the source returns.

    The source is asked when a line is written, not before.
    """
    _request_id.set(source)


def request_id() -> str | None:
    """Returns the request id of the RPC under way here; None outside of RPCs."""
    source = _request_id.get()
    return None if source is None else source()


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as one line of strict JSON."""
        head: dict[str, object] = {
            "at": _at(record).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        # No field takes the place of one of these; they stay in front.
        line = head | _request_field() | _fields(record) | head
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({key: _strict(value) for key, value in line.items()}, default=str, ensure_ascii=False)


class HumanFormatter(logging.Formatter):
    """Writes a record for people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as a line, and the traceback below it."""
        pairs = _request_field() | _fields(record)
        tail = "".join(f" {key}={value!r}" for key, value in pairs.items())
        line = f"{_at(record):%H:%M:%S} {record.levelname:<7} {record.name}: {record.getMessage()}{tail}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _at(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _request_field() -> dict[str, object]:
    current = request_id()
    return {} if current is None else {"request_id": current}


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = getattr(record, "fields", {})
    return fields


def _strict(value: object) -> object:
    """Returns the value, or its text where JSON has no such number."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
