"""Calls of a language model, as people see them."""

import io

from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from experimentation.v1 import analysis_pb2 as pb
from services.admin import provider_calls

CALL = pb.ProviderCall(
    call_id="call_1",
    provider=pb.AI_PROVIDER_ANTHROPIC,
    model="model-1",
    called_at=Timestamp(seconds=1_800_000_000),
    duration_seconds=2.345,
    system_text="Say [bold]nothing[/bold] that no fact bears.",
    data_json='{"facts": ["' + "x" * 100 + '"]}',
    response_text='{"claims": []}',
    status="ok",
    input_token_count=1234,
    output_token_count=56,
    cost_usd=0.0123,
    violations=["claim 1: a number that is in no fact"],
)


def drawn(*calls: pb.ProviderCall) -> str:
    screen = io.StringIO()
    Console(file=screen, width=80).print(provider_calls.drawing(calls))
    return screen.getvalue()


def test_drawing_when_there_was_a_call_then_all_that_was_sent_and_what_came_back() -> None:
    lines = {line.strip() for line in drawn(CALL).splitlines()}

    assert {"call_1", "Instructions:", "Say [bold]nothing[/bold] that no fact bears.", '{"claims": []}'} <= lines
    words = " ".join(drawn(CALL).split())
    assert "asked 2027-01-15 08:00 UTC, 2.3 s provider anthropic, model-1 status ok" in words
    assert "tokens 1,234 read, 56 written cost 0.0123 USD" in words
    assert "violations claim 1: a number that is in no fact" in words
    assert "".join(drawn(CALL).split()).count("x" * 100) == 1


def test_drawing_when_nothing_came_back_then_a_dash() -> None:
    call = pb.ProviderCall(call_id="call_2", status="timeout")

    assert drawn(call).rstrip().endswith("Answer:\n-")


def test_drawing_when_there_was_no_call_then_says_so() -> None:
    assert drawn() == "Nothing was sent to anybody.\n"
