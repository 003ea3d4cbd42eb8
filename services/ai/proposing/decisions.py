"""Which change of its experiment an analysis decides, and how the request says why."""

from typing import Final

from experimentation.v1 import experiment_service_pb2 as pb
from services.ai.domain.records import AnalysisRecord, DataSource
from shared.statistics.decision.verdict import Verdict

MOST_REASON: Final = 2000
_SOURCES: Final = {
    DataSource.STORE: "recorded data",
    DataSource.AGGREGATES: "sums that were supplied, not recorded here,",
    DataSource.WAREHOUSE: "a warehouse's data",
}


def change_of(analysis: AnalysisRecord) -> pb.Change | None:
    """Returns the change; None: the decision is to go on, or to look into the data first.

    Harm and a test that shows nothing both end with the control for everybody, as the analysis says in words.
    """
    match analysis.decision.verdict:
        case Verdict.SHIP:
            return pb.Change(stop=pb.StopChange(shipped_arm_id=analysis.decision.arm_id))
        case Verdict.ROLL_BACK | Verdict.STOP_INCONCLUSIVE:
            return pb.Change(stop=pb.StopChange())
        case Verdict.CONTINUE | Verdict.INVESTIGATE:
            return None


def reason_of(analysis: AnalysisRecord) -> str:
    """Returns why, for reviewers: the decision, what it rests on, and where to read on."""
    sentences = [analysis.decision.text.text, *(one.text for one in analysis.decision.reasons)]
    head = f"{mark_of(analysis)}, of {_SOURCES[analysis.data_source]} as of {analysis.as_of:%Y-%m-%d %H:%M} UTC, "
    head += f"{analysis.unit_count:,} units."
    return " ".join([head, *sentences])[:MOST_REASON]


def mark_of(analysis: AnalysisRecord) -> str:
    """Returns how its reason begins: by which a request is known again."""
    return f"Analysis {analysis.analysis_id}"
