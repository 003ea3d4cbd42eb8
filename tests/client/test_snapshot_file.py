"""The snapshot file comes back whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from experimentation_client.snapshot_file import MAGIC, SnapshotFile
from tests.client.examples import message


def test_file_when_written_then_is_read_and_nothing_else_lies_beside_it(tmp_path: Path) -> None:
    file = SnapshotFile(tmp_path / "deep" / "policies")
    file.write([message("a"), message("b", version=7)])

    file.write([message("a", version=2), message("b", version=7)])

    assert [(one.experiment_id, one.policy_version) for one in file.read()] == [("a", 2), ("b", 7)]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["policies"]


def test_file_when_there_is_none_then_is_empty(tmp_path: Path) -> None:
    assert list(SnapshotFile(tmp_path / "policies").read()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[len(MAGIC) :],
        lambda content: MAGIC,
        lambda content: b"",
    ],
    ids=["cut", "one bit", "no beginning", "beginning alone", "empty"],
)
def test_file_when_damaged_then_is_empty_and_reported(
    tmp_path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "policies"
    SnapshotFile(path).write([message()])
    path.write_bytes(damage(path.read_bytes()))

    assert list(SnapshotFile(path).read()) == []
    assert "snapshot file cannot be used" in caplog.text


def test_file_when_it_cannot_be_written_then_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "taken").write_text("no directory")

    SnapshotFile(tmp_path / "taken" / "policies").write([message()])

    assert "snapshot file cannot be written" in caplog.text
