"""Measures the validator on frozen paraphrases: what is true and dropped, what is false and published.

A set tells of sentences that nobody has seen only until the rules are tuned on it. The second one was held out until
2026-11-27, when 10 of its 233 false sentences were published and 115 of its 209 true ones dropped; since then it is a
development set, and its shares flatter the rules. The third one was frozen after that, and no rule is tuned on it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.evaluation.case import Case
from services.ai.evaluation.cases import cases

HELD_OUT: Final[Mapping[str, Path]] = {
    "first set, written before the word lists": Path(__file__).with_name("held_out.json"),
    "second set, held out until 2026-11-27, tuned on since": Path(__file__).with_name("held_out_2.json"),
    "third set, held out": Path(__file__).with_name("held_out_3.json"),
}


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """Is a sentence for a case that is true or is not."""

    case: Case
    text: str
    true: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Is what the validator made of a paraphrase; it is published if nothing drops it."""

    paraphrase: Paraphrase
    violations: tuple[Violation, ...]

    @property
    def published(self) -> bool:
        """Says whether it would be published, with or without a remark."""
        return self.published_without(None)

    def published_without(self, rule: RuleId | None) -> bool:
        """Says whether it would be published with a rule off; rules do not see one another."""
        return all(one.rule in (RuleId.CERTAINTY, RuleId.CAVEAT, rule) for one in self.violations)


def paraphrases(held_out: Path) -> Iterator[Paraphrase]:
    """Returns a frozen set; the typed claims beside the sentences are right, those of false sentences too."""
    by_name = {case.name: case for case in cases()}
    for name, texts in json.loads(held_out.read_text("utf-8"))["cases"].items():
        for kind in ("true", "false"):
            yield from (Paraphrase(by_name[name], text, kind == "true") for text in texts[kind])


def outcomes() -> Mapping[str, tuple[Outcome, ...]]:
    """Returns what became of each paraphrase, by set."""
    return {name: tuple(_outcome(one) for one in paraphrases(path)) for name, path in HELD_OUT.items()}


def _outcome(paraphrase: Paraphrase) -> Outcome:
    case = paraphrase.case
    return Outcome(paraphrase, check(case.answer(paraphrase.text), case.pack).violations)
