"""Hypotheses to protobuf, and what is asked of them from it."""

from datetime import datetime

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import hypothesis_pb2
from services.ai.convert import enums, provenance, requests
from services.ai.convert.metrics import metric_to_proto
from services.ai.domain.hypotheses.model import Confidence, Hypothesis, HypothesisState
from services.ai.domain.hypotheses.states import Event
from services.ai.domain.queries import HypothesisCursor, HypothesisFilter, HypothesisOrder
from services.ai.domain.records import HypothesisRecord
from services.ai.service.hypotheses import etag_of
from services.ai.service.pages import Page
from shared.definition.convert import timestamp_to_proto
from shared.rpc import pagination, request_form

_EVENTS = {pb.HYPOTHESIS_REVIEW_ACCEPT: Event.ACCEPT, pb.HYPOTHESIS_REVIEW_REJECT: Event.REJECT}


def to_proto(record: HypothesisRecord) -> hypothesis_pb2.Hypothesis:
    """Returns the hypothesis as a message."""
    made = record.hypothesis
    return hypothesis_pb2.Hypothesis(
        hypothesis_id=record.hypothesis_id,
        job_id=record.job_id,
        state=enums.number(hypothesis_pb2.HypothesisState, "HYPOTHESIS_STATE", record.state),
        statement=made.statement,
        intervention=made.intervention,
        because=provenance.statements_to_proto(record.because),
        rationale=made.rationale,
        primary_metric_id=made.primary_metric_id,
        expected_direction=enums.number(hypothesis_pb2.EffectDirection, "EFFECT_DIRECTION", made.expected_direction),
        expected_lift=_range(made),
        falsifier=made.falsifier,
        required_test=hypothesis_pb2.RequiredTest(
            relative_mde=made.test.relative_mde, units_per_arm=made.test.units_per_arm, weeks=made.test.weeks
        ),
        confidence=_confidence(made.confidence),
        duplicate_of=made.duplicate_of,
        ungrounded=made.ungrounded,
        score=made.score,
        provenance=provenance.to_proto(record.provenance),
        created_at=timestamp_to_proto(record.created_at),
        experiment_id=record.experiment_id,
        reviewer=record.reviewer,
        review_reason=record.review_reason,
        updated_at=timestamp_to_proto(record.updated_at),
        etag=etag_of(record),
        metrics=map(metric_to_proto, record.metrics),
    )


def kept(request: pb.ListHypothesesRequest) -> HypothesisFilter:
    """Returns which hypotheses a list keeps, and in which order.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    order = enums.member(HypothesisOrder, pb.HypothesisOrder, "HYPOTHESIS_ORDER", request.order)
    return HypothesisFilter(
        enums.member(HypothesisState, hypothesis_pb2.HypothesisState, "HYPOTHESIS_STATE", request.state),
        request.metric_id,
        request.job_id,
        request.without_duplicates,
        order or HypothesisOrder.NEWEST_FIRST,
    )


def cursor(request: pb.ListHypothesesRequest) -> HypothesisCursor | None:
    """Returns where the page begins; None: at the first.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    found = pagination.decode(request.page_token, request_form.query(request))
    return (
        HypothesisCursor(float(found[0] or 0), datetime.fromisoformat(str(found[1])), str(found[2])) if found else None
    )


def page_to_proto(page: Page[HypothesisRecord], request: pb.ListHypothesesRequest) -> pb.ListHypothesesResponse:
    """Returns the page as a response to the request."""
    return pb.ListHypothesesResponse(
        hypotheses=map(to_proto, page.items),
        next_page_token=requests.next_page_token(request, page.items, _place, more=page.more),
    )


def event(request: pb.ReviewHypothesisRequest) -> Event:
    """Returns what is said of a hypothesis."""
    return _EVENTS[request.review]


def _place(record: HypothesisRecord) -> tuple[pagination.Scalar, ...]:
    return record.hypothesis.score, record.created_at.isoformat(), record.hypothesis_id


def _range(made: Hypothesis) -> hypothesis_pb2.LiftRange | None:
    lift = made.expected_lift
    return None if lift is None else hypothesis_pb2.LiftRange(low=lift.low, high=lift.high)


def _confidence(confidence: Confidence) -> hypothesis_pb2.Confidence:
    return hypothesis_pb2.Confidence(
        value=confidence.value,
        uncalibrated=confidence.uncalibrated,
        parts=[
            hypothesis_pb2.ConfidencePart(
                part=one.part, value=one.value, weight=one.weight, description=one.description
            )
            for one in confidence.parts
        ],
    )
