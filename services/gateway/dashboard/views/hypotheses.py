"""Hypotheses: what they say, how likely they are and why, and what bears them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from experimentation.v1 import hypothesis_pb2 as pb
from services.gateway.dashboard import formatting
from services.gateway.dashboard.charts.meter import meter
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import moment
from services.gateway.dashboard.views.statements import ProvenanceView, StatementView, provenance, statements

_UNDECIDED = frozenset({pb.HYPOTHESIS_STATE_PROPOSED, pb.HYPOTHESIS_STATE_ACCEPTED})


@dataclass(frozen=True, slots=True)
class PartView:
    """Is one part of a confidence."""

    name: str
    value: str
    weight: str
    picture: Markup
    description: str


@dataclass(frozen=True, slots=True)
class HypothesisView:
    """Is a hypothesis."""

    hypothesis_id: str
    rank: int
    statement: str
    rationale: str
    because: tuple[StatementView, ...]
    metric: str
    expected: str
    falsifier: str
    test: str
    confidence: str
    confidence_picture: Markup
    uncalibrated: str
    parts: tuple[PartView, ...]
    state: Badge
    ungrounded: bool
    duplicate_of: str
    provenance: ProvenanceView
    created_at: datetime | None
    experiment_id: str
    reviewer: str
    review_reason: str
    etag: str
    reviewable: bool
    testable: bool
    mde: str


def hypothesis_views(hypotheses: Iterable[pb.Hypothesis]) -> tuple[HypothesisView, ...]:
    """Returns hypotheses, in the order given."""
    return tuple(_view(one, rank) for rank, one in enumerate(hypotheses, 1))


def _view(one: pb.Hypothesis, rank: int) -> HypothesisView:
    confidence = formatting.share(one.confidence.value, digits=0)
    names = {metric.metric_id: metric.display_name or metric.metric_id for metric in one.metrics}
    return HypothesisView(
        hypothesis_id=one.hypothesis_id,
        rank=rank,
        statement=one.statement,
        rationale=one.rationale,
        because=statements(one.because),
        metric=names.get(one.primary_metric_id, one.primary_metric_id),
        expected=_expected(one),
        falsifier=one.falsifier,
        test=_test(one.required_test),
        confidence=confidence,
        confidence_picture=meter(
            one.confidence.value, name=f"confidence-{rank}", words=f"Confidence: {confidence}", kind="c1"
        ),
        uncalibrated=formatting.share(one.confidence.uncalibrated, digits=0),
        parts=tuple(_part(part, f"part-{rank}-{place}") for place, part in enumerate(one.confidence.parts)),
        state=badges.hypothesis_state(one.state),
        ungrounded=one.ungrounded,
        duplicate_of=one.duplicate_of,
        provenance=provenance(one.provenance),
        created_at=moment(one, "created_at"),
        experiment_id=one.experiment_id,
        reviewer=one.reviewer,
        review_reason=one.review_reason,
        etag=one.etag,
        reviewable=one.state in _UNDECIDED,
        testable=one.state in _UNDECIDED,
        mde=f"{one.required_test.relative_mde * 100:.3g}" if one.required_test.relative_mde else "",
    )


def _expected(one: pb.Hypothesis) -> str:
    way = "down" if one.expected_direction == pb.EFFECT_DIRECTION_DECREASE else "up"
    if not one.HasField("expected_lift"):
        return f"{way}, by how much is not known"
    return f"{way}, {formatting.change(one.expected_lift.low)} to {formatting.change(one.expected_lift.high)}"


def _test(test: pb.RequiredTest) -> str:
    if not test.units_per_arm:
        return "cannot be planned yet"
    units = f"{formatting.count(test.units_per_arm)} units an arm for a lift of {formatting.share(test.relative_mde)}"
    return f"{units}, {formatting.plural(test.weeks, 'week')}" if test.HasField("weeks") else units


def _part(part: pb.ConfidencePart, name: str) -> PartView:
    label, shown = part.part.replace("_", " "), formatting.share(part.value, digits=0)
    return PartView(
        label,
        shown,
        "multiplies" if not part.weight else f"weight {formatting.share(part.weight, digits=0)}",
        meter(part.value, name=name, words=f"{label}: {shown}"),
        part.description,
    )
