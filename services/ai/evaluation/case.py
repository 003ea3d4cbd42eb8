"""A case that the validator is measured on: a pack, a typed claim that it bears, and true words for it.

Words are written with short slots: `<m>` metric, `<a>` arm, `<c>` control, `<x>` past experiment, `<s>` segment, and
facts by the names of `FACTS`, with `c.` those of the control.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from services.ai.domain.grounding.claims import Answer, Claim, ClaimKind, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind

FACTS: Final[Mapping[str, FactKind]] = {
    "n": FactKind.UNITS,
    "total": FactKind.TOTAL_UNITS,
    "required": FactKind.REQUIRED_UNITS,
    "missing": FactKind.MISSING_UNITS,
    "days": FactKind.DAYS,
    "weeks": FactKind.WEEKS,
    "missing_days": FactKind.MISSING_DAYS,
    "mean": FactKind.MEAN,
    "diff": FactKind.DIFFERENCE,
    "diff_size": FactKind.DIFFERENCE_SIZE,
    "lift": FactKind.RELATIVE_LIFT,
    "lift_size": FactKind.RELATIVE_LIFT_SIZE,
    "low": FactKind.LIFT_LOW,
    "high": FactKind.LIFT_HIGH,
    "p": FactKind.P_VALUE,
    "srm_p": FactKind.SAMPLE_RATIO_P_VALUE,
    "best": FactKind.PROBABILITY_BEST,
    "share": FactKind.ALLOCATION,
    "floor": FactKind.EXPLORATION_FLOOR,
    "versions": FactKind.POLICY_VERSIONS,
    "past": FactKind.PAST_EXPERIMENTS,
    "wins": FactKind.PAST_WINS,
    "win_rate": FactKind.WIN_RATE,
    "past_lift": FactKind.PAST_LIFT,
    "past_lift_size": FactKind.PAST_LIFT_SIZE,
    "trend": FactKind.TREND,
    "trend_size": FactKind.TREND_SIZE,
    "gap": FactKind.SEGMENT_GAP,
    "gap_size": FactKind.SEGMENT_GAP_SIZE,
}
_SHORT: Final = re.compile(r"<(c\.)?([a-z_]+)>")


@dataclass(frozen=True, slots=True)
class Case:
    """Is a typed claim or an advice that a pack bears; `texts` are true words for it."""

    name: str
    pack: EvidencePack
    claim: Claim | Recommendation
    texts: tuple[str, ...] = ()

    def said(self, text: str) -> Claim | Recommendation:
        """Returns the claim in other words, citing the facts that they have slots of."""
        worded = self._with_slots(text)
        slots = tuple(dict.fromkeys(re.findall(r"\{\{(E\d+)", worded)))
        return replace(self.claim, text=worded, evidence_ids=tuple(dict.fromkeys((*slots, *self.claim.evidence_ids))))

    def answer(self, text: str) -> Answer:
        """Returns an answer of that one claim or advice."""
        said = self.said(text)
        if isinstance(said, Recommendation):
            return Answer(self.pack.sha256, recommendation=said)
        return Answer(self.pack.sha256, statements=(said,))

    def _with_slots(self, text: str) -> str:
        return _SHORT.sub(lambda found: f"{{{{{self._alias(found[2], control=bool(found[1]))}}}}}", text)

    def _alias(self, name: str, *, control: bool) -> str:
        metric, subject = getattr(self.claim, "metric", ""), getattr(self.claim, "subject", "")
        metric = metric or self.pack.metrics[0].alias
        arm = self.claim.arm or (self.pack.arms[-1].alias if self.pack.arms else "")
        names = {"m": metric, "a": arm, "c": self.pack.control, "x": subject, "s": subject}
        if names.get(name):
            return names[name]
        kind, of = FACTS[name], self.pack.control if control else arm
        found = [one for one in self.pack.facts if one.kind is kind and one.metric in ("", metric)]
        ranked = [one.evidence_id for one in found if one.arm == of] + [one.evidence_id for one in found if not one.arm]
        return ranked[0]


def claimed(pack: EvidencePack, kind: ClaimKind, cites: FactKind, **fields: object) -> Claim:
    """Returns a claim that cites the first fact of a kind about its arm, or about none."""
    arm = str(fields.get("arm", ""))
    found = [one for one in pack.facts if one.kind is cites and one.arm in (arm, "")]
    return Claim(kind, (found[0].evidence_id,), "", **fields)  # type: ignore[arg-type]
