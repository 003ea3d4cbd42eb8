"""ListPolicySnapshots and WatchPolicies."""

from dataclasses import replace

import grpc

from experimentation.v1 import bandit_service_pb2 as pb
from shared.definition.model import ExperimentState
from shared.errors import Reason
from tests.bandit.conftest import CHECKOUT, World, refusal


def test_list_policy_snapshots_when_paged_then_returns_each_version_once(world: World) -> None:
    for revision in range(2, 6):
        world.apply(replace(CHECKOUT, revision=revision))
    versions, token = [], ""
    while True:
        page = world.stub.ListPolicySnapshots(
            pb.ListPolicySnapshotsRequest(experiment_id="checkout", page_size=2, page_token=token)
        )
        versions += [snapshot.policy_version for snapshot in page.snapshots]
        token = page.next_page_token
        if not token:
            break

    assert versions == [5, 4, 3, 2, 1]


def test_list_policy_snapshots_when_the_token_is_of_another_query_then_is_refused(world: World) -> None:
    world.apply(replace(CHECKOUT, revision=2))
    first = world.stub.ListPolicySnapshots(pb.ListPolicySnapshotsRequest(experiment_id="checkout", page_size=1))

    request = pb.ListPolicySnapshotsRequest(experiment_id="half", page_token=first.next_page_token)

    assert refusal(world.stub.ListPolicySnapshots, request)[:2] == (
        grpc.StatusCode.INVALID_ARGUMENT,
        Reason.INVALID_PAGE_TOKEN,
    )


def test_watch_policies_when_something_is_published_then_streams_it(world: World) -> None:
    stream = world.stub.WatchPolicies(pb.WatchPoliciesRequest(experiment_ids=["checkout"]), timeout=20)
    first = next(stream)
    assert first.initial_state_complete
    assert [snapshot.policy_version for snapshot in first.snapshots] == [1]

    world.apply(replace(CHECKOUT, revision=2, state=ExperimentState.PAUSED))

    second = next(message for message in stream if message.snapshots)
    assert [(one.policy_version, one.experiment_revision) for one in second.snapshots] == [(2, 2)]
    stream.cancel()
