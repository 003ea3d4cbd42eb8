"""The validator's report: recall by mutation, false positives, held-out escapes, whole answers, each rule's worth."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.drafts import clean_draft_alarms, draft_rows
from services.ai.evaluation.held_out import HELD_OUT, Outcome, outcomes
from services.ai.evaluation.matrix import Row, clean_cases, false_alarms, rows
from services.ai.evaluation.prose import prose_alarms, prose_rows
from services.ai.evaluation.retelling import Retelling, retelling
from services.ai.evaluation.wilson import wilson

LEAST_RECALL: Final = 0.995
MOST_FALSE_POSITIVES: Final = 0.001
_EXPERIMENTS_PER_DRAW: Final = 100


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Is what was measured.

    Attributes:
        rows: Recall by mutation.
        clean_count: Texts and drafts that are right.
        alarm_count: Those of them in which something was found.
        held_out: What became of each paraphrase, by set.
        answers: What became of whole answers, by set: of its true sentences, of its false ones.
    """

    rows: tuple[Row, ...]
    clean_count: int
    alarm_count: int
    held_out: Mapping[str, tuple[Outcome, ...]]
    answers: Mapping[str, tuple[Retelling, Retelling]]

    @property
    def by_rule(self) -> Mapping[RuleId, tuple[int, int, int]]:
        """Mutants, those found, and those found without the rule; of the rules that can be switched off."""
        sums: dict[RuleId, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        for row in self.rows:
            if row.found_without_rule_count is not None:
                count, found, without = sums[row.rule]
                sums[row.rule] = (
                    count + row.count,
                    found + row.found_count,
                    without + row.found_without_rule_count,
                )
        return dict(sums)

    @property
    def failures(self) -> tuple[str, ...]:
        """What misses a bar, for people; empty: nothing."""
        return tuple(self._failures())

    def _failures(self) -> Iterator[str]:
        for row in self.rows:
            if row.found_count < LEAST_RECALL * row.count or not row.count:
                yield f"{row.mutation}: {row.found_count} of {row.count} mutants are found"
        if self.alarm_count > MOST_FALSE_POSITIVES * self.clean_count:
            yield f"{self.alarm_count} of {self.clean_count} clean texts raise an alarm"
        for name, pair in self.answers.items():
            if foreign := frozenset[str]().union(*(one.foreign for one in pair)):
                yield f"{name}: {len(foreign)} texts are published in whole answers that stand no check"
        for rule, (_, found, without) in self.by_rule.items():
            if without >= found:
                yield f"{rule}: as many mutants are found without it"


def evaluate(*, seed: int, experiments: int, mutants: int) -> Evaluation:
    """Returns what is measured on so many random experiments, with so many mutants of each type at most."""
    chance = random.Random(seed)  # noqa: S311 nothing here is secret
    clean = clean_cases(chance, experiments)
    found = (*rows(clean, chance, mutants), *draft_rows(clean, chance, mutants), *prose_rows(clean, chance, mutants))
    texts, alarms = false_alarms(clean)
    drafts, draft_alarms = clean_draft_alarms(clean, chance, mutants)
    proses, prose_alarm_count = prose_alarms(clean)
    alarm_count = len({text for text, _ in alarms}) + draft_alarms + prose_alarm_count
    draws = max(1, experiments // _EXPERIMENTS_PER_DRAW)
    answers = {
        name: (
            retelling(path, seed=seed, draws=draws),
            retelling(path, seed=seed, draws=draws, true=False),
        )
        for name, path in HELD_OUT.items()
    }
    return Evaluation(found, texts + drafts + proses, alarm_count, outcomes(), answers)


def written(evaluation: Evaluation) -> str:
    """Returns the report as text."""
    return "\n".join(
        (
            *_recall(evaluation.rows),
            *_clean(evaluation),
            *_held_out(evaluation.held_out),
            *_answers(evaluation.answers),
            *_rules(evaluation),
        )
    )


def _recall(found: Sequence[Row]) -> Iterator[str]:
    yield "Recall by mutation (95 % Wilson interval)"
    yield f"  {'mutation':34}{'rule':16}{'mutants':>8}{'found':>7}   recall"
    for row in found:
        yield f"  {row.mutation:34}{row.rule:16}{row.count:8}{row.found_count:7}   {_share(row.found_count, row.count)}"


def _clean(evaluation: Evaluation) -> Iterator[str]:
    yield ""
    yield "False positives on clean texts and drafts"
    shown = _share(evaluation.alarm_count, evaluation.clean_count)
    yield f"  {evaluation.alarm_count} of {evaluation.clean_count}   {shown}"


def _held_out(by_set: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    for name, found in by_set.items():
        yield ""
        yield f"Paraphrases, {name} (95 % Wilson interval)"
        yield from _held_out_set(found)


def _held_out_set(found: Sequence[Outcome]) -> Iterator[str]:
    false = [one for one in found if not one.paraphrase.true]
    true = [one for one in found if one.paraphrase.true]
    escaped, dropped = sum(one.published for one in false), sum(not one.published for one in true)
    yield f"  false and published (escape rate)   {escaped:4} of {len(false)}   {_share(escaped, len(false))}"
    yield f"  true and dropped                    {dropped:4} of {len(true)}   {_share(dropped, len(true))}"


def _answers(by_set: Mapping[str, tuple[Retelling, Retelling]]) -> Iterator[str]:
    for name, pair in by_set.items():
        for kind, found in zip(("true", "false"), pair, strict=True):
            yield ""
            yield f"Whole answers in {kind} sentences of the {name}; in brackets without rewording"
            yield f"  sentences that stand as they are    {found.own_count:4} of {found.sentence_count}"
            yield f"  told in the engine's words          {found.reworded_count:4} of {found.sentence_count}"
            stood = f"{found.stood_count:4} of {found.answer_count}   ({found.stood_without_count})"
            yield f"  answers that stand                  {stood}"
            yield f"  published as they are               {found.published_count:4}   ({found.published_without_count})"


def _rules(evaluation: Evaluation) -> Iterator[str]:
    false = [one for found in evaluation.held_out.values() for one in found if not one.paraphrase.true]
    yield ""
    yield "Ablation: the mutants that a rule is there for, found with all rules and with that rule off"
    yield f"  {'rule off':16}{'mutants':>8}{'all rules':>11}{'rule off':>10}   held-out escapes with it off"
    for rule, (count, found, without) in sorted(evaluation.by_rule.items()):
        shown = f"{count:8}{found / count:11.1%}{without / count:10.1%}"
        yield f"  {rule:16}{shown}   {sum(one.published_without(rule) for one in false)}"


def _share(count: int, total: int) -> str:
    share, low, high = wilson(count, total)
    return f"{share:7.2%}  [{low:.2%}, {high:.2%}]"
