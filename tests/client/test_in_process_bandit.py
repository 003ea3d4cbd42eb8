"""The client allocates in this process, and takes exposures and outcomes that keep the rules."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from experimentation.v1 import common_pb2
from experimentation_client import (
    AllocationReason,
    Client,
    ContextNeededError,
    ExperimentNotFoundError,
    ExposureState,
    Freshness,
    InvalidFieldError,
    RowCounts,
)
from shared.definition.model import AnalysisUnit, Traffic
from shared.policy.convert import snapshot_to_proto
from tests.client.conftest import NewClient
from tests.client.examples import WAIT_SECONDS, message, snapshot, when
from tests.client.server import ScriptedBandit

PAGE_VIEWS = snapshot_to_proto(snapshot("page-views", analysis_unit=AnalysisUnit.ALLOCATION))
HALF = snapshot_to_proto(snapshot("half", traffic=Traffic(0.5, 0.2)))


def test_allocate_when_repeated_then_answers_the_same_and_the_exposure_is_sent_once(
    bandit: ScriptedBandit, client: Client
) -> None:
    first, second = client.allocate("checkout", "u1"), client.allocate("checkout", "u1")

    assert client.flush(WAIT_SECONDS)
    assert first == second
    assert (first.propensity, first.policy_version, first.reason) == (0.5, 1, AllocationReason.SPLIT)
    assert (first.freshness, first.exposure_state) == (Freshness.FRESH, ExposureState.BUFFERED)
    assert bandit.exposed_units == ["u1"]
    assert client.counts().exposures == RowCounts(waiting=0, delivered=1, rejected=0, refused=0)


def test_allocate_when_a_version_is_published_then_answers_by_it(bandit: ScriptedBandit, client: Client) -> None:
    bandit.publish(message(version=2))
    when(client, lambda: client.allocate("checkout", "u", expose=False).policy_version == 2)

    client.allocate("checkout", "u")

    assert client.flush(WAIT_SECONDS)
    assert [(row.unit_id, row.policy_version) for row in bandit.exposures] == [("u", 2)]


def test_allocate_when_an_older_version_comes_then_keeps_the_newer(bandit: ScriptedBandit, client: Client) -> None:
    bandit.publish(message(version=3), message("other"))
    when(client, lambda: "other" in client.experiment_ids)
    bandit.publish(message(version=2), message("one more"))
    when(client, lambda: "one more" in client.experiment_ids)

    assert client.allocate("checkout", "u").policy_version == 3


def test_allocate_when_a_snapshot_makes_no_sense_then_the_one_before_serves(
    bandit: ScriptedBandit, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    spoiled = message(version=2)
    spoiled.ClearField("segment_starts")
    bandit.publish(spoiled, message("other"))
    when(client, lambda: "other" in client.experiment_ids)

    assert client.allocate("checkout", "u").policy_version == 1
    assert "version 2 of 'checkout' cannot serve here" in caplog.text


def test_allocate_when_unknown_or_ill_named_then_says_why(client: Client) -> None:
    with pytest.raises(ExperimentNotFoundError) as unknown:
        client.allocate("nowhere", "u")
    with pytest.raises(InvalidFieldError) as bad:
        client.allocate("checkout", "a\tb")

    assert (unknown.value.reason, unknown.value.experiment_id) == ("EXPERIMENT_NOT_FOUND", "nowhere")
    assert (bad.value.reason, bad.value.field) == ("INVALID_FIELD", "unit_id")
    assert client.counts().exposures.waiting == 0


def test_allocate_when_weights_follow_contexts_then_is_left_to_the_server(
    bandit: ScriptedBandit, client: Client
) -> None:
    contextual = message(version=2)
    contextual.contextual_model.row_count = 1
    bandit.publish(contextual)
    when(client, lambda: client.experiment_ids == ())

    with pytest.raises(ContextNeededError, match="allocates by context") as refused:
        client.allocate("checkout", "u")
    client.record_outcome("checkout", "u", "conversion", 1)

    assert (refused.value.reason, refused.value.experiment_id) == ("CONTEXT_NEEDED", "checkout")
    assert client.flush(WAIT_SECONDS)
    assert len(bandit.outcomes) == 1
    contextual.policy_version, contextual.state = 3, common_pb2.EXPERIMENT_STATE_PAUSED
    bandit.publish(contextual)
    when(client, lambda: client.experiment_ids == ("checkout",))
    assert client.allocate("checkout", "u")[2:6] == ("arm-0", 1.0, 3, AllocationReason.PAUSED)


def test_allocate_when_the_control_is_served_then_nothing_is_recorded_until_the_arms_are_again(
    bandit: ScriptedBandit, client: Client
) -> None:
    before = client.allocate("checkout", "u", expose=False)
    switched = message()
    switched.control_served = True
    bandit.publish(switched)
    when(client, lambda: client.allocate("checkout", "u", expose=False).reason == "CONTROL_SERVED")

    during = client.allocate("checkout", "u")
    client.record_exposure(during)

    assert during[2:6] == ("arm-0", 1.0, -1, AllocationReason.CONTROL_SERVED)
    assert client.counts().exposures.waiting == client.counts().exposures.delivered == 0
    bandit.publish(message())
    when(client, lambda: client.allocate("checkout", "u", expose=False)[2:6] == before[2:6])


def test_allocate_when_every_allocation_counts_then_each_has_a_trial_of_its_own(
    bandit: ScriptedBandit, client: Client
) -> None:
    bandit.publish(PAGE_VIEWS)
    when(client, lambda: "page-views" in client.experiment_ids)

    fresh = [client.allocate("page-views", "u") for _ in range(200)]
    again = client.allocate("page-views", "u", allocation_id=fresh[0].allocation_id)

    assert again == fresh[0]
    assert len({one.allocation_id for one in fresh}) == 200
    assert 60 < Counter(one.arm_id for one in fresh)["arm-0"] < 140
    assert client.flush(WAIT_SECONDS)
    assert [row.allocation_id for row in bandit.exposures] == [one.allocation_id for one in fresh]
    with pytest.raises(InvalidFieldError, match="allocation_id: must have at most 64"):
        client.allocate("page-views", "u", allocation_id="x" * 65)


def test_allocate_when_a_unit_does_not_count_then_nothing_is_recorded(bandit: ScriptedBandit, client: Client) -> None:
    bandit.publish(HALF)
    when(client, lambda: "half" in client.experiment_ids)

    answers = [client.allocate("half", f"u{number}") for number in range(200)]
    for answer in answers:
        client.record_exposure(answer)

    counted = [one for one in answers if one.reason is not AllocationReason.NOT_IN_TRAFFIC]
    assert {one.reason for one in answers} == {"SPLIT", "HOLDOUT", "NOT_IN_TRAFFIC"}
    assert {one.exposure_state for one in answers if one not in counted} == {ExposureState.NOT_COUNTED}
    assert client.flush(WAIT_SECONDS)
    assert set(bandit.exposed_units) == {one.unit_id for one in counted}


def test_record_exposure_when_deferred_then_is_sent_with_the_time_it_was_recorded(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address, clock=lambda: 1_700_000_000.25)
    assert client.wait_until_ready(WAIT_SECONDS)
    allocation = client.allocate("checkout", "u", expose=False)
    assert allocation.exposure_state is ExposureState.DEFERRED
    assert client.counts().exposures.waiting == 0

    client.record_exposure(allocation)

    assert client.flush(WAIT_SECONDS)
    (row,) = bandit.exposures
    assert (row.exposed_at.seconds, row.exposed_at.nanos) == (1_700_000_000, 250_000_000)


def test_record_outcome_when_given_all_then_sends_all(bandit: ScriptedBandit, client: Client) -> None:
    at = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)

    event_id = client.record_outcome(
        "checkout", "u", "conversion", True, event_id="order-1", occurred_at=at, allocation_id="view"
    )

    assert event_id == "order-1"
    assert client.flush(WAIT_SECONDS)
    (row,) = bandit.outcomes
    assert (row.event_id, row.experiment_id, row.unit_id, row.metric_id) == ("order-1", "checkout", "u", "conversion")
    assert (row.value, row.allocation_id, row.occurred_at.ToDatetime(UTC)) == (1.0, "view", at)


def test_record_outcome_when_no_event_id_is_given_then_each_gets_its_own(
    bandit: ScriptedBandit, client: Client
) -> None:
    ids = [client.record_outcome("checkout", "u", "conversion", 1) for _ in range(100)]

    assert client.flush(WAIT_SECONDS)
    assert [row.event_id for row in bandit.outcomes] == ids
    assert len(set(ids)) == 100


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"experiment_id": ""}, "experiment_id"),
        ({"unit_id": ""}, "unit_id"),
        ({"metric_id": "x" * 64}, "metric_id"),
        ({"value": float("nan")}, "value"),
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 65}, "event_id"),
        ({"allocation_id": "a\nb"}, "allocation_id"),
        ({"occurred_at": datetime(2026, 5, 1)}, "occurred_at"),  # noqa: DTZ001 - as it should not be
    ],
)
def test_record_outcome_when_an_argument_is_bad_then_is_refused_at_once(
    client: Client, changes: dict[str, object], field: str
) -> None:
    given = {"experiment_id": "checkout", "unit_id": "u", "metric_id": "conversion", "value": 1.0} | changes

    with pytest.raises(InvalidFieldError) as refused:
        client.record_outcome(**given)  # type: ignore[arg-type]

    assert refused.value.field == field
    assert client.counts().outcomes == RowCounts(0, 0, 0, 0)
