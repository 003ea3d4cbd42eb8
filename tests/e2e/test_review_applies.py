"""What review applies is what the bandit serves: soon, in order, and without a restart, on the local stack."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from experimentation.v1 import bandit_service_pb2 as bandit
from experimentation.v1 import common_pb2 as common
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin.stack import LocalStack
from services.admin.stack_defaults import Ports
from shared.ids import new_id
from shared.rpc import client
from tests.review.requests import PAUSE, START, create, propose
from tests.review.verbs import approve

WAIT_SECONDS = 60.0
ROUNDS = 20
NARROW, WIDE = 0.2, 1.0
# That all of them are among a share of 0.2 has a chance of 0.2 ** 64.
UNITS = [f"unit {number}" for number in range(64)]
OUT, IN = bandit.ALLOCATION_REASON_NOT_IN_TRAFFIC, bandit.ALLOCATION_REASON_SPLIT


@pytest.fixture(scope="module")
def stack(open_directory: Path) -> Iterator[LocalStack]:
    """A local stack as `expctl up` starts it, with the policy that ships."""
    with LocalStack(open_directory / "review-applies", ports=Ports.free()) as running:
        yield running


class Stack:
    """Calls the stack as ann, who proposes, rob, who approves, and the service, which allocates and watches."""

    def __init__(self, stack: LocalStack, experiment_id: str) -> None:
        self.experiment_id = experiment_id
        review, replica = stack.addresses["review"], stack.addresses["bandit"]
        ann, rob = (client.open_channel(review, token=stack.token(name)) for name in ("ann", "rob"))
        service = client.open_channel(replica, token=stack.token("service"))
        self._channels = (ann, rob, service)
        self.experiments, self.reviews = ExperimentServiceStub(ann), ReviewServiceStub(rob)
        self.bandit = BanditServiceStub(service)
        self.experiments.CreateExperiment(create(experiment_id))

    def close(self) -> None:
        for channel in self._channels:
            channel.close()

    def approved(self, change: pb.Change) -> pb.ChangeRequest:
        """Proposes the change, and approves it, which applies it; returns the request after that."""
        asked = propose(change, self.experiment_id, auto_apply=True)
        proposed = self.experiments.ProposeChange(asked).change_request
        assert proposed.state == pb.CHANGE_REQUEST_STATE_PENDING
        answer = self.reviews.ApproveChangeRequest(approve(proposed)).change_request
        assert answer.state == pb.CHANGE_REQUEST_STATE_APPLIED
        return answer

    def reason(self, unit_id: str) -> bandit.AllocationReason.ValueType:
        request = bandit.AllocateRequest(
            experiment_id=self.experiment_id, unit_id=unit_id, exposure_mode=bandit.EXPOSURE_MODE_DEFERRED
        )
        return self.bandit.Allocate(request, timeout=WAIT_SECONDS).allocation.reason

    def snapshots(self) -> Iterator[bandit.PolicySnapshot]:
        """Yields the snapshots that are published, from those there are."""
        request = bandit.WatchPoliciesRequest(experiment_ids=[self.experiment_id])
        for message in self.bandit.WatchPolicies(request, timeout=10 * WAIT_SECONDS):
            yield from message.snapshots


@pytest.fixture
def caller(stack: LocalStack) -> Iterator[Stack]:
    """Has an experiment of its own, a draft."""
    made = Stack(stack, new_id("e").replace("_", "-"))
    yield made
    made.close()


def traffic(share: float) -> pb.Change:
    return pb.Change(edit_traffic=pb.EditTrafficChange(traffic=common.Traffic(share=share)))


def test_apply_when_an_approval_applies_then_what_is_served_follows(caller: Stack) -> None:
    snapshots = caller.snapshots()
    started = caller.approved(START)
    served = next(snapshots)
    assert (served.experiment_revision, served.state) == (started.applied_revision, common.EXPERIMENT_STATE_RUNNING)
    assert {caller.reason(unit) for unit in UNITS} == {IN}

    probe, seconds = "", []
    for number in range(ROUNDS):
        share = WIDE if number % 2 else NARROW
        applied = caller.approved(traffic(share))
        told_at = time.monotonic()
        before, served = served, next(snapshots)
        seconds.append(time.monotonic() - told_at)

        assert (served.experiment_revision, served.traffic_share) == (applied.applied_revision, share)
        assert served.policy_version == before.policy_version + 1
        assert served.published_at.ToNanoseconds() >= applied.applied_at.ToNanoseconds()
        probe = probe or next(unit for unit in UNITS if caller.reason(unit) == OUT)
        assert caller.reason(probe) == (IN if share == WIDE else OUT)

    print(  # noqa: T201 - whoever runs it wants to know
        f"from the answer of the approval to what is served: median of {ROUNDS} {median(seconds):.3f} s,"
        f" at most {max(seconds):.3f} s"
    )


def test_pause_when_nobody_is_asked_then_everybody_gets_the_control(caller: Stack) -> None:
    snapshots = caller.snapshots()
    caller.approved(START)
    next(snapshots)

    paused = caller.experiments.ProposeChange(propose(PAUSE, caller.experiment_id)).change_request

    assert paused.state == pb.CHANGE_REQUEST_STATE_APPLIED
    assert next(snapshots).experiment_revision == paused.applied_revision
    assert {caller.reason(unit) for unit in UNITS} == {bandit.ALLOCATION_REASON_PAUSED}
