"""A job whose input cannot be read ends: after as many attempts as any defect, without an answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.ai.domain.jobs import Job, JobState, RequestKey, UnreadableInput
from services.ai.service.task import Task
from services.ai.service.tasks.analysis import AnalysisTask
from services.ai.service.tasks.design import RecommendDesign
from services.ai.service.tasks.hypotheses import SuggestHypotheses
from shared.errors import Internal, Reason
from tests.ai.job_examples import NOW, hypotheses_job
from tests.ai.service.job_world import LIMITS, World

NewWorld = Callable[..., World]
WHY = "HypothesesInput: metrics missing"
SPOILT = replace(hypotheses_job("job_1"), input=UnreadableInput(WHY))
_nobody: Any = None


def _tasks() -> list[Task]:
    told: Any = {"clock": lambda: NOW, "new_id": str}
    return [
        SuggestHypotheses(_nobody, _nobody, _nobody, **told),
        RecommendDesign(_nobody, _nobody, _nobody, **told),
        AnalysisTask(_nobody, _nobody, **told),
    ]


@pytest.mark.parametrize("task", _tasks(), ids=lambda task: type(task).__name__)
def test_task_when_its_input_cannot_be_read_then_a_defect_that_says_so(task: Task) -> None:
    with pytest.raises(Internal) as caught:
        task.run(SPOILT, _nobody)

    assert (caught.value.reason, WHY in caught.value.message) == (Reason.INTERNAL, True)


def test_run_when_its_input_cannot_be_read_then_it_fails_after_the_attempts(new_world: NewWorld) -> None:
    hypotheses = _tasks()[0]
    world = new_world(hypotheses.run)
    world.jobs.open(SPOILT, RequestKey("ada", "", ""), limit=1)

    attempts: list[Job] = []
    while not attempts or not attempts[-1].ended:
        attempts.append(world.run())
        world.now += timedelta(seconds=10)

    assert len(attempts) == LIMITS.attempt_count
    assert (attempts[-1].state, attempts[-1].failure and attempts[-1].failure.reason) == (
        JobState.FAILED,
        Reason.INTERNAL,
    )
    assert world.counted(provider="anthropic", outcome="failed") == 1
