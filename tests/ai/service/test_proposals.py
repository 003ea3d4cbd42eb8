"""Analyses that are to open change requests: once each, and never in the way of each other."""

from dataclasses import dataclass, field

import pytest

from services.ai.domain.jobs import AnalysisInput
from services.ai.domain.records import AnalysisRecord
from services.ai.service.proposals import Proposals
from shared.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PlatformError,
    Reason,
    Unavailable,
)
from tests.ai.service.analysis_world import stored
from tests.ai.service.test_analysis_task import BETTER
from tests.fakes.ai_store import InMemoryAiStore
from tests.fakes.proposer import FakeProposer


@dataclass
class Review(FakeProposer):
    """Takes decisions, each by its request id, or raises what stands for it."""

    taken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, PlatformError] = field(default_factory=dict)

    def propose_decision(self, analysis: AnalysisRecord, *, request_id: str) -> str:
        self.calls.append(request_id)
        if request_id in self.refused:
            raise self.refused[request_id]
        return self.taken.setdefault(request_id, f"cr_{len(self.taken) + 1}")


def decided(*, propose: bool = True) -> AnalysisInput:
    return AnalysisInput("checkout", BETTER, propose=propose)


def test_sweep_when_an_analysis_is_to_propose_then_its_request_is_noted_and_it_is_done() -> None:
    store, review = InMemoryAiStore(), Review()
    analysis = stored(store, decided())
    proposals = Proposals(store.analyses, review)

    assert proposals.sweep() == 1
    assert proposals.sweep() == 0

    found = store.analyses.find(analysis.analysis_id)
    assert found is not None
    assert found.change_request_id == "cr_1"
    assert review.calls == [analysis.analysis_id]


def test_sweep_when_an_analysis_is_not_to_propose_then_nothing() -> None:
    store, review = InMemoryAiStore(), Review()
    stored(store, decided(propose=False))

    assert Proposals(store.analyses, review).sweep() == 0
    assert review.calls == []


def test_sweep_when_review_does_not_take_it_now_then_later_and_others_go_on() -> None:
    store, review = InMemoryAiStore(), Review()
    first = stored(store, decided())
    second = stored(store, decided(), number=2)
    review.refused = {first.analysis_id: PermissionDenied(Reason.PERMISSION_DENIED, "no agent")}
    proposals = Proposals(store.analyses, review)

    assert proposals.sweep() == 1
    review.refused = {}
    assert proposals.sweep() == 1

    noted = [store.analyses.find(one.analysis_id) for one in (first, second)]
    assert [one.change_request_id for one in noted if one] == ["cr_2", "cr_1"]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable(Reason.STORE_UNAVAILABLE, "away"),
        DeadlineExceeded(Reason.DEADLINE_EXCEEDED, "no answer"),
    ],
)
def test_sweep_when_review_is_away_then_it_is_asked_once_and_all_wait(error: PlatformError) -> None:
    store, review = InMemoryAiStore(), Review()
    both = [stored(store, decided(), number=number).analysis_id for number in (1, 2)]
    review.refused = dict.fromkeys(both, error)
    proposals = Proposals(store.analyses, review)

    assert proposals.sweep() == 0
    assert len(review.calls) == 1
    review.refused = {}
    assert proposals.sweep() == 2


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgument(Reason.INVALID_FIELD, "there is no such arm"),
        FailedPrecondition(Reason.INVALID_STATE, "it has been stopped"),
        NotFound(Reason.EXPERIMENT_NOT_FOUND, "there is none"),
    ],
)
def test_sweep_when_review_never_will_take_it_then_it_is_not_asked_again(error: PlatformError) -> None:
    store, review = InMemoryAiStore(), Review()
    analysis = stored(store, decided())
    review.refused = {analysis.analysis_id: error}
    proposals = Proposals(store.analyses, review)

    assert proposals.sweep() == 0
    assert proposals.sweep() == 0

    assert review.calls == [analysis.analysis_id]
    found = store.analyses.find(analysis.analysis_id)
    assert found is not None
    assert found.change_request_id == ""
