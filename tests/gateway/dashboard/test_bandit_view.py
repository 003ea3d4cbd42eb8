"""What is believed of arms: by those who measured it."""

from experimentation.v1 import bandit_service_pb2, common_pb2
from services.gateway.dashboard.views.bandit import bandit_view
from shared import clock
from tests.gateway.dashboard import examples


def test_nothing_is_drawn_of_an_arm_without_units() -> None:
    bandit = examples.bandit()
    bandit.arms[2].unit_count = 0
    beliefs = bandit_view(bandit, examples.experiment(), clock.now()).beliefs

    assert beliefs is not None
    assert len(beliefs.rows) == 2
    bandit.arms[0].unit_count = bandit.arms[1].unit_count = 0
    assert bandit_view(bandit, examples.experiment(), clock.now()).beliefs is None


def test_what_is_believed_lies_within_what_the_metric_can_be() -> None:
    experiment = examples.experiment()
    metric = common_pb2.Metric(
        metric_id="pages",
        role=common_pb2.METRIC_ROLE_PRIMARY,
        kind=common_pb2.METRIC_KIND_MEAN,
        min_value=0.0,
    )
    del experiment.metrics[:]
    experiment.metrics.append(metric)
    arm = bandit_service_pb2.ArmPosterior(
        arm_id="green", unit_count=3, posterior_mean=0.5, interval_low=-1.0, interval_high=2.0
    )

    beliefs = bandit_view(examples.bandit(arms=[arm]), experiment, clock.now()).beliefs

    assert beliefs is not None
    assert ">-" not in beliefs.svg
