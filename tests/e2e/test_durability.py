"""Whatever is killed under load, every acknowledged outcome counts exactly once."""

import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2 as common
from tests.e2e.load import Load
from tests.e2e.processes import BANDIT, LEARNER, REVIEW, Processes, bandit_stub, eventually, start_experiment

KILLS = 3


class Stack:
    """Is a running stack and where its replica is now."""

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.review = processes.start(REVIEW)["grpc"]
        processes.start(LEARNER)
        self.bandit = processes.start(BANDIT)["grpc"]

    def restart_bandit(self) -> None:
        self.processes.kill(BANDIT)
        self.bandit = self.processes.start(BANDIT)["grpc"]

    def serve(self, experiment_id: str) -> None:
        """Returns when an experiment is served."""
        start_experiment(self.review, experiment_id, kind=common.METRIC_KIND_MEAN)
        eventually(lambda: self.serves(experiment_id), "the experiment is served")

    def serves(self, experiment_id: str) -> bool:
        stub = bandit_stub(self.bandit)
        try:
            stub.Allocate(
                pb.AllocateRequest(
                    experiment_id=experiment_id, unit_id="probe", exposure_mode=pb.EXPOSURE_MODE_DEFERRED
                )
            )
        except grpc.RpcError:
            return False
        return True

    def counted(self, experiment_id: str) -> tuple[int, float]:
        """Returns how many units are counted, and the sum of their values."""
        try:
            answer = bandit_stub(self.bandit).GetBandit(pb.GetBanditRequest(experiment_id=experiment_id))
        except grpc.RpcError:
            return -1, -1.0
        arms = answer.bandit.arms
        return sum(arm.unit_count for arm in arms), sum(arm.value_sum for arm in arms)

    def assert_counted_exactly_once(self, experiment_id: str, load: Load) -> None:
        wanted = (load.unit_count, float(load.acknowledged_sum))
        assert load.unit_count > 0
        eventually(
            lambda: self.counted(experiment_id) == wanted, f"{wanted} counted, now {self.counted(experiment_id)}"
        )


@pytest.fixture(scope="module")
def stack(open_directory: Path, directory: None) -> Iterator[Stack]:
    with Processes(open_directory / "durability") as processes:
        yield Stack(processes)


@pytest.fixture(scope="module", autouse=True)
def directory(open_directory: Path) -> None:
    (open_directory / "durability").mkdir(mode=0o711)


def let_it_run(load: Load, calls: int = 4) -> None:
    """Returns when some more calls were acknowledged."""
    wanted = load.acknowledged_count + calls * 20
    eventually(lambda: load.acknowledged_count >= wanted, "the load goes on")


def test_outcomes_when_the_replica_is_killed_then_count_exactly_once(stack: Stack) -> None:
    stack.serve("kill-replica")
    load = Load(lambda: stack.bandit, "kill-replica")

    for _ in range(KILLS):
        let_it_run(load)
        stack.restart_bandit()
    let_it_run(load)
    load.stop()

    assert load.failure_count > 0
    stack.assert_counted_exactly_once("kill-replica", load)


def test_outcomes_when_the_learner_is_killed_then_count_exactly_once(stack: Stack) -> None:
    stack.serve("kill-learner")
    load = Load(lambda: stack.bandit, "kill-learner")

    for _ in range(KILLS):
        let_it_run(load, 20)
        stack.processes.kill(LEARNER)
        stack.processes.start(LEARNER)
    let_it_run(load)
    load.stop()

    assert load.failure_count == 0
    stack.assert_counted_exactly_once("kill-learner", load)


def test_learning_when_the_learner_is_killed_then_another_takes_over(stack: Stack) -> None:
    stack.serve("take-over")
    stack.processes.start(LEARNER, "standby")
    load = Load(lambda: stack.bandit, "take-over")

    let_it_run(load)
    stack.processes.kill(LEARNER)
    let_it_run(load)
    load.stop()

    stack.assert_counted_exactly_once("take-over", load)
    stack.processes.start(LEARNER)
    stack.processes.kill("standby")


def test_outcomes_when_postgres_is_killed_then_count_exactly_once(stack: Stack) -> None:
    stack.serve("kill-postgres")
    load = Load(lambda: stack.bandit, "kill-postgres")

    for _ in range(KILLS):
        let_it_run(load)
        stack.processes.postgres.kill()
        let_it_run(load)
        stack.processes.postgres.start()
    let_it_run(load)
    load.stop()

    assert load.allocate_failure_count == 0
    stack.assert_counted_exactly_once("kill-postgres", load)


def test_serving_when_postgres_is_away_then_answers_and_restarts_stale(stack: Stack) -> None:
    stack.serve("postgres-away")
    stack.processes.postgres.kill()
    load = Load(lambda: stack.bandit, "postgres-away")
    let_it_run(load, 30)
    load.stop()

    assert load.failure_count == 0
    eventually(lambda: stale_answer(stack).freshness == pb.FRESHNESS_STALE, "answers become stale")
    before = stale_answer(stack)
    stack.restart_bandit()
    after = stale_answer(stack)
    assert after.freshness == pb.FRESHNESS_STALE
    assert (after.arm_id, after.policy_version) == (before.arm_id, before.policy_version)

    stack.processes.postgres.start()
    started_at = time.monotonic()
    stack.assert_counted_exactly_once("postgres-away", load)
    assert time.monotonic() - started_at < 30
    eventually(lambda: stale_answer(stack).freshness == pb.FRESHNESS_FRESH, "answers become fresh")


def stale_answer(stack: Stack) -> pb.Allocation:
    request = pb.AllocateRequest(
        experiment_id="postgres-away", unit_id="probe", exposure_mode=pb.EXPOSURE_MODE_DEFERRED
    )
    return bandit_stub(stack.bandit).Allocate(request).allocation
