"""What commands on experiments have in common: arguments, and how they propose."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.admin import times
from services.admin.clients import CALL_SECONDS
from services.admin.session import Session
from shared.rpc import client

ExperimentId: TypeAlias = Annotated[str, typer.Argument(help="The experiment's id.", show_default=False)]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Says why, to reviewers.")]
Draft: TypeAlias = Annotated[bool, typer.Option("--draft", help="Keep the request a draft until it is submitted.")]
At: TypeAlias = Annotated[
    str, typer.Option(metavar="TIME", help="When it is applied by itself once approved, such as 2026-03-01T12:00.")
]
AutoApply: TypeAlias = Annotated[bool, typer.Option("--auto-apply", help="Let the last approval apply it.")]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and change nothing.")]


@dataclass(frozen=True, slots=True)
class Terms:
    """Is what is said of a change beside what it alters.

    Attributes:
        reason: Says why.
        at: When it is applied by itself, as it was typed; empty: when asked to.
        auto_apply: Lets the last approval apply it.
        draft: Keeps the request a draft.
    """

    reason: str = ""
    at: str = ""
    auto_apply: bool = False
    draft: bool = False


def propose(
    session: Session,
    stub: ExperimentServiceStub,
    experiment_id: str,
    change: pb.Change,
    terms: Terms,
    *,
    etag: str = "",
    validate_only: bool = False,
) -> pb.ProposeChangeResponse:
    """Proposes a change, and returns what became of it.

    Raises:
        PlatformError: As ExperimentService.ProposeChange says.
    """
    request = pb.ProposeChangeRequest(
        experiment_id=experiment_id,
        change=change,
        reason=terms.reason,
        etag=etag,
        request_id=session.new_id("req"),
        draft=terms.draft,
        scheduled_at=_timestamp(terms.at),
        auto_apply=terms.auto_apply,
        validate_only=validate_only,
    )
    return client.call(stub.ProposeChange, request, timeout_seconds=CALL_SECONDS)


def _timestamp(text: str) -> Timestamp | None:
    if not text:
        return None
    found = Timestamp()
    found.FromDatetime(times.instant("--at", text))
    return found
