"""The policy snapshots of a bandit, for people: when, why, and which weights."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from services.admin import tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import enum_name, instant
from shared.rpc import client


def pages(stub: BanditServiceStub, experiment_id: str, *, limit: int) -> Iterator[pb.PolicySnapshot]:
    """Yields the snapshots, newest first; at most `limit`, or all where that is 0.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND.
    """
    request = pb.ListPolicySnapshotsRequest(experiment_id=experiment_id, page_size=limit)
    count = 0
    while True:
        response = client.call(stub.ListPolicySnapshots, request, timeout_seconds=CALL_SECONDS)
        for snapshot in response.snapshots:
            yield snapshot
            count += 1
            if count == limit:
                return
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def table(found: Sequence[pb.PolicySnapshot]) -> RenderableType:
    """Returns a row per snapshot."""
    if not found:
        return Text("There are no policy snapshots yet.")
    rows = tables.rows("version", "published (UTC)", "because", "weights", right=("version",))
    for each in found:
        weights = ", ".join(f"{arm.arm_id} {arm.weight:.1%}{' paused' if arm.paused else ''}" for arm in each.arms)
        because = enum_name(pb.PublishReason.DESCRIPTOR, each.publish_reason)
        frozen = ", frozen" if each.frozen else ""
        rows.add_row(str(each.policy_version), instant(each.published_at), because + frozen, Text(weights))
    return rows
