"""One replay: people arrive, the running bandit allocates them, real outcomes go back, the learner learns."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from services.admin.clients import CALL_SECONDS
from services.admin.demo.deck import Deck
from services.admin.demo.definition import METRIC_ID
from services.admin.demo.thornton import RealArm
from shared import errors
from shared.rpc import client

BATCH_SIZE: Final = 40
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Is where a run stands after a batch that has been learned from."""

    unit_count: int
    conversion_count: int
    policy_version: int
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Run:
    """Is a finished run.

    Attributes:
        checkpoints: One per batch, the last one the end of the run.
        bandit: What the bandit knew at the end.
        allocated: Units by arm, as the answers to Allocate said.
    """

    experiment_id: str
    checkpoints: tuple[Checkpoint, ...]
    bandit: pb.Bandit
    allocated: Mapping[str, int]

    @property
    def unit_count(self) -> int:
        """How many people arrived."""
        return self.checkpoints[-1].unit_count

    @property
    def conversion_count(self) -> int:
        """How many of them came for their result."""
        return self.checkpoints[-1].conversion_count


@dataclass(slots=True)
class _Tally:
    unit_count: int = 0
    conversion_count: int = 0


def replay(
    stub: BanditServiceStub,
    experiment_id: str,
    arms: Sequence[RealArm],
    *,
    unit_count: int,
    rng: np.random.Generator,
    tell: Callable[[Checkpoint], None],
) -> Run:
    """Replays one run of an experiment that was just started.

    After each batch it waits until the learner has seen it, as it would have in the real time between arrivals. The
    run ends early before an arm could run out of rows.

    Args:
        stub: The running bandit.
        experiment_id: The experiment.
        arms: As they really were.
        unit_count: How many people arrive.
        rng: Shuffles the rows.
        tell: Is told about each batch.

    Raises:
        DeadlineExceeded: The learner did not keep up within 30 s a batch.
        PlatformError: A call failed.
    """
    deck, tally = Deck(arms, rng=rng), _Tally()
    allocated = dict.fromkeys((arm.arm_id for arm in arms), 0)
    checkpoints: list[Checkpoint] = []
    await_policy(stub, experiment_id)
    bandit = pb.Bandit()
    while (size := min(BATCH_SIZE, unit_count - tally.unit_count, deck.least_left)) > 0:
        outcomes = []
        for number in range(tally.unit_count, tally.unit_count + size):
            allocation = _allocate(stub, experiment_id, f"person-{number:04d}")
            allocated[allocation.arm_id] += 1
            outcomes.append(_outcome(allocation, deck.draw(allocation.arm_id), number))
        _record(stub, outcomes)
        tally.unit_count += size
        tally.conversion_count += int(sum(outcome.value for outcome in outcomes))
        bandit = _await_learned(stub, experiment_id, tally)
        checkpoints.append(_checkpoint(bandit, tally))
        tell(checkpoints[-1])
    return Run(experiment_id, tuple(checkpoints), bandit, allocated)


def await_policy(stub: BanditServiceStub, experiment_id: str) -> None:
    """Returns once the bandit serves the experiment.

    Raises:
        DeadlineExceeded: It does not after 30 s.
        PlatformError: The call failed.
    """
    request = pb.WatchPoliciesRequest(experiment_ids=[experiment_id])
    responses = client.stream(stub.WatchPolicies, request, timeout_seconds=_PATIENCE_SECONDS)
    try:
        next(response for response in responses if response.snapshots)
    except errors.DeadlineExceeded as error:
        raise _late(f"the bandit does not serve {experiment_id}") from error
    finally:
        responses.close()  # type: ignore[attr-defined]  # it is a generator


def _allocate(stub: BanditServiceStub, experiment_id: str, unit_id: str) -> pb.Allocation:
    request = pb.AllocateRequest(experiment_id=experiment_id, unit_id=unit_id)
    return client.call(stub.Allocate, request, timeout_seconds=CALL_SECONDS).allocation


def _outcome(allocation: pb.Allocation, value: int, number: int) -> pb.Outcome:
    return pb.Outcome(event_id=f"result-{number:04d}", token=allocation.token, metric_id=METRIC_ID, value=value)


def _record(stub: BanditServiceStub, outcomes: Sequence[pb.Outcome]) -> None:
    response = client.call(
        stub.RecordOutcomes, pb.RecordOutcomesRequest(outcomes=outcomes), timeout_seconds=CALL_SECONDS
    )
    for rejection in response.rejections:
        raise errors.Internal(errors.Reason.INTERNAL, f"an outcome was not taken: {rejection.message}")


def _await_learned(stub: BanditServiceStub, experiment_id: str, tally: _Tally) -> pb.Bandit:
    """Returns what the bandit knows once everything that was sent is in its statistics."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    request = pb.GetBanditRequest(experiment_id=experiment_id)
    while time.monotonic() < deadline:
        bandit = client.call(stub.GetBandit, request, timeout_seconds=CALL_SECONDS).bandit
        units = sum(arm.unit_count for arm in bandit.arms)
        conversions = round(sum(arm.value_sum for arm in bandit.arms))
        if (units, conversions) == (tally.unit_count, tally.conversion_count):
            return bandit
        time.sleep(_PAUSE_SECONDS)
    raise _late(f"the learner did not keep up with {experiment_id}")


def _late(problem: str) -> errors.DeadlineExceeded:
    return errors.DeadlineExceeded(errors.Reason.DEADLINE_EXCEEDED, f"{problem} within {_PATIENCE_SECONDS:g} s")


def _checkpoint(bandit: pb.Bandit, tally: _Tally) -> Checkpoint:
    weights = {arm.arm_id: arm.weight for arm in bandit.arms}
    return Checkpoint(tally.unit_count, tally.conversion_count, bandit.snapshot.policy_version, weights)
