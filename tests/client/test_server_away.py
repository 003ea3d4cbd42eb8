"""While the server is away the client serves; when it is back everything reaches it."""

from pathlib import Path

import pytest

from experimentation_client import ExperimentNotFoundError, ExposureState, Freshness, Undelivered
from experimentation_client.snapshot_file import SnapshotFile
from tests.client.conftest import NewClient
from tests.client.examples import WAIT_SECONDS, message, when
from tests.client.server import ScriptedBandit


def test_server_when_it_goes_and_comes_back_then_policies_and_rows_follow(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address)
    assert client.wait_until_ready(WAIT_SECONDS)
    before = client.allocate("checkout", "a")

    bandit.stop()
    when(client, lambda: client.freshness is Freshness.STALE)
    during = client.allocate("checkout", "a")
    client.allocate("checkout", "b")
    client.record_outcome("checkout", "b", "conversion", 1, event_id="while away")
    assert not client.flush(0.05)
    bandit.publish(message(version=2))
    bandit.start()

    when(client, lambda: client.freshness is Freshness.FRESH)
    assert client.allocate("checkout", "a", expose=False).policy_version == 2
    assert client.flush(WAIT_SECONDS)
    assert (before.freshness, during.freshness) == (Freshness.FRESH, Freshness.STALE)
    assert (before.arm_id, before.policy_version) == (during.arm_id, during.policy_version)
    assert {(row.unit_id, row.policy_version) for row in bandit.exposures} == {("a", 1), ("b", 1)}
    assert {row.event_id for row in bandit.outcomes} == {"while away"}


def test_server_when_it_comes_and_goes_under_load_then_every_row_arrives(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address)
    assert client.wait_until_ready(WAIT_SECONDS)
    recorded = []

    for turn in range(4):
        for number in range(500):
            unit = f"turn {turn} unit {number}"
            client.allocate("checkout", unit)
            recorded.append((unit, client.record_outcome("checkout", unit, "conversion", 1)))
        bandit.stop()
        bandit.start()

    assert client.flush(WAIT_SECONDS)
    assert {row.unit_id for row in bandit.exposures} == {unit for unit, _ in recorded}
    assert {(row.unit_id, row.event_id) for row in bandit.outcomes} == set(recorded)
    assert client.close() == Undelivered(0, 0)


def test_server_when_away_from_the_start_then_nothing_can_be_allocated_until_it_comes(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    bandit.stop()
    client = new_client(bandit.address)
    assert not client.wait_until_ready(0.05)
    with pytest.raises(ExperimentNotFoundError):
        client.allocate("checkout", "u")
    client.record_outcome("checkout", "u", "conversion", 1)

    bandit.start()

    assert client.wait_until_ready(WAIT_SECONDS)
    assert client.allocate("checkout", "u").freshness is Freshness.FRESH
    assert client.flush(WAIT_SECONDS)
    assert (len(bandit.exposures), len(bandit.outcomes)) == (1, 1)


def test_restart_when_the_server_is_away_then_the_file_serves(
    bandit: ScriptedBandit, new_client: NewClient, tmp_path: Path
) -> None:
    first = new_client(bandit.address, snapshot_file=tmp_path / "policies")
    assert first.wait_until_ready(WAIT_SECONDS)
    bandit.publish(message(version=2))
    when(first, lambda: first.allocate("checkout", "u", expose=False).policy_version == 2)
    before = first.allocate("checkout", "u", expose=False)
    first.close()
    bandit.stop()

    second = new_client(bandit.address, snapshot_file=str(tmp_path / "policies"))
    assert second.wait_until_ready(WAIT_SECONDS)
    after = second.allocate("checkout", "u")

    assert after == before._replace(freshness=Freshness.STALE, exposure_state=ExposureState.BUFFERED)
    bandit.start()
    assert second.flush(WAIT_SECONDS)
    assert [(row.unit_id, row.policy_version) for row in bandit.exposures] == [("u", 2)]


def test_restart_when_the_server_is_there_then_its_policies_take_over(
    bandit: ScriptedBandit, new_client: NewClient, tmp_path: Path
) -> None:
    SnapshotFile(tmp_path / "policies").write([message(version=1), message("ended", version=9)])
    bandit.publish(message(version=2))

    client = new_client(bandit.address, snapshot_file=tmp_path / "policies")

    assert client.wait_until_ready(WAIT_SECONDS)
    assert client.allocate("checkout", "u").policy_version == 2
    assert client.experiment_ids == ("checkout", "ended")
    when(client, lambda: len(SnapshotFile(tmp_path / "policies").read()) == 2)


def test_restart_when_the_file_lacks_an_experiment_then_is_not_ready(
    bandit: ScriptedBandit, new_client: NewClient, tmp_path: Path
) -> None:
    SnapshotFile(tmp_path / "policies").write([message()])
    bandit.stop()

    client = new_client(bandit.address, snapshot_file=tmp_path / "policies", experiment_ids=["checkout", "other"])

    assert not client.wait_until_ready(0.05)
    assert client.allocate("checkout", "u").arm_id


def test_restart_when_the_file_is_damaged_then_starts_empty(
    bandit: ScriptedBandit, new_client: NewClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "policies").write_bytes(b"damaged")

    client = new_client(bandit.address, snapshot_file=tmp_path / "policies")

    assert client.wait_until_ready(WAIT_SECONDS)
    assert client.experiment_ids == ("checkout",)
    assert "snapshot file cannot be used" in caplog.text
