"""The analysis split through the service: who is in it, what is answered and recorded, and that nothing is learned."""

from collections import Counter
from dataclasses import replace

import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.bandit.domain.trial import ANALYSIS_PREFIX
from shared.definition.model import Traffic
from tests.bandit.conftest import CHECKOUT, World, refusal
from tests.bandit.rpc.calls import INVALID_FIELD, allocate, outcome

WATCHED = replace(CHECKOUT, experiment_id="watched", traffic=Traffic(analysis_share=0.4))
UNITS = [f"u{number}" for number in range(400)]


@pytest.fixture
def watched(world: World) -> World:
    """A running replica with an experiment that has an analysis split."""
    world.apply(WATCHED)
    world.wait_for_version("watched", 1)
    return world


def bandit(world: World) -> pb.Bandit:
    return world.stub.GetBandit(pb.GetBanditRequest(experiment_id="watched")).bandit


def counted(world: World, unit_count: int) -> pb.Bandit:
    """Returns the bandit once so many units of both sides have been drained and folded."""
    for _ in range(500):
        world.learn()
        shown = bandit(world)
        learned = sum(arm.unit_count for arm in shown.arms)
        if learned + sum(arm.unit_count for arm in shown.analysis_results.arms) == unit_count:
            return shown
    raise AssertionError("the units were not counted")


def convert(world: World, answers: dict[str, pb.Allocation]) -> None:
    """Records a conversion of everybody who was shown blue."""
    rows = [
        outcome(experiment_id="watched", unit_id=unit, event_id=unit)
        for unit, answer in answers.items()
        if answer.arm_id == "blue"
    ]
    assert world.stub.RecordOutcomes(pb.RecordOutcomesRequest(outcomes=rows)).accepted_count == len(rows)


def test_allocate_when_units_are_many_then_the_split_has_its_share_and_says_so(watched: World) -> None:
    answers = [allocate(watched, unit, "watched") for unit in UNITS]

    reasons = Counter(answer.reason for answer in answers)
    assert set(reasons) == {pb.ALLOCATION_REASON_SPLIT, pb.ALLOCATION_REASON_ANALYSIS}
    # Four standard deviations of a binomial share.
    assert reasons[pb.ALLOCATION_REASON_ANALYSIS] == pytest.approx(160, abs=4 * (400 * 0.4 * 0.6) ** 0.5)
    assert {answer.propensity for answer in answers} == {0.5}
    assert {answer.exposure_state for answer in answers} == {pb.EXPOSURE_STATE_RECORDED}


def test_learn_when_the_split_alone_has_outcomes_then_weights_stay_and_its_results_are_shown(watched: World) -> None:
    answers = {unit: allocate(watched, unit, "watched") for unit in UNITS}
    of_split = {unit: one for unit, one in answers.items() if one.reason == pb.ALLOCATION_REASON_ANALYSIS}
    convert(watched, of_split)

    quiet = counted(watched, len(UNITS))
    convert(watched, answers)
    watched.learn()
    loud = bandit(watched)

    assert quiet.snapshot.policy_version == 1
    assert sum(arm.unit_count for arm in quiet.arms) == len(UNITS) - len(of_split)
    assert sum(arm.value_sum for arm in quiet.arms) == 0
    control, blue = quiet.analysis_results.arms
    assert control.unit_count + blue.unit_count == len(of_split)
    assert (control.mean, blue.mean, control.weight, blue.weight) == (0.0, 1.0, 0.5, 0.5)
    assert quiet.analysis_results.left_out_unit_count == 0
    assert quiet.health.multiple_arm_unit_count == 0
    # The others' outcomes do move the weights, and only theirs.
    assert loud.snapshot.policy_version == 2
    assert loud.snapshot.arms[1].weight > 0.9
    assert loud.snapshot.arms[1].analysis_weight == 0.5
    assert loud.analysis_results == quiet.analysis_results


def test_batches_when_weights_were_learned_then_both_propensities_are_told(watched: World) -> None:
    convert(watched, {unit: allocate(watched, unit, "watched") for unit in UNITS})
    counted(watched, len(UNITS))
    watched.wait_for_version("watched", 2)

    batch = watched.stub.BatchAllocate(pb.BatchAllocateRequest(experiment_id="watched", unit_ids=UNITS))
    hashes = b"".join(number.to_bytes(8, "little") for number in range(400))
    asked = pb.BatchAllocateColumnsRequest(experiment_id="watched", unit_hashes=hashes)
    columns = watched.stub.BatchAllocateColumns(asked)

    told = dict(zip(batch.reasons, batch.propensities, strict=True))
    assert told[pb.ALLOCATION_REASON_ANALYSIS] == 0.5
    learned = {
        propensity
        for reason, propensity in zip(batch.reasons, batch.propensities, strict=True)
        if reason == pb.ALLOCATION_REASON_SPLIT
    }
    assert max(learned) > 0.9
    assert set(columns.reasons) == {pb.ALLOCATION_REASON_SPLIT, pb.ALLOCATION_REASON_ANALYSIS}
    assert [arm.analysis_weight for arm in columns.arms] == [0.5, 0.5]


def test_exposures_when_recorded_by_version_then_they_are_the_splits(watched: World) -> None:
    answers = {
        unit: allocate(watched, unit, "watched", exposure_mode=pb.EXPOSURE_MODE_DEFERRED) for unit in UNITS[:100]
    }
    rows = [pb.Exposure(experiment_id="watched", unit_id=unit, policy_version=1) for unit in answers]

    assert watched.stub.RecordExposure(pb.RecordExposureRequest(exposures=rows)).accepted_count == 100

    shown = counted(watched, 100)
    expected = Counter(one.arm_id for one in answers.values() if one.reason == pb.ALLOCATION_REASON_ANALYSIS)
    assert {arm.arm_id: arm.unit_count for arm in shown.analysis_results.arms} == expected


def test_get_bandit_when_there_is_no_split_then_no_results_of_one(world: World) -> None:
    request = pb.GetBanditRequest(experiment_id="checkout")

    assert not world.stub.GetBandit(request).bandit.HasField("analysis_results")


def test_evaluate_policy_when_an_arm_is_named_as_it_is_logged_then_it_is_refused(watched: World) -> None:
    asked = pb.EvaluatePolicyRequest(
        experiment_id="watched", weights=[common_pb2.ArmWeight(arm_id=f"{ANALYSIS_PREFIX}blue", weight=1.0)]
    )

    assert refusal(watched.stub.EvaluatePolicy, asked) == (*INVALID_FIELD, ["weights[0].arm_id"])
