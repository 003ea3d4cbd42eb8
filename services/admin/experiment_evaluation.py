"""What other weights of an experiment's arms would have earned, as the bandit knows it."""

from rich.console import RenderableType

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from services.admin.clients import CALL_SECONDS
from services.admin.evaluation import parsed
from services.admin.evaluation_table import add_estimate, cautions, estimates_table, with_grounds
from services.admin.flags import named_by_flags
from shared.rpc import client
from shared.statistics.result.report import Interval


def evaluate_experiment(
    stub: BanditServiceStub, experiment_id: str, *, weights: str, metric_id: str, alpha: float
) -> pb.EvaluatePolicyResponse:
    """Returns what the weights would have earned per unit.

    Raises:
        InvalidArgument: INVALID_FIELD.
        NotFound: EXPERIMENT_NOT_FOUND.
        FailedPrecondition: NOT_ESTIMABLE.
        PlatformError: The call failed.
    """
    request = pb.EvaluatePolicyRequest(
        experiment_id=experiment_id,
        metric_id=metric_id,
        weights=[common_pb2.ArmWeight(arm_id=arm_id, weight=weight) for arm_id, weight in parsed(weights).items()],
        alpha=alpha,
    )
    with named_by_flags():
        return client.call(stub.EvaluatePolicy, request, timeout_seconds=CALL_SECONDS)


def drawing(found: pb.EvaluatePolicyResponse, alpha: float) -> RenderableType:
    """Returns a row per estimator, and what the estimates rest on."""
    table = estimates_table(alpha)
    for value in found.values:
        name = pb.PolicyEstimator.Name(value.estimator).removeprefix("POLICY_ESTIMATOR_")
        interval = Interval(value.value, value.interval_low, value.interval_high)
        add_estimate(table, name, interval, value.standard_error)
    return with_grounds(
        table,
        logged_value=found.logged_value,
        unit_count=found.unit_count,
        effective_sample_size=found.effective_sample_size,
        caution=cautions(found.cautions),
    )
