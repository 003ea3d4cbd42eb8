"""From a design to a decision: started by people, analysed, and proposed to them, once, with nothing applied."""

from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import analysis_pb2, common_pb2, experiment_service_pb2, hypothesis_pb2, review_service_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.main.sweeps import build_proposals
from tests.ai.rpc.place import Place
from tests.ai.rpc.requests import analyze, arm, suggest, sums
from tests.review.verbs import apply, approve

DAY = 24 * 3600


def started(place: Place, experiment_id: str) -> pb.CreateExperimentFromDesignResponse:
    """Returns what was made of a design of a hypothesis, once people have approved and applied its start."""
    ann, desk = place.lab["ann"], place.desk
    made = place.lab.ended(ann.SuggestHypotheses(suggest()).job)
    request = pb.ListHypothesesRequest(job_id=made.job_id, metric_id="signup")
    hypothesis = ann.ListHypotheses(request).hypotheses[0]
    created = place.create(
        place.design(hypothesis_id=hypothesis.hypothesis_id, primary_metric_id="signup").design_id, experiment_id
    )
    found = review_service_pb2.GetChangeRequestRequest(change_request_id=created.change_request_id)
    change = desk["rob"].reviews.GetChangeRequest(found).change_request
    for reviewer in ("rob", "rae"):
        # It touches revenue.
        desk[reviewer].reviews.ApproveChangeRequest(approve(change))
    desk["ann"].reviews.ApplyChangeRequest(apply(change))
    return created


def winning(created: pb.CreateExperimentFromDesignResponse) -> analysis_pb2.Aggregates:
    """Returns two weeks of data, with all the planned units, in which the treatment is better."""
    units = max(created.design.plan.units_per_arm)
    now = Timestamp()
    now.GetCurrentTime()
    return sums(
        arms=[arm("control", units, units // 10, control=True), arm("variant-1", units, units // 8)],
        as_of=now,
        started_at=Timestamp(seconds=now.seconds - 15 * DAY),
    )


def requests_of(place: Place, experiment_id: str) -> list[experiment_service_pb2.ChangeRequest]:
    kept = review_service_pb2.ChangeRequestFilter(experiment_id=experiment_id)
    asked = review_service_pb2.ListChangeRequestsRequest(filter=kept)
    return list(place.desk["vic"].reviews.ListChangeRequests(asked).change_requests)


def test_propose_when_the_goal_is_met_then_shipping_waits_for_a_person(place: Place) -> None:
    created = started(place, "winner")
    hypothesis = pb.GetHypothesisRequest(hypothesis_id=created.design.hypothesis_id)
    assert place.lab["vic"].GetHypothesis(hypothesis).hypothesis.state == hypothesis_pb2.HYPOTHESIS_STATE_TESTED
    job = place.lab.ended(
        place.lab["ann"].AnalyzeExperiment(analyze("winner", aggregates=winning(created), propose=True)).job
    )
    sweep = build_proposals(place.lab.parts, place.lab.proposer)["proposals"]

    sweep()
    sweep()

    stored = place.lab["vic"].GetAnalysis(pb.GetAnalysisRequest(analysis_id=job.analysis_id)).analysis
    assert stored.decision.verdict == analysis_pb2.DECISION_VERDICT_SHIP
    newest, start = requests_of(place, "winner")
    assert (newest.change_request_id, start.change_request_id) == (stored.change_request_id, created.change_request_id)
    assert newest.change.stop.shipped_arm_id == "variant-1"
    assert (newest.requester, newest.state) == ("agent", experiment_service_pb2.CHANGE_REQUEST_STATE_PENDING)
    running = experiment_service_pb2.GetExperimentRequest(experiment_id="winner")
    state = place.desk["vic"].experiments.GetExperiment(running).experiment.state
    assert state == common_pb2.EXPERIMENT_STATE_RUNNING


def test_propose_when_nobody_asked_for_it_then_nothing_is_proposed(place: Place) -> None:
    created = started(place, "quiet")
    place.lab.ended(place.lab["ann"].AnalyzeExperiment(analyze("quiet", aggregates=winning(created))).job)

    build_proposals(place.lab.parts, place.lab.proposer)["proposals"]()

    assert len(requests_of(place, "quiet")) == 1
