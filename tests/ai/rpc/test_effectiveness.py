"""GetEffectiveness: figures of the rows."""

from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.domain.design_time import MANUAL
from services.ai.domain.hypotheses.model import HypothesisState
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import INVALID_FIELD
from tests.ai.store.contract.desk import Desk
from tests.ai.store.examples import LATER, NOW, analysis, design, hypothesis, job, result


@pytest.fixture
def rows(lab: Lab) -> None:
    """Stores four hypotheses, of which one won and one lost, a design that became an experiment, and an analysis."""
    states = (
        HypothesisState.WON,
        HypothesisState.LOST,
        HypothesisState.REJECTED,
        HypothesisState.PROPOSED,
    )
    made = [hypothesis(f"h{place}", "job_e1", state=state) for place, state in enumerate(states)]
    desk = Desk(lab.parts.store)
    desk.finish(job("job_e1"), result(*made))
    desk.finish(job("job_e2"), result(design=design("d1", "job_e2")))
    desk.finish(job("job_e3"), result(analysis=analysis("a1", "job_e3")))
    lab.parts.store.designs.adopt("d1", experiment_id="form", change_request_id="cr_1", now=NOW + timedelta(hours=1))


@pytest.mark.usefixtures("rows")
def test_effectiveness_when_there_are_rows_then_their_figures(lab: Lab) -> None:
    report = lab["vic"].GetEffectiveness(pb.GetEffectivenessRequest())

    [found] = report.providers
    assert found.provider == analysis_pb2.AI_PROVIDER_HEURISTIC
    assert (found.hypothesis_count, found.accepted_count, found.rejected_count) == (4, 2, 1)
    assert (found.won_count, found.lost_count, found.adopted_count) == (1, 1, 2)
    assert found.acceptance_rate == pytest.approx(2 / 3)
    assert (found.adoption_rate, found.win_rate) == (1.0, 0.5)
    assert found.brier_score == pytest.approx((0.38**2 + 0.62**2) / 2)
    assert [(one.count, one.won_share) for one in found.reliability] == [(2, 0.5)]
    assert (found.design_count, found.adopted_design_count, found.analysis_count) == (1, 1, 1)
    assert report.design_time.measured_count == 1
    assert report.design_time.median_seconds == 3600
    assert report.design_time.manual_seconds == MANUAL.total_seconds()
    assert report.design_time.saved_share == pytest.approx(1 - 3600 / MANUAL.total_seconds())


@pytest.mark.usefixtures("rows")
def test_effectiveness_when_all_is_older_then_nothing_is_known(lab: Lab) -> None:
    later = Timestamp()
    later.FromDatetime(LATER + timedelta(days=1))

    report = lab["vic"].GetEffectiveness(pb.GetEffectivenessRequest(since=later))

    assert not report.providers
    assert report.design_time.measured_count == 0
    assert not report.design_time.HasField("median_seconds")
    assert not report.design_time.HasField("saved_share")


def test_effectiveness_when_the_time_is_none_then_refused(shared_lab: Lab, refused: Refused) -> None:
    request = pb.GetEffectivenessRequest(since=Timestamp(seconds=10**15))

    answer = refused(shared_lab["vic"].GetEffectiveness, request)

    assert (answer.reason, answer.fields) == (INVALID_FIELD, ["since"])
