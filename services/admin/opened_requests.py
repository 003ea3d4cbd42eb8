"""The change request that an analysis opens: it comes after the analysis, which is waited for and put into words."""

import time
from collections.abc import Callable
from typing import Final

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import analyses

WAIT_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5
_DECIDING: Final = frozenset(
    {pb.DECISION_VERDICT_SHIP, pb.DECISION_VERDICT_ROLL_BACK, pb.DECISION_VERDICT_STOP_INCONCLUSIVE}
)


def awaited(
    stub: AnalysisServiceStub,
    analysis: pb.ExperimentAnalysis,
    *,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> pb.ExperimentAnalysis:
    """Returns an analysis that may propose with the change request that it opens, or as it is where none comes soon.

    Raises:
        PlatformError: The service refuses, or stays away.
    """
    ends = now() + WAIT_SECONDS
    while _decides(analysis) and not analysis.change_request_id and now() < ends:
        pause(_PAUSE_SECONDS)
        analysis = analyses.get(stub, analysis.analysis_id)
    return analysis


def standing(analysis: pb.ExperimentAnalysis) -> str:
    """Returns what became of the wish that an analysis propose what it decides."""
    if analysis.change_request_id:
        return f"Change request {analysis.change_request_id} asks for what it decides."
    if not _decides(analysis):
        return "It decides on no change, so that no change request is opened."
    return (
        "No change request is open yet: the service opens one soon, unless the experiment is not under way. "
        f"`expctl analysis show {analysis.analysis_id}` then names it."
    )


def _decides(analysis: pb.ExperimentAnalysis) -> bool:
    return analysis.decision.verdict in _DECIDING
