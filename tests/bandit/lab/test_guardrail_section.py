"""The report on guardrails says what was paused, and draws it where there was something to pause."""

from services.bandit.lab.guardrail_section import guardrail_section
from services.bandit.lab.studies import Question, Study
from tests.bandit.lab.runs import problem
from tests.bandit.lab.test_pauses import RUNS

RESULTS = {("test", "thompson"): RUNS}


def study(*harm_rates: float) -> Study:
    return Study(Question.GUARDRAIL, problem(0.1, 0.1, 0.1, harm_rates=harm_rates), ("thompson",), 1)


def test_section_when_an_arm_harms_then_units_until_the_pause_and_a_picture() -> None:
    section = guardrail_section([study(0.1, 0.2, 0.1)], RESULTS)

    assert "Thompson pauses it within 200 units in half of the runs, in 66.7 %" in section.answer
    assert "| a test | Thompson | 200 | - |" in section.body
    assert "nan" not in section.charts["pauses.svg"].lower()


def test_section_when_the_harmful_arm_is_seldom_paused_then_no_units_but_the_share() -> None:
    section = guardrail_section([study(0.1, 0.1, 0.2)], RESULTS)

    assert "Thompson pauses it in 33.3 %" in section.answer
    assert "| a test | Thompson | - | - |" in section.body


def test_section_when_nobody_harms_then_only_the_promise() -> None:
    section = guardrail_section([study(0.1, 0.1, 0.1)], RESULTS)

    assert section.charts == {}
    assert ".svg" not in section.body
    # All three runs paused somebody, which the interval cannot excuse.
    assert "in 0 of 1 cases; most often with Thompson, in 100.0 %" in section.answer
