"""Every row reaches the server at least once, or somebody is told."""

from dataclasses import replace
from typing import Any

import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation_client import (
    BufferFullError,
    Client,
    Counts,
    ExposureRow,
    ExposureState,
    RejectedRow,
    RowCounts,
    RowKind,
    Settings,
    Undelivered,
)
from shared.errors import InvalidArgument, Reason, ResourceExhausted, Unavailable
from tests.client.conftest import NewClient
from tests.client.examples import QUICK, WAIT_SECONDS, when
from tests.client.server import ScriptedBandit, accept, fail_with, lose_answer, reject


@pytest.mark.parametrize(
    "failure",
    [
        Unavailable(Reason.OVERLOADED, "too much", retry_after_seconds=0.001),
        ResourceExhausted(Reason.SPOOL_FULL, "no room", retry_after_seconds=0.001),
        Unavailable(Reason.STORE_UNAVAILABLE, "away"),
        RuntimeError("a defect of the server"),
    ],
    ids=["overloaded", "spool full", "store away", "internal"],
)
def test_delivery_when_calls_fail_then_the_rows_are_sent_again(
    bandit: ScriptedBandit, client: Client, failure: Exception
) -> None:
    bandit.script += [fail_with(failure)] * 3

    client.record_outcome("checkout", "u", "conversion", 1, event_id="e")

    assert client.flush(WAIT_SECONDS)
    assert [row.event_id for row in bandit.outcomes] == ["e"]
    assert bandit.call_count == 4


def test_delivery_when_the_answer_is_lost_then_the_rows_are_sent_again_under_the_same_event_id(
    bandit: ScriptedBandit, client: Client
) -> None:
    bandit.script.append(lose_answer)

    client.record_outcome("checkout", "u", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    first, second = bandit.outcomes
    assert first == second
    assert client.counts().outcomes == RowCounts(waiting=0, delivered=1, rejected=0, refused=0)


def test_delivery_when_the_server_takes_too_long_then_the_rows_are_sent_again(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address, settings=replace(QUICK, call_timeout_seconds=0.1))

    def wait_for_the_next_call(request: Any, server: ScriptedBandit) -> Any:
        server.wait_for(lambda: server.call_count == 2)
        return accept(request, server)

    bandit.script.append(wait_for_the_next_call)

    client.record_outcome("checkout", "u", "conversion", 1, event_id="e")

    assert client.flush(WAIT_SECONDS)
    assert {row.event_id for row in bandit.outcomes} == {"e"}
    assert bandit.call_count == 2


def test_delivery_when_the_server_asks_for_a_pause_then_no_nudge_cuts_it_short(
    bandit: ScriptedBandit, client: Client
) -> None:
    bandit.script.append(fail_with(ResourceExhausted(Reason.SPOOL_FULL, "no room", retry_after_seconds=3600)))
    client.record_outcome("checkout", "u", "conversion", 1)
    bandit.wait_for(lambda: bandit.call_count == 1)

    assert not client.flush(0.2)

    assert bandit.call_count == 1
    assert client.close(0) == Undelivered(exposure_count=0, outcome_count=1)


def test_delivery_when_rows_are_rejected_then_each_is_reported_and_the_others_are_kept(
    bandit: ScriptedBandit, new_client: NewClient, rejected: list[RejectedRow]
) -> None:
    client = new_client(bandit.address, settings=replace(QUICK, delivery_interval_seconds=3600))
    assert client.wait_until_ready(WAIT_SECONDS)
    bandit.script.append(reject(pb.RowRejection(index=1, reason="INVALID_FIELD", message="no", field="value")))
    for event_id in ("a", "b", "c"):
        client.record_outcome("checkout", "u", "conversion", 1, event_id=event_id)

    assert client.flush(WAIT_SECONDS)

    assert [row.event_id for row in bandit.outcomes] == ["a", "c"]
    (one,) = rejected
    assert (one.kind, one.reason, one.message, one.field) == (RowKind.OUTCOME, "INVALID_FIELD", "no", "value")
    assert one.row[:4] == ("b", "checkout", "u", "conversion")
    assert client.counts().outcomes == RowCounts(waiting=0, delivered=2, rejected=1, refused=0)


def test_delivery_when_the_version_is_not_known_there_yet_then_the_row_is_sent_again_and_no_other_waits(
    bandit: ScriptedBandit, client: Client, rejected: list[RejectedRow]
) -> None:
    early = pb.RowRejection(index=0, reason="POLICY_VERSION_UNKNOWN", message="not yet")
    bandit.script += [reject(early), reject(early)]

    client.allocate("checkout", "early")
    assert client.flush(WAIT_SECONDS)

    assert bandit.exposed_units == ["early"]
    assert bandit.call_count == 3
    assert rejected == []


def test_delivery_when_the_server_has_just_started_then_rows_of_known_experiments_are_sent_again(
    bandit: ScriptedBandit, client: Client, rejected: list[RejectedRow]
) -> None:
    bandit.script.append(reject(pb.RowRejection(index=0, reason="EXPERIMENT_NOT_FOUND", message="no such")))

    client.record_outcome("checkout", "u", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    assert len(bandit.outcomes) == 1
    assert rejected == []


def test_delivery_when_the_version_stays_unknown_then_the_row_is_rejected_in_the_end(
    bandit: ScriptedBandit, new_client: NewClient, rejected: list[RejectedRow]
) -> None:
    client = new_client(bandit.address, settings=replace(QUICK, max_deferrals=2))
    assert client.wait_until_ready(WAIT_SECONDS)
    bandit.script += [reject(pb.RowRejection(index=0, reason="POLICY_VERSION_UNKNOWN", message="never"))] * 3

    client.allocate("checkout", "u")

    assert client.flush(WAIT_SECONDS)
    assert [(one.kind, one.reason) for one in rejected] == [(RowKind.EXPOSURE, "POLICY_VERSION_UNKNOWN")]
    assert isinstance(rejected[0].row, ExposureRow)
    assert bandit.call_count == 3


def test_delivery_when_a_whole_batch_is_refused_without_names_then_every_row_is_reported(
    bandit: ScriptedBandit, client: Client, rejected: list[RejectedRow]
) -> None:
    bandit.script.append(fail_with(InvalidArgument(Reason.INVALID_FIELD, "a rule of a newer server")))

    client.record_outcome("checkout", "u", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    assert [(one.reason, one.message) for one in rejected] == [("INVALID_FIELD", "a rule of a newer server")]


def test_delivery_when_the_answer_names_a_row_that_was_not_sent_then_it_is_ignored(
    bandit: ScriptedBandit, client: Client, rejected: list[RejectedRow]
) -> None:
    bandit.script.append(reject(*(pb.RowRejection(index=index, reason="INVALID_FIELD") for index in (-1, 1))))

    client.record_outcome("checkout", "u", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    assert (rejected, len(bandit.outcomes)) == ([], 1)


def test_delivery_when_the_callback_fails_then_the_other_rows_go_on(
    bandit: ScriptedBandit, new_client: NewClient, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(row: RejectedRow) -> None:
        raise RuntimeError("callers have defects, too")

    client = new_client(bandit.address, on_rejected=fail)
    bandit.script.append(reject(pb.RowRejection(index=0, reason="INVALID_FIELD", message="no", field="value")))
    client.record_outcome("checkout", "u", "conversion", 7)
    assert client.flush(WAIT_SECONDS)

    client.record_outcome("checkout", "u", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    assert [row.value for row in bandit.outcomes] == [1.0]
    assert "on_rejected failed" in caplog.text


def test_buffer_when_full_then_outcomes_are_an_error_and_allocations_say_so(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address, settings=replace(QUICK, buffer_rows=2))
    assert client.wait_until_ready(WAIT_SECONDS)
    bandit.stop()
    for unit in ("a", "b"):
        client.record_outcome("checkout", unit, "conversion", 1)
        assert client.allocate("checkout", unit).exposure_state is ExposureState.BUFFERED

    with pytest.raises(BufferFullError, match="2 rows wait") as full:
        client.record_outcome("checkout", "c", "conversion", 1)
    allocation = client.allocate("checkout", "c")
    with pytest.raises(BufferFullError):
        client.record_exposure(allocation)

    assert full.value.reason == "BUFFER_FULL"
    assert (allocation.arm_id, allocation.exposure_state) in {
        ("arm-0", ExposureState.NOT_BUFFERED),
        ("arm-1", ExposureState.NOT_BUFFERED),
    }
    assert client.allocate("checkout", "a").exposure_state is ExposureState.BUFFERED
    assert client.counts() == Counts(RowCounts(2, 0, 0, refused=2), RowCounts(2, 0, 0, refused=1))
    bandit.start()
    assert client.flush(WAIT_SECONDS)
    client.record_exposure(allocation)
    assert client.flush(WAIT_SECONDS)
    assert set(bandit.exposed_units) == {"a", "b", "c"}


def test_batches_when_rows_are_many_then_carry_as_many_as_the_settings_say(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address, settings=Settings(batch_rows=100, delivery_interval_seconds=3600))

    for number in range(1000):
        client.record_outcome("checkout", f"u{number}", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    assert [row.unit_id for row in bandit.outcomes] == [f"u{number}" for number in range(1000)]
    assert bandit.call_count <= 11


def test_batches_when_one_has_filled_up_then_is_sent_before_the_interval_ends(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address, settings=Settings(batch_rows=10, delivery_interval_seconds=3600))
    when(client, lambda: client.counts().outcomes.waiting == 0)

    for number in range(10):
        client.record_outcome("checkout", f"u{number}", "conversion", 1)

    bandit.wait_for(lambda: len(bandit.outcomes) == 10)
