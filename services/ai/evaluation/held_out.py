"""Measures the validator on the held-out paraphrases: what is true and dropped, what is false and published."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.evaluation.case import Case
from services.ai.evaluation.cases import cases

HELD_OUT: Final = Path(__file__).with_name("held_out.json")


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


def paraphrases() -> Iterator[Paraphrase]:
    """Returns the frozen set; the typed claims beside the sentences are right, those of false sentences too."""
    by_name = {case.name: case for case in cases()}
    for name, texts in json.loads(HELD_OUT.read_text("utf-8"))["cases"].items():
        for kind in ("true", "false"):
            yield from (Paraphrase(by_name[name], text, kind == "true") for text in texts[kind])


def outcomes() -> tuple[Outcome, ...]:
    """Returns what became of each paraphrase."""
    return tuple(Outcome(one, check(one.case.answer(one.text), one.case.pack).violations) for one in paraphrases())
