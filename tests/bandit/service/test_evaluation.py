"""What other weights would have earned: which data count, and what is refused."""

from dataclasses import replace

import pytest

from services.bandit.domain.decisions import VersionChances
from services.bandit.domain.evaluation import evaluate_decisions
from services.bandit.domain.statistics import VersionStatistics
from services.bandit.service.evaluation import MAX_DECISIONS, EvaluationService
from shared.errors import FailedPrecondition, InvalidArgument, NotFound, Reason, Unavailable
from shared.policy.snapshot import PolicySnapshot
from shared.statistics.off_policy.values import Estimator
from tests.bandit.domain.test_evaluation import KNOWN, TARGET
from tests.bandit.examples import NOW, by_arm, counted, experiment, published
from tests.fakes.bandit import InMemoryPolicyStore, InMemoryStatisticsStore

BLUE = [("blue", 1.0)]
THIRDS = {"control": 1 / 3, "blue": 1 / 3, "green": 1 / 3}
EVEN = VersionStatistics(
    1, NOW, by_arm(counted("control", 300, 30), counted("blue", 310, 62), counted("green", 290, 29)), THIRDS
)
BLUER = VersionStatistics(
    2,
    None,
    by_arm(counted("control", 90, 12), counted("blue", 820, 150), counted("green", 90, 8)),
    {"control": 0.1, "blue": 0.8, "green": 0.1},
)


class Desk:
    """Is the service with its stores."""

    def __init__(self, *versions: VersionStatistics, snapshot: PolicySnapshot | None = None) -> None:
        self.policies, self.statistics = InMemoryPolicyStore(), InMemoryStatisticsStore()
        self.policies.add(snapshot or published(experiment()))
        self.statistics.by_version["checkout", "conversion"] = versions
        self.service = EvaluationService(self.policies, self.statistics)


def refusal(desk: Desk, weights: list[tuple[str, float]], metric_id: str = "") -> tuple[Reason, str]:
    """Returns the reason and the field of the error for bad weights."""
    with pytest.raises(InvalidArgument) as caught:
        desk.service.evaluate("checkout", weights, metric_id=metric_id)
    return caught.value.reason, caught.value.violations[0].field


def obstacle(desk: Desk, weights: list[tuple[str, float]]) -> str:
    """Returns what the error says stands in the way."""
    with pytest.raises(FailedPrecondition) as caught:
        desk.service.evaluate("checkout", weights)
    assert caught.value.reason is Reason.NOT_ESTIMABLE
    assert "not estimable because" in caught.value.message
    assert caught.value.metadata["experiment_id"] == "checkout"
    return caught.value.metadata["obstacle"]


def test_evaluate_when_versions_differ_then_each_has_its_own_propensity() -> None:
    found = Desk(EVEN, BLUER).service.evaluate("checkout", BLUE)

    weighted = 62 * 3 + 150 / 0.8
    assert found.of(Estimator.IPS).value == pytest.approx(weighted / 1900)
    assert found.of(Estimator.SNIPS).value == pytest.approx(weighted / (310 * 3 + 820 / 0.8))
    assert found.logged_value == pytest.approx(291 / 1900)
    assert found.unit_count == 1900
    assert found.alpha == 0.05


def test_evaluate_when_arms_are_left_out_then_they_have_no_weight() -> None:
    service = Desk(EVEN, BLUER).service

    short = service.evaluate("checkout", [("blue", 0.4), ("green", 0.6)])
    long = service.evaluate("checkout", [("green", 0.6), ("control", 0.0), ("blue", 0.4)])

    assert short.of(Estimator.DOUBLY_ROBUST).value == long.of(Estimator.DOUBLY_ROBUST).value


def test_evaluate_when_alpha_is_larger_then_intervals_are_narrower() -> None:
    service = Desk(EVEN, BLUER).service

    usual, narrow = (service.evaluate("checkout", BLUE, alpha=alpha).of(Estimator.IPS) for alpha in (0.0, 0.2))

    assert usual.value == narrow.value
    assert usual.low < narrow.low < narrow.high < usual.high


def test_evaluate_when_an_arm_is_gone_then_it_can_still_be_judged() -> None:
    without_green = replace(EVEN, propensities={"control": 0.5, "blue": 0.5}, arms=by_arm(counted("blue", 9, 1)))
    snapshot = published(experiment(arms=experiment().arms[:2]))

    found = Desk(EVEN, without_green, snapshot=snapshot).service.evaluate("checkout", [("green", 1.0)])

    assert found.unit_count == 900


def test_evaluate_when_another_metric_is_named_then_it_is_that_one() -> None:
    desk = Desk(EVEN)
    desk.statistics.by_version["checkout", "revenue"] = [BLUER]

    assert desk.service.evaluate("checkout", BLUE, metric_id="revenue").unit_count == 1000


@pytest.mark.parametrize(
    ("weights", "field"),
    [
        ([("blue", 0.6)], "weights"),
        ([("blue", 0.5), ("blue", 0.5)], "weights"),
        ([("blue", 1.0 + 1e-8)], "weights"),
        ([("blue", float("nan"))], "weights"),
        ([], "weights"),
        ([("blue", 0.5), ("purple", 0.5)], "weights[1].arm_id"),
        ([("~holdout", 1.0)], "weights[0].arm_id"),
        ([("blue", 1.5), ("green", -0.5)], "target_weights"),
    ],
)
def test_evaluate_when_the_weights_are_none_then_is_refused(weights: list[tuple[str, float]], field: str) -> None:
    assert refusal(Desk(EVEN), weights) == (Reason.INVALID_FIELD, field)


def test_evaluate_when_the_metric_is_unknown_then_is_refused() -> None:
    assert refusal(Desk(EVEN), BLUE, metric_id="clicks") == (Reason.INVALID_FIELD, "metric_id")


def test_evaluate_when_no_unit_was_counted_then_is_not_estimable() -> None:
    assert obstacle(Desk(), BLUE) == "NO_UNITS"


def test_evaluate_when_the_arm_never_had_a_chance_then_is_not_estimable() -> None:
    never = replace(EVEN, arms=by_arm(counted("control", 50, 5)), propensities={"control": 1.0, "blue": 0.0})

    assert obstacle(Desk(never), BLUE) == "ARM_NEVER_ALLOCATED"


def test_evaluate_when_an_arm_with_units_has_no_propensity_then_is_not_estimable() -> None:
    assert (
        obstacle(Desk(BLUER, replace(EVEN, propensities={"control": 0.5, "blue": 0.5})), BLUE) == "MISSING_PROPENSITY"
    )


def by_contexts(unit_count: int = 910) -> Desk:
    """Returns a desk whose latest version gave each unit a propensity of its own."""
    arms = by_arm(counted("control", 300, 30), counted("blue", unit_count - 600, 62), counted("green", 300, 29))
    return Desk(BLUER, replace(EVEN, arms=arms, propensities=dict.fromkeys(THIRDS, float("nan"))))


def test_evaluate_when_each_context_had_weights_of_its_own_then_decisions_answer_one_by_one() -> None:
    desk = by_contexts()
    desk.statistics.decided["checkout", "conversion"] = KNOWN

    found = desk.service.evaluate("checkout", list(TARGET.items()), alpha=0.1)

    expected = evaluate_decisions(KNOWN, TARGET, alpha=0.1)
    assert found.alpha == 0.1
    for estimator in Estimator:
        assert found.of(estimator).value == expected.of(estimator).value


def test_evaluate_when_no_decision_tells_of_the_weights_then_is_not_estimable() -> None:
    desk = by_contexts()
    unsure = VersionChances(dict.fromkeys(THIRDS, 0.0), followed_contexts=True)
    desk.statistics.decided["checkout", "conversion"] = replace(KNOWN, chances={1: unsure, 2: unsure})

    assert obstacle(desk, BLUE) == "ARM_NEVER_ALLOCATED"
    assert obstacle(by_contexts(), BLUE) == "ARM_NEVER_ALLOCATED"


def test_evaluate_when_there_are_too_many_decisions_then_says_what_to_do_instead() -> None:
    with pytest.raises(FailedPrecondition, match="expctl evaluate") as caught:
        by_contexts(MAX_DECISIONS - 999).service.evaluate("checkout", BLUE)

    assert caught.value.reason is Reason.NOT_ESTIMABLE
    assert caught.value.metadata == {"experiment_id": "checkout", "obstacle": "TOO_MANY_UNITS"}


def test_evaluate_when_nothing_ever_happened_then_is_not_estimable() -> None:
    nothing = replace(EVEN, arms=by_arm(counted("control", 300), counted("blue", 300), counted("green", 300)))

    assert obstacle(Desk(nothing), BLUE) == "ZERO_VARIANCE"


def test_evaluate_when_the_experiment_is_unknown_then_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        Desk().service.evaluate("nothing", BLUE)
    assert caught.value.reason is Reason.EXPERIMENT_NOT_FOUND


@pytest.mark.parametrize("store", ["policies", "statistics"])
def test_evaluate_when_the_store_is_away_then_unavailable(store: str) -> None:
    desk = Desk(EVEN)
    getattr(desk, store).away = True

    with pytest.raises(Unavailable) as caught:
        desk.service.evaluate("checkout", BLUE)
    assert caught.value.reason is Reason.STORE_UNAVAILABLE
