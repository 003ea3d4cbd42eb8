"""What a bandit's page shows: what is believed of arms that were measured, and what its advice goes by."""

import re

import pytest

from experimentation.v1 import bandit_service_pb2, common_pb2
from services.gateway.dashboard.views.bandit import bandit_view
from shared import clock
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.paths import BANDIT, EXPERIMENT
from tests.gateway.dashboard.visitor import Visitor


def test_nothing_is_drawn_of_an_arm_without_units() -> None:
    bandit = examples.bandit()
    bandit.arms[2].unit_count = 0
    beliefs = bandit_view(bandit, examples.experiment(), clock.now()).beliefs

    assert beliefs is not None
    assert len(beliefs.rows) == 2
    assert re.findall(r'class="series (c\d)"', beliefs.svg) == ["c0", "c1", "c0", "c1"]
    bandit.arms[0].unit_count = 0
    alone = bandit_view(bandit, examples.experiment(), clock.now()).beliefs
    assert alone is not None
    assert re.findall(r'class="series (c\d)"', alone.svg) == ["c1", "c1"], "its colour is that of its weights"
    bandit.arms[0].unit_count = bandit.arms[1].unit_count = 0
    assert bandit_view(bandit, examples.experiment(), clock.now()).beliefs is None


@pytest.mark.parametrize("path", [EXPERIMENT, BANDIT])
def test_both_pages_say_what_decision_and_advice_go_by(rob: Visitor, path: str) -> None:
    shown = re.sub(r"<[^>]+>", "", rob.see(path).text)

    assert "by the declared plan, the health of the data and at least seven days" in shown
    assert "whether one arm is the best" in shown


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
