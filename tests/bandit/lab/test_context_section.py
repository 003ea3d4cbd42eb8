"""The report on contexts says where they pay, where they cost and where that cannot be told."""

from dataclasses import replace

from services.bandit.lab.context_section import context_section
from services.bandit.lab.context_simulation import ContextRuns
from services.bandit.lab.studies import CONTEXT_STUDIES, ContextStudy
from tests.bandit.lab.test_context_simulation import runs_of

STUDY = replace(CONTEXT_STUDIES[0], policies=("equal", "thompson", "linear-thompson", "lin-ucb", "inverse-gap"))
RESULTS = {
    "equal": runs_of([10.0, 10.0], [10.0, 10.0], [10.0, 10.0]),
    "thompson": runs_of([11.0, 12.0], [12.0, 12.0], [12.0, 11.0]),
    "linear-thompson": runs_of([14.0, 16.0], [15.0, 16.0], [15.0, 14.5]),
    "lin-ucb": runs_of([10.0, 10.0], [10.0, 11.0], [10.0, 10.0]),
    "inverse-gap": runs_of([11.0, 14.0], [12.0, 10.0], [12.0, 11.0]),
}


def played(study: ContextStudy) -> dict[tuple[str, str], ContextRuns]:
    return {(study.name, policy): runs for policy, runs in RESULTS.items()}


def test_answer_when_one_pays_and_one_costs_then_each_is_counted() -> None:
    answer = context_section([STUDY], played(STUDY)).answer

    assert "Of 3 combinations of algorithm and problem, going by contexts pays in 1 and costs in 1" in answer
    assert "1 cannot be told apart" in answer


def test_answer_when_an_oracle_is_compared_then_with_and_without_contexts() -> None:
    answer = context_section([STUDY], played(STUDY)).answer

    assert "an oracle gains 100.0 %, the best single arm 50.0 %, Thompson sampling without contexts 16.7 %" in answer


def test_body_when_policies_do_not_go_by_contexts_then_they_are_not_compared_with_themselves() -> None:
    body = context_section([STUDY], played(STUDY)).body

    for title in ("equal split", "Thompson"):
        row = next(line for line in body.splitlines() if line.startswith(f"| {STUDY.name} | {title} |"))
        assert row.split("|")[6:8] == [" - ", " - "]


def test_charts_when_drawn_then_gains_of_all_and_regret_of_each() -> None:
    charts = context_section([STUDY], played(STUDY)).charts

    assert set(charts) == {"contexts.svg", f"regret-{STUDY.name}.svg"}
    assert "value lost" in charts[f"regret-{STUDY.name}.svg"]
