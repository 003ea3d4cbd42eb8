"""What the lab asks, and on which problems: gains, contexts, decisions, precision, errors, warm starts, guardrails."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np

from services.bandit.lab.context_problems import CONTEXT_PROBLEMS, ContextProblem
from services.bandit.lab.context_simulation import CONTEXT_CHUNK_RUNS
from services.bandit.lab.decisions import fixed_unit_count
from services.bandit.lab.policies import EQUAL
from services.bandit.lab.problems import OURS, PROBLEMS, WARM, Problem
from services.bandit.lab.simulation import CHUNK_RUNS
from services.bandit.lab.truths import Fixed
from shared.errors import invalid_field


class Question(StrEnum):
    """Says what a problem is played for."""

    GAIN = "gain"
    CONTEXT = "contexts"
    WARM_START = "warm start"
    DECISION = "decision"
    PRECISION = "precision"
    ERROR = "error"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True, slots=True)
class Study:
    """Is a problem, the question that it answers, and how many runs that takes.

    Attributes:
        policies: By name, the equal split first.
        runs_factor: Runs, as a multiple of those of a problem with fixed arms.
        fixed_unit_count: Units of the fixed-horizon test that was planned; 0 where the question is another.
    """

    question: Question
    problem: Problem
    policies: tuple[str, ...]
    runs_factor: int
    fixed_unit_count: int = 0

    @property
    def name(self) -> str:
        """Returns the problem's name."""
        return self.problem.name


@dataclass(frozen=True, slots=True)
class ContextStudy:
    """Is the same of a problem in which units differ.

    Attributes:
        policies: By name, the equal split first.
        runs_factor: Runs, as a multiple of those of a problem with fixed arms.
    """

    problem: ContextProblem
    policies: tuple[str, ...]
    runs_factor: float

    @property
    def name(self) -> str:
        """Returns the problem's name."""
        return self.problem.name

    @property
    def question(self) -> Question:
        """Returns what the problem is played for."""
        return Question.CONTEXT


AnyStudy: TypeAlias = Study | ContextStudy

_FIXED_BATCHES: Final = 20
_WARM_POLICIES: Final = ("thompson", "thompson-warm", "thompson-warm-100")
_PATIENCE: Final = 3
"""Decisions are waited for until this many times the units of the fixed test."""


def _learners(arm_count: int) -> tuple[str, ...]:
    """Returns those that learn; between two arms top-two Thompson is the equal split."""
    return ("thompson",) if arm_count == 2 else ("thompson", "top-two")


def _gain(problem: Problem) -> Study:
    return Study(Question.GAIN, problem, (EQUAL.name, *problem.policies), 5 if problem.drawn else 1)


def _decision(
    name: str, title: str, rates: tuple[float, ...], *, planned: tuple[float, ...] = (), quick: bool = False
) -> Study:
    """Returns a decision problem whose fixed test is planned for the rates given, or for others."""
    assumed = np.array(planned or rates)
    units = fixed_unit_count(assumed, assumed * (1 - assumed))
    batch = -(-units // _FIXED_BATCHES)
    problem = Problem(
        name, title, OURS, Fixed(rates), batch_unit_count=batch, batch_count=_FIXED_BATCHES * _PATIENCE, quick=quick
    )
    return Study(Question.DECISION, problem, (EQUAL.name, *_learners(len(rates))), 4, batch * _FIXED_BATCHES)


def _error(name: str, title: str, rates: tuple[float, ...], *, quick: bool = False) -> Study:
    problem = Problem(name, title, OURS, Fixed(rates), batch_unit_count=500, quick=quick)
    return Study(Question.ERROR, problem, (EQUAL.name, *_learners(len(rates))), 20)


def _precision(name: str, title: str, rates: tuple[float, ...], *, quick: bool = False) -> Study:
    problem = Problem(name, title, OURS, Fixed(rates), batch_unit_count=500, quick=quick)
    return Study(
        Question.PRECISION, problem, (EQUAL.name, *_learners(len(rates)), "thompson-floor-10", "epsilon-greedy"), 4
    )


def _guardrail(name: str, title: str, harm_rates: tuple[float, ...], *, quick: bool = False) -> Study:
    """Returns a problem whose last arm converts best, and may harm."""
    rates = (0.1, 0.12) if len(harm_rates) == 2 else (0.1, 0.105, 0.11, 0.115, 0.12)
    problem = Problem(name, title, OURS, Fixed(rates), batch_unit_count=500, harm_rates=harm_rates, quick=quick)
    policies = (EQUAL.name, "thompson", "thompson-control-20")
    return Study(Question.GUARDRAIL, problem, policies, 1 if max(harm_rates) > harm_rates[0] else 3)


STUDIES: Final = (
    *(_gain(problem) for problem in PROBLEMS),
    *(Study(Question.WARM_START, problem, (EQUAL.name, *_WARM_POLICIES), 1) for problem in WARM),
    _decision("decide-two", "two arms, 10 and 12 %", (0.1, 0.12), quick=True),
    _decision("decide-two-twice", "two arms, planned for 11 %, truly 12 %", (0.1, 0.12), planned=(0.1, 0.11)),
    _decision("decide-five-alike", "five arms, four of 10 %, one of 12 %", (0.1, 0.1, 0.1, 0.1, 0.12)),
    _decision("decide-five-spread", "five arms, 4, 6, 8, 10 and 12 %", (0.1, 0.04, 0.06, 0.08, 0.12)),
    _decision("decide-ten-alike", "ten arms, nine of 10 %, one of 12 %", (0.1,) * 9 + (0.12,)),
    _error("null-two", "two arms of 10 %", (0.1, 0.1), quick=True),
    _error("null-five", "five arms of 10 %", (0.1,) * 5),
    _error("null-rare", "two arms of 1 %", (0.01, 0.01)),
    _precision("precise-null", "two arms of 10 %", (0.1, 0.1)),
    _precision("precise-two", "two arms, 10 and 12 %", (0.1, 0.12), quick=True),
    _precision("precise-five", "five arms, 10 to 14 %", (0.1, 0.11, 0.12, 0.13, 0.14)),
    _guardrail("harm-doubled", "two arms, errors 5 and 10 %", (0.05, 0.1), quick=True),
    _guardrail("harm-half-more", "two arms, errors 5 and 7.5 %", (0.05, 0.075)),
    _guardrail("harm-rare", "two arms, errors 1 and 2 %", (0.01, 0.02)),
    _guardrail("harm-one-of-five", "five arms, errors 5 %, the last 10 %", (0.05, 0.05, 0.05, 0.05, 0.1)),
    _guardrail("harmless-two", "two arms, errors 5 %", (0.05, 0.05)),
    _guardrail("harmless-rare", "two arms, errors 1 %", (0.01, 0.01)),
    _guardrail("harmless-five", "five arms, errors 5 %", (0.05,) * 5),
)

CONTEXT_STUDIES: Final = tuple(
    ContextStudy(problem, (EQUAL.name, *problem.policies), 0.2) for problem in CONTEXT_PROBLEMS
)

_UNORDERED: Final[tuple[AnyStudy, ...]] = (*STUDIES, *CONTEXT_STUDIES)
_QUESTIONS: Final = tuple(Question)
_ALL: Final = tuple(sorted(_UNORDERED, key=lambda study: _QUESTIONS.index(study.question)))


@dataclass(frozen=True, slots=True)
class Task:
    """Is a part of a study that one process plays: so many runs of one policy."""

    problem: Problem | ContextProblem
    policy: str
    chunk: int
    runs: int


def names() -> Sequence[str]:
    """Returns the names of all problems."""
    return [study.name for study in _ALL]


def chosen(only: Sequence[str], *, quick: bool) -> tuple[AnyStudy, ...]:
    """Returns the studies of the problems that are named, or all; of these the quick ones, if wanted.

    Raises:
        InvalidArgument: INVALID_FIELD: a name is unknown.
    """
    unknown = [name for name in only if name not in names()]
    if unknown:
        raise invalid_field("only", f"{', '.join(unknown)}: no such problem; there are {', '.join(names())}")
    if only:
        return tuple(study for study in _ALL if study.name in only)
    return tuple(study for study in _ALL if study.problem.quick or not quick)


def run_count(study: AnyStudy, runs: int) -> int:
    """Returns how many runs a study takes where a problem with fixed arms takes so many."""
    return max(round(runs * study.runs_factor), 1)


def tasks(study: AnyStudy, *, runs: int) -> Iterator[Task]:
    """Yields the parts of a study.

    Args:
        study: The study.
        runs: Of a problem with fixed arms; the study may take more, or fewer.
    """
    total = run_count(study, runs)
    most = CONTEXT_CHUNK_RUNS if isinstance(study, ContextStudy) else CHUNK_RUNS
    for policy in study.policies:
        for chunk, start in enumerate(range(0, total, most)):
            yield Task(study.problem, policy, chunk, min(most, total - start))
