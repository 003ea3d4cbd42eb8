"""ReviewService over gRPC: convert, call one use case, convert."""

from collections.abc import Callable, Iterator
from typing import Final

import grpc

from experimentation.v1 import experiment_service_pb2
from experimentation.v1 import review_service_pb2 as pb
from services.review.convert import change_requests as convert
from services.review.convert import policies, requests
from services.review.domain.change_request import ChangeRequest, VerdictKind
from services.review.domain.model import ChangeRequestFilter
from services.review.service import reviewers
from services.review.service.change_requests import ChangeRequestService
from services.review.service.policies import PolicyService
from services.review.service.proposals import ProposalService
from services.review.service.watching import Follower
from services.review.servicer import halting
from shared.bell import Bell
from shared.identity.principal import Principal
from shared.rpc import caller, pagination

HEARTBEAT_SECONDS: Final = 20.0

Follow = Callable[[ChangeRequestFilter, str], Follower]
"""Returns a follower of the requests that are kept, or of the one that is named."""


class ReviewServicer:
    """Answers the RPCs of ReviewService; every error is a PlatformError, as its proto lists them."""

    def __init__(
        self,
        change_requests: ChangeRequestService,
        policies: PolicyService,
        proposals: ProposalService,
        *,
        follow: Follow,
        bell: Bell,
        on_denied: halting.OnDenied = halting.to_nobody,
    ) -> None:
        self._on_denied = on_denied
        self._requests = change_requests
        self._policies = policies
        self._proposals = proposals
        self._follow = follow
        self._bell = bell

    def GetChangeRequest(
        self, request: pb.GetChangeRequestRequest, _context: grpc.ServicerContext
    ) -> pb.GetChangeRequestResponse:
        """Returns one change request."""
        requests.document(request)
        return pb.GetChangeRequestResponse(
            change_request=convert.to_proto(self._requests.get(request.change_request_id))
        )

    def ListChangeRequests(
        self, request: pb.ListChangeRequestsRequest, _context: grpc.ServicerContext
    ) -> pb.ListChangeRequestsResponse:
        """Lists change requests."""
        kept, after = convert.kept(request.filter, _principal()), convert.cursor(request)
        page = self._requests.list_requests(kept, after=after, limit=pagination.page_size(request.page_size))
        return convert.page_to_proto(page, request)

    def WatchChangeRequests(
        self, request: pb.WatchChangeRequestsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WatchChangeRequestsResponse]:
        """Streams the requests that are not closed, then each that changes."""
        requests.document(request)
        kept = convert.kept(request.filter, _principal())
        cursor = self._bell.cursor()
        # Who leaves is noticed at once, and the thread is free.
        context.add_callback(self._bell.ring)
        follower = self._follow(kept, request.change_request_id)
        yield _told(follower.begin())
        while True:
            before, cursor = cursor, self._bell.wait_beyond(cursor, timeout_seconds=HEARTBEAT_SECONDS)
            if self._bell.closed or not context.is_active():
                return
            caller.confirm()
            news = follower.news()
            if news or cursor == before:
                yield _told(news)

    def EditChangeRequest(
        self, request: pb.EditChangeRequestRequest, _context: grpc.ServicerContext
    ) -> pb.EditChangeRequestResponse:
        """Edits a change request."""
        halting.require_permission(
            request.change,
            "change_request.edit",
            self._on_denied,
            # Whatever is shipped: who cannot halt proposes to stop anew.
            control=lambda: request.change.stop.shipped_arm_id,
        )
        edited = self._requests.edit(
            convert.seen(request), convert.edit(request), caller=_principal(), key=requests.key(request)
        )
        return pb.EditChangeRequestResponse(change_request=convert.to_proto(edited))

    def SubmitChangeRequest(
        self, request: pb.SubmitChangeRequestRequest, _context: grpc.ServicerContext
    ) -> pb.SubmitChangeRequestResponse:
        """Submits a draft."""
        submitted = self._requests.submit(convert.seen(request), caller=_principal(), key=requests.key(request))
        return pb.SubmitChangeRequestResponse(change_request=convert.to_proto(submitted))

    def ApproveChangeRequest(
        self, request: pb.ApproveChangeRequestRequest, _context: grpc.ServicerContext
    ) -> pb.ApproveChangeRequestResponse:
        """Approves."""
        return pb.ApproveChangeRequestResponse(change_request=self._judged(request, VerdictKind.APPROVE))

    def RejectChangeRequest(
        self, request: pb.RejectChangeRequestRequest, _context: grpc.ServicerContext
    ) -> pb.RejectChangeRequestResponse:
        """Rejects."""
        return pb.RejectChangeRequestResponse(change_request=self._judged(request, VerdictKind.REJECT))

    def RequestChanges(
        self, request: pb.RequestChangesRequest, _context: grpc.ServicerContext
    ) -> pb.RequestChangesResponse:
        """Sends a request back."""
        return pb.RequestChangesResponse(change_request=self._judged(request, VerdictKind.REQUEST_CHANGES))

    def AddComment(self, request: pb.AddCommentRequest, _context: grpc.ServicerContext) -> pb.AddCommentResponse:
        """Adds a comment."""
        commented = self._requests.comment(
            request.change_request_id, request.text, caller=_principal(), key=requests.key(request)
        )
        return pb.AddCommentResponse(change_request=convert.to_proto(commented))

    def CancelChangeRequest(
        self, request: pb.CancelChangeRequestRequest, _context: grpc.ServicerContext
    ) -> pb.CancelChangeRequestResponse:
        """Withdraws a request."""
        cancelled = self._requests.cancel(
            request.change_request_id, request.comment, caller=_principal(), key=requests.key(request)
        )
        return pb.CancelChangeRequestResponse(change_request=convert.to_proto(cancelled))

    def ApplyChangeRequest(
        self, request: pb.ApplyChangeRequestRequest, _context: grpc.ServicerContext
    ) -> pb.ApplyChangeRequestResponse:
        """Applies an approved request."""
        applied = self._requests.apply(convert.seen(request), caller=_principal(), key=requests.key(request))
        return pb.ApplyChangeRequestResponse(change_request=convert.to_proto(applied))

    def EmergencyApply(
        self, request: pb.EmergencyApplyRequest, _context: grpc.ServicerContext
    ) -> pb.EmergencyApplyResponse:
        """Applies a request without its approvals."""
        applied = self._requests.emergency_apply(
            convert.seen(request), request.justification, caller=_principal(), key=requests.key(request)
        )
        return pb.EmergencyApplyResponse(change_request=convert.to_proto(applied))

    def SignEmergency(
        self, request: pb.SignEmergencyRequest, _context: grpc.ServicerContext
    ) -> pb.SignEmergencyResponse:
        """Signs the review after an emergency."""
        signed = self._requests.sign_emergency(
            request.change_request_id, request.comment, caller=_principal(), key=requests.key(request)
        )
        return pb.SignEmergencyResponse(change_request=convert.to_proto(signed))

    def GetPolicy(self, request: pb.GetPolicyRequest, _context: grpc.ServicerContext) -> pb.GetPolicyResponse:
        """Returns a policy."""
        found = self._policies.get(request.version if request.HasField("version") else None)
        return pb.GetPolicyResponse(policy=policies.to_proto(found))

    def ListPolicies(self, request: pb.ListPoliciesRequest, _context: grpc.ServicerContext) -> pb.ListPoliciesResponse:
        """Lists policies."""
        before, limit = policies.cursor(request), pagination.page_size(request.page_size)
        return policies.page_to_proto(self._policies.list_policies(before=before, limit=limit), request)

    def ProposePolicy(
        self, request: pb.ProposePolicyRequest, _context: grpc.ServicerContext
    ) -> pb.ProposePolicyResponse:
        """Proposes new policy rules."""
        proposed = self._proposals.propose_policy(policies.proposal(request, author=reviewers.author(_principal())))
        return pb.ProposePolicyResponse(change_request=convert.to_proto(proposed))

    def TestPolicy(self, request: pb.TestPolicyRequest, _context: grpc.ServicerContext) -> pb.TestPolicyResponse:
        """Says what the rules make of a change."""
        requests.document(request)
        tried = policies.rules(request.rules)
        judged = self._policies.test(request.experiment_id, convert.experiment_change(request.change), tried)
        return policies.judgement_to_proto(judged)

    def _judged(
        self,
        request: pb.ApproveChangeRequestRequest | pb.RejectChangeRequestRequest | pb.RequestChangesRequest,
        kind: VerdictKind,
    ) -> experiment_service_pb2.ChangeRequest:
        return convert.to_proto(
            self._requests.judge(
                convert.seen(request), kind, request.comment, caller=_principal(), key=requests.key(request)
            )
        )


def _principal() -> Principal:
    return caller.current().principal


def _told(found: list[ChangeRequest]) -> pb.WatchChangeRequestsResponse:
    return pb.WatchChangeRequestsResponse(change_requests=map(convert.to_proto, found))
