"""The file of switches comes back as it was written, or is put aside."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.bandit.domain.switches import LearningSwitch, LocalRecord, SwitchKind, WaitingSwitch
from services.bandit.store.switch_file import LocalSwitchFile

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
SWITCHES = [LearningSwitch("checkout", kind, 'odd "data" ß\n', "ann", NOW) for kind in SwitchKind]
RECORD = LocalRecord(tuple(WaitingSwitch(one, f"r-{one.kind}") for one in SWITCHES), (SWITCHES[2],))


def test_file_when_written_then_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "switches.json"
    file = LocalSwitchFile(path)
    assert file.read() == LocalRecord()

    file.write(LocalRecord())
    file.write(RECORD)

    assert LocalSwitchFile(path).read() == RECORD
    assert [one.name for one in path.parent.iterdir()] == ["switches.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", [0, 0.2, 0.5, 0.8])
def test_file_when_a_byte_is_changed_then_nothing_of_it_holds_and_it_is_put_aside(
    tmp_path: Path, place: float, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "switches.json"
    LocalSwitchFile(path).write(RECORD)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)

    assert LocalSwitchFile(path).read() == LocalRecord()

    assert not path.exists()
    assert path.with_suffix(".damaged").read_bytes() == content
    assert caplog.messages == ["the file of switches is damaged, what it says does not hold"]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"checksum": ""}', b"\xff"])
def test_file_when_it_is_no_record_then_nothing_of_it_holds(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "switches.json"
    path.write_bytes(content)

    assert LocalSwitchFile(path).read() == LocalRecord()
    assert path.with_suffix(".damaged").exists()


def test_file_when_the_disk_does_not_take_it_then_the_one_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "switches.json"
    file = LocalSwitchFile(path)
    file.write(RECORD)
    path.with_suffix(".new").mkdir()

    with pytest.raises(OSError, match="Is a directory"):
        file.write(LocalRecord())

    assert file.read() == RECORD
