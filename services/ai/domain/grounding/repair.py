"""R11: what becomes of a checked answer: it is published, repaired once, or given up for the heuristic one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.ai.domain.grounding.checking import Checked
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.rules.violation import HIGH_PRECISION, RuleId, Violation
from services.ai.domain.grounding.untrusted import cleaned

LEAST_KEPT_SHARE: Final = 0.5
"""Of an answer's claims: with fewer left it is another answer than the provider gave."""
_FED_BACK: Final = 20
_GOT_LENGTH: Final = 120


class Outcome(StrEnum):
    """Says what becomes of an answer."""

    PUBLISH = "PUBLISH"
    REPAIR = "REPAIR"
    ABSTAIN = "ABSTAIN"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Is what becomes of an answer; `feedback` is what a repair is told: violations of high-precision rules only."""

    outcome: Outcome
    feedback: tuple[Violation, ...] = ()


def judge(checked: Checked, pack: EvidencePack, *, repaired: bool) -> Judgement:
    """Returns what becomes of an answer; one that was `repaired` is not repaired again."""
    stale = any(one.rule is RuleId.PACK for one in checked.violations)
    feedback = feedback_of(checked.violations)
    if feedback and not repaired and not stale:
        return Judgement(Outcome.REPAIR, feedback)
    return Judgement(Outcome.PUBLISH if _is_enough(checked, pack) else Outcome.ABSTAIN)


def feedback_of(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Returns what a repair may be told: violations of high-precision rules, as many as can be read."""
    return tuple(one for one in violations if one.rule in HIGH_PRECISION)[:_FED_BACK]


def feedback_json(feedback: Sequence[Violation]) -> str:
    """Returns violations as ASCII JSON for a provider: path, rule, got, allowed."""
    rows = [
        {
            "path": one.path,
            "rule": one.rule.value,
            "got": cleaned(one.got, _GOT_LENGTH),
            "allowed": list(one.allowed[:_FED_BACK]),
        }
        for one in feedback
    ]
    return json.dumps(rows, ensure_ascii=True, separators=(",", ":"))


def _is_enough(checked: Checked, pack: EvidencePack) -> bool:
    kept = checked.claim_count - checked.dropped_count
    advised = pack.decision is None or checked.answer.recommendation is not None
    said = bool(checked.answer.reasons or checked.answer.statements)
    return checked.whole and advised and said and kept >= LEAST_KEPT_SHARE * checked.claim_count
