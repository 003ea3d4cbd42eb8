"""Making experiments of designs: what is asked of review, once, whatever breaks off halfway."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.ai.domain.analysis.data import BanditData
from services.ai.domain.hypotheses.model import HypothesisState
from services.ai.domain.jobs import RequestKey
from services.ai.domain.records import DesignRecord
from services.ai.service.adopting import Adopted, Adopting, Adoption
from shared.definition.allocation import ArmWeight, FixedSplit
from shared.definition.model import Arm, CombinationRule, Experiment, ExperimentState, MetricRole
from shared.errors import (
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PlatformError,
    Reason,
    Unauthenticated,
    Unavailable,
    invalid_fields,
)
from tests.ai.store.contract.desk import Desk
from tests.ai.store.examples import LATER, NO_KEY, design, hypothesis, job, result
from tests.fakes.ai_store import InMemoryAiStore
from tests.fakes.proposer import FakeProposer

AWAY = Unavailable(Reason.STORE_UNAVAILABLE, "review is away")


@dataclass
class Drafts:
    """Is a `ports.Experiments` that sees what review made."""

    proposer: FakeProposer

    def find(self, experiment_id: str) -> Experiment | None:
        return self.proposer.drafts.get(experiment_id)

    def data(self, experiment: Experiment, *, now: datetime) -> BanditData | None:
        raise NotImplementedError

    def to_analyze(self, *, now: datetime, older_than: datetime, limit: int) -> list[str]:
        raise NotImplementedError


@dataclass
class World:
    """Has a store with a design of a hypothesis, and a review."""

    store: InMemoryAiStore = field(default_factory=InMemoryAiStore)
    proposer: FakeProposer = field(default_factory=FakeProposer)

    def put(self, record: DesignRecord) -> None:
        Desk(self.store).finish(job(record.job_id), result(hypothesis("hyp_1", record.job_id), design=record))

    def adopt(self, key: RequestKey = NO_KEY, **changes: Any) -> Adopted:
        service = Adopting(
            self.store.designs,
            self.store.hypotheses,
            Drafts(self.proposer),
            self.proposer,
            clock=lambda: LATER + timedelta(minutes=1),
        )
        return service.adopt(replace(Adoption("design_1", "form"), **changes), key=key)

    def state(self) -> HypothesisState:
        found = self.store.hypotheses.find("hyp_1")
        assert found is not None
        return found.state


@pytest.fixture
def world() -> World:
    made = World()
    made.put(design("design_1", hypothesis_id="hyp_1"))
    return made


def refusal(adopt: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        adopt()
    return caught.value


def test_adopt_when_recommended_then_a_draft_as_the_design_says(world: World) -> None:
    made = world.adopt(display_name="The form").experiment

    plan = design("design_1").design.plan
    assert (made.experiment_id, made.display_name, made.state) == ("form", "The form", ExperimentState.DRAFT)
    assert made.description == "a shorter form"
    assert made.arms == (Arm("control", control=True), Arm("variant-1"))
    assert [(one.metric_id, one.role, one.combination_rule) for one in made.metrics] == [
        ("rate", MetricRole.PRIMARY, CombinationRule.ANY)
    ]
    assert (made.metrics[0].min_value, made.metrics[0].max_value) == (0.0, 1.0)
    assert made.traffic.share == plan.traffic_share
    assert made.allocation_policy == plan.allocation_policy
    assert made.attribution_window == timedelta(days=7)
    assert made.labels == {"design_id": "design_1", "hypothesis_id": "hyp_1"}


def test_adopt_when_recommended_then_its_start_is_proposed_and_its_hypothesis_is_tested(world: World) -> None:
    adopted = world.adopt()

    assert (adopted.design.experiment_id, adopted.design.change_request_id) == ("form", "cr_1")
    assert adopted.design.adopted_at == LATER + timedelta(minutes=1)
    assert world.store.designs.find("design_1") == adopted.design
    assert [one.hypothesis_id for one in world.store.hypotheses.tested_by("form")] == ["hyp_1"]
    assert world.state() is HypothesisState.TESTED
    assert world.proposer.askers == ["ann"]


def test_adopt_when_asked_again_then_the_same_and_nothing_more(world: World) -> None:
    first = world.adopt()

    assert world.adopt() == first
    assert world.proposer.calls == ["create_draft", "propose_start"]


def test_adopt_when_a_draft_alone_is_wanted_then_its_start_can_be_proposed_later(world: World) -> None:
    draft = world.adopt(draft_only=True)
    started = world.adopt()

    assert (draft.design.change_request_id, started.design.change_request_id) == ("", "cr_1")
    assert world.proposer.calls == ["create_draft", "propose_start"]


@pytest.mark.parametrize("place", [0, 1])
def test_adopt_when_review_goes_away_halfway_then_the_next_call_goes_on(world: World, place: int) -> None:
    world.proposer.fails = [*[None] * place, AWAY]

    assert refusal(world.adopt) is AWAY
    assert world.state() is HypothesisState.PROPOSED
    adopted = world.adopt()

    assert list(world.proposer.drafts) == ["form"]
    assert list(world.proposer.starts.values()) == ["cr_1"]
    assert adopted.design.change_request_id == "cr_1"
    assert world.state() is HypothesisState.TESTED


def test_adopt_when_it_broke_off_before_it_was_noted_then_the_next_call_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(world.store.designs, "adopt", _away)
        assert refusal(world.adopt) is AWAY
    adopted = world.adopt()

    assert (list(world.proposer.drafts), list(world.proposer.starts.values())) == (["form"], ["cr_1"])
    assert adopted.design.change_request_id == "cr_1"


def test_adopt_when_it_broke_off_before_the_hypothesis_moved_then_the_next_call_moves_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(world.store.hypotheses, "change", _away)
        assert refusal(world.adopt) is AWAY
    assert world.state() is HypothesisState.PROPOSED

    world.adopt()

    assert world.state() is HypothesisState.TESTED


def test_adopt_when_it_became_another_experiment_then_refused(world: World) -> None:
    world.adopt()

    error = refusal(lambda: world.adopt(experiment_id="other"))

    assert isinstance(error, FailedPrecondition)
    assert error.metadata == {"state": "ADOPTED", "design_id": "design_1"}
    assert list(world.proposer.drafts) == ["form"]


def test_adopt_when_it_is_being_made_into_another_then_refused(world: World) -> None:
    world.proposer.fails = [None, AWAY]
    refusal(world.adopt)

    error = refusal(lambda: world.adopt(experiment_id="other"))

    assert isinstance(error, FailedPrecondition)
    assert error.metadata["state"] == "ADOPTED"
    assert list(world.proposer.drafts) == ["form"]


def test_adopt_when_the_experiment_is_there_already_then_review_says_so(world: World) -> None:
    world.put(design("design_2", "job_2"))
    world.adopt(design_id="design_2")

    assert refusal(world.adopt).reason is Reason.EXPERIMENT_ALREADY_EXISTS
    assert world.state() is HypothesisState.PROPOSED


def test_adopt_when_the_request_id_was_used_for_another_then_refused(world: World) -> None:
    world.put(design("design_2", "job_2"))
    world.adopt(RequestKey("ann", "r1", "one"))

    error = refusal(lambda: world.adopt(RequestKey("ann", "r1", "other"), design_id="design_2", experiment_id="other"))

    assert error.reason is Reason.REQUEST_ID_REUSED
    assert list(world.proposer.drafts) == ["form"]


def test_adopt_when_a_rule_blocks_it_then_refused() -> None:
    world = World()
    world.put(design("design_1", recommended=False))

    error = refusal(world.adopt)

    assert isinstance(error, FailedPrecondition)
    assert error.metadata["state"] == "NOT_RECOMMENDED"
    assert world.proposer.calls == []


@pytest.mark.parametrize("state", [HypothesisState.REJECTED, HypothesisState.WON, HypothesisState.LOST])
def test_adopt_when_its_hypothesis_is_not_to_be_tested_then_refused(world: World, state: HypothesisState) -> None:
    record = world.store.hypotheses.find("hyp_1")
    assert record is not None
    world.store.hypotheses.change(replace(record, state=state), seen_version=record.version)

    error = refusal(world.adopt)

    assert isinstance(error, FailedPrecondition)
    assert error.metadata["state"] == state
    assert world.proposer.calls == []


def test_adopt_when_there_is_no_such_design_then_says_so(world: World) -> None:
    error = refusal(lambda: world.adopt(design_id="design_0"))

    assert isinstance(error, NotFound)
    assert error.metadata == {"design_id": "design_0"}


def test_adopt_when_arms_are_given_then_the_first_is_the_control(world: World) -> None:
    made = world.adopt(arms=(Arm("long"), Arm("short", "Short"))).experiment

    assert made.arms == (Arm("long", control=True), Arm("short", "Short"))


@pytest.mark.parametrize(
    ("arms", "fields"),
    [
        ((Arm("a"),), ["arms"]),
        ((Arm("a"), Arm("b", control=True)), ["arms[1].control"]),
        ((Arm("a"), Arm("a")), ["arms[1].arm_id"]),
    ],
)
def test_adopt_when_the_arms_do_not_fit_then_they_are_named(
    world: World, arms: tuple[Arm, ...], fields: list[str]
) -> None:
    error = refusal(lambda: world.adopt(arms=arms))

    assert isinstance(error, InvalidArgument)
    assert [one.field for one in error.violations] == fields


def test_adopt_when_shares_differ_then_the_split_names_its_arms() -> None:
    world, record = World(), design("design_1")
    world.put(replace(record, design=replace(record.design, plan=replace(record.design.plan, arm_shares=(0.6, 0.4)))))

    policy = world.adopt().experiment.allocation_policy

    assert policy.algorithm == FixedSplit((ArmWeight("control", 0.6), ArmWeight("variant-1", 0.4)))


def test_adopt_when_review_finds_a_field_at_fault_then_it_has_its_name_here(world: World) -> None:
    world.proposer.fails = [invalid_fields([FieldViolation("experiment.arms[0].arm_id", "is odd")])]

    error = refusal(world.adopt)

    assert [one.field for one in error.violations] == ["arms[0].arm_id"]


@pytest.mark.parametrize("kind", [Unauthenticated, PermissionDenied])
def test_adopt_when_review_does_not_take_the_services_token_then_that_is_no_fault_of_the_caller(
    world: World, kind: type[PlatformError]
) -> None:
    world.proposer.fails = [kind(Reason.UNAUTHENTICATED, "who?")]

    error = refusal(world.adopt)

    assert isinstance(error, FailedPrecondition)
    assert error.metadata == {"state": "NO_AGENT", "design_id": "design_1"}


def _away(*_: object, **__: object) -> None:
    raise AWAY
