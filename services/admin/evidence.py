"""Evidence packs for people: the facts, and which sentence rests on which of them."""

from rich.console import RenderableType
from rich.text import Text

from experimentation.v1 import analysis_pb2 as pb
from services.admin import analyses, tables
from services.admin.words import NOTHING


def table(pack: pb.EvidencePack) -> RenderableType:
    """Returns a row per fact."""
    rows = tables.rows("fact", "what", "value", "metric", "arm", "about", "units", right=("value", "units"))
    for one in pack.facts:
        rows.add_row(
            Text(one.evidence_id),
            Text(one.kind.replace("_", " ")),
            Text(one.text or f"{one.value:.6g}"),
            Text(one.metric_id or NOTHING),
            Text(one.arm_id or NOTHING),
            Text(one.subject or NOTHING),
            f"{one.unit_count:,}" if one.unit_count else NOTHING,
        )
    return rows


def borne(analysis: pb.ExperimentAnalysis, pack: pb.EvidencePack) -> RenderableType:
    """Returns a row per sentence, with the facts that bear it."""
    known = {one.evidence_id: one for one in pack.facts}
    rows = tables.rows("sentence", "rests on")
    decision, statements = analysis.decision, analyses.statements_beside_reasons(analysis)
    for said in (decision.text, *decision.reasons, *statements):
        facts = [f"{each} ({known[each].kind.replace('_', ' ')})" for each in said.evidence_ids if each in known]
        rows.add_row(Text(said.text), Text(", ".join(facts) or NOTHING))
    return rows
