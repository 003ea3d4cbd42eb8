"""BanditService over gRPC: convert, call one use case, convert."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import grpc

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import bandit_service_pb2_grpc as rpc
from services.bandit.convert import allocations, insight, records
from services.bandit.domain.switches import SwitchKind
from services.bandit.service.columns import allocate_columns
from services.bandit.service.evaluation import EvaluationService
from services.bandit.service.insight import InsightService
from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.recording import RecordingService
from services.bandit.service.serving import AllocationService
from services.bandit.service.switching import SwitchService
from shared.bell import Bell
from shared.errors import invalid_field
from shared.policy.encoding import NOTHING_TOLD
from shared.rpc import caller, pagination
from shared.rpc.pools import Pool

SERVICE = pb.DESCRIPTOR.services_by_name["BanditService"]

POOLS: Mapping[str, Pool] = {
    "Allocate": Pool.FAST,
    "BatchAllocate": Pool.FAST,
    "BatchAllocateColumns": Pool.FAST,
    "AllocateAll": Pool.FAST,
}
"""The methods that never wait."""

CHECKED = (
    "GetBandit",
    "ListPolicySnapshots",
    "WatchPolicies",
    "Freeze",
    "Unfreeze",
    "ServeControl",
    "ServeArms",
    "EvaluatePolicy",
)
"""The methods whose requests are checked against the rules of their protos; the others check by hand, for speed."""

MAX_BATCH_ROWS = 10_000
MAX_EXPERIMENTS = 1_000
HEARTBEAT_SECONDS = 20.0
MAX_WATCH_BYTES = 2 << 20
"""Clients take messages of 4 MiB unless they are told otherwise, and a snapshot has less than 1 MiB."""


_SwitchRequest: TypeAlias = pb.FreezeRequest | pb.UnfreezeRequest | pb.ServeControlRequest | pb.ServeArmsRequest


class BanditServicer(rpc.BanditServiceServicer):
    """Answers the RPCs of BanditService."""

    def __init__(
        self,
        allocations: AllocationService,
        recording: RecordingService,
        insight: InsightService,
        evaluation: EvaluationService,
        switches: SwitchService,
        *,
        book: PolicyBook,
        changes: Bell,
    ) -> None:
        self._allocations = allocations
        self._recording = recording
        self._insight = insight
        self._evaluation = evaluation
        self._switches = switches
        self._book = book
        self._changes = changes

    def Allocate(self, request: pb.AllocateRequest, context: grpc.ServicerContext) -> pb.AllocateResponse:
        """Returns the arm of one unit."""
        allocation = self._allocations.allocate(
            request.experiment_id,
            request.unit_id,
            expose=request.exposure_mode != pb.EXPOSURE_MODE_DEFERRED,
            previous_token=request.previous_token,
            allocation_id=request.allocation_id,
            context=allocations.context_from_proto(request.context) if request.context else NOTHING_TOLD,
        )
        return allocations.allocate_response(allocation)

    def BatchAllocate(
        self, request: pb.BatchAllocateRequest, context: grpc.ServicerContext
    ) -> pb.BatchAllocateResponse:
        """Returns the arms of many units."""
        unit_ids = list(request.unit_ids)
        _check_count("unit_ids", len(unit_ids))
        batch = self._allocations.batch_allocate(
            request.experiment_id,
            unit_ids,
            include_tokens=request.include_tokens,
            contexts=allocations.contexts_from_proto(request.contexts),
        )
        return allocations.batch_to_proto(batch)

    def BatchAllocateColumns(
        self, request: pb.BatchAllocateColumnsRequest, context: grpc.ServicerContext
    ) -> pb.BatchAllocateColumnsResponse:
        """Returns the arms of very many units as packed bytes."""
        units = allocations.units_from_proto(request)
        return allocations.columns_to_proto(allocate_columns(self._book, request.experiment_id, units))

    def AllocateAll(self, request: pb.AllocateAllRequest, context: grpc.ServicerContext) -> pb.AllocateAllResponse:
        """Returns the arms of one unit in many experiments."""
        _check_count("experiment_ids", len(request.experiment_ids), low=0, high=MAX_EXPERIMENTS)
        answers = self._allocations.allocate_all(
            request.unit_id,
            request.experiment_ids,
            expose=request.exposure_mode == pb.EXPOSURE_MODE_IMMEDIATE,
            context=allocations.context_from_proto(request.context),
        )
        return pb.AllocateAllResponse(allocations=[allocations.allocate_response(one).allocation for one in answers])

    def RecordExposure(
        self, request: pb.RecordExposureRequest, context: grpc.ServicerContext
    ) -> pb.RecordExposureResponse:
        """Records that units saw their arms."""
        _check_count("exposures", len(request.exposures))
        receipt = self._recording.record_exposures(map(records.exposure_from_proto, request.exposures))
        return pb.RecordExposureResponse(
            accepted_count=receipt.accepted_count,
            rejections=records.rejections_to_proto(receipt),
            durability=records.durability_to_proto(receipt.durability),
        )

    def RecordOutcomes(
        self, request: pb.RecordOutcomesRequest, context: grpc.ServicerContext
    ) -> pb.RecordOutcomesResponse:
        """Records metric values of units."""
        _check_count("outcomes", len(request.outcomes))
        receipt = self._recording.record_outcomes(map(records.outcome_from_proto, request.outcomes))
        return pb.RecordOutcomesResponse(
            accepted_count=receipt.accepted_count,
            rejections=records.rejections_to_proto(receipt),
            durability=records.durability_to_proto(receipt.durability),
        )

    def GetBandit(self, request: pb.GetBanditRequest, context: grpc.ServicerContext) -> pb.GetBanditResponse:
        """Returns what the bandit knows and does."""
        bandit = self._insight.bandit(request.experiment_id)
        control_switch = self._switches.control_switch(request.experiment_id)
        return pb.GetBanditResponse(bandit=insight.bandit_to_proto(bandit, control_switch))

    def ListPolicySnapshots(
        self, request: pb.ListPolicySnapshotsRequest, context: grpc.ServicerContext
    ) -> pb.ListPolicySnapshotsResponse:
        """Lists the published snapshots of an experiment, newest first."""
        size = pagination.page_size(request.page_size)
        query = {"rpc": "ListPolicySnapshots", "experiment_id": request.experiment_id}
        cursor = pagination.decode(request.page_token, query)
        below = int(cursor[0] or 0) if cursor else None
        snapshots = self._insight.snapshots(request.experiment_id, below_version=below, limit=size + 1)
        page = snapshots[:size]
        more = len(snapshots) > size
        return pb.ListPolicySnapshotsResponse(
            snapshots=[insight.published_to_proto(snapshot) for snapshot in page],
            next_page_token=pagination.encode([page[-1].policy_version], query) if more else "",
        )

    def WatchPolicies(
        self, request: pb.WatchPoliciesRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WatchPoliciesResponse]:
        """Streams the newest snapshots, then each new one."""
        wanted = frozenset(request.experiment_ids)
        sent: dict[str, int] = {}
        cursor = self._changes.cursor()
        # Who leaves is noticed at once, and the thread is free.
        context.add_callback(self._changes.ring)
        *parts, last = self._unsent(wanted, sent)
        last.initial_state_complete = True
        yield from (*parts, last)
        while context.is_active() and not self._changes.closed:
            before, cursor = cursor, self._changes.wait_beyond(cursor, timeout_seconds=HEARTBEAT_SECONDS)
            caller.confirm()
            for message in self._unsent(wanted, sent):
                if message.snapshots or cursor == before:
                    yield message

    def Freeze(self, request: pb.FreezeRequest, context: grpc.ServicerContext) -> pb.FreezeResponse:
        """Keeps the weights of an experiment as they are."""
        return pb.FreezeResponse(learning_switch=self._switch(SwitchKind.FREEZE, request))

    def Unfreeze(self, request: pb.UnfreezeRequest, context: grpc.ServicerContext) -> pb.UnfreezeResponse:
        """Lets the weights of an experiment follow the data again."""
        return pb.UnfreezeResponse(learning_switch=self._switch(SwitchKind.UNFREEZE, request))

    def ServeControl(self, request: pb.ServeControlRequest, context: grpc.ServicerContext) -> pb.ServeControlResponse:
        """Gives everybody in an experiment the control."""
        return pb.ServeControlResponse(learning_switch=self._switch(SwitchKind.SERVE_CONTROL, request))

    def ServeArms(self, request: pb.ServeArmsRequest, context: grpc.ServicerContext) -> pb.ServeArmsResponse:
        """Gives units in an experiment their arms again."""
        return pb.ServeArmsResponse(learning_switch=self._switch(SwitchKind.SERVE_ARMS, request))

    def EvaluatePolicy(
        self, request: pb.EvaluatePolicyRequest, context: grpc.ServicerContext
    ) -> pb.EvaluatePolicyResponse:
        """Estimates what other weights would have earned."""
        evaluation = self._evaluation.evaluate(
            request.experiment_id,
            [(arm.arm_id, arm.weight) for arm in request.weights],
            metric_id=request.metric_id,
            alpha=request.alpha,
            analysis_split=request.analysis_split,
        )
        return insight.evaluation_to_proto(evaluation)

    def _switch(self, kind: SwitchKind, request: _SwitchRequest) -> pb.LearningSwitch:
        recorded = self._switches.switch(
            kind,
            request.experiment_id,
            reason=request.reason,
            actor=caller.current().principal_id,
            request_id=request.request_id,
        )
        return insight.switch_to_proto(recorded)

    def _unsent(self, wanted: frozenset[str], sent: dict[str, int]) -> list[pb.WatchPoliciesResponse]:
        """Returns what is new in one message, or in several where one would be too large; at least an empty one."""
        fresh = [
            policy
            for experiment_id, policy in sorted(self._book.policies().items())
            if (not wanted or experiment_id in wanted) and sent.get(experiment_id) != policy.answer_version
        ]
        sent.update({policy.experiment_id: policy.answer_version for policy in fresh})
        messages, room = [pb.WatchPoliciesResponse()], MAX_WATCH_BYTES
        for snapshot in (insight.published_to_proto(policy.snapshot) for policy in fresh):
            room -= snapshot.ByteSize()
            if room < 0 and messages[-1].snapshots:
                messages.append(pb.WatchPoliciesResponse())
                room = MAX_WATCH_BYTES - snapshot.ByteSize()
            messages[-1].snapshots.append(snapshot)
        return messages


def _check_count(field: str, count: int, *, low: int = 1, high: int = MAX_BATCH_ROWS) -> None:
    if not low <= count <= high:
        raise invalid_field(field, f"has {count} entries, must have {low} to {high}")
