"""Facts and sentences, as people see them: whatever is in their texts, it is text."""

import io

from rich.console import Console, RenderableType

from experimentation.v1 import analysis_pb2 as pb
from services.admin import evidence

PACK = pb.EvidencePack(
    facts=[
        pb.EvidenceFact(evidence_id="E1", kind="total_units", value=20000, text="20,000"),
        pb.EvidenceFact(evidence_id="E2", kind="mean", value=0.125, metric_id="sign_up", arm_id="[red]", text="[/red]"),
        pb.EvidenceFact(evidence_id="E3", kind="p_value", value=1 / 3, unit_count=20000),
    ]
)


def said(text: str, *facts: str) -> pb.Statement:
    return pb.Statement(text=text, evidence_ids=facts)


def drawn(thing: RenderableType) -> list[list[str]]:
    screen = io.StringIO()
    Console(file=screen, width=120).print(thing)
    return [line.split() for line in screen.getvalue().splitlines()]


def test_table_when_drawn_then_each_fact_as_it_is_written() -> None:
    _, first, second, third = drawn(evidence.table(PACK))

    assert first == ["E1", "total", "units", "20,000", "-", "-", "-", "-"]
    assert second == ["E2", "mean", "[/red]", "sign_up", "[red]", "-", "-"]
    assert third == ["E3", "p", "value", "0.333333", "-", "-", "-", "20,000"]


def test_borne_when_a_sentence_is_reason_and_statement_then_once_with_its_facts() -> None:
    analysis = pb.ExperimentAnalysis(
        decision=pb.Decision(text=said("Go on.", "E1"), reasons=[said("It is better.", "E2", "E3")]),
        statements=[said("It is better.", "E2", "E3"), said("Nobody knows.", "E9")],
    )

    _, *rows = drawn(evidence.borne(analysis, PACK))

    assert [" ".join(row) for row in rows] == [
        "Go on. E1 (total units)",
        "It is better. E2 (mean), E3 (p value)",
        "Nobody knows. -",
    ]
