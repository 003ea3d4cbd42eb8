"""The file of snapshots: whole or passed over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.bandit.store.snapshot_file import LocalSnapshotFile
from tests.bandit.examples import experiment, published

FIRST = published(experiment())
SEARCH = published(experiment(experiment_id="search"))


def test_read_when_written_then_the_same(tmp_path: Path) -> None:
    file = LocalSnapshotFile(tmp_path / "deep" / "policies.json")
    file.write([FIRST, SEARCH])

    assert file.read() == [FIRST, SEARCH]


def test_write_when_there_is_one_then_it_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = LocalSnapshotFile(tmp_path / "policies.json")
    file.write([FIRST, SEARCH])
    file.write([replace(FIRST, policy_version=2)])

    assert [snapshot.policy_version for snapshot in file.read()] == [2]
    assert [path.name for path in tmp_path.iterdir()] == ["policies.json"]


def test_read_when_there_is_no_file_then_nothing(tmp_path: Path) -> None:
    assert LocalSnapshotFile(tmp_path / "policies.json").read() == []


@pytest.mark.parametrize("damage", [b"", b"[", b"\xff\xfe", b"{}", b"null", b"7", b'"text"', b"[1, null, {}]"])
def test_read_when_the_file_is_damaged_then_nothing(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "policies.json").write_bytes(damage)

    assert LocalSnapshotFile(tmp_path / "policies.json").read() == []


def test_read_when_one_snapshot_is_damaged_then_the_others(tmp_path: Path) -> None:
    path = tmp_path / "policies.json"
    LocalSnapshotFile(path).write([FIRST, SEARCH])
    documents = json.loads(path.read_text(encoding="utf-8"))
    documents[0]["arm_salt"] = "1"
    path.write_text(json.dumps(documents), encoding="utf-8")

    assert LocalSnapshotFile(path).read() == [SEARCH]
