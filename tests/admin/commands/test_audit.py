"""The commands of the audit log, against a real review server and store."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.admin.commands.experiment_files import written
from tests.admin.conftest import Expctl


def test_tail_when_something_happened_then_the_newest_last(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    expctl("experiment", "start", "checkout")

    events = [json.loads(line) for line in expctl("-o", "jsonl", "audit", "tail").out.splitlines()]

    assert [event["sequence"] for event in events] == [str(number + 1) for number in range(len(events))]
    assert events[0]["actor"] == "ann"
    assert len(events) >= 2
    last = expctl("audit", "tail", "--limit", 1).out.splitlines()
    assert last[0].split()[0] == str(len(events))
    assert last[1].split()[0] == "change=start"
    assert "There are no such events." in expctl("audit", "tail", "--actor", "nobody").out


def test_export_when_written_then_every_event_with_its_hashes(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    target = tmp_path / "audit.jsonl"

    ended = expctl("audit", "export", "--to", target)

    events = [json.loads(line) for line in target.read_text().splitlines()]
    assert ended.code == 0
    assert f"{len(events)} event" in ended.err
    assert events[0]["previous_hash"] == "0" * 64
    assert expctl("audit", "export", "--to", target).code == 1
    assert expctl("audit", "export").out == target.read_text()


def test_verify_when_intact_then_0_and_a_place_to_keep(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))

    ended = expctl("audit", "verify")

    place = ended.err.strip().splitlines()[-1]
    assert ended.code == 0
    assert ended.out.startswith("intact: ")
    assert expctl("audit", "verify", "--known", place).code == 0
    sequence, _, known_hash = place.partition(":")
    assert expctl("audit", "verify", "--known", f"{sequence}:{known_hash[::-1]}").code == 1


@pytest.mark.parametrize(
    "place",
    ["nonsense", "1:", f"0:{'a' * 64}", f"x:{'a' * 64}", f"{2**63}:{'a' * 64}", f"1:{'a' * 63}", f"1:{'g' * 64}"],
)
def test_verify_when_the_known_place_is_none_then_2_and_no_alarm(expctl: Expctl, place: str) -> None:
    ended = expctl("-o", "json", "audit", "verify", "--known", place)

    assert (ended.code, ended.out) == (2, "")
    assert '"reason": "INVALID_FIELD"' in ended.err


def test_verify_when_a_row_was_tampered_with_then_1_and_the_place(
    expctl: Expctl, tmp_path: Path, engine: Engine
) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    expctl("experiment", "start", "checkout")
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit_events SET actor = 'eve' WHERE sequence = 2"))

    ended = expctl("audit", "verify")

    assert ended.code == 1
    assert "BROKEN at event 2" in ended.out
