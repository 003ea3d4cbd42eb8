"""R6: the reason that an advice gives is held to what a claim is: `Ship V2, as M1 rose` says that M1 rose in V2."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.claims import Claim, ClaimKind, Recommendation, Relation, Valence
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reader, Reading
from services.ai.domain.grounding.rules import certainty, context, rationale, relation, roles, scope, wording
from services.ai.domain.grounding.rules.engine_view import ceiling, relations, valence_of
from services.ai.domain.grounding.rules.violation import Violation
from shared.definition.model import MetricRole
from shared.statistics.decision.verdict import Verdict

_PARTING: Final = re.compile(r"[:;]\s+|,?\s+(?:as|since|because|given)\s+(?:that\s+)?", re.IGNORECASE)
_RULES: Final = (
    *(relation.relation, relation.valence, scope.scope, roles.role, wording.wording, context.context),
    *(certainty.assurance, rationale.mechanism),
)
_TOLD: Final = lexicon.UP | lexicon.DOWN | lexicon.BETTER | lexicon.WORSE | lexicon.EFFECT | lexicon.UNDECIDED
_MODALS: Final = lexicon.words("may might could can")
_BEARING: Final = {Verdict.SHIP: Valence.BETTER, Verdict.ROLL_BACK: Valence.WORSE}


def parted(advice: Recommendation, reading: Reading, pack: EvidencePack) -> tuple[Reading, Reading | None]:
    """Returns the advice and the reason that it gives; None: it gives none that tells of a metric."""
    found = _PARTING.search(reading.text)
    if not found or advice.verdict not in (*_BEARING, Verdict.STOP_INCONCLUSIVE):
        return reading, None
    reader = Reader(pack)
    reason = reader.read(reading.text[found.end() :])
    of_metric = any(token.text[0] == "M" for _, token in reason.names())
    told = reason.has(_TOLD - lexicon.UNDECIDED) or (of_metric and reason.has(lexicon.UNDECIDED))
    if not told or not (of_metric or advice.verdict is Verdict.STOP_INCONCLUSIVE):
        return reading, None
    return reader.read(reading.text[: found.start()]), reason


def unborne(advice: Recommendation, reason: Reading, pack: EvidencePack) -> Iterator[Violation]:
    """Yields what a reason says that the pack does not bear, or that speaks for another advice."""
    named = [token.text for _, token in reason.names() if token.text[0] == "M"]
    metric = named[0] if named else next((one.alias for one in pack.metrics if one.role is MetricRole.PRIMARY), "")
    claim = _claim(advice, reason, metric, pack)
    wanted = _BEARING.get(advice.verdict, Valence.NEUTRAL)
    ref = pack.metric(metric)
    minor = ref is None or (ref.role is not MetricRole.PRIMARY and advice.verdict is not Verdict.ROLL_BACK)
    if minor or claim.relation is Relation.STATED or claim.valence is not wanted or not claim.arm:
        yield wording.broken("a reason that the engine does not give")
        return
    yield from (wording.broken(token.text) for token in reason.words(_MODALS))
    for rule in _RULES:
        yield from (one for one in rule(claim, reason, pack) if named or not one.got.endswith("is not named"))


def _claim(advice: Recommendation, reason: Reading, metric: str, pack: EvidencePack) -> Claim:
    treatments = [one.alias for one in pack.arms if not one.control]
    told = [token.text for _, token in reason.names() if token.text in treatments]
    arm = advice.arm or (told[0] if told else treatments[0] if len(treatments) == 1 else "")
    bare = Claim(ClaimKind.EFFECT, advice.evidence_ids, reason.text, metric=metric, arm=arm)
    borne = sorted(relations(bare, pack) - {Relation.STATED})
    said = replace(bare, relation=borne[0] if borne else Relation.STATED)
    return replace(said, valence=valence_of(said.relation, metric, pack), certainty=ceiling(said, pack))
