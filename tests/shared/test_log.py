"""Logs: one strict JSON object a line, with the request id of the call under way."""

import contextvars
import io
import json
import logging
import math
from collections.abc import Iterator
from typing import Any

import pytest

from shared import log
from shared.config import Secret

_logger = logging.getLogger("tests.log")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonFormatter())
    _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
    yield stream
    _logger.removeHandler(handler)
    _logger.propagate = True


def parsed(lines: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(lines.getvalue(), parse_constant=pytest.fail)
    return line


def test_event_when_logged_then_is_one_json_object_with_its_fields(lines: io.StringIO) -> None:
    log.event(_logger, "snapshot published", experiment_id="checkout", version=3)

    line = parsed(lines)
    assert line["event"] == "snapshot published"
    assert (line["experiment_id"], line["version"]) == ("checkout", 3)
    assert (line["level"], line["logger"]) == ("INFO", "tests.log")
    assert line["at"].endswith("+00:00")
    assert "request_id" not in line


def test_event_when_below_the_level_then_is_not_written(lines: io.StringIO) -> None:
    log.event(_logger, "detail", level=logging.DEBUG)

    assert lines.getvalue() == ""


def test_event_when_a_request_is_under_way_then_carries_its_id(lines: io.StringIO) -> None:
    def serve() -> None:
        log.bind_request_id(lambda: "req_1")
        log.event(_logger, "served")

    contextvars.Context().run(serve)

    assert parsed(lines)["request_id"] == "req_1"
    assert log.request_id() is None


def test_request_id_when_nothing_is_logged_then_is_never_made() -> None:
    def serve() -> None:
        log.bind_request_id(lambda: pytest.fail("was asked"))

    contextvars.Context().run(serve)


def test_event_when_a_field_has_the_name_of_a_key_then_the_key_stays(lines: io.StringIO) -> None:
    log.event(_logger, "served", logger="x", event="y")

    assert (parsed(lines)["logger"], parsed(lines)["event"]) == ("tests.log", "served")


def test_event_when_values_are_odd_then_is_still_strict_json(lines: io.StringIO) -> None:
    log.event(_logger, "odd", ratio=math.nan, token=Secret("hush"), text="a\nb")

    line = parsed(lines)
    assert (line["ratio"], line["token"], line["text"]) == ("nan", "Secret(***)", "a\nb")
    assert lines.getvalue().count("\n") == 1


def test_failure_when_logged_then_has_the_traceback(lines: io.StringIO) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        _ = 1 / 0

    log.failure(_logger, "rpc failed", raised.value, method="Allocate")

    line = parsed(lines)
    assert (line["level"], line["method"]) == ("ERROR", "Allocate")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


def test_human_formatter_when_used_then_writes_readable_lines() -> None:
    record = _logger.makeRecord("tests.log", logging.INFO, "f", 1, "%s", ("started",), None, extra={"fields": {"n": 1}})

    assert log.HumanFormatter().format(record).endswith("INFO    tests.log: started n=1")


def test_configure_when_called_then_every_logger_writes_to_the_stream() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = []
    stream = io.StringIO()
    try:
        log.configure(stream, level="WARNING")
        logging.getLogger("somebody.else").warning("disk %s", "full")
        logging.getLogger("somebody.else").info("detail")
    finally:
        root.handlers[:] = before
        root.setLevel(level)

    assert parsed(stream)["event"] == "disk full"
