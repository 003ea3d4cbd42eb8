"""Change requests for people: a table of them, and all that is known of one."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from services.admin import approvals, diff, tables
from services.admin.words import NOTHING, enum_name, instant, remaining, request_state_name

STATE_STYLES: Final = {
    pb.CHANGE_REQUEST_STATE_APPROVED: "green",
    pb.CHANGE_REQUEST_STATE_APPLIED: "green",
    pb.CHANGE_REQUEST_STATE_PENDING: "yellow",
    pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED: "yellow",
    pb.CHANGE_REQUEST_STATE_REJECTED: "red",
    pb.CHANGE_REQUEST_STATE_FAILED: "red",
}
_NONE: Final = "There are no such change requests."
_VERDICTS: Final = {
    review_pb2.VERDICT_KIND_APPROVE: ("approved", "green"),
    review_pb2.VERDICT_KIND_REJECT: ("rejected", "red"),
    review_pb2.VERDICT_KIND_REQUEST_CHANGES: ("asked for changes", "yellow"),
}


def table(found: Sequence[pb.ChangeRequest]) -> RenderableType:
    """Returns a row per request."""
    if not found:
        return Text(_NONE)
    rows = tables.rows("request", "state", "change", "by", "risk", right=("risk",))
    for each in found:
        rows.add_row(
            Text(each.change_request_id),
            state_text(each),
            Text(f"{kind_name(each)} of {diff.target(each)}"),
            Text(each.requester),
            f"{each.risk_score:.0f}",
        )
    return rows


def state_text(request: pb.ChangeRequest) -> Text:
    """Returns the state in its colour; with an emergency that nobody has signed, that, too."""
    text = Text(request_state_name(request), style=STATE_STYLES.get(request.state, ""))
    if request.HasField("emergency") and not request.emergency.signed_by:
        text.append(" in an emergency, unsigned", style="bold red")
    return text


def kind_name(request: pb.ChangeRequest) -> str:
    """Returns what kind of change it is."""
    return (request.change.WhichOneof("kind") or "change").replace("_", " ")


def drawing(request: pb.ChangeRequest, now: datetime) -> RenderableType:
    """Returns all that is known of a request, what it alters below."""
    facts = tables.facts()
    for name, text in [*_facts(request, now), *_grounds(request), *_talk(request)]:
        facts.add_row(name, text)
    return Group(_headline(request), facts, Text(), diff.drawing(request))


def _headline(request: pb.ChangeRequest) -> Text:
    name = (request.change_request_id or "the change", "bold")
    return Text.assemble(name, ": ", state_text(request), f", {kind_name(request)} of {diff.target(request)}")


def _facts(request: pb.ChangeRequest, now: datetime) -> Iterator[tuple[str, Text]]:
    who = request.requester + "".join(f", edited by {name}" for name in request.contributors)
    yield "requester", Text(who)
    if request.reason:
        yield "reason", Text(request.reason)
    yield "edit", Text(f"{request.request_revision}, digest {request.digest[:12]}")
    for name in ("created", "updated", "applied"):
        moment = getattr(request, f"{name}_at")
        if moment.seconds:
            yield name, Text(f"{instant(moment)} UTC")
    if request.HasField("expires_at"):
        yield "expires", Text(f"{instant(request.expires_at)} UTC, {remaining(request.expires_at, now)}")
    if request.HasField("scheduled_at"):
        yield "scheduled", Text(f"{instant(request.scheduled_at)} UTC, {remaining(request.scheduled_at, now)}")
    if request.auto_apply:
        yield "applied", Text("by its last approval")
    if request.failure:
        yield "failure", Text(request.failure, style="red")


def _grounds(request: pb.ChangeRequest) -> Iterator[tuple[str, Text]]:
    yield "risk", Text(f"{request.risk_score:.0f}")
    for factor in request.risk_factors:
        yield "", Text(f"{factor.points:+.0f}  {factor.description}")
    if not request.requirements:
        yield "approvals", Text(f"none needed (policy version {request.policy_version})")
    for requirement in approvals.strictest_first(request.requirements):
        yield "approvals", _requirement(requirement)
        for reason in requirement.reasons:
            yield "", Text(reason, style="dim")


def _requirement(requirement: review_pb2.Requirement) -> Text:
    got = f"approved by {', '.join(requirement.approved_by)}" if requirement.approved_by else "nobody has approved yet"
    style = "green" if requirement.satisfied else "yellow"
    return Text.assemble(f"{approvals.people(requirement)}, rule {requirement.rule_id}: ", (got, style))


def _talk(request: pb.ChangeRequest) -> Iterator[tuple[str, Text]]:
    for verdict in request.verdicts:
        said, style = _VERDICTS.get(verdict.kind, (enum_name(review_pb2.VerdictKind.DESCRIPTOR, verdict.kind), ""))
        stale = " (stale: edited since)" if verdict.stale else ""
        comment = f": {verdict.comment}" if verdict.comment else ""
        yield "verdict", Text.assemble(verdict.reviewer, " ", (said, "dim" if stale else style), stale, comment)
    for comment_ in request.comments:
        yield "comment", Text(f"{comment_.author}, {instant(comment_.created_at)}: {comment_.text}")
    if request.HasField("emergency"):
        yield from _emergency(request.emergency)


def _emergency(emergency: review_pb2.Emergency) -> Iterator[tuple[str, Text]]:
    yield "emergency", Text(f"applied by {emergency.actor}: {emergency.justification}", style="bold red")
    if emergency.signed_by:
        yield "signed", Text(f"by {emergency.signed_by}, {instant(emergency.signed_at)}: {emergency.sign_comment}")
    else:
        yield "signed", Text(NOTHING)
