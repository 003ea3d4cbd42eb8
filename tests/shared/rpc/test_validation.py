"""Rules of the protos to violations."""

import pytest

from experimentation.v1 import common_pb2, experiment_service_pb2
from shared.errors import InvalidArgument, Reason
from shared.rpc.validation import RequestRules


def test_check_when_rules_are_broken_then_names_the_fields_as_people_write_them() -> None:
    arms = [common_pb2.Arm(arm_id="a"), common_pb2.Arm(arm_id="!")]
    experiment = common_pb2.Experiment(experiment_id="x", labels={"k" * 64: "v"}, arms=arms, metrics=[])

    with pytest.raises(InvalidArgument) as raised:
        RequestRules().check(experiment_service_pb2.CreateExperimentRequest(experiment=experiment))

    fields = {violation.field: violation.description for violation in raised.value.violations}
    assert raised.value.reason is Reason.INVALID_FIELD
    assert set(fields) >= {
        f'experiment.labels["{"k" * 64}"]',
        "experiment.arms[1].arm_id",
        "experiment.metrics",
    }
    assert fields["experiment.metrics"] == "must contain at least 1 item(s)"


def test_check_when_no_rule_is_broken_then_returns() -> None:
    RequestRules().check(common_pb2.Arm(arm_id="a"))
