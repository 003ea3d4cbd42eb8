"""What becomes of the wish to propose: what is waited for, for how long, and what is said of it."""

from types import SimpleNamespace
from typing import Any

import pytest

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import analysis_service_pb2 as service_pb
from services.admin import opened_requests


def analysis(verdict: "pb.DecisionVerdict.ValueType", change_request_id: str = "") -> pb.ExperimentAnalysis:
    return pb.ExperimentAnalysis(
        analysis_id="analysis_1", decision=pb.Decision(verdict=verdict), change_request_id=change_request_id
    )


def awaited(first: pb.ExperimentAnalysis, *later: pb.ExperimentAnalysis) -> tuple[pb.ExperimentAnalysis, list[float]]:
    """Returns what is found in the end, and the pauses; the last answer is the one from then on."""
    pauses: list[float] = []

    def get(request: service_pb.GetAnalysisRequest, **_options: object) -> service_pb.GetAnalysisResponse:
        assert request.analysis_id == first.analysis_id
        return service_pb.GetAnalysisResponse(analysis=later[min(len(pauses), len(later)) - 1])

    stub: Any = SimpleNamespace(GetAnalysis=get)
    return opened_requests.awaited(stub, first, now=lambda: sum(pauses), pause=pauses.append), pauses


SHIP = analysis(pb.DECISION_VERDICT_SHIP)
ASKED = analysis(pb.DECISION_VERDICT_SHIP, "change_1")


def test_awaited_when_the_request_comes_then_it_is_there() -> None:
    found, pauses = awaited(SHIP, SHIP, SHIP, ASKED)

    assert (found, len(pauses)) == (ASKED, 3)


def test_awaited_when_none_comes_then_not_for_ever() -> None:
    found, pauses = awaited(SHIP, SHIP)

    assert (found, sum(pauses)) == (SHIP, opened_requests.WAIT_SECONDS)


@pytest.mark.parametrize("first", [ASKED, analysis(pb.DECISION_VERDICT_CONTINUE)])
def test_awaited_when_there_is_nothing_to_wait_for_then_nobody_is_asked(first: pb.ExperimentAnalysis) -> None:
    assert awaited(first) == (first, [])


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (ASKED, "Change request change_1 asks for what it decides."),
        (SHIP, "`expctl analysis show analysis_1` then names it"),
        (analysis(pb.DECISION_VERDICT_INVESTIGATE), "no change request is opened"),
    ],
)
def test_standing_when_asked_then_says_what_became_of_the_wish(found: pb.ExperimentAnalysis, words: str) -> None:
    assert words in opened_requests.standing(found)
