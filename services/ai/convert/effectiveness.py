"""What came of what was suggested, as messages."""

from datetime import datetime

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import enums, requests
from services.ai.domain.asking import ProviderName
from services.ai.domain.design_time import DesignTime
from services.ai.service.effectiveness import EffectivenessReport, ProviderFigures
from shared.definition.convert import timestamp_to_proto


def since(request: pb.GetEffectivenessRequest) -> datetime | None:
    """Returns from when on things count; None: everything does.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    return requests.instant(request.since, given=request.HasField("since"))


def to_proto(report: EffectivenessReport) -> pb.GetEffectivenessResponse:
    """Returns the figures as a response."""
    return pb.GetEffectivenessResponse(
        providers=map(_figures, report.providers),
        design_time=_time(report.design_time),
        as_of=timestamp_to_proto(report.as_of),
    )


def _figures(figures: ProviderFigures) -> pb.ProviderEffectiveness:
    own = figures.hypotheses
    return pb.ProviderEffectiveness(
        provider=enums.number(analysis_pb2.AiProvider, "AI_PROVIDER", ProviderName(figures.provider)),
        hypothesis_count=own.hypothesis_count,
        accepted_count=own.accepted_count,
        rejected_count=own.rejected_count,
        adopted_count=own.adopted_count,
        won_count=own.won_count,
        lost_count=own.lost_count,
        inconclusive_count=own.inconclusive_count,
        acceptance_rate=own.acceptance_rate,
        adoption_rate=own.adoption_rate,
        win_rate=own.win_rate,
        brier_score=own.brier_score,
        reliability=[
            pb.ReliabilityBin(
                low=one.low,
                high=one.high,
                count=one.count,
                mean_confidence=one.mean_confidence,
                won_share=one.won_share,
            )
            for one in own.reliability
        ],
        design_count=figures.design_count,
        adopted_design_count=figures.adopted_design_count,
        analysis_count=figures.analysis_count,
    )


def _time(time: DesignTime) -> pb.DesignTime:
    return pb.DesignTime(
        measured_count=time.measured_count,
        median_seconds=None if time.median is None else time.median.total_seconds(),
        manual_seconds=time.manual.total_seconds(),
        saved_share=time.saved_share,
    )
