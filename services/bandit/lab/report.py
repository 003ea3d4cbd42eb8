"""Puts the report together and writes it: one Markdown page and its pictures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from services.bandit.lab.context_section import context_section
from services.bandit.lab.decision_section import decision_section
from services.bandit.lab.error_section import error_section
from services.bandit.lab.gain_section import gain_section
from services.bandit.lab.guardrail_section import guardrail_section
from services.bandit.lab.markdown import Section, table
from services.bandit.lab.playing import Played, Results
from services.bandit.lab.policies import POLICIES
from services.bandit.lab.precision_section import precision_section
from services.bandit.lab.studies import AnyStudy, ContextStudy, Question, Study, run_count
from services.bandit.lab.warm_section import warm_section

_SECTIONS: Final[Mapping[Question, Callable[[Sequence[Study], Results], Section]]] = {
    Question.GAIN: gain_section,
    Question.WARM_START: warm_section,
    Question.DECISION: decision_section,
    Question.PRECISION: precision_section,
    Question.ERROR: error_section,
    Question.GUARDRAIL: guardrail_section,
}

_QUESTIONS: Final = {
    Question.GAIN: (
        "**More conversions during the experiment?** Goal: at least 20 % more than an equal split where the arms "
        "differ enough for that to be possible, that is where the ceiling, the gain of an oracle that plays the best "
        "arm, is as high."
    ),
    Question.CONTEXT: (
        "**Do contexts pay?** Algorithms that go by what is told of each unit, against Thompson sampling that does not."
    ),
    Question.WARM_START: (
        "**Does it pay to start from an earlier experiment?** Regret of Thompson sampling, warm and cold."
    ),
    Question.DECISION: (
        "**Sooner to a decision?** Against a fixed-horizon test with the same error rate (5 %) and power (80 %)."
    ),
    Question.PRECISION: (
        "**What does it cost in precision?** Width of valid intervals of the effect, over an equal split's."
    ),
    Question.ERROR: "**Do the stop rules keep what they promise?** Equal arms, watched after every batch.",
    Question.GUARDRAIL: (
        "**How soon do guardrails pause an arm that does harm?** The arm that converts best errs more often."
    ),
}

_ORIGIN: Final = (
    "{kind}Written by `make simulate` with seed {seed} and {runs} runs of each problem with fixed arms (others take "
    "more or fewer: the table at the end says how many). It is not edited by hand."
)

_METHOD: Final = """## How it is done
- Weights come from the code that the service publishes with (`next_snapshot`), batch after batch, with every control;
  only outcomes are simulated. A batch lasts six hours and is one update of the weights; the service updates every 60
  seconds by default, so that a bandit here learns later than it would.
- "No controls" means no floor, no burn-in and no least change of weights. All others have the product's defaults: a
  floor of 1 %, 100 units of each arm before weights move, and a new version when some weight moves by 1 %.
- Gains and regret are counted with true means, so that chance enters by the allocation only. Intervals are of 95 %
  over runs: Student's for means, Clopper and Pearson's for shares.
- Chance comes from `numpy.random.SeedSequence`, by seed, problem and place of the run; all policies meet the same
  arms. The same seed, runs and version give the same report, whatever the number of processes; another machine's linear
  algebra may round otherwise, which moves the runs with contexts by chance.
- Where units differ, each is drawn with its context and gets an arm by the weights of that context in the published
  model; the oracle knows each unit's means.
- Limits: units are independent of each other and come once; batches are of one size; nobody ships the winner, so that
  a gain is that of the experiment itself; index rules look 100 units ahead while batches are larger; stops by expected
  loss, budgets and shadow mode are not played here."""


def write(
    studies: Sequence[AnyStudy], played: Played, directory: Path, *, runs: int, seed: int, quick: bool
) -> Sequence[Path]:
    """Writes README.md and the pictures, and returns their paths, the page first.

    Args:
        studies: What was played.
        played: What came of it.
        directory: Made where it is missing.
        runs: Of a problem with fixed arms.
        seed: Of everything.
        quick: Whether only the quick problems were played.

    Raises:
        OSError: The directory cannot be written.
    """
    sections = _sections(studies, played)
    files = {"README.md": _page(studies, sections, runs=runs, seed=seed, quick=quick)}
    for section in sections.values():
        files |= section.charts
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in files]


def _sections(studies: Sequence[AnyStudy], played: Played) -> Mapping[Question, Section]:
    """Returns the sections in the order of the questions; none where nothing was played."""
    made: dict[Question, Section] = {}
    for question in Question:
        plain = [study for study in studies if isinstance(study, Study) and study.question is question]
        if plain:
            made[question] = _SECTIONS[question](plain, played.results)
        elif question is Question.CONTEXT:
            in_context = [study for study in studies if isinstance(study, ContextStudy)]
            made |= {question: context_section(in_context, played.in_context)} if in_context else {}
    return made


def _page(
    studies: Sequence[AnyStudy], sections: Mapping[Question, Section], *, runs: int, seed: int, quick: bool
) -> str:
    kind = "A quick run on a few problems: intervals are wide. " if quick else ""
    parts = [
        "# The lab: what bandits gain, how soon they decide, what they cost",
        _ORIGIN.format(kind=kind, seed=seed, runs=runs),
        "## Answers",
        *(f"{_QUESTIONS[question]}\n\n{section.answer}" for question, section in sections.items()),
        *(section.body for section in sections.values()),
        _METHOD,
        "## Problems",
        _problem_table(studies, runs),
        "## Policies",
        _policy_table(studies),
    ]
    return "\n\n".join(parts) + "\n"


def _problem_table(studies: Sequence[AnyStudy], runs: int) -> str:
    head = ["name", "what", "asked for", "arms", "batches x units", "runs", "source of its shape"]
    rows = [
        [
            study.name,
            study.problem.title,
            study.question.value,
            str(study.problem.truth.arm_count),
            f"{study.problem.batch_count} x {study.problem.batch_unit_count:,}",
            f"{run_count(study, runs):,}",
            study.problem.source,
        ]
        for study in studies
    ]
    return table(head, rows)


def _policy_table(studies: Sequence[AnyStudy]) -> str:
    played = {name for study in studies for name in study.policies}
    rows = []
    for policy in POLICIES.values():
        if policy.name in played:
            algorithm = "Thompson sampling of the metric's kind" if policy.algorithm is None else repr(policy.algorithm)
            rows.append([policy.name, policy.title, f"`{algorithm}`" if policy.algorithm else algorithm])
    return table(["name", "what", "algorithm"], rows)
