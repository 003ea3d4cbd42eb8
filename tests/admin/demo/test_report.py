"""What the demo says."""

import io

import pytest
from rich.console import Console

from experimentation.v1 import bandit_service_pb2 as pb
from services.admin.demo import report
from services.admin.demo.replay import Checkpoint, Run
from services.admin.demo.thornton import RealArm

ARMS = (RealArm("none", "", (0, 1)), RealArm("some", "", (1, 1)))


def run_of(conversion_count: int, *, batch_count: int = 1) -> Run:
    checkpoints = [
        Checkpoint(25 * number, conversion_count, number, {"none": 0.5, "some": 0.5})
        for number in range(1, batch_count + 1)
    ]
    return Run("thornton-1", tuple(checkpoints), pb.Bandit(), {"none": 0, "some": 0})


def said(runs: list[Run], *, unit_count: int) -> str:
    console = Console(file=io.StringIO(), width=200)
    report.conclude(console, ARMS, runs, unit_count=unit_count)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_conclude_when_there_was_one_run_then_says_that_there_is_no_interval() -> None:
    text = said([run_of(20)], unit_count=25)

    assert "equal split: +6.7% (one run gives no interval)" in text
    assert "ended early" not in text


def test_conclude_when_a_run_ended_early_then_says_why() -> None:
    assert "an arm was about to run out" in said([run_of(20)], unit_count=50)


@pytest.mark.parametrize(("batch_count", "shown"), [(1, [1]), (3, [1, 2, 3]), (32, [1, 7, 13, 20, 26, 32])])
def test_conclude_when_there_are_many_batches_then_shows_a_few_evenly(batch_count: int, shown: list[int]) -> None:
    text = said([run_of(20, batch_count=batch_count)], unit_count=25)

    rows = [line.split() for line in text.splitlines() if line.endswith("50.0%")]
    assert [int(row[1]) for row in rows] == shown
